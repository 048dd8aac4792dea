using Hyperscale.Det.Replication;
using Hyperscale.Det.Wire;

namespace Hyperscale.Det.Protocol;

public static partial class MessageCodec
{
    private static void Write(FieldWriter writer, Message.Replication replication)
    {
        foreach (var message in replication.Messages) writer.Nested(1, message, GroupMessage.Write);
    }

    private static Message.Replication? ReadReplication(ref FieldReader reader)
    {
        var messages = new List<GroupMessage>();
        while (reader.Next(out var field))
        {
            if (field == 1) reader.Element("message", messages, GroupMessage.CountMax, GroupMessage.Read);
        }

        return reader.Fault is null ? new Message.Replication(messages) : null;
    }

    private static void Write(FieldWriter writer, Message.ReplicaHeartbeat heartbeat) =>
        writer.Number(1, heartbeat.Sequence);

    private static Message.ReplicaHeartbeat? ReadReplicaHeartbeat(ref FieldReader reader)
    {
        var sequence = 0L;
        while (reader.Next(out var field))
        {
            if (field == 1) sequence = reader.Number("sequence", 0);
        }

        reader.Require(1, "sequence");
        return reader.Fault is null ? new Message.ReplicaHeartbeat(sequence) : null;
    }

    private static void Write(FieldWriter writer, Message.ReplicaHeartbeatAnswered answered)
    {
        writer.Number(1, answered.Sequence);
        foreach (var followed in answered.Following) writer.Nested(2, followed, WriteFollowed);
    }

    private static Message.ReplicaHeartbeatAnswered? ReadReplicaHeartbeatAnswered(ref FieldReader reader)
    {
        var sequence = 0L;
        var following = new List<FollowedView>();
        while (reader.Next(out var field))
        {
            switch (field)
            {
                case 1: sequence = reader.Number("sequence", 0); break;
                case 2: reader.Element("following", following, ProtocolLimits.GroupsMax, ReadFollowed); break;
                default: break;
            }
        }

        reader.Require(1, "sequence");
        return reader.Fault is null ? new Message.ReplicaHeartbeatAnswered(sequence, following) : null;
    }

    private static void WriteFollowed(FieldWriter writer, FollowedView followed)
    {
        writer.Number(1, followed.Group);
        writer.Number(2, followed.View);
        writer.Number(3, followed.Committed);
        if (followed.WantsExit) writer.Flag(4, true);
    }

    private static FollowedView ReadFollowed(ref FieldReader reader)
    {
        var group = 0;
        var (view, committed) = (0L, 0L);
        var wantsExit = false;
        while (reader.Next(out var field))
        {
            switch (field)
            {
                case 1: group = reader.Integer("group", 0, ProtocolLimits.GroupsMax - 1); break;
                case 2: view = reader.Number("view", 0); break;
                case 3: committed = reader.Number("committed", 0); break;
                case 4: wantsExit = reader.Flag("wantsExit"); break;
                default: break;
            }
        }

        reader.Require(1, "group");
        reader.Require(2, "view");
        reader.Require(3, "committed");
        return new FollowedView(group, view, committed, wantsExit);
    }
}
