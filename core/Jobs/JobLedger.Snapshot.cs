using Hyperscale.Det.Kernel;
using Hyperscale.Det.Wire;

namespace Hyperscale.Det.Jobs;

/// <content>The ledger as bytes, and back.</content>
public sealed partial class JobLedger
{
    private const int StateMax = int.MaxValue;

    public byte[] Encode()
    {
        var writer = new FieldWriter();
        foreach (var group in _groups) writer.Nested(1, group, WriteGroup);
        foreach (var job in _jobs.Values) writer.Nested(2, job, WriteJob);
        return writer.ToArray();
    }

    /// <summary>Reads a ledger; null, with the fault, when the bytes hold none.</summary>
    public static JobLedger? Decode(
        ReadOnlySpan<byte> bytes,
        int endedPerGroupMax,
        out string fault,
        long endedBytesPerGroupMax = EndedBytesPerGroupDefault)
    {
        var ledger = new JobLedger(endedPerGroupMax, endedBytesPerGroupMax);
        var reader = new FieldReader(bytes);
        while (reader.Next(out var field))
        {
            switch (field)
            {
                case 1: ledger.ReadGroup(ref reader); break;
                case 2:
                    if (reader.Nested("job", ReadJob) is { } job) ledger.Put(job);
                    break;
                default: break;
            }
        }

        reader.Require(ledger.IsConsistent(), "a job that the groups speak of");
        fault = reader.Fault ?? "";
        if (reader.Fault is not null) return null;
        foreach (var group in ledger._groups.Values)
        {
            group.EndedBytes = group.Ended.Sum(id => ledger._jobs[id].Bytes);
            // The bounds may be lower than when the snapshot was taken.
            ledger.Trim(group);
        }

        return ledger;
    }

    private static void WriteGroup(FieldWriter writer, KeyValuePair<int, GroupState> group)
    {
        writer.Number(1, group.Key);
        writer.Number(2, group.Value.AppliedOp);
        writer.Number(3, group.Value.LateOutcomes);
        foreach (var ended in group.Value.Ended) writer.Number(4, ended.Op);
    }

    private void ReadGroup(ref FieldReader reader)
    {
        var inner = reader.Enter("group");
        var number = 0;
        var state = new GroupState();
        var ended = new List<long>();
        while (inner.Next(out var field))
        {
            switch (field)
            {
                case 1: number = inner.Integer("group", 0, JobLimits.GroupMax); break;
                case 2: state.AppliedOp = inner.Number("appliedOp", 1); break;
                case 3: state.LateOutcomes = inner.Number("lateOutcomes", 0); break;
                case 4: ended.Add(inner.Number("ended", 1)); break;
                default: break;
            }
        }

        inner.Require(1, "group");
        inner.Require(2, "appliedOp");
        reader.Leave(inner, "group");
        foreach (var op in ended) state.Ended.Enqueue(new JobId(number, op));
        if (reader.Fault is null) _groups[number] = state;
    }

    /// <summary>Whether the groups and the jobs that were read fit each other.</summary>
    private bool IsConsistent()
    {
        var ended = _groups.Values.SelectMany(group => group.Ended).ToList();
        return ended.All(id => _jobs.TryGetValue(id, out var job) && job.IsEnded)
            && ended.Distinct().Count() + _live.Count == _jobs.Count
            && ended.Count + _live.Count == _jobs.Count
            && _jobs.Values.All(job => job.ChangedOp <= AppliedOp(job.Id.Group));
    }

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
    }

    private static LedgerJob? ReadJob(ref FieldReader reader)
    {
        JobId id = default;
        JobSpec? spec = null;
        WallTime submitted = default;
        var state = JobState.Accepted;
        var reason = "";
        WallTime? cancelled = null, ended = null;
        var changedOp = 0L;
        var slots = new List<LedgerSlot>();
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
        var (digest, size) = Measure(spec!, JobFields.Write);
        var outcomes = slots.Where(slot => slot.Outcome is not null);
        var bytes = size + outcomes.Sum(slot => Measure(slot.Outcome!, JobFields.Write).Bytes);
        return new LedgerJob(
            id, spec!, digest, submitted, state, reason, cancelled, ended, changedOp, bytes, slots);
    }

    private static void WriteSlot(FieldWriter writer, LedgerSlot slot)
    {
        writer.Number(1, slot.Slot);
        writer.Number(2, slot.Epoch);
        writer.Number(3, (long)slot.Stage);
        writer.Text(4, slot.Datacenter);
        if (slot.Outcome is { } outcome) writer.Nested(5, outcome, JobFields.Write);
        foreach (var refusal in slot.Refusals) writer.Nested(6, refusal, WriteRefusal);
    }

    private static LedgerSlot? ReadSlot(ref FieldReader reader)
    {
        int number = 0, epoch = 0;
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
                case 6: reader.Element("refusals", refusals, StateMax, ReadRefusal); break;
                default: break;
            }
        }

        reader.Require(1, "slot");
        reader.Require(2, "epoch");
        reader.Require(3, "stage");
        if (reader.Fault is not null) return null;
        var digest = outcome is null ? 0 : Measure(outcome, JobFields.Write).Digest;
        return new LedgerSlot(number, epoch, stage, datacenter, outcome, digest, refusals);
    }

    private static void WriteRefusal(FieldWriter writer, SlotRefusal refusal)
    {
        writer.Text(1, refusal.Datacenter);
        writer.Text(2, refusal.Reason);
    }

    private static SlotRefusal? ReadRefusal(ref FieldReader reader)
    {
        string datacenter = "", reason = "";
        while (reader.Next(out var field))
        {
            switch (field)
            {
                case 1: datacenter = reader.Text("datacenter", JobLimits.NameLengthMax); break;
                case 2: reason = reader.Text("reason", JobLimits.ReasonLengthMax); break;
                default: break;
            }
        }

        return reader.Fault is null ? new SlotRefusal(datacenter, reason) : null;
    }
}
