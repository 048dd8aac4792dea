using Hyperscale.Det.Idempotency;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Reliability;
using Hyperscale.Det.Wire;

namespace Hyperscale.Det.Jobs;

/// <content>A group of the ledger as bytes, and back.</content>
public sealed partial class JobLedger
{
    private const int StateMax = int.MaxValue;

    /// <summary>The whole state of a group; empty before its first entry.</summary>
    public byte[] Encode(int group)
    {
        if (!_groups.TryGetValue(group, out var state)) return [];
        var writer = new FieldWriter();
        writer.Number(1, group);
        writer.Number(2, state.AppliedOp);
        writer.Number(3, state.LateOutcomes);
        foreach (var ended in state.Ended) writer.Number(4, ended.Op);
        foreach (var job in state.Jobs.Values) writer.Nested(5, job, WriteJob);
        writer.Nested(6, state.Keys, KeyIndex.Write);
        return writer.ToArray();
    }

    /// <summary>Replaces a group by what <see cref="Encode"/> made of it; nothing changes, and the fault
    /// says why, when the bytes hold no such group.</summary>
    public bool TryRestore(int group, ReadOnlySpan<byte> bytes, out string fault)
    {
        fault = "";
        GroupState? state = null;
        if (!bytes.IsEmpty)
        {
            var reader = new FieldReader(bytes);
            state = ReadGroup(ref reader, group);
            fault = reader.Fault ?? "";
            if (state is null) return false;
        }

        Drop(group);
        if (state is null) return true;
        _groups.Add(group, state);
        foreach (var job in state.Jobs.Values) CountLive(job, 1);
        Count += state.Jobs.Count;
        // The bounds may be lower than when the state was taken.
        Trim(state);
        return true;
    }

    private void Drop(int group)
    {
        if (!_groups.Remove(group, out var state)) return;
        foreach (var job in state.Jobs.Values) CountLive(job, -1);
        Count -= state.Jobs.Count;
    }

    private static GroupState? ReadGroup(ref FieldReader reader, int group)
    {
        var state = new GroupState();
        while (reader.Next(out var field))
        {
            switch (field)
            {
                case 1: reader.Integer("group", group, group); break;
                case 2: state.AppliedOp = reader.Number("appliedOp", 1); break;
                case 3: state.LateOutcomes = reader.Number("lateOutcomes", 0); break;
                case 4: state.Ended.Enqueue(new JobId(group, reader.Number("ended", 1))); break;
                case 5:
                    if (reader.Nested("job", ReadJob) is { } job && !state.Jobs.TryAdd(job.Id, job))
                        reader.Fail($"{job.Id} is there twice");
                    break;
                case 6: state.Keys = reader.Nested("keys", KeyIndex.Read) ?? state.Keys; break;
                default: break;
            }
        }

        reader.Require(1, "group");
        reader.Require(2, "appliedOp");
        if (reader.Fault is not null) return null;
        reader.Require(IsConsistent(group, state), "a job that the group speaks of");
        if (reader.Fault is not null) return null;
        state.EndedBytes = state.Ended.Sum(id => state.Jobs[id].Bytes);
        return state;
    }

    /// <summary>Whether what was read of a group and of its jobs fits each other.</summary>
    private static bool IsConsistent(int group, GroupState state) =>
        state.Ended.All(id => state.Jobs.TryGetValue(id, out var job) && job.IsEnded)
        && state.Ended.Distinct().Count() == state.Ended.Count
        && IsInOrder(state)
        && state.Jobs.Values.Count(job => job.IsEnded) == state.Ended.Count
        && state.Jobs.Values.All(job => job.Id.Group == group && job.ChangedOp <= state.AppliedOp)
        && state.Keys.Entries.All(entry => entry is { Ended: not null } || IsLive(entry, state))
        && state.Jobs.Values.All(job => job.IsEnded || job.Key is not { } key
            || state.Keys.Look(key).Entry?.Job == job.Id);

    private static bool IsInOrder(GroupState state) =>
        state.Jobs.Values.Zip(state.Jobs.Values.Skip(1)).All(pair =>
            pair.First.Id < pair.Second.Id && pair.First.Submitted <= pair.Second.Submitted);

    private static bool IsLive(IdempotencyEntry entry, GroupState state) =>
        state.Jobs.TryGetValue(entry.Job!.Value, out var job) && !job.IsEnded && job.Key == entry.Key;

    private static void WriteJob(FieldWriter writer, LedgerJob job)
    {
        writer.Nested(1, job.Id, JobFields.Write);
        writer.Nested(2, job.Spec, JobFields.Write);
        writer.Number(3, job.Submitted.UnixMilliseconds);
        writer.Number(4, (long)job.State);
        writer.Text(5, job.Reason);
        if (job.CancelledAt is { } cancelled) writer.Number(6, cancelled.UnixMilliseconds);
        if (job.Ended is { } ended) writer.Number(7, ended.UnixMilliseconds);
        writer.Number(8, job.ChangedOp);
        foreach (var slot in job.Slots) writer.Nested(9, slot, WriteSlot);
        if (job.Key is { } key) writer.Text(10, key.Text);
        writer.Nested(11, job.Terms, JobFields.Write);
        writer.Number(12, (long)job.Completion);
        writer.Number(13, job.Since.UnixMilliseconds);
    }

    private static LedgerJob? ReadJob(ref FieldReader reader)
    {
        JobId id = default;
        JobSpec? spec = null;
        WallTime submitted = default;
        var state = JobState.Accepted;
        var reason = "";
        WallTime? cancelled = null, ended = null, since = null;
        var changedOp = 0L;
        var slots = new List<LedgerSlot>();
        IdempotencyKey? key = null;
        JobTerms? terms = null;
        var completion = CompletionReason.Waiting;
        while (reader.Next(out var field))
        {
            switch (field)
            {
                case 1: id = reader.Nested("id", JobFields.ReadJobId); break;
                case 2: spec = reader.Nested("spec", JobFields.ReadJobSpec); break;
                case 3: submitted = new WallTime(reader.Number("submitted")); break;
                case 4: state = reader.Choice("state", JobState.Cancelled); break;
                case 5: reason = reader.Text("reason", JobLimits.ReasonLengthMax); break;
                case 6: cancelled = new WallTime(reader.Number("cancelled")); break;
                case 7: ended = new WallTime(reader.Number("ended")); break;
                case 8: changedOp = reader.Number("changedOp", 1); break;
                case 9: reader.Element("slots", slots, JobLimits.DatacentersMax, ReadSlot); break;
                case 10: key = KeyFields.ReadKey(ref reader); break;
                case 11: terms = reader.Nested("terms", JobFields.ReadJobTerms); break;
                case 12: completion = reader.Choice("completion", CompletionReason.DeadlineExpired); break;
                case 13: since = new WallTime(reader.Number("since")); break;
                default: break;
            }
        }

        reader.Require(1, "id");
        reader.Require(2, "spec");
        reader.Require(3, "submitted");
        reader.Require(4, "state");
        reader.Require(8, "changedOp");
        for (var i = 0; i < slots.Count; i++) reader.Require(slots[i].Slot == i, $"slot {i}");
        if (reader.Fault is not null) return null;
        var (digest, size) = JobFields.Measure(spec!, JobFields.Write);
        var outcomes = slots.Where(slot => slot.Outcome is not null);
        var bytes = size + outcomes.Sum(slot => JobFields.Measure(slot.Outcome!, JobFields.Write).Bytes);
        return new LedgerJob(
            id, spec!, digest, submitted, state, reason, cancelled, ended, changedOp, bytes, slots,
            key, terms ?? JobTerms.OfUnstamped(spec!))
        { Completion = completion, Since = since ?? submitted };
    }

    private static void WriteSlot(FieldWriter writer, LedgerSlot slot)
    {
        writer.Number(1, slot.Slot);
        writer.Number(2, slot.Epoch);
        writer.Number(3, (long)slot.Stage);
        writer.Text(4, slot.Datacenter);
        if (slot.Outcome is { } outcome) writer.Nested(5, outcome, JobFields.Write);
        foreach (var refusal in slot.Refusals) writer.Nested(6, refusal, JobFields.Write);
        if (slot.Share > 0) writer.Number(7, slot.Share);
        if (slot.ShareRevision > 0) writer.Number(8, slot.ShareRevision);
        writer.Number(9, slot.Since.UnixMilliseconds);
    }

    private static LedgerSlot? ReadSlot(ref FieldReader reader)
    {
        int number = 0, epoch = 0, share = 0;
        var shareRevision = 0L;
        WallTime since = default;
        var stage = SlotStage.Unassigned;
        var datacenter = "";
        SlotOutcome? outcome = null;
        var refusals = new List<SlotRefusal>();
        while (reader.Next(out var field))
        {
            switch (field)
            {
                case 1: number = reader.Integer("slot", 0, JobLimits.DatacentersMax - 1); break;
                case 2: epoch = reader.Integer("epoch", 0, JobLimits.EpochMax); break;
                case 3: stage = reader.Choice("stage", SlotStage.Closed); break;
                case 4: datacenter = reader.Text("datacenter", JobLimits.NameLengthMax); break;
                case 5: outcome = reader.Nested("outcome", JobFields.ReadSlotOutcome); break;
                case 6: reader.Element("refusals", refusals, StateMax, JobFields.ReadRefusal); break;
                case 7: share = reader.Integer("share", 0, JobLimits.RetryBudgetMax); break;
                case 8: shareRevision = reader.Number("shareRevision", 0); break;
                case 9: since = new WallTime(reader.Number("since")); break;
                default: break;
            }
        }

        reader.Require(1, "slot");
        reader.Require(2, "epoch");
        reader.Require(3, "stage");
        if (reader.Fault is not null) return null;
        var digest = outcome is null ? 0 : JobFields.Measure(outcome, JobFields.Write).Digest;
        return new LedgerSlot(number, epoch, stage, datacenter, outcome, digest, refusals)
        {
            Share = share,
            ShareRevision = shareRevision,
            Since = since,
        };
    }
}
