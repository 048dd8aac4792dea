using Hyperscale.Det.Kernel;
using Hyperscale.Det.Reliability;

namespace Hyperscale.Det.Jobs;

public enum WorkflowState : byte
{
    /// <summary>Its slot has not started, or a workflow it depends on has not completed.</summary>
    Waiting,

    /// <summary>Waits for a core.</summary>
    Ready,

    /// <summary>Its newest attempt is given to a worker.</summary>
    Running,

    Ended,

    /// <summary>Will not run: something it depends on did not complete, or the slot was cancelled.</summary>
    Skipped,

    /// <summary>Its newest attempt failed or was lost; it waits for its backoff, and then for a
    /// grant.</summary>
    Retrying,
}

/// <summary>One workflow of a slot, as the dispatch ledger knows it.</summary>
public sealed class WorkflowRecord
{
    private long _outcomeBytes;
    private long _failureBytes;

    internal WorkflowRecord() { }

    public WorkflowState State { get; internal set; }

    /// <summary>Place in the queue for cores; meaningful while <see cref="WorkflowState.Ready"/>.</summary>
    public long ReadySequence { get; internal set; }

    /// <summary>Stamp of the entry since which it waits for a core or for its next attempt; meaningful while
    /// <see cref="WorkflowState.Ready"/> or <see cref="WorkflowState.Retrying"/>.</summary>
    public WallTime WaitingSince { get; internal set; }

    /// <summary>Number of its newest attempt; 0 before the first.</summary>
    public int Attempts { get; internal set; }

    /// <summary>Where the newest attempt runs or ran.</summary>
    public NodeId Worker { get; internal set; }

    /// <summary>The life of the worker that the newest attempt was given to.</summary>
    public BootId Boot { get; internal set; }

    /// <summary>Stamp of the newest attempt's start.</summary>
    public WallTime StartedAt { get; internal set; }

    /// <summary>How the newest attempt ended, when no other follows it.</summary>
    public AttemptOutcome? Outcome
    {
        get;
        internal set => (field, _outcomeBytes) = (value, BytesOf(value));
    }

    /// <summary>How the newest attempt ended, while another one is to follow it.</summary>
    public AttemptOutcome? Failure
    {
        get;
        internal set => (field, _failureBytes) = (value, BytesOf(value));
    }

    /// <summary>What the end of the newest attempt takes.</summary>
    public long Bytes => _outcomeBytes + _failureBytes;

    /// <summary>Stamp from which on the next attempt may be made; meaningful while
    /// <see cref="WorkflowState.Retrying"/>.</summary>
    public WallTime RetryAt { get; internal set; }

    /// <summary>The attempts before the newest, by number.</summary>
    public IReadOnlyList<EarlierAttempt> Earlier { get; internal set; } = [];

    internal void AddTo(ref Fingerprint fingerprint)
    {
        fingerprint.Add((long)State);
        fingerprint.Add(ReadySequence);
        fingerprint.Add(WaitingSince.UnixMilliseconds);
        fingerprint.Add((long)Attempts);
        fingerprint.Add(Worker);
        fingerprint.Add(Boot.Value);
        fingerprint.Add(StartedAt.UnixMilliseconds);
        fingerprint.Add(RetryAt.UnixMilliseconds);
        Add(Outcome, ref fingerprint);
        Add(Failure, ref fingerprint);
        foreach (var earlier in Earlier) earlier.AddTo(ref fingerprint);
    }

    private static long BytesOf(AttemptOutcome? outcome) =>
        outcome is null ? 0 : JobFields.Measure(outcome, JobFields.Write).Bytes;

    private static void Add(AttemptOutcome? outcome, ref Fingerprint fingerprint)
    {
        fingerprint.Add(outcome is not null);
        if (outcome is null) return;
        fingerprint.Add((long)outcome.State);
        fingerprint.Add(outcome.Reason);
        fingerprint.Add(outcome.ExitCode ?? long.MinValue);
        outcome.Stats.AddTo(ref fingerprint);
        fingerprint.Add(outcome.Output.Span);
        outcome.Kill?.AddTo(ref fingerprint);
    }
}

/// <summary>A slot that this datacenter holds: reserved, started, or ended and not yet forgotten.</summary>
public sealed class SlotRecord
{
    private readonly long _specBytes;

    internal SlotRecord(SlotKey key, JobSpec spec, WallTime reservedAt, long reservedSequence)
    {
        Key = key;
        Spec = spec;
        ReservedAt = reservedAt;
        ReservedSequence = reservedSequence;
        _specBytes = JobFields.Measure(spec, JobFields.Write).Bytes;
        Workflows = [.. spec.Workflows.Select(_ => new WorkflowRecord())];
        Budget = RetryBudgetState.Of(key.Job, RetryShare.None, spec.Workflows.Count);
    }

    public SlotKey Key { get; }

    public JobSpec Spec { get; }

    /// <summary>By index in the job.</summary>
    public IReadOnlyList<WorkflowRecord> Workflows { get; }

    /// <summary>Its part of the job's retry budget.</summary>
    public RetryBudgetState Budget { get; internal set; }

    public WallTime ReservedAt { get; }

    /// <summary>Place among the reservations.</summary>
    public long ReservedSequence { get; }

    public WallTime? StartedAt { get; internal set; }

    public string? CancelReason { get; internal set; }

    /// <summary>The workflow whose failure came first in the log; null while none failed.</summary>
    public int? FirstFailure { get; internal set; }

    /// <summary>How the slot ended; null while anything of it may still run.</summary>
    public SlotOutcome? Outcome { get; internal set; }

    public bool IsStarted => StartedAt is not null;

    /// <summary>What it takes: its spec and the ends of its attempts.</summary>
    public long Bytes => _specBytes + Workflows.Sum(workflow => workflow.Bytes);

    /// <summary>What of that is part of <see cref="DispatchLedger.Bytes"/>.</summary>
    internal long CountedBytes { get; set; }

    /// <summary>Whether it still waits for its start.</summary>
    public bool IsReserved => !IsStarted && Outcome is null;

    /// <summary>Whether what runs of it has to be stopped.</summary>
    public bool IsCancelling => CancelReason is not null && Outcome is null;

    internal void AddTo(ref Fingerprint fingerprint)
    {
        Key.AddTo(ref fingerprint);
        fingerprint.Add(Spec.Name);
        fingerprint.Add(ReservedAt.UnixMilliseconds);
        fingerprint.Add(ReservedSequence);
        fingerprint.Add(StartedAt?.UnixMilliseconds ?? long.MinValue);
        fingerprint.Add(CancelReason);
        fingerprint.Add(FirstFailure ?? -1L);
        Budget.AddTo(ref fingerprint);
        foreach (var workflow in Workflows) workflow.AddTo(ref fingerprint);
        fingerprint.Add(Outcome is not null);
        if (Outcome is null) return;
        fingerprint.Add((long)Outcome.State);
        fingerprint.Add(Outcome.Reason);
    }
}

/// <summary>A workflow that waits for a core; the lowest sequence has waited longest.</summary>
public readonly record struct ReadyWorkflow(long Sequence, SlotKey Slot, int Workflow, int Attempt)
{
    /// <summary>The attempt that would be started next.</summary>
    public AttemptKey Key => new(Slot, Workflow, Attempt);
}

/// <summary>What is remembered of one of a job's target places, whatever epochs it had.</summary>
internal sealed class PlaceRecord
{
    public int NewestEpoch { get; set; }

    /// <summary>Whether any epoch has started here.</summary>
    public bool EverStarted { get; set; }

    /// <summary>Why the newest epoch is closed; says nothing while it is held.</summary>
    public string ClosedBecause { get; set; } = "";

    public SlotRecord? Held { get; set; }

    /// <summary>Its place among those that hold nothing; 0 while it holds a slot.</summary>
    public long ClosedSequence { get; set; }
}

/// <summary>A job that has a place here, with the highest fence that any of its commands carried.</summary>
internal sealed class JobRecord(long fence, NodeId gate)
{
    public long Fence { get; set; } = fence;

    public NodeId Gate { get; set; } = gate;

    public SortedDictionary<int, PlaceRecord> Places { get; } = [];
}

/// <summary>The attempts that a worker holds, and their cores.</summary>
internal sealed class WorkerLoad
{
    public int Cores { get; set; }

    public SortedSet<AttemptKey> Attempts { get; } = [];
}
