using Hyperscale.Det.Jobs;
using Hyperscale.Det.Wire;

namespace Hyperscale.Det.Protocol;

// Shares of a job's retry budget (AD-44).
public static partial class MessageCodec
{
    private static void Write(FieldWriter writer, Message.BudgetShared shared)
    {
        Write(writer, shared.Slot, shared.Fence);
        writer.Number(3, shared.Share);
        writer.Number(4, shared.Revision);
        writer.Flag(5, shared.IsFinal);
    }

    private static Message.BudgetShared? ReadBudgetShared(ref FieldReader reader)
    {
        SlotKey slot = default;
        long fence = 0, revision = 0;
        var share = 0;
        var isFinal = false;
        while (reader.Next(out var field))
        {
            switch (field)
            {
                case 1: slot = ReadSlot(ref reader); break;
                case 2: fence = ReadFence(ref reader); break;
                case 3: share = reader.Integer("share", 0, JobLimits.RetryBudgetMax); break;
                case 4: revision = reader.Number("revision", 0); break;
                case 5: isFinal = reader.Flag("isFinal"); break;
                default: break;
            }
        }

        reader.Require(1, "slot");
        reader.Require(2, "fence");
        reader.Require(3, "share");
        reader.Require(4, "revision");
        reader.Require(5, "isFinal");
        return reader.Fault is null
            ? new Message.BudgetShared(slot, fence, share, revision, isFinal)
            : null;
    }

    private static void Write(FieldWriter writer, Message.BudgetAsked asked)
    {
        Write(writer, asked.Slot);
        writer.Number(2, asked.Revision);
    }

    private static Message.BudgetAsked? ReadBudgetAsked(ref FieldReader reader)
    {
        SlotKey slot = default;
        var revision = 0L;
        while (reader.Next(out var field))
        {
            switch (field)
            {
                case 1: slot = ReadSlot(ref reader); break;
                case 2: revision = reader.Number("revision", 0); break;
                default: break;
            }
        }

        reader.Require(1, "slot");
        reader.Require(2, "revision");
        return reader.Fault is null ? new Message.BudgetAsked(slot, revision) : null;
    }
}
