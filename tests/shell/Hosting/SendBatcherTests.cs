using Hyperscale.Det.Kernel;
using Hyperscale.Det.Protocol;
using Hyperscale.Det.Replication;
using Hyperscale.Det.Shell.Hosting;

namespace Hyperscale.Det.Tests.Shell.Hosting;

public sealed class SendBatcherTests
{
    private static readonly NodeId One = NodeId.Of("gate-1");
    private static readonly NodeId Two = NodeId.Of("gate-2");

    private readonly ListingTransport _transport = new();

    [Fact]
    public void What_replicas_tell_one_peer_leaves_as_one_message_in_order()
    {
        var batcher = new SendBatcher(_transport);
        batcher.Add(One, Commits(1, 2));
        batcher.Add(Two, Commits(9));
        batcher.Add(One, Commits(3));
        batcher.Add(One, Commits(4));
        Assert.Empty(_transport.Sent);
        batcher.Flush();

        Assert.Equal([(One, "1 2 3 4"), (Two, "9")], _transport.Sent);
    }

    [Fact]
    public void Nothing_overtakes_another_message_to_the_same_peer()
    {
        var batcher = new SendBatcher(_transport);
        batcher.Add(One, Commits(1));
        batcher.Add(One, new Message.ReplicaHeartbeat(7));
        batcher.Add(One, Commits(2));
        batcher.Flush();
        batcher.Flush();

        Assert.Equal([(One, "1"), (One, "heartbeat 7"), (One, "2")], _transport.Sent);
    }

    [Fact]
    public void The_messages_given_are_left_as_they_are()
    {
        var batcher = new SendBatcher(_transport);
        var first = Commits(1);
        batcher.Add(One, first);
        batcher.Add(One, Commits(2));
        batcher.Flush();

        Assert.Single(first.Messages);
    }

    [Fact]
    public void What_is_too_large_together_leaves_apart()
    {
        var batcher = new SendBatcher(_transport);
        var half = Commits([.. Enumerable.Range(0, GroupMessage.CountMax / 4)]);
        for (var i = 0; i < 3; i++) batcher.Add(One, half);
        batcher.Flush();

        Assert.Equal(2, _transport.Sent.Count);
    }

    private static Message.Replication Commits(params int[] groups) => new([.. groups.Select(Commit)]);

    private static GroupMessage Commit(int group) => new(group, new VsrMessage.Commit(1, 1, 1));

    private sealed class ListingTransport : IPeerTransport
    {
        public List<(NodeId To, string Text)> Sent { get; } = [];

        public void Send(NodeId to, Message message) => Sent.Add((to, message switch
        {
            Message.Replication told => string.Join(' ', told.Messages.Select(part => part.Group)),
            Message.ReplicaHeartbeat heartbeat => $"heartbeat {heartbeat.Sequence}",
            _ => "another",
        }));

        public void SendDatagram(NodeId to, Message message) => Sent.Add((to, "a datagram"));

        public void Abort() => Sent.Clear();
    }
}
