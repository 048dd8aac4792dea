using Hyperscale.Det.Kernel;
using Hyperscale.Det.Membership;

namespace Hyperscale.Det.Tests.Core.Membership;

/// <summary>How one member probes, and probes for others.</summary>
public sealed class SwimProbeTests
{
    private static readonly NodeId[] Names = [.. "abcdef".Select(c => NodeId.Of($"{c}"))];

    private static readonly Incarnation Claim = new(1, new BootId(1));

    private readonly Outbox<SwimEffect> _outbox = new();
    private readonly Swim _swim = new(SwimConfig.Default(Names[0], Names));
    private Instant _now = new(1_000_000_000);

    public SwimProbeTests()
    {
        Step(new SwimInput.Started(new BootId(7), 1));
        foreach (var name in Names[1..]) Hear(name, new SwimMessage.Nack(Claim, 0, []));
    }

    [Fact]
    public void Every_member_is_probed_once_a_round_in_orders_that_differ()
    {
        var orders = new SortedSet<string>(StringComparer.Ordinal);
        for (var round = 0; round < 10; round++)
        {
            var order = new List<NodeId>();
            for (var probe = 0; probe < 5; probe++)
            {
                var (to, ping) = NextProbe();
                order.Add(to);
                Hear(to, new SwimMessage.Ack(Claim, ping.Sequence, false, []));
            }

            Assert.Equal(Names[1..], order.Order());
            orders.Add(string.Join(' ', order));
        }

        Assert.True(orders.Count >= 8, string.Join(", ", orders));
    }

    [Fact]
    public void A_silent_member_is_tried_through_three_others_and_over_the_stream()
    {
        var (target, ping) = NextProbe();
        var sent = _now;
        Tick();

        Assert.Equal(Duration.FromMilliseconds(500), _now - sent);
        var requests = Sent<SwimMessage.PingRequest>();
        Assert.Equal(3, requests.Select(request => request.To).Distinct().Count());
        Assert.All(requests, request =>
        {
            Assert.NotEqual(target, request.To);
            Assert.Equal((target, ping.Sequence), (request.Message.Target, request.Message.Sequence));
            Assert.Equal(Duration.FromMilliseconds(400), request.Message.NackAfter);
        });
        var stream = Assert.Single(_outbox.Effects.OfType<SwimEffect.SendStream>());
        Assert.Equal(target, stream.To);
        Assert.True(Assert.IsType<SwimMessage.Ping>(stream.Message).ByStream);
    }

    [Theory]
    [InlineData(0, 3)]
    [InlineData(1, 2)]
    [InlineData(3, 0)]
    public void An_unanswered_probe_is_a_suspicion_and_missing_nacks_a_doubt_of_oneself(int nacks, int health)
    {
        var (target, ping) = NextProbe();
        Tick();
        foreach (var (relay, _) in Sent<SwimMessage.PingRequest>().Take(nacks).ToList())
        {
            Assert.Equal(SwimVerdict.Accepted, Hear(relay, new SwimMessage.Nack(Claim, ping.Sequence, [])));
            Assert.Equal(SwimVerdict.Unexpected, Hear(relay, new SwimMessage.Nack(Claim, ping.Sequence, [])));
        }

        _outbox.Clear();
        Tick();
        Assert.Equal(MemberState.Suspect, _swim.StateOf(target));
        Assert.Equal(health, _swim.Health);
        // It hears of it at once.
        var told = Sent<SwimMessage.Ping>().First(sent => sent.To == target).Message.Updates[0];
        Assert.Equal((target, MemberState.Suspect, Names[0]), (told.Node, told.State, told.Accuser));
    }

    [Fact]
    public void The_answer_through_another_or_over_the_stream_counts_and_measures_nothing()
    {
        for (var way = 0; way < 2; way++)
        {
            var (target, ping) = NextProbe();
            Tick();
            var relay = way == 0 ? Sent<SwimMessage.PingRequest>()[0].To : target;
            var ack = new SwimMessage.Ack(Claim, ping.Sequence, ByStream: way == 1, []);
            Assert.Equal(SwimVerdict.Accepted, Hear(relay, ack));
            Assert.Equal(SwimVerdict.Unexpected, Hear(relay, ack));
            Assert.DoesNotContain(_outbox.Effects, effect => effect is SwimEffect.RttMeasured);
            Tick();
            Assert.Equal(MemberState.Alive, _swim.StateOf(target));
        }
    }

    [Fact]
    public void An_answer_of_somebody_who_was_not_asked_is_none()
    {
        var (target, ping) = NextProbe();
        var other = Names[1..].First(name => name != target);
        var ack = new SwimMessage.Ack(Claim, ping.Sequence, false, []);

        Assert.Equal(SwimVerdict.Unexpected, Hear(other, ack));
        Assert.Equal(SwimVerdict.Unexpected, Hear(target, ack with { Sequence = ping.Sequence + 1 }));
        Assert.Equal(SwimVerdict.Accepted, Hear(target, ack));
    }

    [Fact]
    public void A_direct_answer_is_measured()
    {
        var (target, ping) = NextProbe();
        _now += Duration.FromMilliseconds(30);
        Hear(target, new SwimMessage.Ack(Claim, ping.Sequence, false, []));

        Assert.Contains(new SwimEffect.RttMeasured(target, Duration.FromMilliseconds(30)), _outbox.Effects);
    }

    [Fact]
    public void A_node_that_is_not_well_probes_more_slowly_and_waits_longer()
    {
        for (var probe = 0; probe < 3; probe++)
        {
            NextProbe();
            TickUntilSent<SwimMessage.PingRequest>();
        }

        NextProbe();
        var sent = _now;
        var health = _swim.Health;
        Assert.Equal(Swim.HealthMax, health);
        TickUntilSent<SwimMessage.PingRequest>();
        Assert.Equal(Duration.FromMilliseconds(500) * (health + 1), _now - sent);
        NextProbe();
        Assert.Equal(Duration.FromSeconds(1) * (health + 1), _now - sent);
    }

    [Fact]
    public void A_ping_for_another_is_answered_with_what_came_of_it()
    {
        var request = new SwimMessage.PingRequest(Claim, 40, Names[2], Duration.FromMilliseconds(100), []);
        Assert.Equal(SwimVerdict.Accepted, Hear(Names[1], request));
        var ping = Assert.Single(Sent<SwimMessage.Ping>());
        Assert.Equal(Names[2], ping.To);
        var answer = new SwimMessage.Ack(Claim, ping.Message.Sequence, false, []);
        Assert.Equal(SwimVerdict.Unexpected, Hear(Names[3], answer));

        _outbox.Clear();
        _now += Duration.FromMilliseconds(100);
        Step(new SwimInput.Tick());
        var nack = Assert.Single(Sent<SwimMessage.Nack>());
        Assert.Equal((Names[1], 40L), (nack.To, nack.Message.Sequence));

        // Late, but perhaps not too late for whoever asked.
        Assert.Equal(SwimVerdict.Accepted, Hear(Names[2], answer));
        var ack = Assert.Single(Sent<SwimMessage.Ack>());
        Assert.Equal((Names[1], 40L), (ack.To, ack.Message.Sequence));
        Assert.Equal(SwimVerdict.Unexpected, Hear(Names[2], answer));
    }

    [Fact]
    public void Pings_for_others_are_bounded_and_for_members_only()
    {
        var request = new SwimMessage.PingRequest(Claim, 1, Names[2], Duration.FromMilliseconds(100), []);
        Assert.Equal(SwimVerdict.NotMember, Hear(Names[1], request with { Target = NodeId.Of("stranger") }));
        Assert.Equal(SwimVerdict.NotMember, Hear(Names[1], request with { Target = Names[0] }));
        for (var i = 0; i < Swim.RelaysMax; i++)
            Assert.Equal(SwimVerdict.Accepted, Hear(Names[1], request with { Sequence = i }));
        Assert.Equal(SwimVerdict.Overloaded, Hear(Names[1], request));

        for (var half = 0; half < 2; half++)
        {
            _now += Duration.FromMilliseconds(100);
            Step(new SwimInput.Tick());
        }

        Assert.Equal(SwimVerdict.Accepted, Hear(Names[1], request));
    }

    [Fact]
    public void A_ping_over_the_stream_is_answered_over_the_stream()
    {
        _outbox.Clear();
        Hear(Names[1], new SwimMessage.Ping(Claim, 5, ByStream: true, []));

        var answer = Assert.IsType<SwimEffect.SendStream>(Assert.Single(_outbox.Effects));
        Assert.True(Assert.IsType<SwimMessage.Ack>(answer.Message).ByStream);
    }

    /// <summary>Ticks until the next member is pinged directly.</summary>
    private (NodeId To, SwimMessage.Ping Ping) NextProbe() => TickUntilSent<SwimMessage.Ping>();

    /// <summary>Ticks until such a message is sent, and tells the last one of that step.</summary>
    private (NodeId To, TMessage Message) TickUntilSent<TMessage>()
    {
        for (var ticks = 0; ticks < 20; ticks++)
        {
            Tick();
            if (Sent<TMessage>() is [.., var last]) return last;
        }

        Assert.Fail($"no {typeof(TMessage).Name} is sent");
        return default;
    }

    private void Tick()
    {
        _outbox.Clear();
        _now = Instant.Later(_now, _swim.NextDeadline);
        Step(new SwimInput.Tick());
    }

    private SwimVerdict Hear(NodeId from, SwimMessage message) =>
        Step(new SwimInput.Received(from, message));

    private SwimVerdict Step(SwimInput input)
    {
        var verdict = _swim.Step(input, _now, _outbox);
        _swim.CheckInvariants();
        return verdict;
    }

    private List<(NodeId To, TMessage Message)> Sent<TMessage>() =>
    [
        .. _outbox.Effects.OfType<SwimEffect.SendDatagram>()
            .Where(datagram => datagram.Message is TMessage)
            .Select(datagram => (datagram.To, (TMessage)(object)datagram.Message)),
    ];
}
