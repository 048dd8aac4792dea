using System.Diagnostics;
using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Capacity;

public enum SpilloverReason : byte
{
    Disabled,
    CapacityStale,
    PrimaryHasCapacity,
    PrimaryWaitAcceptable,
    NoSpilloverWithCapacity,
    ImprovementInsufficient,
    ImprovesWaitTime,
}

/// <summary>Whether a job leaves its primary datacenter for one that has cores sooner (AD-43).</summary>
/// <param name="SpilloverDatacenter">The best candidate; null when there is none. The job goes there only
/// when it should spill.</param>
/// <param name="PrimaryWait">Null when the primary never has so many cores.</param>
/// <param name="SpilloverWait">Null without a candidate.</param>
/// <param name="LatencyPenaltyMs">How much longer a round trip to the candidate takes; may be
/// negative.</param>
public readonly record struct SpilloverDecision(
    bool ShouldSpill,
    SpilloverReason Reason,
    string PrimaryDatacenter,
    string? SpilloverDatacenter,
    Duration? PrimaryWait,
    Duration? SpilloverWait,
    double LatencyPenaltyMs)
{
    /// <summary>The reason's name in reports.</summary>
    public string ReasonName => NameOf(Reason);

    public static string NameOf(SpilloverReason reason) => reason switch
    {
        SpilloverReason.Disabled => "spillover_disabled",
        SpilloverReason.CapacityStale => "capacity_stale",
        SpilloverReason.PrimaryHasCapacity => "primary_has_capacity",
        SpilloverReason.PrimaryWaitAcceptable => "primary_wait_acceptable",
        SpilloverReason.NoSpilloverWithCapacity => "no_spillover_with_capacity",
        SpilloverReason.ImprovementInsufficient => "improvement_insufficient",
        SpilloverReason.ImprovesWaitTime => "spillover_improves_wait_time",
        _ => throw new UnreachableException($"unhandled {reason}"),
    };
}
