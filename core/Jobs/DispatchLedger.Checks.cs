using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Jobs;

public sealed partial class DispatchLedger
{
    /// <summary>Throws <see cref="InvariantViolationException"/> when the state contradicts itself.</summary>
    public void CheckInvariants()
    {
        var ready = 0;
        var reserved = 0;
        var loads = new SortedDictionary<NodeId, (int Cores, int Attempts)>();
        foreach (var slot in _slots.Values)
        {
            Invariant.Holds(PlaceOf(slot.Key)?.Held == slot);
            CheckSlot(slot);
            if (slot.IsReserved) reserved++;
            Invariant.Holds(slot.IsReserved == _reserved.ContainsKey(slot.ReservedSequence));
            for (var i = 0; i < slot.Workflows.Count; i++)
            {
                var workflow = slot.Workflows[i];
                CheckWorkflow(slot, i, workflow);
                if (workflow.State == WorkflowState.Ready) ready++;
                if (workflow.State != WorkflowState.Running) continue;
                var (cores, attempts) = loads.GetValueOrDefault(workflow.Worker);
                loads[workflow.Worker] = (cores + slot.Spec.Workflows[i].Cores, attempts + 1);
                Invariant.Holds(LiveOn(workflow.Worker).Contains(new(slot.Key, i, workflow.Attempts)));
            }
        }

        Invariant.Holds(Bytes == _slots.Values.Sum(slot => slot.Bytes));
        Invariant.Holds(ready == _ready.Count);
        Invariant.Holds(reserved == _reserved.Count);
        Invariant.Holds(loads.Count == _loads.Count);
        foreach (var (worker, load) in _loads)
        {
            Invariant.Holds(loads[worker].Cores == load.Cores);
            Invariant.Holds(loads[worker].Attempts == load.Attempts.Count);
        }

        CheckPlaces();
        CheckKeys();
    }

    /// <summary>Mixes the whole state into <paramref name="fingerprint"/>.</summary>
    public void AddTo(ref Fingerprint fingerprint)
    {
        fingerprint.Add(_sequence);
        fingerprint.Add((long)_jobs.Count);
        foreach (var (id, job) in _jobs)
        {
            id.AddTo(ref fingerprint);
            fingerprint.Add(job.Fence);
            fingerprint.Add(job.Gate);
            fingerprint.Add((long)job.Places.Count);
            foreach (var (slot, place) in job.Places)
            {
                fingerprint.Add((long)slot);
                fingerprint.Add((long)place.NewestEpoch);
                fingerprint.Add(place.EverStarted);
                fingerprint.Add(place.ClosedBecause);
                fingerprint.Add(place.ClosedSequence);
            }
        }

        fingerprint.Add((long)_slots.Count);
        foreach (var slot in _slots.Values) slot.AddTo(ref fingerprint);
        _keys.AddTo(ref fingerprint);
    }

    private void CheckPlaces()
    {
        var held = 0;
        var closed = 0;
        foreach (var job in _jobs.Values)
        {
            Invariant.Holds(job.Places.Count > 0);
            foreach (var place in job.Places.Values)
            {
                if (place.Held is { } slot)
                {
                    held++;
                    Invariant.Holds(place.ClosedSequence == 0);
                    Invariant.Holds(slot.Key.Epoch <= place.NewestEpoch);
                    Invariant.Holds(slot.IsStarted == place.EverStarted);
                }
                else
                {
                    closed++;
                    Invariant.Holds(_closed.ContainsKey(place.ClosedSequence));
                }
            }
        }

        Invariant.Holds(held == _slots.Count);
        Invariant.Holds(closed == _closed.Count);
        Invariant.Holds(closed <= _closedMax);
    }

    private static void CheckSlot(SlotRecord slot)
    {
        var isOver = slot.Workflows.All(w => w.State is WorkflowState.Ended or WorkflowState.Skipped);
        Invariant.Holds(isOver == slot.Outcome is not null);
        if (slot.IsReserved) Invariant.Holds(slot.Workflows.All(w => w.State == WorkflowState.Waiting));
        if (!slot.IsStarted) Invariant.Holds(slot.Workflows.All(w => w.Attempts == 0));
        if (slot.CancelReason is not null)
            Invariant.Holds(slot.Workflows.All(
                w => w.State is WorkflowState.Running or WorkflowState.Ended or WorkflowState.Skipped));
        slot.Budget.CheckInvariants();
        if (slot.Outcome is null) return;
        Invariant.Holds(slot.Outcome.Workflows.Count == slot.Workflows.Count(w => w.Outcome is not null));
        var isComplete = slot.Workflows.All(w => w.Outcome?.State == AttemptState.Completed);
        if (slot.Outcome.State == SlotState.Completed) Invariant.Holds(isComplete);
        if (slot.Outcome.State == SlotState.Failed) Invariant.Holds(!isComplete);
    }

    private void CheckWorkflow(SlotRecord slot, int index, WorkflowRecord workflow)
    {
        var dependsOn = slot.Spec.Workflows[index].DependsOn;
        var isFree = dependsOn.All(d => slot.Workflows[d].Outcome?.State == AttemptState.Completed);
        Invariant.Holds((workflow.State == WorkflowState.Ended) == workflow.Outcome is not null);
        Invariant.Holds((workflow.State == WorkflowState.Ready) == workflow.ReadySequence > 0);
        if (workflow.State == WorkflowState.Waiting) Invariant.Holds(!slot.IsStarted || !isFree);
        if (workflow.State is not (WorkflowState.Waiting or WorkflowState.Skipped))
            Invariant.Holds(slot.IsStarted && isFree);
        CheckRetries(slot, index);
        if (workflow.State is WorkflowState.Running or WorkflowState.Ended or WorkflowState.Retrying)
            Invariant.Holds(workflow.Attempts > 0);
        if (workflow.State != WorkflowState.Ready) return;
        var ready = new ReadyWorkflow(workflow.ReadySequence, slot.Key, index, workflow.Attempts + 1);
        Invariant.Holds(_ready.TryGetValue(workflow.ReadySequence, out var queued) && queued == ready);
    }
}
