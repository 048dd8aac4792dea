using System.Diagnostics;
using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Protocol;
using Hyperscale.Det.Reliability;

namespace Hyperscale.Det.Nodes;

// Trying workflows again (AD-44).
//
// How long the next attempt waits is part of the entry that ends the last one, so every manager knows when it
// is due. Then it is granted, by an entry that takes a retry from the slot's share, and waits for a core like
// any other. When the share is used up the job's gate is asked, again and again, until it gives more or says
// that there is none, or until the workflow has waited as long as it may.
public sealed partial class ManagerNode
{
    // When a workflow that waits to be tried again is looked at, by the attempt that would come next.
    private readonly DeadlineQueue<AttemptKey> _retryAt = new();

    // Grants and denials that are proposed and not yet committed.
    private readonly SortedSet<AttemptKey> _retrying = [];

    // Since when the gates are asked for a larger share.
    private readonly SortedDictionary<AttemptKey, Instant> _askedSince = [];

    // Shares that are proposed and not yet committed, with their fences.
    private readonly SortedDictionary<SlotKey, long> _sharing = [];
    private Rng _rng = new(0);

    private NodeVerdict OnBudgetShared(NodeId from, Message.BudgetShared shared)
    {
        if (IsUnderWay(_sharing, shared.Slot, shared.Fence)) return NodeVerdict.Duplicate;
        if (Ledger.Find(shared.Slot) is not { } slot) return NodeVerdict.Unknown;
        var known = slot.Budget;
        if (shared.Revision < known.Share.Revision) return NodeVerdict.Stale;
        if (shared.Revision == known.Share.Revision && (!shared.IsFinal || known.IsFinal))
            return NodeVerdict.Duplicate;

        var command = new DispatchCommand.BudgetShared(
            shared.Slot, shared.Fence, from, shared.Share, shared.Revision, shared.IsFinal);
        if (!Propose(command)) return NodeVerdict.Overloaded;
        _sharing[shared.Slot] = shared.Fence;
        return NodeVerdict.Accepted;
    }

    private void OnBudgetShared(DispatchCommand.BudgetShared shared, DispatchVerdict verdict)
    {
        Commit(_sharing, shared.Slot, shared.Fence);
        if (verdict == DispatchVerdict.Accepted && Ledger.Find(shared.Slot) is { } slot) WatchRetries(slot);
    }

    private void OnRetryGranted(DispatchCommand.RetryGranted granted, DispatchVerdict verdict)
    {
        _retrying.Remove(granted.Attempt);
        // What was not granted is looked at again.
        if (verdict != DispatchVerdict.Accepted) return;
        Unwatch(granted.Attempt);
        _isPlacingDue = true;
        var left = Ledger.Find(granted.Attempt.Slot)!.Budget.Left;
        Emit(new TelemetryEvent.RetryGranted(granted.Attempt, granted.Cause, left));
        MarkProgress(granted.Attempt.Slot);
    }

    private void OnRetryDenied(DispatchCommand.RetryDenied denied, DispatchVerdict verdict)
    {
        _retrying.Remove(denied.Attempt);
        if (verdict != DispatchVerdict.Accepted) return;
        Unwatch(denied.Attempt);
        var slot = Ledger.Find(denied.Attempt.Slot)!;
        TellExhausted(slot, denied.Attempt);
        if (slot.Outcome is null) MarkProgress(slot.Key);
        else OnSlotEnded(slot);
    }

    /// <summary>An attempt ended: its workflow waits for another one, or is not to have one.</summary>
    private void FollowRetry(SlotRecord slot, AttemptKey ended, AttemptState state)
    {
        var next = ended with { Attempt = ended.Attempt + 1 };
        if (Ledger.FindRetry(next) is { } workflow)
            _retryAt.Set(next, _now + LeftUntil(workflow.RetryAt));
        else if (AttemptOutcome.MayBeRetried(state, slot.Spec.Workflows[ended.Workflow])
            && slot.CancelReason is null)
            TellExhausted(slot, next);
    }

    private void TellExhausted(SlotRecord slot, AttemptKey denied)
    {
        var reason = RetryBudgetManager.NameOf(RetryBudgetManager.Decide(slot.Budget, denied.Workflow));
        if (reason.Length > 0) Emit(new TelemetryEvent.RetryBudgetExhausted(denied, reason));
    }

    /// <summary>Looks at each workflow of the slot that waits to be tried again, once it may be.</summary>
    private void WatchRetries(SlotRecord slot)
    {
        foreach (var next in DispatchLedger.RetriesOf(slot))
            _retryAt.Set(next, _now + LeftUntil(Ledger.FindRetry(next)!.RetryAt));
    }

    private void Unwatch(AttemptKey next)
    {
        _retryAt.Remove(next);
        _askedSince.Remove(next);
    }

    private void OnRetryDue(AttemptKey next)
    {
        if (Ledger.FindRetry(next) is not { } workflow)
        {
            Unwatch(next);
            return;
        }

        // Whatever becomes of what is proposed or asked here, it is looked at again.
        _retryAt.Set(next, _now + _config.ResendInterval);
        if (_retrying.Contains(next)) return;
        var slot = Ledger.Find(next.Slot)!;
        var decision = RetryBudgetManager.Decide(slot.Budget, next.Workflow);
        switch (decision)
        {
            case RetryDecision.Granted:
                Grant(slot, next, workflow);
                break;
            case RetryDecision.ShareUsed when HasWaited(next):
                Deny(next, RetryBudgetManager.NameOf(decision)
                    + $", no gate had more of it within {RetryBudgetManager.ShareWait}");
                break;
            case RetryDecision.ShareUsed:
                // So far it was said to back off.
                if (_askedSince.TryAdd(next, _now)) MarkProgress(next.Slot);
                Send(
                    Ledger.GateOf(next.Slot.Job)!.Value,
                    new Message.BudgetAsked(next.Slot, slot.Budget.Share.Revision));
                break;
            case RetryDecision.JobExhausted or RetryDecision.WorkflowExhausted or RetryDecision.NoRetries:
                Deny(next, RetryBudgetManager.NameOf(decision));
                break;
            default:
                throw new UnreachableException($"unhandled {decision}");
        }
    }

    private void Grant(SlotRecord slot, AttemptKey next, WorkflowRecord workflow)
    {
        // Those on their way come first; should one of them come to nothing, there is a next time.
        if (slot.Budget.Left <= _retrying.Count(other => other.Slot == next.Slot)) return;
        var cause = workflow.Failure!.Reason;
        if (Propose(new DispatchCommand.RetryGranted(next, cause))) _retrying.Add(next);
    }

    private void Deny(AttemptKey next, string reason)
    {
        if (Propose(new DispatchCommand.RetryDenied(next, reason))) _retrying.Add(next);
    }

    // Asked by this primary: what another one was told, or nobody asked for, says nothing.
    private bool HasWaited(AttemptKey next) =>
        _askedSince.TryGetValue(next, out var since) && _now - since >= RetryBudgetManager.ShareWait;

    // By stamps, so that another primary goes on where the last one stopped; bounded, should clocks differ.
    private Duration LeftUntil(WallTime stamp)
    {
        var left = stamp - _clock.At(_now);
        if (left < Duration.Zero) return Duration.Zero;
        return left < RetryBudgetManager.BackoffMax ? left : RetryBudgetManager.BackoffMax;
    }

    /// <summary>How long the attempt after this one waits; drawn only where there may be one.</summary>
    private Duration BackoffAfter(AttemptKey attempt, AttemptState state) =>
        AttemptOutcome.MayBeRetried(state, SpecOf(attempt))
            ? RetryBudgetManager.Backoff(attempt.Attempt, _rng)
            : default;

    private const string WithoutContact = "waits for a gate to say that the job goes on";

    private Wait? WaitOf(SlotRecord slot, int index)
    {
        var workflow = slot.Workflows[index];
        return workflow.State switch
        {
            WorkflowState.Waiting =>
                new Wait(WaitReason.Dependencies, slot.StartedAt ?? slot.ReservedAt),
            WorkflowState.Ready when !IsWanted(slot.Key) =>
                new Wait(WaitReason.Contact, WithoutContactSince(slot.Key, workflow.WaitingSince)),
            WorkflowState.Ready => new Wait(WaitReason.Cores, workflow.WaitingSince),
            WorkflowState.Running when IsHeldBack(slot, index) =>
                new Wait(WaitReason.Contact, WithoutContactSince(slot.Key, workflow.StartedAt)),
            WorkflowState.Retrying when _clock.At(_now) < workflow.RetryAt =>
                new Wait(WaitReason.Backoff, workflow.WaitingSince, workflow.RetryAt),
            WorkflowState.Retrying => new Wait(WaitReason.RetryBudget, workflow.RetryAt),
            WorkflowState.Running or WorkflowState.Ended or WorkflowState.Skipped => null,
            _ => throw new UnreachableException($"unhandled {workflow.State}"),
        };
    }

    private string WaitingFor(SlotRecord slot, int index)
    {
        var (workflow, spec) = (slot.Workflows[index], slot.Spec.Workflows[index]);
        var next = workflow.Attempts + 1;
        return WaitOf(slot, index)?.For switch
        {
            WaitReason.Dependencies => $"waits for {Names(slot, spec.DependsOn)}",
            WaitReason.Cores => $"queued for {spec.Cores} {(spec.Cores == 1 ? "core" : "cores")}",
            WaitReason.Backoff => $"backing off before attempt {next}: {workflow.Failure!.Reason}",
            WaitReason.RetryBudget => $"attempt {next} waits for a share of the job's retry budget",
            WaitReason.Contact when workflow.State == WorkflowState.Running =>
                $"attempt {workflow.Attempts} is not started at {workflow.Worker}: {WithoutContact}",
            WaitReason.Contact => WithoutContact,
            _ => EndOf(workflow),
        };
    }

    /// <summary>Why a workflow that has ended did not complete; else empty.</summary>
    private static string EndOf(WorkflowRecord workflow) => workflow switch
    {
        { State: WorkflowState.Skipped } => "not run: a workflow that it depends on did not complete",
        { Outcome: { State: not AttemptState.Completed } outcome } => outcome.Reason,
        _ => "",
    };

    private static string Names(SlotRecord slot, IReadOnlyList<int> dependsOn) => string.Join(", ", dependsOn
        .Where(d => slot.Workflows[d].State != WorkflowState.Ended)
        .Select(d => $"'{slot.Spec.Workflows[d].Name}'"));

    /// <summary>Why each retry was granted so far.</summary>
    private static IReadOnlyList<string> CausesOf(WorkflowRecord workflow)
    {
        IEnumerable<string> earlier = workflow.Earlier.Select(attempt => attempt.Reason);
        return workflow is { State: WorkflowState.Ready, Failure: { } failure }
            ? [.. earlier, failure.Reason]
            : [.. earlier];
    }

    private void LeaveRetries()
    {
        _retryAt.Clear();
        _retrying.Clear();
        _askedSince.Clear();
    }

    private void CheckRetries(SlotRecord slot)
    {
        foreach (var next in DispatchLedger.RetriesOf(slot)) Invariant.Holds(_retryAt.TryGet(next, out _));
    }

    private void AddRetriesTo(ref Fingerprint fingerprint)
    {
        _retryAt.AddTo(ref fingerprint, next => HashOf(next.Slot) ^ (ulong)next.Workflow);
        foreach (var next in _retrying) next.AddTo(ref fingerprint);
        foreach (var (next, since) in _askedSince)
        {
            next.AddTo(ref fingerprint);
            fingerprint.Add(since);
        }

        _rng.AddTo(ref fingerprint);
    }
}
