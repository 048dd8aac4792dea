using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Routing;

namespace Hyperscale.Det.Nodes;

/// <content>Why a job is where it is.</content>
public sealed partial class GateNode
{
    private JobExplanation Explain(LedgerJob job, Instant now)
    {
        var work = _work.GetValueOrDefault(job.Id);
        var deadline = job.Submitted + DeadlineOf(job);
        return new JobExplanation(
            StatusOf(job, now),
            job.Terms,
            job.Completion,
            job.IsEnded ? "" : CompletesWhen(job, now),
            deadline,
            [.. job.Slots.Select(slot => Explain(slot, work?.Slots[slot.Slot]))])
        {
            Routing = _routing.DecisionOf(job.Id) is { } decision ? RoutingExplanation.Lines(decision) : [],
        };
    }

    private static SlotExplanation Explain(LedgerSlot slot, SlotWork? work) => new(
        slot.Slot,
        slot.Epoch,
        slot.Share,
        slot.Outcome is { } outcome
            ? [.. outcome.Workflows.SelectMany(GrantsOf)]
            : [.. (work?.Workflows ?? []).SelectMany(GrantsOf)],
        slot.Refusals);

    private static IEnumerable<RetryGrant> GrantsOf(WorkflowResult result) => result.Earlier
        .Select(earlier => new RetryGrant(result.Workflow, earlier.Attempt + 1, earlier.Reason));

    private static IEnumerable<RetryGrant> GrantsOf(WorkflowProgress progress) => progress.RetryCauses
        .Select((cause, i) => new RetryGrant(progress.Workflow, i + 2, cause));

    private string CompletesWhen(LedgerJob job, Instant now)
    {
        var open = job.Slots.Where(slot => slot.Outcome is null)
            .Select(slot => slot.Datacenter.Length == 0 ? $"slot {slot.Slot}"
                : _board.View(slot.Datacenter, now).IsFresh ? slot.Datacenter
                : $"{slot.Datacenter} (silent)");
        var waited = $"waiting for {string.Join(", ", open)}";
        if (job.IsCancelling) return $"being cancelled, {waited}";
        var state = job.BestEffort;
        var needed = state.Enabled ? $"{state.MinDcs} of {job.Slots.Count}" : $"all {job.Slots.Count}";
        var patience = state is { Enabled: true, WaitForAll: true } ? "all have reported, with " : "";
        return JobLimits.Clip(
            $"complete when {patience}{needed} datacenters completed, or at the deadline; so far "
            + $"{state.Completed} completed and {state.Failed} failed; {waited}");
    }
}
