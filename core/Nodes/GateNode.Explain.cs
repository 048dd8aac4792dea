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
        return new JobExplanation(
            StatusOf(job, now),
            job.Terms,
            job.Completion,
            job.IsEnded ? "" : CompletesWhen(job, now),
            DeadlineAt(job, now),
            [.. job.Slots.Select(slot => Explain(slot, work?.Slots[slot.Slot], now))])
        {
            Routing = _routing.DecisionOf(job.Id) is { } decision ? RoutingExplanation.Lines(decision) : [],
        };
    }

    private static SlotExplanation Explain(LedgerSlot slot, SlotWork? work, Instant now)
    {
        var told = work?.Workflows ?? [];
        // A slot that was closed after its job's end keeps of its share what it used.
        var granted = slot.Outcome?.RetriesGranted
            ?? (slot.Stage == SlotStage.Closed ? slot.Share : told.Sum(workflow => workflow.RetriesGranted));
        return new SlotExplanation(
            slot.Slot,
            slot.Epoch,
            slot.Share,
            Math.Min(granted, slot.Share),
            slot.Stage != SlotStage.Starting || (told.Count > 0 && !IsSilent(work, now)),
            slot.Outcome is { } outcome
                ? [.. outcome.Workflows.SelectMany(GrantsOf)]
                : [.. told.SelectMany(GrantsOf)],
            slot.Refusals);
    }

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
        var (state, slots) = (job.BestEffort, job.Slots.Count);
        var all = slots == 1 ? "its datacenter has reported" : $"all {slots} datacenters have reported";
        var when = state switch
        {
            { Enabled: false } => $"ends when {all}, or at the deadline; it succeeds if all complete",
            { WaitForAll: false } =>
                $"ends when {state.MinDcs} of {slots} datacenters completed or no longer can, or at the "
                + "deadline",
            _ => $"ends when {all}, when fewer than {state.MinDcs} can complete, or at the deadline; it "
                + $"succeeds with {state.MinDcs} of {slots}",
        };
        return JobLimits.Clip(
            $"{when}; so far {state.Completed} completed and {state.Failed} failed; {waited}");
    }
}
