using Hyperscale.Det.Kernel;
using Hyperscale.Det.Nodes;
using Hyperscale.Det.Sim.Coverage;

namespace Hyperscale.Det.Sim.Plans;

/// <summary>What a run's world is like; all of it is printed.</summary>
/// <param name="Families">The fault families that are on.</param>
public sealed record PlanOptions(
    IReadOnlyList<FaultFamily> Families,
    NetworkOptions Network,
    DiskOptions Disk,
    HostOptions Host,
    WorkloadOptions Workload,
    GateConfig Gate,
    ManagerConfig Manager,
    WorkerConfig Worker,
    ClientConfig Client)
{
    public bool Has(FaultFamily family) => Families.Contains(family);
}

/// <summary>How bytes travel.</summary>
/// <param name="LocalLatency">Least one-way time inside a datacenter.</param>
/// <param name="WanLatencyMin">Least one-way time between two datacenters; each pair has its own, up to
/// <paramref name="WanLatencyMax"/>.</param>
/// <param name="TailDoublings">How often a latency's variable part may double; each doubling is half as
/// likely as the one before.</param>
/// <param name="LossPerMillion">Chance that a datagram vanishes, or that a stream breaks with it.</param>
/// <param name="DuplicatePerMillion">Chance that a message arrives twice.</param>
/// <param name="StragglerPerMillion">Chance that a broken connection still delivers what it carried.</param>
/// <param name="StallLimit">How long a connection may carry nothing before it counts as broken.</param>
/// <param name="ConnectTimeout">How long a connection attempt may stay unanswered.</param>
/// <param name="QueueMax">Most messages in one direction of a connection.</param>
public sealed record NetworkOptions(
    Duration LocalLatency,
    Duration WanLatencyMin,
    Duration WanLatencyMax,
    int TailDoublings,
    int LossPerMillion,
    int DuplicatePerMillion,
    int ReorderPerMillion,
    Duration ReorderBy,
    int StragglerPerMillion,
    int CorruptPerMillion,
    Duration StallLimit,
    Duration ConnectTimeout,
    int QueueMax);

/// <summary>How a data directory behaves.</summary>
/// <param name="SyncMin">Least time of a sync.</param>
/// <param name="TailDoublings">As in <see cref="NetworkOptions"/>.</param>
public sealed record DiskOptions(
    Duration SyncMin, int TailDoublings, long SegmentBytes, int BatchRecordsMax, Duration SealAfter);

/// <summary>How a process behaves.</summary>
/// <param name="BatchMax">Most inputs stepped between two writes to the log.</param>
/// <param name="BatchCost">Least time a batch takes.</param>
/// <param name="BootTime">Least time between the start of a process and the opening of its log.</param>
/// <param name="MailboxMax">Most inputs that may wait for a node that is alive.</param>
/// <param name="InvariantsEvery">Steps between two checks of a node's own invariants.</param>
public sealed record HostOptions(
    int BatchMax, Duration BatchCost, Duration BootTime, int MailboxMax, int InvariantsEvery)
{
    /// <summary>Between two looks of a gate or a manager at what it uses itself; null for none.</summary>
    public Duration? LookInterval { get; init; }

    /// <summary>Spells in which a gate or a manager uses nearly all of its machine.</summary>
    public int PressedPerThousand { get; init; }
}

/// <summary>How workloads behave; chances per thousand attempts.</summary>
/// <param name="StubbornPerThousand">Does not end when asked to, only when killed.</param>
public sealed record WorkloadOptions(
    Duration ReportInterval,
    int FailPerThousand,
    int HangPerThousand,
    int NoStartPerThousand,
    int StubbornPerThousand)
{
    /// <summary>Uses more than its budget, or nearly so, in one of several ways.</summary>
    public int RunawayPerThousand { get; init; }

    /// <summary>Requests of a workload that is loaded over HTTP, at most; each has a number of its
    /// own.</summary>
    public int RequestsPerSecondMax { get; init; } = 5000;

    /// <summary>How many times slower what is loaded answers where all cores of a datacenter load it; 1 where
    /// it answers alike whatever loads it.</summary>
    public int SaturatedTimes { get; init; } = 1;

    /// <summary>Looks at a worker's machine that come to nothing.</summary>
    public int LostSamplePerThousand { get; init; }

    /// <summary>Looks that come to the worker late.</summary>
    public int LateSamplePerThousand { get; init; }

    /// <summary>Workers whose hosts list processes; the others have sums of control groups.</summary>
    public int ProcessReadingPerThousand { get; init; }

    /// <summary>Workers whose hosts throttle by pauses; the others have quotas.</summary>
    public int PausePerThousand { get; init; }

    /// <summary>Workers whose hosts throttle less than they are told to, or not at all.</summary>
    public int LooseThrottlePerThousand { get; init; }

    /// <summary>Passes of SIGKILL during which a process is born that they do not find.</summary>
    public int MissedKillPerThousand { get; init; }
}
