using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using Hyperscale.Det.Idempotency;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Reliability;

namespace Hyperscale.Det.Jobs;

/// <summary>The jobs of a gate's ledger groups, as committed entries made them.</summary>
/// <remarks>It changes by <see cref="Apply"/> alone. A slot belongs to one datacenter at a time, under an
/// epoch; it moves only after that datacenter refused it, or was never told to start. An outcome changes its
/// slot once. The entry that makes a job's end true carries it, so a race has the winner that the log orders
/// first, and an ended job's state never changes. A key makes at most one job: whether it is free, the entry
/// that creates the job decides.</remarks>
/// <param name="endedPerGroupMax">Ended jobs kept of each group; older ones are dropped by the entry that
/// passes the bound. It counts by group because replicas of one group need not share the others.</param>
/// <param name="endedBytesPerGroupMax">What they may take together; the newest is kept whatever it
/// takes.</param>
public sealed partial class JobLedger(
    int endedPerGroupMax, long endedBytesPerGroupMax = JobLedger.EndedBytesPerGroupDefault)
{
    /// <summary>64 MiB.</summary>
    public const long EndedBytesPerGroupDefault = 64 * 1024 * 1024;

    private readonly SortedDictionary<int, GroupState> _groups = [];

    public int Count { get; private set; }

    public int LiveCount { get; private set; }

    /// <summary>Bytes of the jobs that have not ended: their specs and the outcomes of their slots.</summary>
    public long LiveBytes { get; private set; }

    /// <summary>Jobs that have not ended, by id.</summary>
    public IEnumerable<LedgerJob> Live => All.Where(job => !job.IsEnded);

    /// <summary>Every job that is kept, by id.</summary>
    public IEnumerable<LedgerJob> All => _groups.Values.SelectMany(group => group.Jobs.Values);

    /// <summary>Every job that is kept, the newest submission first.</summary>
    public IEnumerable<LedgerJob> NewestFirst
    {
        get
        {
            // Stamps never fall within a group, so its jobs are in the order of their submission.
            var heads = new List<IEnumerator<LedgerJob>>();
            foreach (var group in _groups.Values)
            {
                var jobs = group.Jobs.NewestFirst.GetEnumerator();
                if (jobs.MoveNext()) heads.Add(jobs);
            }

            while (heads.Count > 0)
            {
                var newest = heads.MaxBy(head => (head.Current.Submitted, head.Current.Id))!;
                yield return newest.Current;
                if (!newest.MoveNext()) heads.Remove(newest);
            }
        }
    }

    /// <summary>Outcomes that came after their job had ended, since the ledger began.</summary>
    public long LateOutcomes => _groups.Values.Sum(group => group.LateOutcomes);

    /// <summary>Every job of a group that is kept, by id.</summary>
    public IEnumerable<LedgerJob> In(int group) =>
        _groups.TryGetValue(group, out var state) ? state.Jobs.Values : [];

    public bool TryGet(JobId job, [NotNullWhen(true)] out LedgerJob? found)
    {
        found = null;
        return _groups.TryGetValue(job.Group, out var group) && group.Jobs.TryGetValue(job, out found);
    }

    /// <summary>The op of the group's newest applied entry; 0 before the first.</summary>
    public long AppliedOp(int group) => _groups.GetValueOrDefault(group)?.AppliedOp ?? 0;

    /// <summary>Applies a committed entry of the group; one that is not above those applied before is a
    /// duplicate.</summary>
    /// <param name="op">The entry's; ops between it and the last one had no command.</param>
    public JobVerdict Apply(int group, long op, WallTime stamp, JobCommand command)
    {
        Invariant.Holds(group >= 0);
        Invariant.Holds(op >= 1);
        if (op <= AppliedOp(group)) return JobVerdict.Duplicate;
        if (!_groups.TryGetValue(group, out var state)) _groups.Add(group, state = new GroupState());
        state.AppliedOp = op;
        var entry = new Position(group, op, stamp);
        return command switch
        {
            JobCommand.JobCreated created => OnJobCreated(created, entry),
            JobCommand.SlotAssigned assigned => OnSlotAssigned(assigned, entry),
            JobCommand.SlotStarting starting => OnSlotStarting(starting, entry),
            JobCommand.SlotReleased released => OnSlotReleased(released, entry),
            JobCommand.SlotReported reported => OnSlotReported(reported, entry),
            JobCommand.BudgetShare share => OnBudgetShare(share, entry),
            JobCommand.CancelRequested cancel => OnCancelRequested(cancel, entry),
            JobCommand.DeadlineReached deadline => OnDeadlineReached(deadline, entry),
            JobCommand.JobUnplaceable unplaceable => OnJobUnplaceable(unplaceable, entry),
            JobCommand.JobRefused refused => OnJobRefused(refused, entry),
            JobCommand.JobWithdrawn withdrawn => OnJobWithdrawn(withdrawn, entry),
            JobCommand.KeysExpired expired => OnKeysExpired(expired, entry),
            _ => throw new UnreachableException($"unhandled {command}"),
        };
    }

    private JobVerdict OnJobCreated(JobCommand.JobCreated created, Position entry)
    {
        var count = created.Spec.Datacenters.Count;
        if (count is < 1 or > JobLimits.DatacentersMax) return JobVerdict.Conflict;
        if (!AreDistinct(created.Datacenters, count)) return JobVerdict.Conflict;

        var id = new JobId(entry.Group, entry.Op);
        if (created.Reserved is { } reserved
            && VerdictOf(_groups[entry.Group].Keys.Reserve(reserved, id, entry.Stamp)) is { } fault)
            return fault;
        var (digest, bytes) = JobFields.Measure(created.Spec, JobFields.Write);
        var terms = created.Terms ?? JobTerms.OfUnstamped(created.Spec);
        var share = RetryBudgetManager.FirstShare(terms.RetryBudget, count);
        var slots = new LedgerSlot[count];
        for (var slot = 0; slot < count; slot++)
        {
            slots[slot] = LedgerSlot.Fresh(slot, entry.Stamp, share);
            if (slot < created.Datacenters.Count)
                slots[slot] = slots[slot].For(created.Datacenters[slot], epoch: 1, entry.Stamp);
        }

        Put(new LedgerJob(
            id, created.Spec, digest, entry.Stamp, JobState.Accepted, "waiting for datacenters", null, null,
            entry.Op, bytes, slots, created.Reserved?.Key, terms)
        { Since = entry.Stamp });
        return JobVerdict.Applied;
    }

    private static bool AreDistinct(IReadOnlyList<string> datacenters, int slots)
    {
        if (datacenters.Count > slots) return false;
        for (var i = 0; i < datacenters.Count; i++)
        {
            if (datacenters[i].Length == 0) return false;
            for (var other = 0; other < i; other++)
                if (datacenters[i] == datacenters[other]) return false;
        }

        return true;
    }

    private JobVerdict OnSlotAssigned(JobCommand.SlotAssigned assigned, Position entry)
    {
        var key = assigned.Slot;
        if (Locate(key, entry, out var job, out var slot) is { } fault) return fault;
        if (key.Epoch == slot.Epoch && slot.Stage == SlotStage.Unassigned) return JobVerdict.Stale;
        if (key.Epoch == slot.Epoch)
            return slot.Datacenter == assigned.Datacenter ? JobVerdict.Duplicate : JobVerdict.Conflict;
        if (job.IsEnded) return JobVerdict.Late;
        if (job.IsCancelling) return JobVerdict.Cancelling;
        if (key.Epoch != slot.Epoch + 1 || slot.Stage != SlotStage.Unassigned) return JobVerdict.Conflict;
        if (key.Epoch > JobLimits.EpochMax || assigned.Datacenter.Length == 0) return JobVerdict.Conflict;
        if (job.Slots.Any(other => other.Datacenter == assigned.Datacenter)) return JobVerdict.Conflict;

        Put(job.With(slot.For(assigned.Datacenter, key.Epoch, entry.Stamp), entry.Op));
        return JobVerdict.Applied;
    }

    private JobVerdict OnSlotStarting(JobCommand.SlotStarting starting, Position entry)
    {
        if (Locate(starting.Slot, entry, out var job, out var slot) is { } fault) return fault;
        if (starting.Slot.Epoch > slot.Epoch) return JobVerdict.Conflict;
        if (slot.Stage == SlotStage.Unassigned) return JobVerdict.Stale;
        if (slot.Stage != SlotStage.Assigned) return JobVerdict.Duplicate;
        if (job.IsEnded) return JobVerdict.Late;
        if (job.IsCancelling) return JobVerdict.Cancelling;

        Put(job.With(slot.In(SlotStage.Starting, entry.Stamp), entry.Op)
            .In(JobState.Running, "running", entry.Stamp));
        // A datacenter has what it needs: the submission's answer is settled with its start.
        if (job.Key is { } key)
            _groups[entry.Group].Keys.Commit(new IdempotencyCommittedEvent(key, job.Id), entry.Stamp);
        return JobVerdict.Applied;
    }

    private JobVerdict OnSlotReleased(JobCommand.SlotReleased released, Position entry)
    {
        if (Locate(released.Slot, entry, out var job, out var slot) is { } fault) return fault;
        if (released.Slot.Epoch > slot.Epoch) return JobVerdict.Conflict;
        if (slot.Stage == SlotStage.Unassigned) return JobVerdict.Duplicate;
        if (!slot.IsOpen) return JobVerdict.Conflict;
        if (job.IsEnded) return CloseLate(job, slot, entry);

        var refusal = new SlotRefusal(slot.Datacenter, JobLimits.Clip(released.Reason));
        var freed = slot.In(SlotStage.Unassigned, entry.Stamp) with
        {
            Datacenter = "",
            Refusals = [.. slot.Refusals.Where(old => old.Datacenter != slot.Datacenter), refusal],
        };
        Settle(job.With(freed, entry.Op), entry, isDeadlineReached: false);
        return JobVerdict.Applied;
    }

    private JobVerdict OnSlotReported(JobCommand.SlotReported reported, Position entry)
    {
        if (Locate(reported.Slot, entry, out var job, out var slot) is { } fault) return fault;
        if (reported.Slot.Epoch > slot.Epoch) return JobVerdict.Conflict;
        if (slot.Stage == SlotStage.Unassigned) return JobVerdict.Stale;
        if (!slot.IsOpen) return JobVerdict.Duplicate;
        // What the slot did not use of its share goes back.
        slot = slot with { Share = Math.Min(slot.Share, reported.Outcome.RetriesGranted) };
        if (job.IsEnded && IsMergedLate(job, reported.Outcome))
            return MergeLate(job, slot, reported.Outcome, entry);
        if (job.IsEnded)
        {
            _groups[entry.Group].LateOutcomes++;
            return CloseLate(job, slot, entry);
        }

        // A datacenter that was never told to start has nothing to report but that it gave the slot up.
        if (slot.Stage == SlotStage.Assigned && !job.IsCancelling) return JobVerdict.Conflict;

        Settle(WithOutcome(job, slot, reported.Outcome, entry), entry, isDeadlineReached: false);
        return JobVerdict.Applied;
    }

    private JobVerdict OnCancelRequested(JobCommand.CancelRequested cancel, Position entry)
    {
        if (!TryGet(cancel.Job, entry, out var job)) return JobVerdict.UnknownJob;
        if (job.CancelledAt is not null) return JobVerdict.Duplicate;
        if (job.IsEnded) return JobVerdict.Late;

        Settle(
            job.In(JobState.Cancelling, job.Reason, entry.Stamp) with
            {
                CancelledAt = entry.Stamp,
                ChangedOp = entry.Op,
            },
            entry, isDeadlineReached: false);
        return JobVerdict.Applied;
    }

    private JobVerdict OnDeadlineReached(JobCommand.DeadlineReached deadline, Position entry)
    {
        if (!TryGet(deadline.Job, entry, out var job)) return JobVerdict.UnknownJob;
        if (job.IsEnded) return JobVerdict.Late;

        Settle(job with { ChangedOp = entry.Op }, entry, isDeadlineReached: true);
        Invariant.Holds(!TryGet(job.Id, out var after) || after.IsEnded);
        return JobVerdict.Applied;
    }

    private JobVerdict OnJobUnplaceable(JobCommand.JobUnplaceable unplaceable, Position entry)
    {
        if (!TryGet(unplaceable.Job, entry, out var job)) return JobVerdict.UnknownJob;
        if (job.IsEnded) return JobVerdict.Late;
        if (job.IsCancelling) return JobVerdict.Cancelling;
        if (job.Slots.Any(slot => slot.Stage > SlotStage.Assigned)) return JobVerdict.Conflict;

        End(job, JobState.Failed, JobLimits.Clip(unplaceable.Reason), entry);
        return JobVerdict.Applied;
    }

    /// <summary>Finds what a key names; a verdict when it names nothing of the present or the
    /// future.</summary>
    private JobVerdict? Locate(SlotKey key, Position entry, out LedgerJob job, out LedgerSlot slot)
    {
        slot = null!;
        if (!TryGet(key.Job, entry, out job!)) return JobVerdict.UnknownJob;
        if (job.Slot(key.Slot) is not { } found) return JobVerdict.UnknownSlot;
        slot = found;
        return key.Epoch < slot.Epoch ? JobVerdict.Stale : null;
    }

    // A job lives in the log of its group; an entry of another group cannot speak of it.
    private bool TryGet(JobId id, Position entry, [NotNullWhen(true)] out LedgerJob? job)
    {
        job = null;
        return id.Group == entry.Group && TryGet(id, out job);
    }

    private readonly record struct Position(int Group, long Op, WallTime Stamp);

    private sealed class GroupState
    {
        public long AppliedOp { get; set; }

        public long LateOutcomes { get; set; }

        /// <summary>Every job that is kept. A job comes after all those of lower ids.</summary>
        public ArrivalTable<JobId, LedgerJob> Jobs { get; } = new();

        /// <summary>Ended jobs that are kept, in the order of their ends.</summary>
        public Queue<JobId> Ended { get; } = new();

        public long EndedBytes { get; set; }

        public KeyIndex Keys { get; set; } = new();
    }
}
