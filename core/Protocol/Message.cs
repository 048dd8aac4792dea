using Hyperscale.Det.Capacity;
using Hyperscale.Det.Idempotency;
using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Membership;
using Hyperscale.Det.Reliability;
using Hyperscale.Det.Replication;
using Hyperscale.Det.Resources;
using Hyperscale.Det.Routing;
using Hyperscale.Det.Slo;

namespace Hyperscale.Det.Protocol;

/// <summary>Everything that travels between nodes.</summary>
public abstract record Message
{
    private Message() { }

    // Client and gate, gate and gate.

    /// <summary>Asks a gate; a gate that does not own the job passes it on with one hop more.</summary>
    public sealed record ClientCall(long CallId, int Hops, ClientRequest Request) : Message;

    public sealed record ClientAnswer(long CallId, ClientResponse Response) : Message;

    // Gate to manager. Every command carries the fence of the job's ledger group.

    /// <param name="Key">What the job's client called it; a datacenter runs at most one job of a key.</param>
    /// <param name="Retries">What the slot may use of the job's retry budget; null is nothing.</param>
    public sealed record ReserveSlot(
        SlotKey Slot, long Fence, JobSpec Spec, IdempotencyKey? Key = null, RetryShare? Retries = null)
        : Message;

    public sealed record StartSlot(SlotKey Slot, long Fence) : Message;

    public sealed record CancelSlot(SlotKey Slot, long Fence, string Reason) : Message;

    /// <summary>The slot's result is in the job's ledger; the manager may forget it.</summary>
    public sealed record SlotResultCommitted(SlotKey Slot, long Fence) : Message;

    /// <summary>Answers <see cref="BudgetAsked"/> with what the job's ledger says.</summary>
    /// <param name="Share">Retries that the slot may use in all.</param>
    /// <param name="IsFinal">There will be no larger share.</param>
    public sealed record BudgetShared(SlotKey Slot, long Fence, int Share, long Revision, bool IsFinal)
        : Message;

    /// <summary>Answers <see cref="SlotHeld"/>: the slot is wanted, or was when it was asked.</summary>
    public sealed record SlotWanted(SlotKey Slot, long Fence, BootId Boot, long Question) : Message;

    /// <summary>Answers a heartbeat at once, so that the manager can measure the round trip.</summary>
    /// <param name="Coordinate">Where the gate stands in the network.</param>
    public sealed record HeartbeatEchoed(BootId Boot, long Version, NetworkCoordinate Coordinate) : Message
    {
        /// <summary>To a primary that has told nothing of latencies yet: what the one before it
        /// found.</summary>
        public SloStanding? Slo { get; init; }
    }

    // Gate to gate.

    /// <summary>What a gate has dispatched and no heartbeat shows.</summary>
    public sealed record DebitsTold(DebitReport Debits) : Message;

    /// <summary>What this gate heard of the latencies in datacenters.</summary>
    /// <param name="Datacenters">At most <see cref="ProtocolLimits.DatacentersToldMax"/>.</param>
    public sealed record SloTold(IReadOnlyList<SloGossip> Datacenters) : Message;

    // Manager to gate.

    /// <summary>The slot has used its whole share of the job's retry budget and wants more; sent again until
    /// it is answered.</summary>
    /// <param name="Revision">Of the share that is used up.</param>
    public sealed record BudgetAsked(SlotKey Slot, long Revision) : Message;

    /// <summary>Asks whether the slot, which runs, is still wanted; the answer to one that is not is
    /// <see cref="CancelSlot"/>.</summary>
    /// <param name="Question">When it is asked, in nanoseconds of this life's clock.</param>
    public sealed record SlotHeld(SlotKey Slot, BootId Boot, long Question) : Message;

    /// <param name="Wait">Estimated time until the slot's first workflow finds its cores.</param>
    public sealed record SlotReserved(SlotKey Slot, Duration Wait) : Message;

    public sealed record SlotRefused(SlotKey Slot, string Reason) : Message;

    /// <summary>Too early to say whether the slot is taken: the manager leads too newly to know all its
    /// workers. The gate asks again.</summary>
    public sealed record SlotDeferred(SlotKey Slot) : Message;

    public sealed record SlotStarted(SlotKey Slot) : Message;

    /// <param name="Revision">Rises with every report of one manager boot; a newer one replaces an older
    /// one.</param>
    public sealed record SlotProgressed(
        SlotKey Slot, BootId Boot, long Revision, IReadOnlyList<WorkflowProgress> Workflows) : Message;

    /// <summary>Sent again until <see cref="SlotResultCommitted"/> arrives.</summary>
    public sealed record SlotFinished(SlotKey Slot, SlotOutcome Outcome) : Message;

    /// <summary>The manager does not lead its datacenter; <paramref name="Primary"/> does in
    /// <paramref name="View"/>, the newest that it knows.</summary>
    public sealed record NotPrimary(SlotKey Slot, NodeId Primary, long View) : Message;

    /// <summary>What a datacenter's primary manager sees; fire and forget.</summary>
    /// <param name="View">Of the datacenter's ledger: of two that both call themselves primary, the one of
    /// the higher view is.</param>
    public sealed record ManagerHeartbeat(
        string Datacenter,
        BootId Boot,
        long Version,
        bool IsPrimary,
        long View,
        int Workers,
        int CoresTotal,
        int CoresFree,
        int LargestWorkerCores,
        int QueuedWorkflows) : Message
    {
        /// <summary>What runs and waits, and when cores become free (AD-43); null from one that does not
        /// lead, or leads too newly to know all its workers.</summary>
        public HeartbeatCapacity? Capacity { get; init; }

        /// <summary>How the latencies of jobs keep to their targets (AD-42); null from one that does not
        /// lead.</summary>
        public DatacenterSlo? Slo { get; init; }

        /// <summary>Where the manager stands in the network; null before it knows.</summary>
        public NetworkCoordinate? Coordinate { get; init; }

        /// <summary>The newest round trip that the manager measured to the gate that this goes to.</summary>
        public Duration? Rtt { get; init; }

        /// <summary>What the datacenter's workers use, as far as this manager knows (AD-41); null before it
        /// knows anything.</summary>
        public ClusterResources? Resources { get; init; }
    }

    // Manager to worker. Every command carries the fence of the datacenter's ledger.

    /// <param name="Boot">The life of the worker it is meant for: a later one must not run it.</param>
    public sealed record StartAttempt(AttemptKey Attempt, long Fence, BootId Boot, WorkflowSpec Workflow)
        : Message;

    public sealed record StopAttempt(AttemptKey Attempt, long Fence, string Reason) : Message;

    /// <summary>The attempt's outcome is in the datacenter's ledger; the worker may forget it.</summary>
    public sealed record AttemptResultCommitted(AttemptKey Attempt) : Message;

    /// <summary>Renews the worker's lease from the instant it sent the heartbeat. From a higher fence on, the
    /// worker obeys none below it.</summary>
    public sealed record HeartbeatAnswered(long Sequence, Duration LeaseTerm, long Fence) : Message;

    // Worker to manager.

    public sealed record WorkerHeartbeat(
        BootId Boot, long Sequence, int Cores, IReadOnlyList<AttemptInventory> Attempts) : Message
    {
        /// <summary>What the worker uses (AD-41); null before its host has looked.</summary>
        public WorkerResourceReport? Resources { get; init; }
    }

    public sealed record AttemptAccepted(AttemptKey Attempt) : Message;

    public sealed record AttemptRefused(AttemptKey Attempt, string Reason) : Message;

    /// <param name="Revision">Rises from report to report.</param>
    public sealed record AttemptProgressed(AttemptKey Attempt, long Revision, RunStats Stats) : Message
    {
        /// <summary>Latencies of the bucket of time that is under way, or has just ended.</summary>
        public LatencyBucket Bucket { get; init; } = LatencyBucket.None;

        /// <summary>The one before it, as it was in the end: its last report may have been lost.</summary>
        public LatencyBucket Earlier { get; init; } = LatencyBucket.None;
    }

    /// <summary>Sent again until <see cref="AttemptResultCommitted"/> arrives.</summary>
    public sealed record AttemptFinished(AttemptKey Attempt, AttemptOutcome Outcome) : Message
    {
        /// <summary>The last bucket of latencies, unless it had long ended and been told before.</summary>
        public LatencyBucket Bucket { get; init; } = LatencyBucket.None;

        /// <summary>The one before it, as in reports of progress.</summary>
        public LatencyBucket Earlier { get; init; } = LatencyBucket.None;

        /// <summary>Of the buckets, above those of all reports of progress; 0 without any.</summary>
        public long Revision { get; init; }
    }

    // Between the replicas of ledger groups: gates among gates, managers within their datacenter.

    public sealed record Replication(IReadOnlyList<GroupMessage> Messages) : Message
    {
        public override string ToString() => $"Replication {string.Join("; ", Messages)}";
    }

    /// <summary>Says that the sender lives; one for all groups that two nodes share.</summary>
    public sealed record ReplicaHeartbeat(long Sequence) : Message;

    /// <param name="Following">The groups that the sender follows the receiver in.</param>
    public sealed record ReplicaHeartbeatAnswered(long Sequence, IReadOnlyList<FollowedView> Following)
        : Message;

    // Between the managers of a datacenter.

    /// <summary>What the sender knows of resources; every 2 s to a few others (AD-41).</summary>
    /// <param name="Views">Of each manager the newest, by name.</param>
    public sealed record ResourcesGossiped(IReadOnlyList<ManagerLocalView> Views) : Message;

    // Among those who share ledgers, as datagrams or over the stream.

    /// <summary>Who is alive.</summary>
    public sealed record Membership(SwimMessage Told) : Message;
}

/// <summary>One attempt a worker knows of; finished ones are kept until their result is committed.</summary>
public sealed record AttemptInventory(AttemptKey Attempt, bool IsFinished);

/// <summary>What a client may ask of any gate.</summary>
public abstract record ClientRequest
{
    private ClientRequest() { }

    /// <param name="Key">Repeats of a submission carry the same one and make no second job (AD-40); null for
    /// a submission that is a job of its own each time it arrives.</param>
    public sealed record SubmitJob(JobSpec Spec, IdempotencyKey? Key = null) : ClientRequest;

    public sealed record GetJob(JobId Job) : ClientRequest;

    /// <summary>Like <see cref="GetJob"/>, with all that explains the answer.</summary>
    public sealed record ExplainJob(JobId Job) : ClientRequest;

    /// <summary>Answers as soon as the job's revision differs from <paramref name="AfterRevision"/>, or with
    /// what is known when the gate's watch deadline passes.</summary>
    public sealed record WatchJob(JobId Job, long AfterRevision) : ClientRequest;

    /// <summary>Newest first, of all ledger groups, or with <paramref name="LocalOnly"/> of those that the
    /// asked gate leads.</summary>
    public sealed record ListJobs(int Limit, bool LocalOnly) : ClientRequest;

    public sealed record CancelJob(JobId Job) : ClientRequest;

    /// <summary>Where a job that needs this would go, as the asked gate sees it; nothing is done.</summary>
    /// <param name="CoresRequired">At once, in each of its datacenters.</param>
    public sealed record PreviewRoute(DatacenterChoice Datacenters, int CoresRequired) : ClientRequest;

    /// <summary>The replicas of every gate, or with <paramref name="LocalOnly"/> of the asked one.</summary>
    public sealed record GetCluster(bool LocalOnly) : ClientRequest;
}

public abstract record ClientResponse
{
    private ClientResponse() { }

    /// <summary>The job is durable in its ledger. With a key, a datacenter has reserved what it needs.
    /// </summary>
    /// <param name="WasDuplicate">An earlier submission of the same key made the job.</param>
    /// <param name="IsDeduplicated">The submission had a key, so repeating it does no harm.</param>
    public sealed record Accepted(JobId Job, bool WasDuplicate = false, bool IsDeduplicated = false)
        : ClientResponse
    {
        /// <summary>The job of the earlier submission; null for the first.</summary>
        public JobId? OriginalJob => WasDuplicate ? Job : null;

        /// <summary>Where the job is entitled to less, or other, than it asked for.</summary>
        public IReadOnlyList<JobNote> Notes { get; init; } = [];
    }

    /// <summary>A submission of the same key is being worked on; this one was not carried out.</summary>
    public sealed record Pending(Duration RetryAfter) : ClientResponse;

    /// <summary>The key was used for another submission; nothing was done.</summary>
    /// <param name="Job">Of the other submission, where it has one.</param>
    public sealed record KeyReused(JobId? Job, PayloadFingerprint Stored, PayloadFingerprint Given)
        : ClientResponse;

    /// <summary>The key was used, and its answer is no longer kept; nothing was done.</summary>
    /// <param name="Job">What the answer named, where that is still known.</param>
    public sealed record KeyExpired(JobId? Job) : ClientResponse;

    /// <summary>The submission can never be a job, and its key is used up.</summary>
    /// <param name="WasDuplicate">An earlier submission of the same key was rejected.</param>
    public sealed record Rejected(string Reason, bool WasDuplicate) : ClientResponse;

    public sealed record Status(JobStatus Job) : ClientResponse;

    public sealed record Explained(JobExplanation Job) : ClientResponse;

    public sealed record Routed(RoutingReport Report) : ClientResponse;

    /// <param name="Missing">Gates that did not answer in time, and ledger groups that nobody leads: their
    /// jobs may not be in the list.</param>
    public sealed record Jobs(IReadOnlyList<JobSummary> List, IReadOnlyList<string> Missing) : ClientResponse
    {
        /// <summary>The ledger groups that the answering gate leads: of these it knows every job.</summary>
        public IReadOnlyList<int> Led { get; init; } = [];
    }

    /// <summary>What each gate says of itself; the pictures need not be of one instant.</summary>
    /// <param name="Missing">Gates that did not answer in time.</param>
    public sealed record Cluster(IReadOnlyList<GateReplicas> Gates, IReadOnlyList<string> Missing)
        : ClientResponse;

    /// <summary>The cancellation is durable, or the job had already ended.</summary>
    public sealed record CancelAccepted(JobStatus Job) : ClientResponse;

    /// <summary>The request itself is at fault; repeating it changes nothing.</summary>
    public sealed record Invalid(IReadOnlyList<JobFault> Faults) : ClientResponse;

    public sealed record NotFound(JobId Job) : ClientResponse;

    /// <summary>Nothing was done; the same request may succeed later.</summary>
    public sealed record Unavailable(string Reason, Duration RetryAfter) : ClientResponse;

    /// <summary>The request was sent and no answer came: it may or may not have been carried out.</summary>
    public sealed record OutcomeUnknown(string Reason) : ClientResponse;
}
