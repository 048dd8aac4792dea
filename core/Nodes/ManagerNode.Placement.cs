using Hyperscale.Det.Capacity;
using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Protocol;

namespace Hyperscale.Det.Nodes;

// Which workflow gets which cores, and what the gates hear of it.
//
// Workflows are placed in the order in which they became ready. Those behind one that does not fit anywhere
// may pass it, so that free cores are used. It cannot be passed for ever: the first that does not fit has a
// worker held for it, and nothing else is placed there. What runs on that worker ends within its duration and
// timeout, so the workflow's turn comes; then the next that does not fit has a worker held.
public sealed partial class ManagerNode
{
    /// <summary>How many workflows that find no cores are looked at before the rest has to wait.</summary>
    private const int PassedMax = 64;

    /// <summary>At most one report of a slot's progress in this time.</summary>
    private static readonly Duration ProgressInterval = Duration.FromMilliseconds(500);

    private readonly DeadlineQueue<SlotKey> _progressAt = new();
    private readonly SortedDictionary<SlotKey, Instant> _progressSentAt = [];
    private long _progressRevision;

    // The workflow that a worker is held for.
    private AttemptKey? _heldFor;
    private bool _isPlacingDue;

    // What may be given to workers now.
    private readonly PlaceableWork _placeable = new();

    /// <summary>Workflows that wait for a core and have none proposed.</summary>
    private int Queued => Ledger.Ready.Count - _placing.Keys.Count(IsReady);

    /// <summary>Places what can be placed; does nothing until something that matters to it has
    /// changed.</summary>
    private void PlaceReady()
    {
        if (!_isPlacingDue || !Leads) return;
        _isPlacingDue = false;
        _placeable.LetGo(_now);
        var passed = 0;
        AttemptKey? first = null;
        foreach (var ready in _placeable.InOrder)
        {
            if (_placing.ContainsKey(ready.Key)) continue;
            var cores = SpecOf(ready.Key).Cores;
            // It waits for a larger worker to come; nothing can be held for it.
            if (cores > _workers.LargestCores) continue;
            first ??= ready.Key;
            var isFirst = first == ready.Key;
            if (isFirst && _heldFor != ready.Key) Release();
            if (_workers.CoresFree == 0 || passed == PassedMax) return;
            if (_workers.MostFree(cores, mayUseHeld: isFirst) is not { } worker)
            {
                if (isFirst) HoldFor(ready.Key, cores);
                passed++;
                continue;
            }

            _isPlacingDue = !Place(ready.Key, worker, cores);
            if (_isPlacingDue) return;
            if (!isFirst) continue;
            first = null;
            Release();
        }
    }

    /// <summary>What is ready of a slot, or whether it is wanted, may have changed.</summary>
    private void FollowReady(SlotKey key)
    {
        if (IsWanted(key) && Ledger.Find(key) is { } slot)
            _placeable.Set(key, [.. DispatchLedger.ReadyOf(slot)], _contacts[key].WantedUntil!.Value);
        else _placeable.Remove(key);
    }

    // A hold stays until its workflow is placed: whichever worker seems nearest, some other one may seem
    // nearer a moment later, and with every change what had become free would be lost.
    private void HoldFor(AttemptKey attempt, int cores)
    {
        if (_heldFor == attempt && _workers.Held is not null) return;
        _heldFor = attempt;
        var ends = new CoreSchedule();
        foreach (var worker in _workers.Views)
            if (_workers.TakesWork(worker.Id)) ends.AddWorker(worker.Id, worker.Cores);
        foreach (var dispatch in Active().Where(active => _workers.TakesWork(active.Worker)))
            ends.AddRunning(dispatch.Worker, dispatch.Cores, dispatch.ExpectedEndAfter(_now));
        _workers.Held = ends.FirstFor(cores);
    }

    private void Release()
    {
        _heldFor = null;
        _workers.Held = null;
    }

    private bool Place(AttemptKey attempt, NodeId worker, int cores)
    {
        var boot = _workers.BootOf(worker);
        if (!Propose(new DispatchCommand.AttemptStarted(attempt, worker, boot))) return false;
        _placing.Add(attempt, new Placing(worker, boot, cores));
        _workers.Use(worker, cores);
        return true;
    }

    /// <summary>How long until the slot's first workflow finds its cores: everything that waits comes before
    /// it, and so does what slots begin with that were reserved earlier.</summary>
    private Duration WaitOf(SlotRecord slot)
    {
        if (!slot.IsReserved) return Duration.Zero;
        var first = slot.Spec.Workflows.First(workflow => workflow.DependsOn.Count == 0);
        var isNext = Queued == 0 && Ledger.Reserved.First() == slot;
        if (isNext && _workers.MostFree(first.Cores, mayUseHeld: true) is not null) return Duration.Zero;
        // Without a worker that is large enough there is no telling; the longest that can be said.
        if (first.Cores > _workers.LargestCores) return Duration.FromSeconds(JobLimits.DurationSecondsMax);
        var estimator = ExecutionTimeEstimator.Of(
            _workers.CoresOffered, [.. Active()], [.. Pending(until: slot)], _now);
        // Those that are large enough may take no work at the moment.
        return estimator.WaitFor(first.Cores) ?? Duration.FromSeconds(JobLimits.DurationSecondsMax);
    }

    private bool IsReady(AttemptKey attempt) =>
        Ledger.Find(attempt.Slot)!.Workflows[attempt.Workflow].State == WorkflowState.Ready;

    private WorkflowSpec SpecOf(AttemptKey attempt) =>
        Ledger.Find(attempt.Slot)!.Spec.Workflows[attempt.Workflow];

    private void MarkProgress(SlotKey slot)
    {
        if (Ledger.Find(slot) is not { IsStarted: true, Outcome: null }) return;
        if (_progressAt.TryGet(slot, out _)) return;
        var isFirst = !_progressSentAt.TryGetValue(slot, out var last);
        _progressAt.Set(slot, isFirst ? _now : Instant.Later(_now, last + ProgressInterval));
    }

    private void SendProgress(SlotKey key)
    {
        if (Ledger.Find(key) is not { IsStarted: true, Outcome: null } slot) return;
        _progressSentAt[key] = _now;
        var workflows = new List<WorkflowProgress>();
        for (var i = 0; i < slot.Workflows.Count; i++)
        {
            var workflow = slot.Workflows[i];
            var attempt = new AttemptKey(key, i, workflow.Attempts);
            var running = _tracks.TryGetValue(attempt, out var track) ? track.Stats : RunStats.None;
            workflows.Add(new WorkflowProgress(
                i, PhaseOf(slot, i), workflow.Worker.Name, workflow.Outcome?.Stats ?? running)
            {
                Attempt = workflow.Attempts,
                Started = workflow.Attempts > 0 ? workflow.StartedAt : null,
                Reason = WaitingFor(slot, i),
                Wait = WaitOf(slot, i),
                RetriesGranted = slot.Budget.ConsumedByWorkflow[i],
                RetryCauses = CausesOf(workflow),
            });
        }

        Send(
            Ledger.GateOf(key.Job)!.Value,
            new Message.SlotProgressed(key, _boot, ++_progressRevision, workflows));
    }

    private WorkflowPhase PhaseOf(SlotRecord slot, int index) => slot.Workflows[index].State switch
    {
        WorkflowState.Waiting => WorkflowPhase.Waiting,
        WorkflowState.Ready => WorkflowPhase.Queued,
        WorkflowState.Running when IsHeldBack(slot, index) => WorkflowPhase.Queued,
        WorkflowState.Running => WorkflowPhase.Running,
        WorkflowState.Retrying => WorkflowPhase.Retrying,
        WorkflowState.Ended or WorkflowState.Skipped => WorkflowPhase.Ended,
        _ => throw new System.Diagnostics.UnreachableException(
            $"unhandled {slot.Workflows[index].State}"),
    };
}
