using System.Net.Sockets;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Membership;
using Hyperscale.Det.Protocol;
using Hyperscale.Det.Resources;
using Hyperscale.Det.Shell.Transport;

namespace Hyperscale.Det.Tests.Shell.Transport;

public sealed class DatagramTests
{
    [Fact]
    public async Task A_datagram_arrives_from_who_sent_it()
    {
        await using var one = TestPeer.Listening(TestPeer.GateOne, NodeRole.Gate);
        await using var two = TestPeer.Listening(
            TestPeer.GateTwo, NodeRole.Gate, TestPeer.Addresses(one));
        two.Transport.SendDatagram(TestPeer.GateOne, TestPeer.Slot(5));
        await one.ReceivesAsync(TestPeer.GateTwo, TestPeer.Slot(5));
    }

    [Fact]
    public async Task A_node_that_nobody_finds_sends_datagrams_too()
    {
        await using var one = TestPeer.Listening(TestPeer.GateOne, NodeRole.Gate);
        await using var worker = TestPeer.Dialing(TestPeer.Worker, NodeRole.Worker, TestPeer.Addresses(one));
        worker.Transport.SendDatagram(TestPeer.GateOne, TestPeer.Slot(5));
        await one.ReceivesAsync(TestPeer.Worker, TestPeer.Slot(5));
    }

    [Theory]
    [InlineData("short", "it has 3 bytes")]
    [InlineData("corrupt", "its checksum does not match")]
    [InlineData("foreign", "it is of cluster 'other'; this is 'test'")]
    [InlineData("nameless", "its sender '' is no node name")]
    [InlineData("own", "it says that it is from gate-1, which is this node")]
    [InlineData("long", "it is longer than 1400 bytes")]
    [InlineData("empty", "it is of cluster ''; this is 'test'")]
    public async Task A_malformed_datagram_is_counted_and_ignored(string what, string reason)
    {
        await using var one = TestPeer.Listening(TestPeer.GateOne, NodeRole.Gate);
        using var socket = new UdpClient();
        socket.Connect(one.Address!.Host, one.Address.Port);
        var datagram = DatagramFormat.Write("test", TestPeer.Worker, new BootId(1), TestPeer.Slot(1));
        switch (what)
        {
            case "short":
                datagram = datagram[..3];
                break;
            case "corrupt":
                datagram[^1] ^= 1;
                break;
            case "foreign":
                datagram = DatagramFormat.Write("other", TestPeer.Worker, new BootId(1), TestPeer.Slot(1));
                break;
            case "nameless":
                datagram = DatagramFormat.Write("test", default, new BootId(1), TestPeer.Slot(1));
                break;
            case "own":
                datagram = DatagramFormat.Write("test", TestPeer.GateOne, new BootId(1), TestPeer.Slot(1));
                break;
            case "long":
                datagram = new byte[2000];
                break;
            default:
                datagram = new byte[4];
                break;
        }

        await socket.SendAsync(datagram, TestContext.Current.CancellationToken);
        var line = await one.Log.NextAsync("ignored");
        Assert.Contains(reason, line, StringComparison.Ordinal);
        Assert.Contains(
            "hyperscale_datagrams_ignored_total{node=\"gate-1\"} 1", one.Metrics, StringComparison.Ordinal);

        var good = DatagramFormat.Write("test", TestPeer.Worker, new BootId(1), TestPeer.Slot(2));
        await socket.SendAsync(good, TestContext.Current.CancellationToken);
        await one.ReceivesAsync(TestPeer.Worker, TestPeer.Slot(2));
    }

    [Fact]
    public async Task A_message_that_fits_no_datagram_is_not_sent()
    {
        await using var one = TestPeer.Listening(TestPeer.GateOne, NodeRole.Gate);
        await using var two = TestPeer.Listening(
            TestPeer.GateTwo, NodeRole.Gate, TestPeer.Addresses(one));
        var slot = TestPeer.Slot(1).Slot;
        two.Transport.SendDatagram(
            TestPeer.GateOne, new Message.NotPrimary(slot, TestPeer.GateTwo, View: 1));
        await one.ReceivesAsync(TestPeer.GateTwo, new Message.NotPrimary(slot, TestPeer.GateTwo, View: 1));
        var attempts = Enumerable.Range(1, 500)
            .Select(n => new AttemptInventory(new Jobs.AttemptKey(slot, 0, n), true)).ToList();
        two.Transport.SendDatagram(
            TestPeer.GateOne, new Message.WorkerHeartbeat(new BootId(1), 1, 1, attempts));
        var line = await two.Log.NextAsync("was not sent");
        Assert.Contains("a WorkerHeartbeat to gate-1", line, StringComparison.Ordinal);
        Assert.Contains("at most 1400 bytes fit", line, StringComparison.Ordinal);
    }

    [Fact]
    public void The_largest_message_of_members_with_the_longest_names_fits()
    {
        var longest = new string('n', NodeId.LengthMax - 2);
        var gossip = new Gossip();
        var health = new HealthPiggyback(NodeId.Of($"{longest}00"), membersMax: 100);
        var version = new StateVersion(uint.MaxValue, long.MaxValue);
        health.Set(version, 1, 1, Instant.Zero);
        var claim = new Incarnation(Incarnation.NumberMax, new BootId(ulong.MaxValue));
        for (var i = 10; i < 100; i++)
        {
            var node = NodeId.Of($"{longest}{i}");
            health.Receive(
                [new HealthRecord(node, version, 1000, 1000, Duration.FromSeconds(29))], Instant.Zero);
            gossip.Add(new MemberUpdate(node, claim, MemberState.Suspect, NodeId.Of($"{longest}00")));
        }

        var news = gossip.Take(SwimFields.UpdatesBytesMax, 100, null);
        var told = new SwimMessage.PingRequest(
            claim, long.MaxValue, news[0].Node, SwimFields.NackAfterMax, news)
        {
            Health = health.Take(HealthPiggyback.BytesMax, Instant.Zero),
        };
        Assert.NotEmpty(told.Health);
        var datagram = DatagramFormat.Write(
            new string('c', 64), news[0].Node, claim.Boot, new Message.Membership(told));

        Assert.InRange(datagram.Length, Frame.DatagramBytesMax * 3 / 4, Frame.DatagramBytesMax);
    }
}
