using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Protocol;
using Hyperscale.Det.Reliability;

namespace Hyperscale.Det.Nodes;

/// <content>Retry budgets and best effort (AD-44): what a job is entitled to, and how its slots share
/// it.</content>
/// <remarks>The ledger has a share for every slot and the rest in reserve. A datacenter whose slot has used
/// its share asks; it is given of the reserve by an entry, and told what the ledger says. When nothing is in
/// reserve it keeps asking, as other slots give back at their ends what they did not use; once every other
/// slot that is not at its end has used all it has, it is told that there will be no more.</remarks>
public sealed partial class GateNode
{
    private JobTerms TermsOf(JobSpec spec) => JobTerms.Of(spec, _config.RetryBudget, _config.BestEffort);

    /// <summary>What the client of an accepted job should know of it, as far as this gate has the
    /// job.</summary>
    private IReadOnlyList<JobNote> NotesOn(JobId id) =>
        Ledger.TryGet(id, out var job) ? job.Terms.NotesOn(job.Spec) : [];

    private static RetryShare? ShareOf(LedgerJob job, LedgerSlot slot) => job.Terms.RetryBudget == 0
        ? null
        : new RetryShare(
            job.Terms.RetryBudget, job.Terms.RetryBudgetPerWorkflow, slot.Share, slot.ShareRevision);

    private NodeVerdict OnBudgetAsked(NodeId from, Message.BudgetAsked asked, Turn turn)
    {
        if (Judge(from, asked, asked.Slot, turn, out var job, out var slot) is { } verdict) return verdict;
        if (slot.Stage != SlotStage.Starting || asked.Revision > slot.ShareRevision)
            return turn.Ignore(from, asked, NodeVerdict.Unknown);
        NoteStart(job, slot, turn.Now);
        var work = WorkOf(job).Slots[slot.Slot];
        // It was raised since: the answer was lost, or another primary of the datacenter asks.
        if (asked.Revision < slot.ShareRevision)
        {
            TellShare(from, job, slot, isFinal: false, turn);
            return NodeVerdict.Duplicate;
        }

        work.SpentRevision = asked.Revision;
        if (work.Proposed != SlotProposal.None) return NodeVerdict.Duplicate;
        var isOpen = job.Slots.Count(other => other.Outcome is null);
        var more = RetryBudgetManager.MoreFor(job.RetryReserve, isOpen);
        if (more == 0)
        {
            TellShare(from, job, slot, IsAllSpent(job), turn);
            return NodeVerdict.Refused;
        }

        var command = new JobCommand.BudgetShare(asked.Slot, more, slot.ShareRevision + 1);
        if (!ProposeSlot(SlotProposal.Share, job, slot, command, turn)) return NodeVerdict.Overloaded;
        work.Reporter = from;
        return NodeVerdict.Accepted;
    }

    private void ConcludeShare(JobCommand.BudgetShare share, Turn turn)
    {
        if (EndProposal(share.Slot) is not { } work) return;
        var asker = work.Reporter;
        work.Reporter = default;
        if (asker == default || !Ledger.TryGet(share.Slot.Job, out var job) || job.IsEnded) return;
        var slot = job.Slots[share.Slot.Slot];
        if (slot.Epoch == share.Slot.Epoch) TellShare(asker, job, slot, isFinal: false, turn);
    }

    private void TellShare(NodeId manager, LedgerJob job, LedgerSlot slot, bool isFinal, Turn turn) =>
        turn.Send(manager, new Message.BudgetShared(
            slot.KeyIn(job.Id), FenceOf(job.Id.Group), slot.Share, slot.ShareRevision, isFinal));

    /// <summary>Whether no slot has anything that it could give back: each is at its end, or its datacenter
    /// has said that all of its newest share is used.</summary>
    private bool IsAllSpent(LedgerJob job)
    {
        var work = WorkOf(job);
        return job.RetryReserve == 0 && job.Slots.All(slot =>
            slot.Outcome is not null
            || slot.Share == 0
            || (slot.Stage == SlotStage.Starting
                && work.Slots[slot.Slot].SpentRevision == slot.ShareRevision));
    }

    /// <summary>Tells operators that a job ended and how it was completed, and of results that came too late
    /// for it.</summary>
    private void TellEnd(
        JobCommand command, JobVerdict verdict, LedgerJob? before, LedgerJob? after, Turn turn)
    {
        if (before?.IsEnded != true && after is { IsEnded: true })
        {
            turn.Tell(new TelemetryEvent.JobEnded(after.Id, after.State, after.Reason));
            LearnFromEnd(after, isTimeout: command is JobCommand.DeadlineReached, turn.Now);
        }

        if (before?.IsEnded != true && after is { IsEnded: true, BestEffort.Enabled: true }
            && after.Completion != CompletionReason.Waiting)
            turn.Tell(new TelemetryEvent.BestEffortCompleted(
                after.Id, after.Completion, after.State == JobState.Completed, after.BestEffort.Completed,
                after.Slots.Count));
        if (command is JobCommand.SlotReported late && verdict == JobVerdict.Late && before is { } ended)
            turn.Tell(new TelemetryEvent.LateResult(
                late.Slot, ended.Slots[late.Slot.Slot].Datacenter, late.Outcome.State,
                after?.Slots[late.Slot.Slot].Outcome is not null));
    }
}
