using System.Diagnostics;
using Hyperscale.Det.Capacity;

namespace Hyperscale.Det.Routing;

public enum ExclusionReason : byte
{
    None,

    /// <summary>The job names the datacenters that it may use, and this is none of them.</summary>
    NotInOnly,
    NoManager,
    AllCircuitsOpen,
    Unhealthy,
}

/// <summary>A datacenter that a job cannot go to.</summary>
public readonly record struct Exclusion(string Datacenter, ExclusionReason Reason, HealthReason Health)
{
    /// <summary>For example <c>unhealthy: no_worker</c>.</summary>
    public string Text => Reason == ExclusionReason.Unhealthy
        ? $"{NameOf(Reason)}: {HealthVerdict.NameOf(Health)}"
        : NameOf(Reason);

    public static string NameOf(ExclusionReason reason) => reason switch
    {
        ExclusionReason.None => "none",
        ExclusionReason.NotInOnly => "not_in_only",
        ExclusionReason.NoManager => "no_manager",
        ExclusionReason.AllCircuitsOpen => "all_circuits_open",
        ExclusionReason.Unhealthy => "unhealthy",
        _ => throw new UnreachableException($"unhandled {reason}"),
    };
}

/// <summary>Which datacenters a job can go to at all, and in which bucket they stand (AD-36).</summary>
public static class CandidateFilter
{
    /// <summary>Why the job cannot go there; none when it can.</summary>
    public static ExclusionReason ExclusionOf(DatacenterCandidate candidate, RoutingRequest request)
    {
        var reason = UnreachableBecause(candidate, request);
        if (reason != ExclusionReason.None) return reason;
        return candidate.Capacity.Health == DatacenterHealth.Unhealthy
            ? ExclusionReason.Unhealthy
            : ExclusionReason.None;
    }

    /// <summary>The health that the job meets there. What was not confirmed lately is taken for degraded;
    /// nothing lifts a datacenter over its bucket.</summary>
    public static DatacenterHealth BucketOf(DatacenterCandidate candidate) =>
        candidate.IsHealthStale && candidate.Capacity.Health < DatacenterHealth.Degraded
            ? DatacenterHealth.Degraded
            : candidate.Capacity.Health;

    /// <summary>Why its bucket is no better.</summary>
    public static HealthReason ReasonOf(DatacenterCandidate candidate) =>
        BucketOf(candidate) > candidate.Capacity.Health ? HealthReason.NotHeard : candidate.HealthReason;

    /// <summary>Why nothing can be sent there for the job, however well the datacenter is.</summary>
    internal static ExclusionReason UnreachableBecause(DatacenterCandidate candidate, RoutingRequest request)
    {
        if (!request.Allows(candidate.Name)) return ExclusionReason.NotInOnly;
        if (candidate.Managers == 0) return ExclusionReason.NoManager;
        return candidate.OpenCircuits >= candidate.Managers
            ? ExclusionReason.AllCircuitsOpen
            : ExclusionReason.None;
    }
}
