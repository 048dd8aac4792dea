using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Jobs;

public sealed partial class DispatchLedger
{
    /// <summary>What is ready of a slot, in the order of its workflows.</summary>
    public static IEnumerable<ReadyWorkflow> ReadyOf(SlotRecord slot)
    {
        for (var i = 0; i < slot.Workflows.Count; i++)
            if (slot.Workflows[i] is { State: WorkflowState.Ready } ready)
                yield return new ReadyWorkflow(ready.ReadySequence, slot.Key, i, ready.Attempts + 1);
    }

    private DispatchVerdict OnAttemptStarted(WallTime stamp, DispatchCommand.AttemptStarted started)
    {
        var key = started.Attempt;
        if (!_slots.TryGetValue(key.Slot, out var slot)) return DispatchVerdict.Unknown;
        if (key.Workflow < 0 || key.Workflow >= slot.Workflows.Count) return DispatchVerdict.Unknown;
        var workflow = slot.Workflows[key.Workflow];
        if (key.Attempt <= workflow.Attempts) return DispatchVerdict.Duplicate;
        if (workflow.State == WorkflowState.Skipped) return DispatchVerdict.Overtaken;
        if (workflow.State != WorkflowState.Ready) return DispatchVerdict.NotReady;
        if (key.Attempt != workflow.Attempts + 1) return DispatchVerdict.NotReady;

        _ready.Remove(workflow.ReadySequence);
        if (workflow.Failure is { } failure)
        {
            var earlier = EarlierAttempt.Of(workflow.Attempts, workflow.Worker.Name, failure);
            workflow.Earlier = [.. workflow.Earlier, earlier];
            workflow.Failure = null;
        }

        workflow.State = WorkflowState.Running;
        workflow.ReadySequence = 0;
        workflow.WaitingSince = default;
        workflow.Attempts = key.Attempt;
        workflow.Worker = started.Worker;
        workflow.Boot = started.Boot;
        workflow.StartedAt = stamp;
        Load(slot, key, workflow);
        CountBytes(slot);
        return DispatchVerdict.Accepted;
    }

    private DispatchVerdict OnAttemptEnded(WallTime stamp, DispatchCommand.AttemptEnded ended)
    {
        var key = ended.Attempt;
        if (Find(key) is not { } workflow) return DispatchVerdict.Unknown;
        if (workflow.Worker != ended.Worker) return DispatchVerdict.Foreign;
        if (workflow.State != WorkflowState.Running) return DispatchVerdict.Duplicate;

        var slot = _slots[key.Slot];
        Unload(slot, key, workflow);
        var outcome = ended.Outcome.WithOutputWithin(SlotOutputBytesMax / slot.Workflows.Count);
        var isRetried = AttemptOutcome.MayBeRetried(outcome.State, slot.Spec.Workflows[key.Workflow]);
        if (isRetried && slot.CancelReason is null)
        {
            TryAgain(slot, key, outcome, stamp, ended.Backoff);
        }
        else
        {
            workflow.State = WorkflowState.Ended;
            workflow.Outcome = outcome;
            if (outcome.State == AttemptState.Completed) ReadyDependents(slot, key.Workflow, stamp);
            else Fail(slot, key.Workflow);
        }

        Conclude(slot);
        CountBytes(slot);
        return DispatchVerdict.Accepted;
    }

    private void Load(SlotRecord slot, AttemptKey key, WorkflowRecord workflow)
    {
        if (!_loads.TryGetValue(workflow.Worker, out var load))
            _loads.Add(workflow.Worker, load = new WorkerLoad());
        load.Attempts.Add(key);
        load.Cores += slot.Spec.Workflows[key.Workflow].Cores;
    }

    private void Unload(SlotRecord slot, AttemptKey key, WorkflowRecord workflow)
    {
        var load = _loads[workflow.Worker];
        load.Attempts.Remove(key);
        load.Cores -= slot.Spec.Workflows[key.Workflow].Cores;
        if (load.Attempts.Count == 0) _loads.Remove(workflow.Worker);
    }

    private void MakeReady(SlotRecord slot, int index, WallTime stamp)
    {
        var workflow = slot.Workflows[index];
        Invariant.Holds(workflow.State is WorkflowState.Waiting or WorkflowState.Retrying);
        workflow.RetryAt = default;
        workflow.State = WorkflowState.Ready;
        workflow.WaitingSince = stamp;
        workflow.ReadySequence = ++_sequence;
        _ready.Add(
            workflow.ReadySequence,
            new ReadyWorkflow(workflow.ReadySequence, slot.Key, index, workflow.Attempts + 1));
    }

    /// <summary>Nothing of the workflow will run from here on; what was tried of it stays told.</summary>
    private void Skip(WorkflowRecord workflow)
    {
        _ready.Remove(workflow.ReadySequence);
        workflow.ReadySequence = 0;
        workflow.WaitingSince = default;
        workflow.RetryAt = default;
        if (workflow.Failure is not null) EndRetrying(workflow, "");
        else workflow.State = WorkflowState.Skipped;
    }

    private void ReadyDependents(SlotRecord slot, int completed, WallTime stamp)
    {
        for (var i = 0; i < slot.Workflows.Count; i++)
        {
            if (slot.Workflows[i].State != WorkflowState.Waiting) continue;
            var dependsOn = slot.Spec.Workflows[i].DependsOn;
            if (!dependsOn.Contains(completed)) continue;
            if (dependsOn.All(d => slot.Workflows[d].Outcome?.State == AttemptState.Completed))
                MakeReady(slot, i, stamp);
        }
    }

    /// <summary>What depends on a failed workflow, directly or through others, does not run; what does not,
    /// does.</summary>
    private void Fail(SlotRecord slot, int failed)
    {
        slot.FirstFailure ??= failed;
        var causes = new Queue<int>([failed]);
        while (causes.TryDequeue(out var cause))
        {
            for (var i = 0; i < slot.Workflows.Count; i++)
            {
                if (slot.Workflows[i].State != WorkflowState.Waiting) continue;
                if (!slot.Spec.Workflows[i].DependsOn.Contains(cause)) continue;
                Skip(slot.Workflows[i]);
                causes.Enqueue(i);
            }
        }
    }

    /// <summary>Gives the slot its outcome once nothing of it can run any more.</summary>
    private static void Conclude(SlotRecord slot)
    {
        Invariant.Holds(slot.Outcome is null);
        if (slot.Workflows.Any(w => w.State is not (WorkflowState.Ended or WorkflowState.Skipped))) return;
        var results = new List<WorkflowResult>();
        for (var i = 0; i < slot.Workflows.Count; i++)
        {
            var workflow = slot.Workflows[i];
            if (workflow.Outcome is { } outcome)
                results.Add(new WorkflowResult(i, workflow.Attempts, workflow.Worker.Name, outcome)
                {
                    Earlier = workflow.Earlier,
                });
        }

        // The log decides between a cancellation and the end of the last attempt: the first of them wins.
        slot.Outcome = slot switch
        {
            { CancelReason: { } reason } => new SlotOutcome(SlotState.Cancelled, reason, results),
            { FirstFailure: { } first } => new SlotOutcome(SlotState.Failed, Explain(slot, first), results),
            _ => new SlotOutcome(SlotState.Completed, "every workflow completed", results),
        };
        slot.Outcome = slot.Outcome with { RetriesGranted = slot.Budget.Consumed };
    }

    private static string Explain(SlotRecord slot, int failed)
    {
        var outcome = slot.Workflows[failed].Outcome!;
        var what = outcome.State switch
        {
            AttemptState.Failed => "failed",
            AttemptState.Cancelled => "was stopped",
            AttemptState.Lost => "was lost",
            AttemptState.KilledByGuard => "was killed by its guard",
            AttemptState.Completed => "completed",
            _ => throw new System.Diagnostics.UnreachableException($"unhandled {outcome.State}"),
        };
        var skipped = slot.Workflows.Count(w => w.State == WorkflowState.Skipped);
        var notRun = skipped == 0 ? "" : $" ({skipped} of {slot.Workflows.Count} workflows not run)";
        var name = slot.Spec.Workflows[failed].Name;
        return JobLimits.Clip($"workflow '{name}' {what}{notRun}: {outcome.Reason}");
    }
}
