using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Wire;

namespace Hyperscale.Det.Protocol;

// Whether a slot is still wanted.
public static partial class MessageCodec
{
    private static void Write(FieldWriter writer, Message.SlotHeld held)
    {
        Write(writer, held.Slot);
        writer.Bits(2, held.Boot.Value);
        writer.Number(3, held.Question);
    }

    private static Message.SlotHeld? ReadSlotHeld(ref FieldReader reader)
    {
        SlotKey slot = default;
        BootId boot = default;
        var question = 0L;
        while (reader.Next(out var field))
        {
            switch (field)
            {
                case 1: slot = ReadSlot(ref reader); break;
                case 2: boot = new BootId(reader.Bits("boot")); break;
                case 3: question = reader.Number("question", 0); break;
                default: break;
            }
        }

        reader.Require(1, "slot");
        reader.Require(2, "boot");
        reader.Require(3, "question");
        return reader.Fault is null ? new Message.SlotHeld(slot, boot, question) : null;
    }

    private static void Write(FieldWriter writer, Message.SlotWanted wanted)
    {
        Write(writer, wanted.Slot, wanted.Fence);
        writer.Bits(3, wanted.Boot.Value);
        writer.Number(4, wanted.Question);
    }

    private static Message.SlotWanted? ReadSlotWanted(ref FieldReader reader)
    {
        SlotKey slot = default;
        BootId boot = default;
        long fence = 0, question = 0;
        while (reader.Next(out var field))
        {
            switch (field)
            {
                case 1: slot = ReadSlot(ref reader); break;
                case 2: fence = ReadFence(ref reader); break;
                case 3: boot = new BootId(reader.Bits("boot")); break;
                case 4: question = reader.Number("question", 0); break;
                default: break;
            }
        }

        reader.Require(1, "slot");
        reader.Require(2, "fence");
        reader.Require(3, "boot");
        reader.Require(4, "question");
        return reader.Fault is null ? new Message.SlotWanted(slot, fence, boot, question) : null;
    }
}
