using Hyperscale.Det.Durability;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Membership;
using Hyperscale.Det.Nodes;
using Hyperscale.Det.Protocol;
using Hyperscale.Det.Resources;

namespace Hyperscale.Det.Tests.Core.Nodes;

/// <summary>What gates and managers do with the membership of those they share ledgers with.</summary>
public sealed class NodeMembershipTests
{
    private static readonly NodeId[] Gates = [.. "abc".Select(c => NodeId.Of($"gate-{c}"))];

    private static readonly NodeId[] Managers = [.. "xyz".Select(c => NodeId.Of($"east/{c}"))];

    private static readonly Topology Cluster = new(
        "test", Gates, [new DatacenterTopology("east", Managers)], LedgerGroups: 1);

    private readonly Outbox<NodeEffect> _outbox = new();
    private Instant _now = new(1_000_000_000);
    private Instant _lookedAt = Instant.Zero;
    private long _cpu;

    public static TheoryData<string> Roles => ["gate", "manager"];

    [Theory]
    [MemberData(nameof(Roles))]
    public void A_node_exchanges_with_a_peer_at_once_and_probes_by_datagram(string role)
    {
        var (node, peers) = Start(role);
        var (_, exchange) = Assert.Single(Told<SwimMessage.PushPull>(_outbox.Effects.OfType<NodeEffect.Send>()
            .Select(send => (send.To, send.Message))));
        Assert.True(exchange.WantsAnswer);

        var (to, _) = NextPing(node);
        Assert.Contains(to, peers);
    }

    [Theory]
    [MemberData(nameof(Roles))]
    public void What_becomes_of_a_member_is_told(string role)
    {
        var (node, peers) = Start(role);
        var (to, ping) = NextPing(node);
        _now += Duration.FromMilliseconds(2);
        var claim = Incarnation.First(new BootId(5));
        Receive(node, to, new SwimMessage.Ack(claim, ping.Sequence, false, []));
        Assert.Equal(
            [
                new TelemetryEvent.MemberJoined(to, new BootId(5)),
                new TelemetryEvent.MemberAnswered(to, Duration.FromMilliseconds(2)),
            ],
            Events);

        var other = peers.First(peer => peer != to);
        Say(new MemberUpdate(to, claim, MemberState.Suspect, other));
        Say(new MemberUpdate(to, claim with { Number = claim.Number + 1 }, MemberState.Alive, to));
        Say(new MemberUpdate(to, claim with { Number = claim.Number + 1 }, MemberState.Dead, to));
        Assert.Equal(
            [
                new TelemetryEvent.MemberJoined(other, new BootId(6)),
                new TelemetryEvent.MemberSuspected(to),
                new TelemetryEvent.MemberReturned(to),
                new TelemetryEvent.MemberDied(to),
            ],
            Events.Skip(2));

        void Say(MemberUpdate update) => Receive(
            node, other, new SwimMessage.Nack(Incarnation.First(new BootId(6)), 1, [update]));
    }

    [Theory]
    [MemberData(nameof(Roles))]
    public void A_stranger_is_told_of(string role)
    {
        var (node, _) = Start(role);
        var stranger = NodeId.Of("east/worker-1");
        Assert.Equal(NodeVerdict.Unknown, Receive(node, stranger, new SwimMessage.Nack(default, 1, [])));
        Assert.Contains(new TelemetryEvent.Ignored(stranger, "Membership", "Unknown"), Events);
    }

    [Theory]
    [InlineData("gate")]
    [InlineData("manager")]
    public void How_a_node_is_rides_on_its_messages_and_is_told_once_each_way(string role)
    {
        var (receiver, _) = Start(role, index: 1);
        var (node, _) = Start(role);
        List<TelemetryEvent> told = [];
        Look(node, cores: 0);
        foreach (var cores in new[] { 0.9, 0.95, 0.8, 0.5, 0.8, 0.9 })
        {
            Look(node, cores);
            _outbox.Clear();
            var (_, ping) = NextPing(node);
            var own = Assert.Single(ping.Health, record => record.Node == node.Id);
            Assert.Equal(((int)Math.Round(cores * 1000), 250), (own.CpuPermille, own.MemoryPermille));
            Receive(receiver, node.Id, ping);
            told.AddRange(Events.OfType<TelemetryEvent.MemberPressed>());
        }

        Assert.Equal(
            [
                new TelemetryEvent.MemberPressed(node.Id, true, 900, 250),
                new TelemetryEvent.MemberPressed(node.Id, false, 500, 250),
                new TelemetryEvent.MemberPressed(node.Id, true, 900, 250),
            ],
            told);
    }

    [Fact]
    public void Who_is_alone_says_nothing()
    {
        var topology = Cluster with { Gates = Gates[..1] };
        Start(new GateNode(Gates[0], topology, GateConfig.Default));
        Assert.DoesNotContain(
            _outbox.Effects, effect => effect is NodeEffect.Send or NodeEffect.SendDatagram);
    }

    [Theory]
    [MemberData(nameof(Roles))]
    public void Two_nodes_that_hear_the_same_are_the_same(string role)
    {
        ulong[] prints = [Run(), Run()];
        Assert.Equal(prints[0], prints[1]);

        ulong Run()
        {
            _now = new Instant(1_000_000_000);
            var (node, _) = Start(role);
            NextPing(node);
            node.CheckInvariants();
            var fingerprint = default(Fingerprint);
            node.AddTo(ref fingerprint);
            return fingerprint.Value;
        }
    }

    private IEnumerable<TelemetryEvent> Events => _outbox.Effects.OfType<NodeEffect.Emit>()
        .Select(emit => emit.Event)
        .Where(told => told is not (TelemetryEvent.Recovered or TelemetryEvent.GroupLed));

    private (INode Node, NodeId[] Peers) Start(string role, int index = 0) => role == "gate"
        ? (Start(new GateNode(Gates[index], Cluster, GateConfig.Default)), Gates[(index + 1)..])
        : (Start(new ManagerNode(Managers[index], "east", Cluster, ManagerConfig.Default)),
            Managers[(index + 1)..]);

    private INode Start(INode node)
    {
        _outbox.Clear();
        Step(node, new NodeInput.Started(
            RecoveredLog.Nothing, 3, new BootId(1), new WallTime(1_700_000_000_000)));
        return node;
    }

    private NodeVerdict Receive(INode node, NodeId from, SwimMessage message) =>
        Step(node, new NodeInput.Received(from, new Message.Membership(message)));

    private NodeVerdict Step(INode node, NodeInput input) => node.Step(input, _now, _outbox);

    /// <summary>A second passes, and the host finds what its process used of the processor since it looked
    /// last, and a quarter of its memory in use.</summary>
    private void Look(INode node, double cores)
    {
        _now += Duration.FromSeconds(1);
        _cpu += (long)Math.Round(cores * (_now - _lookedAt).Nanoseconds);
        _lookedAt = _now;
        Step(node, new NodeInput.ResourcesSampled([], new NodeReading(_now, _cpu, 250, 1000)));
    }

    private (NodeId To, SwimMessage.Ping Ping) NextPing(INode node)
    {
        for (var ticks = 0; ticks < 20; ticks++)
        {
            _now = Instant.Later(_now, node.NextDeadline);
            Step(node, new NodeInput.Tick(new WallTime(1_700_000_000_000)));
            var pings = Told<SwimMessage.Ping>(_outbox.Effects.OfType<NodeEffect.SendDatagram>()
                .Select(datagram => (datagram.To, datagram.Message)));
            if (pings is [var ping]) return ping;
        }

        Assert.Fail("nobody is probed");
        return default;
    }

    private static List<(NodeId To, TMessage Told)> Told<TMessage>(
        IEnumerable<(NodeId To, Message Message)> sent)
        where TMessage : SwimMessage =>
    [
        .. from message in sent
           where message.Message is Message.Membership { Told: TMessage }
           select (message.To, (TMessage)((Message.Membership)message.Message).Told),
    ];
}
