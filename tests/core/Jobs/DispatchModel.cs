using System.Diagnostics;
using Hyperscale.Det.Idempotency;
using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Tests.Core.Jobs;

/// <summary>A dispatch ledger told plainly: it keeps what happened and works everything else out from
/// that.</summary>
internal sealed class DispatchModel
{
    private readonly Dictionary<JobId, long> _fences = [];
    private readonly Dictionary<(JobId, int), (int Newest, bool EverStarted)> _places = [];
    private readonly Dictionary<JobId, (IdempotencyKey? Key, bool HasStarted)> _dispatched = [];
    private readonly List<AttemptKey> _queue = [];

    public Dictionary<SlotKey, Slot> Slots { get; } = [];

    /// <summary>Workflows that wait for a core, by how long they have.</summary>
    public IReadOnlyList<AttemptKey> Queue => _queue;

    public long FenceOf(JobId job) => _fences.GetValueOrDefault(job, long.MinValue);

    public bool IsClosed(SlotKey slot) =>
        !Slots.ContainsKey(slot)
        && _places.TryGetValue(PlaceOf(slot), out var place)
        && (slot.Epoch <= place.Newest || place.EverStarted);

    public DispatchVerdict Apply(DispatchCommand command)
    {
        var verdict = Judge(command);
        var ready = Slots.SelectMany(s => s.Value.Ready().Select(w => new AttemptKey(s.Key, w, 1))).Order();
        _queue.RemoveAll(key => !ready.Contains(key));
        _queue.AddRange(ready.Except(_queue).ToList());
        return verdict;
    }

    private static (JobId, int) PlaceOf(SlotKey slot) => (slot.Job, slot.Slot);

    private DispatchVerdict Judge(DispatchCommand command) => command switch
    {
        DispatchCommand.SlotReserved c => Fenced(c.Slot, c.Fence) ?? Reserve(c),
        DispatchCommand.SlotRefused c => Fenced(c.Slot, c.Fence) ?? Refuse(c),
        DispatchCommand.SlotStarted c => Fenced(c.Slot, c.Fence) ?? Start(c),
        DispatchCommand.SlotCancelled c => Fenced(c.Slot, c.Fence) ?? Cancel(c),
        DispatchCommand.ReservationExpired c => Expire(c.Slot),
        DispatchCommand.SlotForgotten c when c.Fence < FenceOf(c.Slot.Job) => DispatchVerdict.StaleFence,
        DispatchCommand.SlotForgotten c => Forget(c.Slot),
        DispatchCommand.AttemptStarted c => StartAttempt(c),
        DispatchCommand.AttemptEnded c => EndAttempt(c),
        DispatchCommand.KeysExpired => ForgetEnded(),
        _ => throw new UnreachableException($"unhandled {command}"),
    };

    private DispatchVerdict? Fenced(SlotKey slot, long fence)
    {
        if (fence < FenceOf(slot.Job)) return DispatchVerdict.StaleFence;
        // Every command that is not stale leaves a place of the job behind, or finds one.
        _fences[slot.Job] = fence;
        return null;
    }

    private DispatchVerdict Reserve(DispatchCommand.SlotReserved c)
    {
        if (Slots.ContainsKey(c.Slot)) return DispatchVerdict.Duplicate;
        var isKnown = _places.TryGetValue(PlaceOf(c.Slot), out var place);
        if (isKnown && c.Slot.Epoch <= place.Newest) return DispatchVerdict.Gone;
        if (isKnown && place.EverStarted) return DispatchVerdict.Occupied;
        if (WhyNot(c) is { } verdict)
        {
            Close(c.Slot);
            return verdict;
        }

        if (!IsHeld(c.Slot.Job)) _dispatched[c.Slot.Job] = (c.Key, false);
        foreach (var older in Slots.Keys.Where(s => PlaceOf(s) == PlaceOf(c.Slot)).ToList())
            Slots.Remove(older);
        Slots.Add(c.Slot, new Slot(c.Spec));
        _places[PlaceOf(c.Slot)] = (c.Slot.Epoch, false);
        return DispatchVerdict.Accepted;
    }

    private DispatchVerdict Refuse(DispatchCommand.SlotRefused c)
    {
        if (Slots.ContainsKey(c.Slot)) return DispatchVerdict.Overtaken;
        return Close(c.Slot) ? DispatchVerdict.Accepted : DispatchVerdict.Duplicate;
    }

    private DispatchVerdict Start(DispatchCommand.SlotStarted c)
    {
        if (!Slots.TryGetValue(c.Slot, out var slot))
        {
            Close(c.Slot);
            return DispatchVerdict.Gone;
        }

        if (slot.IsStarted) return DispatchVerdict.Duplicate;
        if (slot.IsCancelled) return DispatchVerdict.Overtaken;
        slot.IsStarted = true;
        _dispatched[c.Slot.Job] = (_dispatched[c.Slot.Job].Key, true);
        _places[PlaceOf(c.Slot)] = (_places[PlaceOf(c.Slot)].Newest, true);
        return DispatchVerdict.Accepted;
    }

    private DispatchVerdict Cancel(DispatchCommand.SlotCancelled c)
    {
        if (!Slots.TryGetValue(c.Slot, out var slot))
        {
            Close(c.Slot);
            return DispatchVerdict.Gone;
        }

        if (slot.IsCancelled || slot.IsOver) return DispatchVerdict.Duplicate;
        slot.IsCancelled = true;
        return DispatchVerdict.Accepted;
    }

    private DispatchVerdict Expire(SlotKey key)
    {
        if (!Slots.TryGetValue(key, out var slot)) return DispatchVerdict.Unknown;
        if (slot.IsStarted || slot.IsCancelled) return DispatchVerdict.Overtaken;
        Slots.Remove(key);
        return DispatchVerdict.Accepted;
    }

    private DispatchVerdict Forget(SlotKey key)
    {
        if (!Slots.TryGetValue(key, out var slot)) return DispatchVerdict.Unknown;
        if (!slot.IsOver) return DispatchVerdict.NotReady;
        Slots.Remove(key);
        return DispatchVerdict.Accepted;
    }

    private DispatchVerdict StartAttempt(DispatchCommand.AttemptStarted c)
    {
        var key = c.Attempt;
        if (!Slots.TryGetValue(key.Slot, out var slot)) return DispatchVerdict.Unknown;
        if (key.Workflow >= slot.Spec.Workflows.Count) return DispatchVerdict.Unknown;
        if (slot.Given.ContainsKey(key.Workflow) && key.Attempt == 1) return DispatchVerdict.Duplicate;
        var state = slot.StateOf(key.Workflow);
        if (state == WorkflowState.Skipped) return DispatchVerdict.Overtaken;
        if (state != WorkflowState.Ready || key.Attempt != 1) return DispatchVerdict.NotReady;
        slot.Given.Add(key.Workflow, c.Worker);
        return DispatchVerdict.Accepted;
    }

    private DispatchVerdict EndAttempt(DispatchCommand.AttemptEnded c)
    {
        var key = c.Attempt;
        if (!Slots.TryGetValue(key.Slot, out var slot)) return DispatchVerdict.Unknown;
        if (key.Attempt != 1 || !slot.Given.TryGetValue(key.Workflow, out var worker))
            return DispatchVerdict.Unknown;
        if (worker != c.Worker) return DispatchVerdict.Foreign;
        return slot.Outcomes.TryAdd(key.Workflow, c.Outcome)
            ? DispatchVerdict.Accepted
            : DispatchVerdict.Duplicate;
    }

    /// <summary>A job that ran here and is over does not run again, nor does another one of a key whose job
    /// is here or ran here.</summary>
    private DispatchVerdict? WhyNot(DispatchCommand.SlotReserved c)
    {
        if (IsHeld(c.Slot.Job)) return null;
        if (_dispatched.TryGetValue(c.Slot.Job, out var own) && own.HasStarted) return DispatchVerdict.Gone;
        var isTaken = c.Key is not null && _dispatched.Any(other => other.Key != c.Slot.Job
            && other.Value.Key == c.Key && (other.Value.HasStarted || IsHeld(other.Key)));
        return isTaken ? DispatchVerdict.KeyTaken : null;
    }

    private bool IsHeld(JobId job) => Slots.Keys.Any(slot => slot.Job == job);

    private DispatchVerdict ForgetEnded()
    {
        var ended = _dispatched.Keys.Where(job => !IsHeld(job)).ToList();
        foreach (var job in ended) _dispatched.Remove(job);
        return ended.Count > 0 ? DispatchVerdict.Accepted : DispatchVerdict.Duplicate;
    }

    private bool Close(SlotKey slot)
    {
        var isKnown = _places.TryGetValue(PlaceOf(slot), out var place);
        if (isKnown && slot.Epoch <= place.Newest) return false;
        _places[PlaceOf(slot)] = (slot.Epoch, place.EverStarted);
        return true;
    }

    internal sealed class Slot(JobSpec spec)
    {
        public JobSpec Spec { get; } = spec;

        public bool IsStarted { get; set; }

        public bool IsCancelled { get; set; }

        public Dictionary<int, NodeId> Given { get; } = [];

        public Dictionary<int, AttemptOutcome> Outcomes { get; } = [];

        public bool IsOver => Enumerable.Range(0, Spec.Workflows.Count)
            .All(w => StateOf(w) is WorkflowState.Ended or WorkflowState.Skipped);

        public SlotState? State => (IsOver, IsCancelled) switch
        {
            (false, _) => null,
            (_, true) => SlotState.Cancelled,
            _ => Enumerable.Range(0, Spec.Workflows.Count).All(HasCompleted)
                ? SlotState.Completed
                : SlotState.Failed,
        };

        public IEnumerable<int> Ready() =>
            Enumerable.Range(0, Spec.Workflows.Count).Where(w => StateOf(w) == WorkflowState.Ready);

        public WorkflowState StateOf(int workflow)
        {
            if (Outcomes.ContainsKey(workflow)) return WorkflowState.Ended;
            if (Given.ContainsKey(workflow)) return WorkflowState.Running;
            var dependsOn = Spec.Workflows[workflow].DependsOn;
            if (IsCancelled || dependsOn.Any(HasFailed)) return WorkflowState.Skipped;
            return IsStarted && dependsOn.All(HasCompleted) ? WorkflowState.Ready : WorkflowState.Waiting;
        }

        private bool HasCompleted(int workflow) =>
            Outcomes.TryGetValue(workflow, out var outcome) && outcome.State == AttemptState.Completed;

        private bool HasFailed(int workflow) =>
            StateOf(workflow) == WorkflowState.Skipped
            || (Outcomes.ContainsKey(workflow) && !HasCompleted(workflow));
    }
}
