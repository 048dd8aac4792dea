using System.Diagnostics;

namespace Hyperscale.Det.Routing;

/// <summary>Why a job's datacenters are these.</summary>
public enum RoutingReason : byte
{
    /// <summary>The first job of its class.</summary>
    InitialSelection,

    /// <summary>They were chosen a short while ago.</summary>
    HoldDownRetained,

    /// <summary>No other is better by enough.</summary>
    BelowThresholdRetained,
    ImprovementThresholdMet,

    /// <summary>One that was used fell below the bucket that is used, or others rose above it; one that is
    /// merely full has not.</summary>
    BucketDropForced,
    ExclusionForced,

    /// <summary>One that was used has been much worse than when it was chosen, for a while.</summary>
    DegradationForced,

    /// <summary>One that was used failed a dispatch.</summary>
    CooldownPenalty,

    /// <summary>The job goes to a datacenter that lost its traffic, to learn how it is.</summary>
    Probe,

    /// <summary>There is none that the job could go to.</summary>
    NoneEligible,

    /// <summary>One that is used has no free core at the moment: this job goes around it, and its place is
    /// kept.</summary>
    FullDetour,

    /// <summary>Jobs in one that was used miss their latency targets, and elsewhere they do not.</summary>
    SloForced,
}

public static class RoutingReasons
{
    /// <summary>Whether the decision gave its class of jobs another incumbent.</summary>
    public static bool IsSwitch(RoutingReason reason) => reason is RoutingReason.ImprovementThresholdMet
        or RoutingReason.BucketDropForced or RoutingReason.ExclusionForced or RoutingReason.DegradationForced
        or RoutingReason.CooldownPenalty or RoutingReason.SloForced;
}

/// <summary>What the worst bucket that a job accepts means for it (AD-17).</summary>
public enum RoutingOutcome : byte
{
    Routed,

    /// <summary>It will wait for cores.</summary>
    Queued,

    /// <summary>It goes to a datacenter that is not well: a warning.</summary>
    Degraded,

    /// <summary>It fails at once, with the reasons of each datacenter.</summary>
    Failed,
}

public static class RoutingNames
{
    public static string Of(RoutingReason reason) => reason switch
    {
        RoutingReason.InitialSelection => "initial_selection",
        RoutingReason.HoldDownRetained => "hold_down_retained",
        RoutingReason.BelowThresholdRetained => "below_threshold_retained",
        RoutingReason.ImprovementThresholdMet => "improvement_threshold_met",
        RoutingReason.BucketDropForced => "bucket_drop_forced",
        RoutingReason.ExclusionForced => "exclusion_forced",
        RoutingReason.DegradationForced => "degradation_forced",
        RoutingReason.CooldownPenalty => "cooldown_penalty",
        RoutingReason.FullDetour => "full_detour",
        RoutingReason.Probe => "probe",
        RoutingReason.NoneEligible => "none_eligible",
        RoutingReason.SloForced => "slo_forced",
        _ => throw new UnreachableException($"unhandled {reason}"),
    };
}
