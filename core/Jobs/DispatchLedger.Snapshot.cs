using Hyperscale.Det.Idempotency;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Wire;

namespace Hyperscale.Det.Jobs;

public sealed partial class DispatchLedger
{
    /// <summary>The whole state as bytes; what can be told from the rest is left out.</summary>
    public byte[] Encode()
    {
        var writer = new FieldWriter();
        writer.Number(1, _sequence);
        foreach (var (id, job) in _jobs)
        {
            var mark = writer.Begin(2);
            writer.Nested(1, id, JobFields.Write);
            writer.Number(2, job.Fence);
            writer.Text(3, job.Gate.Name);
            foreach (var (slot, place) in job.Places) WritePlace(writer, slot, place);
            writer.End(mark);
        }

        writer.Nested(3, _keys, ManagerIdempotencyLedger.Write);
        return writer.ToArray();
    }

    /// <summary>Rebuilds a ledger from what <see cref="Encode"/> made; null, with the fault, when the bytes
    /// hold none.</summary>
    public static DispatchLedger? Restore(
        ReadOnlySpan<byte> bytes, out string fault, int closedMax = ClosedMaxDefault)
    {
        var ledger = new DispatchLedger(closedMax);
        var reader = new FieldReader(bytes);
        while (reader.Next(out var field))
        {
            switch (field)
            {
                case 1: ledger._sequence = reader.Number("sequence", 0); break;
                case 2: ledger.ReadJob(ref reader); break;
                case 3:
                    ledger._keys = reader.Nested("keys", ManagerIdempotencyLedger.Read) ?? ledger._keys;
                    break;
                default: break;
            }
        }

        reader.Require(1, "sequence");
        fault = reader.Fault ?? "";
        if (reader.Fault is not null) return null;
        ledger.CheckInvariants();
        return ledger;
    }

    private static void WritePlace(FieldWriter writer, int slot, PlaceRecord place)
    {
        var mark = writer.Begin(4);
        writer.Number(1, slot);
        writer.Number(2, place.NewestEpoch);
        writer.Flag(3, place.EverStarted);
        writer.Text(4, place.ClosedBecause);
        writer.Number(5, place.ClosedSequence);
        if (place.Held is { } held) writer.Nested(6, held, WriteSlot);
        writer.End(mark);
    }

    private static void WriteSlot(FieldWriter writer, SlotRecord slot)
    {
        writer.Number(1, slot.Key.Epoch);
        writer.Number(2, slot.ReservedAt.UnixMilliseconds);
        writer.Number(3, slot.ReservedSequence);
        writer.Nested(4, slot.Spec, JobFields.Write);
        if (slot.StartedAt is { } started) writer.Number(5, started.UnixMilliseconds);
        if (slot.CancelReason is not null) writer.Text(6, slot.CancelReason);
        if (slot.FirstFailure is { } failure) writer.Number(7, failure);
        foreach (var workflow in slot.Workflows) writer.Nested(8, workflow, WriteWorkflow);
        writer.Nested(9, slot.Budget, JobFields.Write);
    }

    private static void WriteWorkflow(FieldWriter writer, WorkflowRecord workflow)
    {
        writer.Number(1, (long)workflow.State);
        if (workflow.ReadySequence > 0) writer.Number(2, workflow.ReadySequence);
        if (workflow.WaitingSince != default) writer.Number(11, workflow.WaitingSince.UnixMilliseconds);
        if (workflow.Attempts == 0) return;
        writer.Number(3, workflow.Attempts);
        writer.Text(4, workflow.Worker.Name);
        writer.Bits(5, workflow.Boot.Value);
        writer.Number(6, workflow.StartedAt.UnixMilliseconds);
        if (workflow.Outcome is { } outcome) writer.Nested(7, outcome, JobFields.Write);
        if (workflow.Failure is { } failure) writer.Nested(8, failure, JobFields.Write);
        if (workflow.RetryAt != default) writer.Number(9, workflow.RetryAt.UnixMilliseconds);
        foreach (var earlier in workflow.Earlier) writer.Nested(10, earlier, JobFields.Write);
    }

    private void ReadJob(ref FieldReader reader)
    {
        var inner = reader.Enter("job");
        JobId id = default;
        var job = new JobRecord(0, default);
        while (inner.Next(out var field))
        {
            switch (field)
            {
                case 1: id = inner.Nested("id", JobFields.ReadJobId); break;
                case 2: job.Fence = inner.Number("fence"); break;
                case 3: job.Gate = inner.Node("gate"); break;
                case 4: ReadPlace(ref inner, id, job); break;
                default: break;
            }
        }

        inner.Require(1, "id");
        inner.Require(2, "fence");
        inner.Require(3, "gate");
        if (inner.Fault is null && !_jobs.TryAdd(id, job)) inner.Fail($"{id} is there twice");
        reader.Leave(inner, "job");
    }

    private void ReadPlace(ref FieldReader reader, JobId job, JobRecord record)
    {
        var inner = reader.Enter("place");
        var slot = 0;
        SlotRecord? held = null;
        var place = new PlaceRecord();
        while (inner.Next(out var field))
        {
            switch (field)
            {
                case 1: slot = inner.Integer("slot", 0); break;
                case 2: place.NewestEpoch = inner.Integer("epoch", 0); break;
                case 3: place.EverStarted = inner.Flag("started"); break;
                case 4: place.ClosedBecause = inner.Text("closed", JobLimits.ReasonLengthMax); break;
                case 5: place.ClosedSequence = inner.Number("sequence", 0); break;
                case 6: held = ReadSlot(ref inner, job, slot); break;
                default: break;
            }
        }

        for (var field = 1; field <= 5; field++) inner.Require(field, $"field {field}");
        if (inner.Fault is null && !record.Places.TryAdd(slot, place)) inner.Fail($"{slot} is there twice");
        if (inner.Fault is null && held is null && !_closed.TryAdd(place.ClosedSequence, (job, slot)))
            inner.Fail("its sequence is another's");
        if (inner.Fault is null && held is not null) Hold(place, held, ref inner);
        reader.Leave(inner, "place");
    }

    private void Hold(PlaceRecord place, SlotRecord held, ref FieldReader reader)
    {
        place.Held = held;
        _slots.Add(held.Key, held);
        CountBytes(held);
        if (held.IsReserved && !_reserved.TryAdd(held.ReservedSequence, held))
            reader.Fail("its sequence is another's");
        for (var i = 0; i < held.Workflows.Count; i++)
        {
            var workflow = held.Workflows[i];
            if (workflow.State == WorkflowState.Running)
                Load(held, new AttemptKey(held.Key, i, workflow.Attempts), workflow);
            if (workflow.State != WorkflowState.Ready) continue;
            var ready = new ReadyWorkflow(workflow.ReadySequence, held.Key, i, workflow.Attempts + 1);
            if (!_ready.TryAdd(ready.Sequence, ready)) reader.Fail("its sequence is another's");
        }
    }

    private static SlotRecord? ReadSlot(ref FieldReader reader, JobId job, int slot)
    {
        var inner = reader.Enter("held");
        int epoch = 0, workflows = 0;
        var sequence = 0L;
        WallTime reserved = default;
        SlotRecord? record = null;
        while (inner.Next(out var field))
        {
            switch (field)
            {
                case 1: epoch = inner.Integer("epoch", 0); break;
                case 2: reserved = new WallTime(inner.Number("reserved")); break;
                case 3: sequence = inner.Number("sequence", 1); break;
                case 4 when inner.Nested("spec", JobFields.ReadJobSpec) is { } spec:
                    record = new SlotRecord(new SlotKey(job, slot, epoch), spec, reserved, sequence);
                    break;
                case > 4 when record is null: inner.Fail("spec is missing"); break;
                case 5: record!.StartedAt = new WallTime(inner.Number("started")); break;
                case 6: record!.CancelReason = inner.Text("cancelled", JobLimits.ReasonLengthMax); break;
                case 7: record!.FirstFailure = inner.Integer("failure", 0, record.Workflows.Count - 1); break;
                case 8 when inner.HasRoom("workflows", workflows, record!.Workflows.Count):
                    ReadWorkflow(ref inner, record.Workflows[workflows++]);
                    break;
                case 9: ReadBudget(ref inner, record!); break;
                default: break;
            }
        }

        for (var field = 1; field <= 4; field++) inner.Require(field, $"field {field}");
        inner.Require(record is null || workflows == record.Workflows.Count, "workflow");
        reader.Leave(inner, "held");
        if (inner.Fault is not null) return null;
        Conclude(record!);
        return record;
    }

    private static void ReadBudget(ref FieldReader reader, SlotRecord slot)
    {
        var inner = reader.Enter("budget");
        var budget = JobFields.ReadRetryBudget(ref inner, slot.Key.Job, slot.Workflows.Count);
        reader.Leave(inner, "budget");
        if (budget is not null) slot.Budget = budget;
    }

    private static void ReadWorkflow(ref FieldReader reader, WorkflowRecord workflow)
    {
        var inner = reader.Enter("workflow");
        var earlier = new List<EarlierAttempt>();
        while (inner.Next(out var field))
        {
            switch (field)
            {
                case 1: workflow.State = inner.Choice("state", WorkflowState.Retrying); break;
                case 2: workflow.ReadySequence = inner.Number("ready", 1); break;
                case 3: workflow.Attempts = inner.Integer("attempts", 1, JobLimits.AttemptMax); break;
                case 4: workflow.Worker = inner.Node("worker"); break;
                case 5: workflow.Boot = new BootId(inner.Bits("boot")); break;
                case 6: workflow.StartedAt = new WallTime(inner.Number("started")); break;
                case 7: workflow.Outcome = inner.Nested("outcome", JobFields.ReadAttemptOutcome); break;
                case 8: workflow.Failure = inner.Nested("failure", JobFields.ReadAttemptOutcome); break;
                case 9: workflow.RetryAt = new WallTime(inner.Number("retryAt")); break;
                case 10:
                    inner.Element(
                        "earlier", earlier, EarlierAttempt.CountMax, JobFields.ReadEarlierAttempt);
                    break;
                case 11: workflow.WaitingSince = new WallTime(inner.Number("waitingSince")); break;
                default: break;
            }
        }

        workflow.Earlier = earlier;
        inner.Require(1, "state");
        reader.Leave(inner, "workflow");
    }
}
