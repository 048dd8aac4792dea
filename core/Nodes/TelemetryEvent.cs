using Hyperscale.Det.Capacity;
using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Reliability;
using Hyperscale.Det.Resources;
using Hyperscale.Det.Routing;
using Hyperscale.Det.Slo;

namespace Hyperscale.Det.Nodes;

/// <summary>What a node tells its operators: each becomes a log line and moves a metric.</summary>
public abstract record TelemetryEvent
{
    private TelemetryEvent() { }

    public sealed record JobAccepted(JobId Job, string Name) : TelemetryEvent;

    public sealed record JobRefused(string Name, string Reason) : TelemetryEvent;

    public sealed record JobEnded(JobId Job, JobState State, string Reason) : TelemetryEvent;

    public sealed record SlotAssigned(SlotKey Slot, string Datacenter) : TelemetryEvent;

    /// <summary>A new job's datacenters were chosen.</summary>
    /// <param name="Datacenters">In order.</param>
    /// <param name="Spilled">Datacenters that it left for want of cores.</param>
    public sealed record JobRouted(
        string Name,
        RoutingOutcome Outcome,
        RoutingReason Reason,
        IReadOnlyList<string> Datacenters,
        IReadOnlyList<string> Spilled) : TelemetryEvent;

    /// <summary>A result told how much longer a datacenter takes than it was meant to (AD-45).</summary>
    /// <param name="ObservedMs">Mean so far, in milliseconds.</param>
    /// <param name="BlendedMs">With the predicted round trip.</param>
    /// <param name="Confidence">In what was observed, 0 to 1.</param>
    public sealed record LatencyObserved(
        string Datacenter, double ObservedMs, double BlendedMs, double Confidence, long Samples)
        : TelemetryEvent;

    /// <summary>What was observed of a datacenter is too old to be trusted at all.</summary>
    public sealed record ObservationsDecayed(string Datacenter) : TelemetryEvent;

    /// <summary>The latencies of its jobs make a datacenter better or worse (AD-42).</summary>
    /// <param name="Summary">Of all jobs together.</param>
    public sealed record SloHealthChanged(
        string Datacenter, DatacenterHealth Health, SloRuleKind Rule, SloSummary Summary) : TelemetryEvent;

    /// <summary>A new primary goes by what an earlier one found of its jobs' latencies.</summary>
    /// <param name="Age">Since it was true.</param>
    public sealed record SloHealthTakenOver(
        string Datacenter, DatacenterHealth Health, SloRuleKind Rule, Duration Age) : TelemetryEvent;

    /// <summary>What an attempt tells of its latencies is not kept: too many workflows of its job tell of
    /// theirs.</summary>
    public sealed record LatenciesDropped(AttemptKey Attempt) : TelemetryEvent;

    /// <summary>What was known of a job's latencies makes room for others'.</summary>
    public sealed record JobLatenciesDropped(JobId Job) : TelemetryEvent;

    public sealed record SlotRefused(SlotKey Slot, string Datacenter, string Reason) : TelemetryEvent;

    public sealed record SlotEnded(SlotKey Slot, string Datacenter, SlotState State) : TelemetryEvent;

    public sealed record AttemptStarted(AttemptKey Attempt, NodeId Worker) : TelemetryEvent;

    public sealed record AttemptEnded(AttemptKey Attempt, NodeId Worker, AttemptState State, string Reason)
        : TelemetryEvent;

    /// <summary>A further attempt was granted from the job's retry budget.</summary>
    /// <param name="Cause">Why the attempt before it did not do.</param>
    /// <param name="Left">What is left of the slot's share.</param>
    public sealed record RetryGranted(AttemptKey Attempt, string Cause, int Left) : TelemetryEvent;

    /// <summary>A workflow failed as no further attempt was granted.</summary>
    /// <param name="Attempt">The one that was not.</param>
    public sealed record RetryBudgetExhausted(AttemptKey Attempt, string Reason) : TelemetryEvent;

    /// <summary>A best-effort job is complete.</summary>
    /// <param name="Completed">Datacenters that completed, of <paramref name="Targets"/>.</param>
    public sealed record BestEffortCompleted(
        JobId Job, CompletionReason Reason, bool IsSuccess, int Completed, int Targets) : TelemetryEvent;

    /// <summary>A datacenter reported after its job's end.</summary>
    public sealed record LateResult(SlotKey Slot, string Datacenter, SlotState State, bool IsMerged)
        : TelemetryEvent;

    public sealed record WorkerJoined(NodeId Worker, BootId Boot, int Cores) : TelemetryEvent;

    public sealed record WorkerLost(NodeId Worker, string Reason) : TelemetryEvent;

    public sealed record LeaseExpired(NodeId Worker, int WorkloadsStopped) : TelemetryEvent;

    /// <summary>A message or request that was understood and refused, with the verdict's name.</summary>
    public sealed record Ignored(NodeId From, string Message, string Verdict) : TelemetryEvent;

    /// <summary>The node began to lead a ledger group in this view, or stopped.</summary>
    public sealed record GroupLed(int Group, long View, bool IsLed) : TelemetryEvent;

    /// <summary>A configured member was heard of for the first time, or in a new life.</summary>
    public sealed record MemberJoined(NodeId Member, BootId Boot) : TelemetryEvent;

    /// <summary>A member answered nobody who tried.</summary>
    public sealed record MemberSuspected(NodeId Member) : TelemetryEvent;

    /// <summary>A suspected member did not contradict in time.</summary>
    public sealed record MemberDied(NodeId Member) : TelemetryEvent;

    /// <summary>A member that was suspected or dead is alive, in the same life.</summary>
    public sealed record MemberReturned(NodeId Member) : TelemetryEvent;

    /// <summary>A datagram to a member and its answer took this long.</summary>
    public sealed record MemberAnswered(NodeId Member, Duration Rtt) : TelemetryEvent;

    /// <summary>A submission repeated an earlier one with its key, with the name of the answer.</summary>
    public sealed record SubmissionRepeated(string Answer) : TelemetryEvent;

    /// <summary>Keys of a group were let go of before their time, as there were too many.</summary>
    /// <param name="Evicted">Answers: their keys expired.</param>
    /// <param name="Forgotten">Expired keys: a late repeat of theirs could become a second job.</param>
    public sealed record KeysEvicted(int Group, long Evicted, long Forgotten) : TelemetryEvent;

    /// <summary>A snapshot was not taken, as the ledgers are too large for one: the log grows.</summary>
    public sealed record SnapshotTooLarge(long StateBytes, long BytesMax) : TelemetryEvent;

    /// <summary>A guard's level of one dimension moved.</summary>
    public sealed record GuardLevelChanged(
        AttemptKey Attempt, GuardDimension Dimension, GuardLevel From, GuardLevel To, ResourceMetrics Metrics)
        : TelemetryEvent;

    /// <summary>A guard held its workload back, or let it run freely again.</summary>
    public sealed record WorkloadThrottled(AttemptKey Attempt, ThrottleOrder? Order) : TelemetryEvent;

    /// <summary>A guard let a load generator start no further users, or go on.</summary>
    public sealed record RampHeld(AttemptKey Attempt, bool IsHeld) : TelemetryEvent;

    /// <summary>A guard killed its workload (AD-41).</summary>
    public sealed record ResourceKilled(AttemptKey Attempt, string Workflow, ResourceKill Kill)
        : TelemetryEvent;

    /// <summary>What a worker uses, with every reading.</summary>
    public sealed record ResourcesReported(NodeId Worker, WorkerResourceReport Report) : TelemetryEvent;

    /// <summary>A worker began to take no work, or with no reason takes it again.</summary>
    public sealed record WorkerOverBudget(NodeId Worker, string? Reason) : TelemetryEvent;

    /// <summary>A datacenter's workers came under high pressure, or are so no more, as a gate
    /// hears.</summary>
    public sealed record DatacenterPressed(
        string Datacenter, bool IsPressed, double CpuPressure, double MemoryPressure) : TelemetryEvent;

    /// <summary>A member's process or machine came under high pressure, or is so no more.</summary>
    public sealed record MemberPressed(
        NodeId Member, bool IsPressed, int CpuPermille, int MemoryPermille) : TelemetryEvent;

    public sealed record Recovered(long SnapshotLsn, int Records) : TelemetryEvent;
}
