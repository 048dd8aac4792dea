using Hyperscale.Det.Capacity;
using Hyperscale.Det.Idempotency;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Protocol;
using Hyperscale.Det.Reliability;
using Hyperscale.Det.Replication;
using Hyperscale.Det.Resources;
using Hyperscale.Det.Routing;
using Hyperscale.Det.Slo;

namespace Hyperscale.Det.Nodes;

/// <summary>Settings of a gate.</summary>
/// <param name="ResendInterval">How long a command to a manager may go unanswered before it is sent
/// again.</param>
/// <param name="WatchDeadline">How long a watch waits for a change before it answers with what is
/// known.</param>
/// <param name="ForwardDeadline">How long another gate may take to answer a forwarded request.</param>
/// <param name="DefaultDeadlineAllowance">Added to a job's critical path when it sets no deadline.</param>
public sealed record GateConfig(
    Duration ResendInterval,
    Duration WatchDeadline,
    Duration ForwardDeadline,
    Duration DefaultDeadlineAllowance,
    int WaitersMax,
    int LiveJobsMax,
    int EndedJobsMax,
    int SnapshotEveryRecords,
    ReplicaTimes ReplicaTimes)
{
    /// <summary>What jobs may take that have not ended: their specs and what their datacenters reported; at
    /// this, new ones are turned away. 128 MiB: with the ended ones a snapshot has room for all.</summary>
    public long LiveBytesMax { get; init; } = 128 * 1024 * 1024;

    /// <inheritdoc cref="LedgerReplicas.LogBytesMaxDefault"/>
    public long LogBytesMax { get; init; } = LedgerReplicas.LogBytesMaxDefault;

    /// <summary>Of the keys that clients call their submissions.</summary>
    public IdempotencyConfig Idempotency { get; init; } = IdempotencyConfig.Default;

    /// <summary>Of what jobs may retry; a job keeps what was in force where it was taken.</summary>
    public RetryBudgetConfig RetryBudget { get; init; } = RetryBudgetConfig.Standard;

    /// <summary>Of how few datacenters, and how long, a best-effort job waits for.</summary>
    public BestEffortConfig BestEffort { get; init; } = BestEffortConfig.Standard;

    /// <summary>Of spillover, and of what gates hear of capacity.</summary>
    public CapacityConfig Capacity { get; init; } = CapacityConfig.Default;

    /// <summary>Age after which a datacenter's heartbeat counts for nothing.</summary>
    public Duration ManagerStaleness => Capacity.StalenessThreshold;

    /// <summary>Of what gates learn of datacenters.</summary>
    public AdaptiveRoutingConfig Routing { get; init; } = AdaptiveRoutingConfig.Default;

    /// <summary>Of how long what is told of latencies counts, and of what a job that sets no targets is held
    /// to.</summary>
    public SloConfig Slo { get; init; } = SloConfig.Default;

    /// <summary>Of how long a datacenter keeps the jobs that go to it.</summary>
    public HysteresisConfig Hysteresis { get; init; } = HysteresisConfig.Default;

    /// <summary>How long a command that was sent so often may go unanswered. A peer that stays silent is
    /// asked less often, so that a reservation's bytes do not fill its queue.</summary>
    public Duration ResendAfter(int sent) => ResendInterval * (1L << Math.Clamp(sent - 3, 0, 3));

    public static readonly GateConfig Default = new(
        ResendInterval: Duration.FromMilliseconds(500),
        WatchDeadline: Duration.FromSeconds(10),
        ForwardDeadline: Duration.FromSeconds(5),
        DefaultDeadlineAllowance: Duration.FromMinutes(5),
        WaitersMax: 10_000,
        LiveJobsMax: 100_000,
        EndedJobsMax: 10_000,
        SnapshotEveryRecords: 10_000,
        ReplicaTimes: ReplicaTimes.Default);
}

/// <summary>Settings of a manager.</summary>
/// <param name="LeaseTerm">How long a worker may run workloads after sending a heartbeat that was
/// answered.</param>
/// <param name="HeartbeatInterval">Between two heartbeats to the gates.</param>
/// <param name="ReservationTerm">How long a reservation waits for its start.</param>
public sealed record ManagerConfig(
    Duration LeaseTerm,
    Duration ResendInterval,
    Duration HeartbeatInterval,
    Duration ReservationTerm,
    int LiveSlotsMax,
    int WorkersMax,
    int SnapshotEveryRecords,
    ReplicaTimes ReplicaTimes)
{
    /// <summary>What the slots that a datacenter holds may take, their specs and the ends of their attempts;
    /// at this, new ones are refused. 256 MiB: a snapshot has room for all.</summary>
    public long LedgerBytesMax { get; init; } = 256 * 1024 * 1024;

    /// <inheritdoc cref="LedgerReplicas.LogBytesMaxDefault"/>
    public long LogBytesMax { get; init; } = LedgerReplicas.LogBytesMaxDefault;

    /// <summary>Of what is remembered of the jobs that were dispatched here.</summary>
    public IdempotencyConfig Idempotency { get; init; } = IdempotencyConfig.Default;

    /// <summary>Of how the latencies of jobs are judged.</summary>
    public SloConfig Slo { get; init; } = SloConfig.Default;

    public static readonly ManagerConfig Default = new(
        LeaseTerm: Duration.FromSeconds(10),
        ResendInterval: Duration.FromMilliseconds(500),
        HeartbeatInterval: CapacityConfig.Default.HeartbeatInterval,
        ReservationTerm: Duration.FromSeconds(60),
        LiveSlotsMax: 10_000,
        WorkersMax: 10_000,
        SnapshotEveryRecords: 10_000,
        ReplicaTimes: ReplicaTimes.Default);

    /// <summary>After how long without an answered heartbeat a worker's attempts count as dead: the lease and
    /// a fifth, which covers clocks whose rates differ by up to a tenth.</summary>
    public Duration DeadAfter => LeaseTerm + (LeaseTerm / 5);

    /// <summary>How long a new primary takes what it knows of its workers for a part: they find it within
    /// two of their heartbeats.</summary>
    public Duration GatherTerm => LeaseTerm / 5;

    /// <summary>After how long a new primary may take what it has not heard of for dead: until its own lease
    /// was over, the last primary may have answered workers.</summary>
    public Duration DeadAfterTakeover => DeadAfter + ReplicaTimes.LeaseTerm + (ReplicaTimes.LeaseTerm / 5);
}

/// <summary>Settings of a worker.</summary>
/// <param name="StopGrace">Between asking a workload to end and killing its process tree.</param>
public sealed record WorkerConfig(
    int Cores,
    Duration HeartbeatInterval,
    Duration ResendInterval,
    Duration StopGrace,
    int FinishedMax)
{
    /// <summary>Of the guards of its workloads.</summary>
    public ResourceConfig Resources { get; init; } = ResourceConfig.Default;

    /// <summary>Of how long a bucket of latencies is.</summary>
    public SloConfig Slo { get; init; } = SloConfig.Default;

    public static WorkerConfig Default(int cores) => new(
        cores,
        HeartbeatInterval: Duration.FromSeconds(1),
        ResendInterval: Duration.FromMilliseconds(500),
        StopGrace: Duration.FromMilliseconds(500),
        FinishedMax: 4096);
}

/// <summary>Settings of a client.</summary>
/// <param name="CallDeadline">How long a gate may take to answer before the client asks another.</param>
public sealed record ClientConfig(
    Duration CallDeadline, Duration BackoffMin, Duration BackoffMax, Duration GiveUpAfter, int PendingMax)
{
    public static readonly ClientConfig Default = new(
        CallDeadline: Duration.FromSeconds(15),
        BackoffMin: Duration.FromMilliseconds(100),
        BackoffMax: Duration.FromSeconds(5),
        GiveUpAfter: Duration.FromSeconds(30),
        PendingMax: 10_000);

    /// <summary>How long one call for <paramref name="request"/> may take. A watch is answered when something
    /// changes, so it may take twice as long.</summary>
    public Duration DeadlineOf(ClientRequest request) =>
        request is ClientRequest.WatchJob ? CallDeadline * 2 : CallDeadline;

    /// <summary>How long <paramref name="request"/> may take in all, every retry included; a watch keeps as
    /// much time for retries as any other request.</summary>
    public Duration GiveUpOf(ClientRequest request) =>
        request is ClientRequest.WatchJob ? GiveUpAfter + CallDeadline : GiveUpAfter;
}
