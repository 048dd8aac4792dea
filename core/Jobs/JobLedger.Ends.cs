using Hyperscale.Det.Kernel;
using Hyperscale.Det.Reliability;

namespace Hyperscale.Det.Jobs;

/// <content>How jobs end, and what is kept of them.</content>
public sealed partial class JobLedger
{
    /// <summary>Throws when the jobs break a rule of the ledger.</summary>
    public void CheckInvariants()
    {
        Invariant.Holds(Count == _groups.Values.Sum(group => group.Jobs.Count));
        Invariant.Holds(LiveBytes == Live.Sum(job => job.Bytes));
        Invariant.Holds(LiveCount + _groups.Values.Sum(group => group.Ended.Count) == Count);
        foreach (var (number, group) in _groups)
        {
            Invariant.Holds(group.Ended.Count <= endedPerGroupMax);
            Invariant.Holds(group.EndedBytes <= endedBytesPerGroupMax || group.Ended.Count == 1);
            Invariant.Holds(group.EndedBytes == group.Ended.Sum(id => group.Jobs[id].Bytes));
            Invariant.Holds(group.Ended.All(id => group.Jobs[id].IsEnded));
            Invariant.Holds(group.Jobs.Keys.All(id => id.Group == number));
            Invariant.Holds(IsInOrder(group));
            foreach (var job in group.Jobs.Values) CheckInvariants(job);
            CheckKeys(group);
        }
    }

    public void AddTo(ref Fingerprint fingerprint)
    {
        foreach (var (number, group) in _groups)
        {
            fingerprint.Add((long)number);
            fingerprint.Add(group.AppliedOp);
            fingerprint.Add(group.LateOutcomes);
            foreach (var ended in group.Ended) ended.AddTo(ref fingerprint);
            fingerprint.Add((long)group.Jobs.Count);
            foreach (var job in group.Jobs.Values) job.AddTo(ref fingerprint);
            group.Keys.AddTo(ref fingerprint);
        }
    }

    private void CheckInvariants(LedgerJob job)
    {
        Invariant.Holds(job.IsEnded == job.Ended is not null);
        Invariant.Holds(job.ChangedOp >= job.Id.Op && job.ChangedOp <= AppliedOp(job.Id.Group));
        Invariant.Holds(job.State is not (JobState.Cancelling or JobState.Cancelled)
            || job.CancelledAt is not null);
        Invariant.Holds(job.State != JobState.Accepted
            || job.Slots.All(slot => slot.Stage < SlotStage.Starting));
        // A job that is being cancelled ends with its last open slot.
        Invariant.Holds(!job.IsCancelling || job.Slots.Any(slot => slot.IsOpen));
        Invariant.Holds(job.State != JobState.Completed
            || job.Slots.Any(slot => slot.Outcome?.State == SlotState.Completed));
        // What the slots have and what is left are the budget: neither can be more than all.
        Invariant.Holds(job.RetryReserve >= 0);
        Invariant.Holds(job.Slots.All(slot => slot.Share >= 0));
        Invariant.Holds(job.IsEnded || job.IsCancelling || !Check(job, isDeadlineReached: false).IsComplete);
        var taken = job.Slots.Where(slot => slot.Datacenter.Length > 0).Select(slot => slot.Datacenter);
        Invariant.Holds(taken.Distinct(StringComparer.Ordinal).Count() == taken.Count());
        foreach (var slot in job.Slots)
        {
            Invariant.Holds(slot.Outcome is not null == (slot.Stage == SlotStage.Reported));
            Invariant.Holds(slot.Datacenter.Length > 0 == (slot.Stage != SlotStage.Unassigned));
            Invariant.Holds(slot.Epoch > 0 || slot.Stage == SlotStage.Unassigned);
            Invariant.Holds(slot.Stage != SlotStage.Closed || job.IsEnded);
        }
    }

    private static CompletionCheck Check(LedgerJob job, bool isDeadlineReached) =>
        BestEffortManager.CheckCompletion(job.BestEffort, isDeadlineReached);

    /// <summary>Keeps a changed job, and ends it when the change is what it waited for.</summary>
    private void Settle(LedgerJob job, Position entry, bool isDeadlineReached)
    {
        if (job.IsCancelling)
        {
            SettleCancelled(job, entry, isDeadlineReached);
            return;
        }

        var check = Check(job, isDeadlineReached);
        if (check.IsComplete)
            End(
                job with { Completion = check.Reason },
                check.IsSuccess ? JobState.Completed : JobState.Failed,
                Describe(job, check),
                entry);
        else
            Put(job);
    }

    private void SettleCancelled(LedgerJob job, Position entry, bool isDeadlineReached)
    {
        var open = job.Slots.Where(slot => slot.IsOpen).Select(slot => slot.Datacenter).ToList();
        if (open.Count == 0)
            End(job, JobState.Cancelled, "cancelled on request", entry);
        else if (isDeadlineReached)
            End(job, JobState.Cancelled,
                $"cancelled on request; no acknowledgement from {string.Join(", ", open)}", entry);
        else
            Put(job with { Reason = JobLimits.Clip($"waiting for {string.Join(", ", open)} to stop") });
    }

    /// <summary>A datacenter answered for its slot after the end: nothing is merged, nothing more is
    /// expected.</summary>
    private JobVerdict CloseLate(LedgerJob job, LedgerSlot slot, Position entry)
    {
        Put(job.With(slot.In(SlotStage.Closed, entry.Stamp), entry.Op));
        return JobVerdict.Late;
    }

    /// <summary>Whether a result after the end becomes part of the job: where its terms say so, and it is one
    /// that the job was waiting for.</summary>
    private static bool IsMergedLate(LedgerJob job, SlotOutcome outcome) =>
        job.Terms.LateResults == LateResultPolicy.UpdateResult
        && job.Completion != CompletionReason.Waiting
        && outcome.State != SlotState.Cancelled;

    private JobVerdict MergeLate(LedgerJob job, LedgerSlot slot, SlotOutcome outcome, Position entry)
    {
        var group = _groups[entry.Group];
        group.LateOutcomes++;
        var merged = WithOutcome(job, slot, outcome, entry);
        group.EndedBytes += merged.Bytes - job.Bytes;
        Put(merged);
        Trim(group);
        return JobVerdict.Late;
    }

    private static LedgerJob WithOutcome(
        LedgerJob job, LedgerSlot slot, SlotOutcome outcome, Position entry)
    {
        outcome = outcome.WithOutputsWithin(JobLimits.StatusOutputBytesMax / job.Slots.Count);
        var (digest, bytes) = JobFields.Measure(outcome, JobFields.Write);
        var done = slot.In(SlotStage.Reported, entry.Stamp) with
        {
            Outcome = outcome,
            OutcomeDigest = digest,
        };
        return job.With(done, entry.Op) with { Bytes = job.Bytes + bytes };
    }

    private JobVerdict OnBudgetShare(JobCommand.BudgetShare share, Position entry)
    {
        if (Locate(share.Slot, entry, out var job, out var slot) is { } fault) return fault;
        if (share.Slot.Epoch > slot.Epoch) return JobVerdict.Conflict;
        if (share.Revision <= slot.ShareRevision) return JobVerdict.Duplicate;
        if (job.IsEnded) return JobVerdict.Late;
        if (job.IsCancelling) return JobVerdict.Cancelling;
        if (slot.Stage != SlotStage.Starting) return JobVerdict.Conflict;
        if (share.Revision != slot.ShareRevision + 1) return JobVerdict.Conflict;
        if (share.Amount < 1 || share.Amount > job.RetryReserve) return JobVerdict.Conflict;

        Put(job.With(
            slot with { Share = slot.Share + share.Amount, ShareRevision = share.Revision }, entry.Op));
        return JobVerdict.Applied;
    }

    private void End(LedgerJob job, JobState state, string reason, Position entry)
    {
        Invariant.Holds(!job.IsEnded);
        Put(job.In(state, reason, entry.Stamp) with
        {
            Ended = entry.Stamp,
            ChangedOp = entry.Op,
        });
        var group = _groups[entry.Group];
        if (job.Key is { } key) group.Keys.End(key, job.Id, entry.Stamp);
        group.Ended.Enqueue(job.Id);
        group.EndedBytes += job.Bytes;
        Trim(group);
    }

    private void Trim(GroupState group)
    {
        while (group.Ended.Count > endedPerGroupMax
            || (group.EndedBytes > endedBytesPerGroupMax && group.Ended.Count > 1))
        {
            var oldest = group.Jobs[group.Ended.Dequeue()];
            group.EndedBytes -= oldest.Bytes;
            Count--;
            group.Jobs.Remove(oldest.Id);
        }
    }

    private void Put(LedgerJob job)
    {
        var jobs = _groups[job.Id.Group].Jobs;
        if (!jobs.TryGetValue(job.Id, out var before)) Count++;
        else CountLive(before, -1);
        CountLive(job, 1);
        jobs[job.Id] = job;
    }

    private void CountLive(LedgerJob job, int sign)
    {
        if (job.IsEnded) return;
        LiveCount += sign;
        LiveBytes += sign * job.Bytes;
    }

    private static string Describe(LedgerJob job, CompletionCheck check)
    {
        var parts = new List<string>
        {
            $"{check.Name}: {check.Completed} of {job.Slots.Count} datacenters completed",
        };
        foreach (var slot in job.Slots)
        {
            if (slot.Outcome is { State: not SlotState.Completed } outcome)
                parts.Add($"{slot.Datacenter}: {outcome.Reason}");
            else if (slot.IsOpen)
                parts.Add($"{slot.Datacenter} had not reported");
            else if (slot.Stage == SlotStage.Unassigned)
                parts.Add(slot.Refusals is [.., var last]
                    ? $"slot {slot.Slot} found no datacenter: {last.Datacenter}: {last.Reason}"
                    : $"slot {slot.Slot} found no datacenter");
        }

        return string.Join("; ", parts);
    }
}
