using Hyperscale.Det.Wire;

namespace Hyperscale.Det.Replication;

/// <summary>A replica's message and the ledger group it is about; many travel together.</summary>
public sealed record GroupMessage(int Group, VsrMessage Message)
{
    /// <summary>Most of them in one message of a node.</summary>
    public const int CountMax = 16_384;

    /// <summary>Bytes of the commands and states in it, which is most of what a large one takes.</summary>
    public long CommandBytes => Message switch
    {
        VsrMessage.Prepare prepare => Sum(prepare.Entries),
        VsrMessage.DoViewChange change => Sum(change.Tail),
        VsrMessage.StartView start => Sum(start.Tail),
        VsrMessage.NewState state => Sum(state.Entries) + (state.Piece?.Length ?? 0),
        _ => 0,
    };

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

    private static long Sum(IReadOnlyList<VsrEntry> entries) =>
        entries.Sum(entry => (long)entry.Command.Length);
}
