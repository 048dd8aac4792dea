using Hyperscale.Det.Capacity;
using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Shell.Telemetry;

/// <summary>One log line for each telemetry event of a node.</summary>
internal static partial class NodeLog
{
    [LoggerMessage(100, LogLevel.Debug, "{Node}: job {Job} '{Name}' accepted")]
    public static partial void JobAccepted(ILogger logger, NodeId node, JobId job, string name);

    [LoggerMessage(101, LogLevel.Warning, "{Node}: job '{Name}' refused: {Reason}")]
    public static partial void JobRefused(ILogger logger, NodeId node, string name, string reason);

    [LoggerMessage(102, LogLevel.Information, "{Node}: job {Job} ended {State}: {Reason}")]
    public static partial void JobEnded(
        ILogger logger, NodeId node, JobId job, JobState state, string reason);

    [LoggerMessage(103, LogLevel.Debug, "{Node}: slot {Slot} assigned to {Datacenter}")]
    public static partial void SlotAssigned(ILogger logger, NodeId node, SlotKey slot, string datacenter);

    [LoggerMessage(104, LogLevel.Warning, "{Node}: slot {Slot} refused by {Datacenter}: {Reason}")]
    public static partial void SlotRefused(
        ILogger logger, NodeId node, SlotKey slot, string datacenter, string reason);

    [LoggerMessage(105, LogLevel.Information, "{Node}: slot {Slot} in {Datacenter} ended {State}")]
    public static partial void SlotEnded(
        ILogger logger, NodeId node, SlotKey slot, string datacenter, SlotState state);

    [LoggerMessage(106, LogLevel.Information, "{Node}: attempt {Attempt} started on {Worker}")]
    public static partial void AttemptStarted(ILogger logger, NodeId node, AttemptKey attempt, NodeId worker);

    [LoggerMessage(107, LogLevel.Information,
        "{Node}: attempt {Attempt} on {Worker} ended {State}: {Reason}")]
    public static partial void AttemptEnded(
        ILogger logger, NodeId node, AttemptKey attempt, NodeId worker, AttemptState state, string reason);

    [LoggerMessage(108, LogLevel.Information,
        "{Node}: worker {Worker} joined with {Cores} cores, boot {Boot}")]
    public static partial void WorkerJoined(
        ILogger logger, NodeId node, NodeId worker, int cores, BootId boot);

    [LoggerMessage(109, LogLevel.Warning, "{Node}: worker {Worker} lost: {Reason}")]
    public static partial void WorkerLost(ILogger logger, NodeId node, NodeId worker, string reason);

    [LoggerMessage(110, LogLevel.Warning, "{Node}: lease of {Worker} expired; {Stopped} workloads stopped")]
    public static partial void LeaseExpired(ILogger logger, NodeId node, NodeId worker, int stopped);

    [LoggerMessage(111, LogLevel.Debug, "{Node}: {Message} from {From} not followed: {Verdict}")]
    public static partial void Ignored(
        ILogger logger, NodeId node, string message, NodeId from, string verdict);

    [LoggerMessage(112, LogLevel.Information,
        "{Node}: recovered a snapshot up to record {SnapshotLsn} and {Records} records after it")]
    public static partial void Recovered(ILogger logger, NodeId node, long snapshotLsn, int records);

    [LoggerMessage(113, LogLevel.Debug, "{Node}: leads ledger group {Group} in view {View}")]
    public static partial void GroupLed(ILogger logger, NodeId node, int group, long view);

    [LoggerMessage(114, LogLevel.Information,
        "{Node}: leads ledger group {Group} no more; its view is {View}")]
    public static partial void GroupLeft(ILogger logger, NodeId node, int group, long view);

    [LoggerMessage(140, LogLevel.Debug, "{Node}: job '{Name}' goes to {Datacenters}: {Reason}")]
    public static partial void JobRouted(
        ILogger logger, NodeId node, string name, string datacenters, string reason);

    [LoggerMessage(141, LogLevel.Information,
        "{Node}: job '{Name}' goes to {Datacenters}, where it waits for cores: {Reason}")]
    public static partial void JobQueued(
        ILogger logger, NodeId node, string name, string datacenters, string reason);

    [LoggerMessage(142, LogLevel.Warning,
        "{Node}: job '{Name}' goes to {Datacenters}, not all of which are well: {Reason}")]
    public static partial void JobRoutedDegraded(
        ILogger logger, NodeId node, string name, string datacenters, string reason);

    [LoggerMessage(143, LogLevel.Warning, "{Node}: no datacenter can take job '{Name}'")]
    public static partial void JobNotRouted(ILogger logger, NodeId node, string name);

    [LoggerMessage(144, LogLevel.Information, "{Node}: job '{Name}' left {Datacenters} for want of cores")]
    public static partial void JobSpilled(ILogger logger, NodeId node, string name, string datacenters);

    [LoggerMessage(145, LogLevel.Debug,
        "{Node}: ObservedLatencyRecorded {Datacenter}: {ObservedMs:F1} ms by {Samples} samples")]
    public static partial void ObservedLatencyRecorded(
        ILogger logger, NodeId node, string datacenter, double observedMs, long samples);

    [LoggerMessage(146, LogLevel.Debug,
        "{Node}: BlendedLatencyComputed {Datacenter}: {BlendedMs:F1} ms with confidence {Confidence:F2}")]
    public static partial void BlendedLatencyComputed(
        ILogger logger, NodeId node, string datacenter, double blendedMs, double confidence);

    [LoggerMessage(147, LogLevel.Information,
        "{Node}: StaleObservationsDecayed {Datacenter}: what was observed there is trusted no more")]
    public static partial void StaleObservationsDecayed(ILogger logger, NodeId node, string datacenter);

    [LoggerMessage(148, LogLevel.Warning,
        "{Node}: {Datacenter} is {Health} by {Rule} of its jobs: p50 {P50Ms:F1} ms, p95 {P95Ms:F1} ms, "
        + "p99 {P99Ms:F1} ms")]
    public static partial void SloHealthLost(
        ILogger logger, NodeId node, string datacenter, DatacenterHealth health, string rule, float p50Ms,
        float p95Ms, float p99Ms);

    [LoggerMessage(149, LogLevel.Information, "{Node}: {Datacenter} is well again by its jobs' latencies")]
    public static partial void SloHealthRestored(ILogger logger, NodeId node, string datacenter);

    [LoggerMessage(158, LogLevel.Warning,
        "{Node}: {Datacenter} is {Health} by {Rule} of its jobs, as its last primary found {Age} ago")]
    public static partial void SloHealthTakenOver(
        ILogger logger, NodeId node, string datacenter, DatacenterHealth health, string rule, Duration age);

    [LoggerMessage(159, LogLevel.Warning,
        "{Node}: latencies of {Attempt} are not kept: more than it has had, or too many tell of theirs")]
    public static partial void LatenciesDropped(ILogger logger, NodeId node, AttemptKey attempt);

    [LoggerMessage(161, LogLevel.Warning,
        "{Node}: what was known of {Job}'s latencies is dropped: too many others tell of theirs")]
    public static partial void JobLatenciesDropped(ILogger logger, NodeId node, JobId job);

    [LoggerMessage(130, LogLevel.Information,
        "{Node}: RetryGranted {Attempt}, {Left} left of its slot's share, after: {Cause}")]
    public static partial void RetryGranted(
        ILogger logger, NodeId node, AttemptKey attempt, int left, string cause);

    [LoggerMessage(131, LogLevel.Warning, "{Node}: RetryBudgetExhausted {Attempt}: {Reason}")]
    public static partial void RetryBudgetExhausted(
        ILogger logger, NodeId node, AttemptKey attempt, string reason);

    [LoggerMessage(132, LogLevel.Information,
        "{Node}: BestEffortCompletion {Job}: {Reason}, {Completed} of {Targets} datacenters completed")]
    public static partial void BestEffortCompletion(
        ILogger logger, NodeId node, JobId job, string reason, int completed, int targets);

    [LoggerMessage(133, LogLevel.Information,
        "{Node}: LateDatacenterResult {Slot} of {Datacenter}, {State}: {Policy}")]
    public static partial void LateDatacenterResult(
        ILogger logger, NodeId node, SlotKey slot, string datacenter, SlotState state, string policy);

    [LoggerMessage(150, LogLevel.Warning,
        "{Node}: {Attempt} is at level {Level} of {Dimension}: {Cpu:F0}% cpu, {Memory:F1} MiB, "
        + "{Descriptors} descriptors")]
    public static partial void GuardLevelReached(
        ILogger logger,
        NodeId node,
        AttemptKey attempt,
        string level,
        string dimension,
        double cpu,
        double memory,
        int descriptors);

    [LoggerMessage(151, LogLevel.Information, "{Node}: {Attempt} is back at level {Level} of {Dimension}")]
    public static partial void GuardLevelLeft(
        ILogger logger, NodeId node, AttemptKey attempt, string level, string dimension);

    [LoggerMessage(152, LogLevel.Debug, "{Node}: {Attempt} {Order}")]
    public static partial void WorkloadThrottled(
        ILogger logger, NodeId node, AttemptKey attempt, string order);

    [LoggerMessage(160, LogLevel.Warning, "{Node}: {Attempt} starts {Which} users")]
    public static partial void RampHeld(ILogger logger, NodeId node, AttemptKey attempt, string which);

    [LoggerMessage(153, LogLevel.Error, "{Node}: ResourceKill {Attempt} '{Workflow}': {Message}")]
    public static partial void ResourceKill(
        ILogger logger, NodeId node, AttemptKey attempt, string workflow, string message);

    [LoggerMessage(154, LogLevel.Warning, "{Node}: takes no work: {Reason}")]
    public static partial void WorkerOverBudget(ILogger logger, NodeId node, string reason);

    [LoggerMessage(155, LogLevel.Information, "{Node}: takes work again")]
    public static partial void WorkerWithinBudget(ILogger logger, NodeId node);

    [LoggerMessage(156, LogLevel.Warning,
        "{Node}: {Datacenter} is {How} pressure: cpu {Cpu:F2}, memory {Memory:F2}")]
    public static partial void DatacenterPressed(
        ILogger logger, NodeId node, string datacenter, string how, double cpu, double memory);

    [LoggerMessage(157, LogLevel.Information,
        "{Node}: member {Member} is {How} pressure: cpu {Cpu}, memory {Memory} of 1000")]
    public static partial void MemberPressed(
        ILogger logger, NodeId node, NodeId member, string how, int cpu, int memory);

    [LoggerMessage(120, LogLevel.Information, "{Node}: member {Member} joined, boot {Boot}")]
    public static partial void MemberJoined(ILogger logger, NodeId node, NodeId member, BootId boot);

    [LoggerMessage(121, LogLevel.Warning, "{Node}: member {Member} answers nobody and is suspected")]
    public static partial void MemberSuspected(ILogger logger, NodeId node, NodeId member);

    [LoggerMessage(122, LogLevel.Warning, "{Node}: member {Member} did not contradict and counts as dead")]
    public static partial void MemberDied(ILogger logger, NodeId node, NodeId member);

    [LoggerMessage(123, LogLevel.Information, "{Node}: member {Member} is back")]
    public static partial void MemberReturned(ILogger logger, NodeId node, NodeId member);

    [LoggerMessage(124, LogLevel.Trace, "{Node}: member {Member} answered within {Rtt}")]
    public static partial void MemberAnswered(ILogger logger, NodeId node, NodeId member, Duration rtt);

    [LoggerMessage(115, LogLevel.Warning,
        "{Node}: too many keys in ledger group {Group}: {Evicted} answers given up and {Forgotten} expired "
        + "keys forgotten before their time")]
    public static partial void KeysEvicted(
        ILogger logger, NodeId node, int group, long evicted, long forgotten);

    [LoggerMessage(126, LogLevel.Error,
        "{Node}: the ledgers take {StateBytes} bytes, and a snapshot at most {BytesMax}: none was taken, and "
        + "the log grows")]
    public static partial void SnapshotTooLarge(
        ILogger logger, NodeId node, long stateBytes, long bytesMax);
}
