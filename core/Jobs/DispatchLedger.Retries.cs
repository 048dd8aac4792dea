using Hyperscale.Det.Kernel;
using Hyperscale.Det.Reliability;

namespace Hyperscale.Det.Jobs;

/// <content>Attempts after the first (AD-44): each rests on a grant, which is committed before it.</content>
public sealed partial class DispatchLedger
{
    /// <summary>The workflows of a slot that wait to be tried again, by the attempt that would come
    /// next.</summary>
    public static IEnumerable<AttemptKey> RetriesOf(SlotRecord slot)
    {
        for (var i = 0; i < slot.Workflows.Count; i++)
        {
            var workflow = slot.Workflows[i];
            if (workflow.State == WorkflowState.Retrying)
                yield return new AttemptKey(slot.Key, i, workflow.Attempts + 1);
        }
    }

    /// <summary>The workflow whose next attempt this is, if it waits to be tried again.</summary>
    public WorkflowRecord? FindRetry(AttemptKey next) =>
        _slots.TryGetValue(next.Slot, out var slot)
        && slot.Workflows.ElementAtOrDefault(next.Workflow) is { State: WorkflowState.Retrying } workflow
        && next.Attempt == workflow.Attempts + 1
            ? workflow
            : null;

    private DispatchVerdict OnBudgetShared(DispatchCommand.BudgetShared shared)
    {
        if (IsStale(shared.Slot, shared.Fence)) return DispatchVerdict.StaleFence;
        if (!_slots.TryGetValue(shared.Slot, out var slot)) return DispatchVerdict.Unknown;
        Raise(shared.Slot, shared.Fence, shared.Gate);
        var known = slot.Budget;
        if (shared.Revision < known.Share.Revision) return DispatchVerdict.Duplicate;
        var isFinal = known.IsFinal || shared.IsFinal;
        if (shared.Revision == known.Share.Revision && isFinal == known.IsFinal)
            return DispatchVerdict.Duplicate;

        // Shares of a running slot only grow; the bound holds whatever a gate says.
        var share = Math.Clamp(shared.Share, known.Share.Share, known.Total);
        slot.Budget = known with
        {
            Share = known.Share with { Share = share, Revision = shared.Revision },
            IsFinal = isFinal,
        };
        return DispatchVerdict.Accepted;
    }

    private DispatchVerdict OnRetryGranted(WallTime stamp, DispatchCommand.RetryGranted granted)
    {
        if (WhyNotRetried(granted.Attempt) is { } verdict) return verdict;
        var slot = _slots[granted.Attempt.Slot];
        var workflow = granted.Attempt.Workflow;
        if (RetryBudgetManager.Decide(slot.Budget, workflow) != RetryDecision.Granted)
            return DispatchVerdict.Exhausted;

        slot.Budget = slot.Budget.Grant(workflow);
        MakeReady(slot, workflow, stamp);
        return DispatchVerdict.Accepted;
    }

    private DispatchVerdict OnRetryDenied(DispatchCommand.RetryDenied denied)
    {
        if (WhyNotRetried(denied.Attempt) is { } verdict) return verdict;
        var slot = _slots[denied.Attempt.Slot];
        // A larger share came first.
        if (RetryBudgetManager.Decide(slot.Budget, denied.Attempt.Workflow) == RetryDecision.Granted)
            return DispatchVerdict.Overtaken;

        var workflow = slot.Workflows[denied.Attempt.Workflow];
        EndRetrying(workflow, denied.Reason);
        Fail(slot, denied.Attempt.Workflow);
        Conclude(slot);
        CountBytes(slot);
        return DispatchVerdict.Accepted;
    }

    private DispatchVerdict? WhyNotRetried(AttemptKey key)
    {
        if (!_slots.TryGetValue(key.Slot, out var slot)) return DispatchVerdict.Unknown;
        if (key.Workflow < 0 || key.Workflow >= slot.Workflows.Count) return DispatchVerdict.Unknown;
        var workflow = slot.Workflows[key.Workflow];
        // The same attempt is granted once, however often it is asked for.
        var isGranted = workflow is { State: WorkflowState.Ready, Failure: not null };
        var granted = workflow.Attempts + (isGranted ? 1 : 0);
        if (workflow.Attempts > 0 && key.Attempt <= granted) return DispatchVerdict.Duplicate;
        if (workflow.State is WorkflowState.Ended or WorkflowState.Skipped) return DispatchVerdict.Overtaken;
        return workflow.State == WorkflowState.Retrying && key.Attempt == granted + 1
            ? null
            : DispatchVerdict.NotReady;
    }

    /// <summary>Has the workflow of a failed or lost attempt wait for another one, unless its budget is used
    /// up; then it ends, and says so.</summary>
    private void TryAgain(
        SlotRecord slot, AttemptKey key, AttemptOutcome outcome, WallTime stamp, Duration backoff)
    {
        var workflow = slot.Workflows[key.Workflow];
        var decision = RetryBudgetManager.Decide(slot.Budget, key.Workflow);
        workflow.Failure = outcome;
        if (decision is RetryDecision.Granted or RetryDecision.ShareUsed)
        {
            workflow.State = WorkflowState.Retrying;
            workflow.WaitingSince = stamp;
            workflow.RetryAt = stamp + backoff;
            return;
        }

        EndRetrying(workflow, RetryBudgetManager.NameOf(decision));
        Fail(slot, key.Workflow);
    }

    /// <summary>Its last attempt's outcome is the workflow's.</summary>
    private static void EndRetrying(WorkflowRecord workflow, string reason)
    {
        var outcome = workflow.Failure!;
        workflow.State = WorkflowState.Ended;
        workflow.Outcome = reason.Length == 0
            ? outcome
            : outcome with { Reason = JobLimits.Clip($"{reason}: {outcome.Reason}") };
        workflow.Failure = null;
        workflow.WaitingSince = default;
        workflow.RetryAt = default;
    }

    private static void CheckRetries(SlotRecord slot, int index)
    {
        var workflow = slot.Workflows[index];
        var used = slot.Budget.ConsumedByWorkflow[index];
        var granted = workflow.Attempts + (workflow.State == WorkflowState.Ready ? 1 : 0);
        // Every attempt but the first rests on a grant, and every grant is of one attempt.
        Invariant.Holds(granted <= 1 + used);
        Invariant.Holds(used == Math.Max(0, granted - 1) || slot.CancelReason is not null);
        Invariant.Holds(workflow.Earlier.Count == Math.Max(0, workflow.Attempts - 1));
        Invariant.Holds(workflow.Failure is null
            || workflow.State is WorkflowState.Retrying or WorkflowState.Ready);
        Invariant.Holds(workflow.State != WorkflowState.Retrying || workflow.Failure is not null);
    }
}
