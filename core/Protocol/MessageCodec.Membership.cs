using Hyperscale.Det.Membership;
using Hyperscale.Det.Wire;

namespace Hyperscale.Det.Protocol;

public static partial class MessageCodec
{
    private static void Write(FieldWriter writer, Message.Membership membership) =>
        writer.Nested(1, membership.Told, SwimFields.Write);

    private static Message.Membership? ReadMembership(ref FieldReader reader) =>
        ReadSoleField(ref reader, "told", SwimFields.ReadMessage) is { } told
            ? new Message.Membership(told)
            : null;
}
