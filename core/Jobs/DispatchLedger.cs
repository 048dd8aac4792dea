using System.Diagnostics;
using Hyperscale.Det.Idempotency;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Reliability;

namespace Hyperscale.Det.Jobs;

/// <summary>What a datacenter has promised and done: reservations, starts, attempts and their outcomes.
/// </summary>
/// <remarks>Changed by committed entries only, and by nothing but them: equal histories give equal ledgers.
/// A slot runs under at most one epoch, an attempt is given to one life of one worker and its outcome is
/// written once, and what was refused stays refused, so that whatever the network loses, doubles or delays,
/// nothing runs twice and nothing counts twice.</remarks>
/// <param name="closedMax">How many places that hold no slot are remembered, oldest forgotten first; 1 and
/// more. Late copies of commands are told from new ones by them.</param>
public sealed partial class DispatchLedger(int closedMax = DispatchLedger.ClosedMaxDefault)
{
    public const int ClosedMaxDefault = 32_768;

    /// <summary>The outputs of one slot's workflows together; each is cut to an even share of it, so that a
    /// slot's outcome fits a frame.</summary>
    public const int SlotOutputBytesMax = 2 * 1024 * 1024;

    private readonly SortedDictionary<JobId, JobRecord> _jobs = [];
    private readonly SortedDictionary<SlotKey, SlotRecord> _slots = [];
    private readonly SortedDictionary<long, (JobId Job, int Slot)> _closed = [];
    private readonly SortedDictionary<long, SlotRecord> _reserved = [];
    private readonly SortedDictionary<long, ReadyWorkflow> _ready = [];
    private readonly SortedDictionary<NodeId, WorkerLoad> _loads = [];
    private readonly int _closedMax = closedMax;
    private ManagerIdempotencyLedger _keys = new();
    private long _sequence;

    /// <summary>Every slot that is reserved, started, or ended and not forgotten.</summary>
    public IReadOnlyCollection<SlotRecord> Slots => _slots.Values;

    public int SlotCount => _slots.Count;

    /// <summary>What the slots take: their specs and the ends of their attempts.</summary>
    public long Bytes { get; private set; }

    /// <summary>The jobs that were dispatched here, by key and by id; for reading.</summary>
    public ManagerIdempotencyLedger Keys => _keys;

    /// <summary>Slots that wait for their start, the one reserved first first.</summary>
    public IReadOnlyCollection<SlotRecord> Reserved => _reserved.Values;

    /// <summary>Workflows that wait for a core, the one that has waited longest first.</summary>
    public IReadOnlyCollection<ReadyWorkflow> Ready => _ready.Values;

    /// <summary>Workers that hold an attempt which has not ended.</summary>
    public IReadOnlyCollection<NodeId> LoadedWorkers => _loads.Keys;

    public SlotRecord? Find(SlotKey slot) => _slots.GetValueOrDefault(slot);

    /// <summary>The workflow whose newest attempt this is; null when the ledger does not hold it.</summary>
    public WorkflowRecord? Find(AttemptKey attempt)
    {
        if (!_slots.TryGetValue(attempt.Slot, out var slot)) return null;
        if (attempt.Workflow < 0 || attempt.Workflow >= slot.Workflows.Count) return null;
        var workflow = slot.Workflows[attempt.Workflow];
        return workflow.Attempts > 0 && workflow.Attempts == attempt.Attempt ? workflow : null;
    }

    /// <summary>Whether the attempt is given to a worker and has not ended.</summary>
    public bool IsLive(AttemptKey attempt) => Find(attempt) is { State: WorkflowState.Running };

    /// <summary>The attempts that a worker, in whichever of its lives, holds.</summary>
    public IReadOnlyCollection<AttemptKey> LiveOn(NodeId worker) =>
        _loads.TryGetValue(worker, out var load) ? load.Attempts : [];

    /// <summary>The cores of the attempts that a worker, in whichever of its lives, holds.</summary>
    public int CoresOn(NodeId worker) => _loads.TryGetValue(worker, out var load) ? load.Cores : 0;

    /// <summary>The highest fence known of a job; below every fence while none is known.</summary>
    public long FenceOf(JobId job) => _jobs.TryGetValue(job, out var record) ? record.Fence : long.MinValue;

    /// <summary>The gate that last commanded the job under its highest fence.</summary>
    public NodeId? GateOf(JobId job) => _jobs.TryGetValue(job, out var record) ? record.Gate : null;

    /// <summary>Why this epoch of the slot is closed for good; null when it is held or may still be
    /// reserved.</summary>
    public string? ClosedBecause(SlotKey slot)
    {
        if (_slots.ContainsKey(slot) || PlaceOf(slot) is not { } place) return null;
        if (slot.Epoch == place.NewestEpoch) return place.ClosedBecause;
        if (slot.Epoch < place.NewestEpoch) return $"epoch {place.NewestEpoch} of the slot replaced it";
        return place.EverStarted ? "an older epoch of the slot has started here" : null;
    }

    /// <summary>Carries out one committed entry.</summary>
    /// <param name="stamp">The entry's stamp.</param>
    public DispatchVerdict Apply(WallTime stamp, DispatchCommand command) => command switch
    {
        DispatchCommand.SlotReserved reserved => OnSlotReserved(stamp, reserved),
        DispatchCommand.SlotRefused refused => OnSlotRefused(refused),
        DispatchCommand.SlotStarted started => OnSlotStarted(stamp, started),
        DispatchCommand.SlotCancelled cancelled => OnSlotCancelled(cancelled),
        DispatchCommand.ReservationExpired expired => OnReservationExpired(stamp, expired),
        DispatchCommand.SlotForgotten forgotten => OnSlotForgotten(stamp, forgotten),
        DispatchCommand.AttemptStarted started => OnAttemptStarted(stamp, started),
        DispatchCommand.AttemptEnded ended => OnAttemptEnded(stamp, ended),
        DispatchCommand.BudgetShared shared => OnBudgetShared(shared),
        DispatchCommand.RetryGranted granted => OnRetryGranted(stamp, granted),
        DispatchCommand.RetryDenied denied => OnRetryDenied(denied),
        DispatchCommand.KeysExpired expired => OnKeysExpired(stamp, expired),
        _ => throw new UnreachableException($"unhandled {command}"),
    };

    private DispatchVerdict OnSlotReserved(WallTime stamp, DispatchCommand.SlotReserved reserved)
    {
        if (IsStale(reserved.Slot, reserved.Fence)) return DispatchVerdict.StaleFence;
        Raise(reserved.Slot, reserved.Fence, reserved.Gate);
        if (_slots.ContainsKey(reserved.Slot)) return DispatchVerdict.Duplicate;
        var place = PlaceOf(reserved.Slot);
        if (reserved.Slot.Epoch <= place?.NewestEpoch) return DispatchVerdict.Gone;
        if (place?.EverStarted == true) return DispatchVerdict.Occupied;
        if (WhyNotDispatched(stamp, reserved) is var (verdict, reason))
        {
            Close(reserved.Slot, reserved.Fence, reserved.Gate, reason);
            return verdict;
        }

        // An older epoch that never started gives way: its gate has turned to this one.
        if (place?.Held is { } older) Drop(older);
        place ??= Open(reserved.Slot, reserved.Fence, reserved.Gate);
        _closed.Remove(place.ClosedSequence);
        place.ClosedSequence = 0;
        place.NewestEpoch = reserved.Slot.Epoch;
        place.ClosedBecause = "";
        place.Held = new SlotRecord(reserved.Slot, reserved.Spec, stamp, ++_sequence)
        {
            Budget = RetryBudgetState.Of(
                reserved.Slot.Job, reserved.Retries ?? RetryShare.None, reserved.Spec.Workflows.Count),
        };
        _slots.Add(reserved.Slot, place.Held);
        _reserved.Add(place.Held.ReservedSequence, place.Held);
        CountBytes(place.Held);
        return DispatchVerdict.Accepted;
    }

    private DispatchVerdict OnSlotRefused(DispatchCommand.SlotRefused refused)
    {
        if (IsStale(refused.Slot, refused.Fence)) return DispatchVerdict.StaleFence;
        Raise(refused.Slot, refused.Fence, refused.Gate);
        if (_slots.ContainsKey(refused.Slot)) return DispatchVerdict.Overtaken;
        return Close(refused.Slot, refused.Fence, refused.Gate, refused.Reason)
            ? DispatchVerdict.Accepted
            : DispatchVerdict.Duplicate;
    }

    private DispatchVerdict OnSlotStarted(WallTime stamp, DispatchCommand.SlotStarted started)
    {
        if (IsStale(started.Slot, started.Fence)) return DispatchVerdict.StaleFence;
        Raise(started.Slot, started.Fence, started.Gate);
        if (!_slots.TryGetValue(started.Slot, out var slot))
        {
            Close(started.Slot, started.Fence, started.Gate, "it was to start here without being reserved");
            return DispatchVerdict.Gone;
        }

        if (slot.IsStarted) return DispatchVerdict.Duplicate;
        if (slot.Outcome is not null) return DispatchVerdict.Overtaken;

        _reserved.Remove(slot.ReservedSequence);
        slot.StartedAt = stamp;
        PlaceOf(started.Slot)!.EverStarted = true;
        _keys.Commit(started.Slot.Job, stamp);
        for (var i = 0; i < slot.Workflows.Count; i++)
            if (slot.Spec.Workflows[i].DependsOn.Count == 0) MakeReady(slot, i, stamp);
        return DispatchVerdict.Accepted;
    }

    private DispatchVerdict OnSlotCancelled(DispatchCommand.SlotCancelled cancelled)
    {
        if (IsStale(cancelled.Slot, cancelled.Fence)) return DispatchVerdict.StaleFence;
        Raise(cancelled.Slot, cancelled.Fence, cancelled.Gate);
        if (!_slots.TryGetValue(cancelled.Slot, out var slot))
        {
            Close(cancelled.Slot, cancelled.Fence, cancelled.Gate, "it was cancelled before it was reserved");
            return DispatchVerdict.Gone;
        }

        if (slot.CancelReason is not null || slot.Outcome is not null) return DispatchVerdict.Duplicate;

        _reserved.Remove(slot.ReservedSequence);
        slot.CancelReason = JobLimits.Clip(cancelled.Reason);
        foreach (var workflow in slot.Workflows)
        {
            if (workflow.State == WorkflowState.Retrying) Skip(workflow);
            if (workflow.State is not (WorkflowState.Waiting or WorkflowState.Ready)) continue;
            Skip(workflow);
        }

        Conclude(slot);
        CountBytes(slot);
        return DispatchVerdict.Accepted;
    }

    private DispatchVerdict OnReservationExpired(
        WallTime stamp, DispatchCommand.ReservationExpired expired)
    {
        if (!_slots.TryGetValue(expired.Slot, out var slot)) return DispatchVerdict.Unknown;
        if (!slot.IsReserved) return DispatchVerdict.Overtaken;
        Release(slot, "its reservation expired before it was started", stamp);
        return DispatchVerdict.Accepted;
    }

    private DispatchVerdict OnSlotForgotten(WallTime stamp, DispatchCommand.SlotForgotten forgotten)
    {
        if (IsStale(forgotten.Slot, forgotten.Fence)) return DispatchVerdict.StaleFence;
        if (!_slots.TryGetValue(forgotten.Slot, out var slot)) return DispatchVerdict.Unknown;
        if (slot.Outcome is null) return DispatchVerdict.NotReady;
        Release(slot, "its outcome was taken over by the job's ledger", stamp);
        return DispatchVerdict.Accepted;
    }

    private bool IsStale(SlotKey slot, long fence) => fence < FenceOf(slot.Job);

    private void Raise(SlotKey slot, long fence, NodeId gate)
    {
        if (!_jobs.TryGetValue(slot.Job, out var job)) return;
        job.Fence = fence;
        job.Gate = gate;
    }

    private PlaceRecord? PlaceOf(SlotKey slot) =>
        _jobs.TryGetValue(slot.Job, out var job) ? job.Places.GetValueOrDefault(slot.Slot) : null;

    private PlaceRecord Open(SlotKey slot, long fence, NodeId gate)
    {
        if (!_jobs.TryGetValue(slot.Job, out var job))
            _jobs.Add(slot.Job, job = new JobRecord(fence, gate));
        var place = new PlaceRecord { NewestEpoch = slot.Epoch };
        job.Places.Add(slot.Slot, place);
        return place;
    }

    /// <summary>Closes an epoch that is not held; false when it is closed already.</summary>
    private bool Close(SlotKey slot, long fence, NodeId gate, string reason)
    {
        var place = PlaceOf(slot);
        if (slot.Epoch <= place?.NewestEpoch) return false;
        place ??= Open(slot, fence, gate);
        place.NewestEpoch = slot.Epoch;
        place.ClosedBecause = JobLimits.Clip(reason);
        if (place.Held is null && place.ClosedSequence == 0) Queue(slot, place);
        return true;
    }

    /// <summary>Lets go of a held slot; its epoch is closed from here on.</summary>
    private void Release(SlotRecord slot, string reason, WallTime stamp)
    {
        var place = PlaceOf(slot.Key)!;
        Invariant.Holds(place.Held == slot);
        Drop(slot);
        place.Held = null;
        if (place.NewestEpoch == slot.Key.Epoch) place.ClosedBecause = reason;
        Queue(slot.Key, place);
        LetGo(slot.Key.Job, reason, stamp);
    }

    private void CountBytes(SlotRecord slot)
    {
        var bytes = slot.Bytes;
        Bytes += bytes - slot.CountedBytes;
        slot.CountedBytes = bytes;
    }

    private void Drop(SlotRecord slot)
    {
        Bytes -= slot.CountedBytes;
        _slots.Remove(slot.Key);
        _reserved.Remove(slot.ReservedSequence);
    }

    private void Queue(SlotKey slot, PlaceRecord place)
    {
        place.ClosedSequence = ++_sequence;
        _closed.Add(place.ClosedSequence, (slot.Job, slot.Slot));
        if (_closed.Count <= _closedMax) return;
        var (sequence, oldest) = _closed.First();
        _closed.Remove(sequence);
        var job = _jobs[oldest.Job];
        job.Places.Remove(oldest.Slot);
        if (job.Places.Count == 0) _jobs.Remove(oldest.Job);
    }
}
