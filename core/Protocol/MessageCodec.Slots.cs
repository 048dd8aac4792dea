using Hyperscale.Det.Idempotency;
using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Reliability;
using Hyperscale.Det.Wire;

namespace Hyperscale.Det.Protocol;

// Gate to manager and back: the slot is field 1, the fence of a command field 2.
public static partial class MessageCodec
{
    private static void Write(FieldWriter writer, SlotKey slot) => writer.Nested(1, slot, JobFields.Write);

    private static void Write(FieldWriter writer, SlotKey slot, long fence)
    {
        Write(writer, slot);
        writer.Number(2, fence);
    }

    private static SlotKey ReadSlot(ref FieldReader reader) => reader.Nested("slot", JobFields.ReadSlotKey);

    private static void Write(FieldWriter writer, Message.ReserveSlot reserve)
    {
        Write(writer, reserve.Slot, reserve.Fence);
        writer.Nested(3, reserve.Spec, JobFields.Write);
        if (reserve.Key is { } key) writer.Text(4, key.Text);
        if (reserve.Retries is { } retries) writer.Nested(5, retries, JobFields.Write);
    }

    private static Message.ReserveSlot? ReadReserveSlot(ref FieldReader reader)
    {
        SlotKey slot = default;
        var fence = 0L;
        JobSpec? spec = null;
        IdempotencyKey? key = null;
        RetryShare? retries = null;
        while (reader.Next(out var field))
        {
            switch (field)
            {
                case 1: slot = ReadSlot(ref reader); break;
                case 2: fence = ReadFence(ref reader); break;
                case 3: spec = reader.Nested("spec", JobFields.ReadJobSpec); break;
                case 4: key = KeyFields.ReadKey(ref reader); break;
                case 5: retries = reader.Nested("retries", JobFields.ReadRetryShare); break;
                default: break;
            }
        }

        reader.Require(1, "slot");
        reader.Require(2, "fence");
        reader.Require(3, "spec");
        return reader.Fault is null ? new Message.ReserveSlot(slot, fence, spec!, key, retries) : null;
    }

    private static Message.StartSlot? ReadStartSlot(ref FieldReader reader)
    {
        var (slot, fence) = ReadFencedSlot(ref reader);
        return reader.Fault is null ? new Message.StartSlot(slot, fence) : null;
    }

    private static Message.SlotResultCommitted? ReadSlotResultCommitted(ref FieldReader reader)
    {
        var (slot, fence) = ReadFencedSlot(ref reader);
        return reader.Fault is null ? new Message.SlotResultCommitted(slot, fence) : null;
    }

    private static (SlotKey Slot, long Fence) ReadFencedSlot(ref FieldReader reader)
    {
        SlotKey slot = default;
        var fence = 0L;
        while (reader.Next(out var field))
        {
            switch (field)
            {
                case 1: slot = ReadSlot(ref reader); break;
                case 2: fence = ReadFence(ref reader); break;
                default: break;
            }
        }

        reader.Require(1, "slot");
        reader.Require(2, "fence");
        return (slot, fence);
    }

    private static void Write(FieldWriter writer, Message.CancelSlot cancel)
    {
        Write(writer, cancel.Slot, cancel.Fence);
        WriteReason(writer, 3, cancel.Reason);
    }

    private static Message.CancelSlot? ReadCancelSlot(ref FieldReader reader)
    {
        SlotKey slot = default;
        var fence = 0L;
        var reason = "";
        while (reader.Next(out var field))
        {
            switch (field)
            {
                case 1: slot = ReadSlot(ref reader); break;
                case 2: fence = ReadFence(ref reader); break;
                case 3: reason = ReadReason(ref reader); break;
                default: break;
            }
        }

        reader.Require(1, "slot");
        reader.Require(2, "fence");
        reader.Require(3, "reason");
        return reader.Fault is null ? new Message.CancelSlot(slot, fence, reason) : null;
    }

    private static void Write(FieldWriter writer, Message.SlotReserved reserved)
    {
        Write(writer, reserved.Slot);
        WriteDuration(writer, 2, reserved.Wait);
    }

    private static Message.SlotReserved? ReadSlotReserved(ref FieldReader reader)
    {
        SlotKey slot = default;
        Duration wait = default;
        while (reader.Next(out var field))
        {
            switch (field)
            {
                case 1: slot = ReadSlot(ref reader); break;
                case 2: wait = ReadDuration(ref reader, "wait"); break;
                default: break;
            }
        }

        reader.Require(1, "slot");
        reader.Require(2, "wait");
        return reader.Fault is null ? new Message.SlotReserved(slot, wait) : null;
    }

    private static void Write(FieldWriter writer, Message.SlotRefused refused)
    {
        Write(writer, refused.Slot);
        WriteReason(writer, 2, refused.Reason);
    }

    private static Message.SlotRefused? ReadSlotRefused(ref FieldReader reader)
    {
        SlotKey slot = default;
        var reason = "";
        while (reader.Next(out var field))
        {
            switch (field)
            {
                case 1: slot = ReadSlot(ref reader); break;
                case 2: reason = ReadReason(ref reader); break;
                default: break;
            }
        }

        reader.Require(1, "slot");
        reader.Require(2, "reason");
        return reader.Fault is null ? new Message.SlotRefused(slot, reason) : null;
    }

    private static SlotKey? ReadSlotAlone(ref FieldReader reader)
    {
        SlotKey slot = default;
        while (reader.Next(out var field))
            if (field == 1) slot = ReadSlot(ref reader);

        reader.Require(1, "slot");
        return reader.Fault is null ? slot : null;
    }

    private static void Write(FieldWriter writer, Message.SlotProgressed progressed)
    {
        Write(writer, progressed.Slot);
        writer.Bits(2, progressed.Boot.Value);
        writer.Number(3, progressed.Revision);
        foreach (var workflow in progressed.Workflows) writer.Nested(4, workflow, JobFields.Write);
    }

    private static Message.SlotProgressed? ReadSlotProgressed(ref FieldReader reader)
    {
        SlotKey slot = default;
        BootId boot = default;
        var revision = 0L;
        var list = new List<WorkflowProgress>();
        while (reader.Next(out var field))
        {
            switch (field)
            {
                case 1: slot = ReadSlot(ref reader); break;
                case 2: boot = new BootId(reader.Bits("boot")); break;
                case 3: revision = reader.Number("revision", 0); break;
                case 4:
                    reader.Element("workflows", list, JobLimits.WorkflowsMax, JobFields.ReadWorkflowProgress);
                    break;
                default: break;
            }
        }

        reader.Require(1, "slot");
        reader.Require(2, "boot");
        reader.Require(3, "revision");
        return reader.Fault is null ? new Message.SlotProgressed(slot, boot, revision, list) : null;
    }

    private static void Write(FieldWriter writer, Message.SlotFinished finished)
    {
        Write(writer, finished.Slot);
        writer.Nested(2, finished.Outcome, JobFields.Write);
    }

    private static Message.SlotFinished? ReadSlotFinished(ref FieldReader reader)
    {
        SlotKey slot = default;
        SlotOutcome? outcome = null;
        while (reader.Next(out var field))
        {
            switch (field)
            {
                case 1: slot = ReadSlot(ref reader); break;
                case 2: outcome = reader.Nested("outcome", JobFields.ReadSlotOutcome); break;
                default: break;
            }
        }

        reader.Require(1, "slot");
        reader.Require(2, "outcome");
        return reader.Fault is null ? new Message.SlotFinished(slot, outcome!) : null;
    }

    private static void Write(FieldWriter writer, Message.NotPrimary notPrimary)
    {
        Write(writer, notPrimary.Slot);
        writer.Text(2, notPrimary.Primary.Name);
        writer.Number(3, notPrimary.View);
    }

    private static Message.NotPrimary? ReadNotPrimary(ref FieldReader reader)
    {
        SlotKey slot = default;
        NodeId primary = default;
        var view = 0L;
        while (reader.Next(out var field))
        {
            switch (field)
            {
                case 1: slot = ReadSlot(ref reader); break;
                case 2: primary = reader.Node("primary"); break;
                case 3: view = reader.Number("view", 0); break;
                default: break;
            }
        }

        reader.Require(1, "slot");
        reader.Require(2, "primary");
        reader.Require(3, "view");
        return reader.Fault is null ? new Message.NotPrimary(slot, primary, view) : null;
    }
}
