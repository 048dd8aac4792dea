using Hyperscale.Det.Wire;

namespace Hyperscale.Det.Replication;

/// <summary>A replica's message and the ledger group it is about; many travel together.</summary>
public sealed record GroupMessage(int Group, VsrMessage Message)
{
    public static void Write(FieldWriter writer, GroupMessage message)
    {
        writer.Number(1, message.Group);
        writer.Nested(2, message.Message, VsrFields.Write);
    }

    public static GroupMessage? Read(ref FieldReader reader)
    {
        var group = 0;
        VsrMessage? message = null;
        while (reader.Next(out var field))
        {
            switch (field)
            {
                case 1: group = reader.Integer("group", 0); break;
                case 2: message = reader.Nested("message", VsrFields.ReadMessage); break;
                default: break;
            }
        }

        reader.Require(1, "group");
        reader.Require(2, "message");
        return reader.Fault is null && message is not null ? new GroupMessage(group, message) : null;
    }
}
