using Hyperscale.Det.Membership;
using Hyperscale.Det.Wire;

namespace Hyperscale.Det.Protocol;

public static partial class MessageCodec
{
    private static void Write(FieldWriter writer, Message.Membership membership) =>
        writer.Nested(1, membership.Told, SwimFields.Write);

    private static Message.Membership? ReadMembership(ref FieldReader reader)
    {
        SwimMessage? told = null;
        while (reader.Next(out var field))
        {
            if (field == 1) told = reader.Nested("told", SwimFields.ReadMessage);
        }

        reader.Require(1, "told");
        return reader.Fault is null && told is not null ? new Message.Membership(told) : null;
    }
}
