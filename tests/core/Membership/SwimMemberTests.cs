using Hyperscale.Det.Kernel;
using Hyperscale.Det.Membership;

namespace Hyperscale.Det.Tests.Core.Membership;

/// <summary>One member, whose peers say what the test has them say.</summary>
public sealed class SwimMemberTests
{
    private static readonly NodeId[] Names = [.. "abcdef".Select(c => NodeId.Of($"{c}"))];

    private static readonly (NodeId Self, NodeId B, NodeId C, NodeId D) Nodes =
        (Names[0], Names[1], Names[2], Names[3]);

    private readonly Outbox<SwimEffect> _outbox = new();
    private readonly SwimConfig _config = SwimConfig.Default(Nodes.Self, Names);
    private readonly Swim _swim;
    private Instant _now = new(1_000_000_000);

    public SwimMemberTests()
    {
        _swim = new Swim(_config);
        Step(new SwimInput.Started(new BootId(7), 1));
    }

    [Theory]
    [InlineData(0, 12_000)]
    [InlineData(1, 7500)]
    [InlineData(2, 4869)]
    [InlineData(3, 3000)]
    [InlineData(4, 3000)]
    public void Every_confirmation_shortens_a_suspicion(int confirmations, int milliseconds)
    {
        HearAlive(Nodes.B);
        var accusers = Names.Where(name => name != Nodes.B && name != Nodes.Self).Prepend(Nodes.Self);
        foreach (var accuser in accusers.Take(confirmations + 1))
            Hear(Nodes.C, About(Nodes.B, 1, MemberState.Suspect, accuser));

        var suspected = _now;
        PassUntil(() => _swim.StateOf(Nodes.B) == MemberState.Dead, keepAlive: Names[2..]);
        var expected = milliseconds * 1_000_000L;
        Assert.InRange((_now - suspected).Nanoseconds, expected - 10_000_000, expected + 10_000_000);
    }

    [Fact]
    public void The_same_voice_confirms_once_and_a_strangers_never()
    {
        HearAlive(Nodes.B);
        Hear(Nodes.C, About(Nodes.B, 1, MemberState.Suspect, Nodes.Self));
        for (var i = 0; i < 3; i++)
        {
            Hear(Nodes.C, About(Nodes.B, 1, MemberState.Suspect, Nodes.C));
            Hear(Nodes.C, About(Nodes.B, 1, MemberState.Suspect, NodeId.Of("stranger")));
            Hear(Nodes.C, About(Nodes.B, 1, MemberState.Suspect, Nodes.B));
        }

        var suspected = _now;
        PassUntil(() => _swim.StateOf(Nodes.B) == MemberState.Dead, keepAlive: Names[2..]);
        Assert.InRange((_now - suspected).Milliseconds, 7490, 7510);
    }

    [Fact]
    public void A_stranger_is_neither_heard_nor_talked_of()
    {
        var stranger = NodeId.Of("stranger");
        Assert.Equal(SwimVerdict.NotMember, Hear(stranger, About(Nodes.B, 1, MemberState.Alive)));
        Assert.Empty(_outbox.Effects);
        Hear(Nodes.C, About(stranger, 1, MemberState.Alive));

        Assert.Equal(MemberState.Unconfirmed, _swim.StateOf(Nodes.B));
        Assert.DoesNotContain(_swim.Others, other => other.Node == stranger);
    }

    [Fact]
    public void Who_was_never_heard_of_is_not_suspected_but_can_be_dead()
    {
        Hear(Nodes.C, About(Nodes.B, 1, MemberState.Suspect, Nodes.C));
        Assert.Equal(MemberState.Unconfirmed, _swim.StateOf(Nodes.B));

        Hear(Nodes.C, About(Nodes.B, 1, MemberState.Dead));
        Assert.Equal(MemberState.Dead, _swim.StateOf(Nodes.B));
    }

    [Theory]
    [InlineData(MemberState.Suspect, 7L << 32, (7L << 32) + 1)]
    [InlineData(MemberState.Dead, 7L << 32, (7L << 32) + 1)]
    [InlineData(MemberState.Dead, (7L << 32) + 20, (7L << 32) + 21)]
    [InlineData(MemberState.Dead, (7L << 32) - 1, 7L << 32)]
    [InlineData(MemberState.Alive, 7L << 32, 7L << 32)]
    [InlineData(MemberState.Dead, Incarnation.NumberMax, Incarnation.NumberMax)]
    public void Talk_of_ones_own_death_is_contradicted(MemberState state, long told, long own)
    {
        var update = new MemberUpdate(Nodes.Self, new Incarnation(told, new BootId(7)), state, Nodes.C);
        Step(new SwimInput.Received(Nodes.C, new SwimMessage.Ping(Claim(1), 1, false, [update])));

        Assert.Equal(own, _swim.Own.Number);
        // The answer itself carries the contradiction.
        Assert.Equal(own, Sent<SwimMessage.Ack>().Single().Message.Incarnation.Number);
    }

    [Fact]
    public void An_earlier_start_with_a_larger_number_is_outbid()
    {
        var ghost = new Incarnation(99L << 32, new BootId(99));
        Hear(Nodes.C, new MemberUpdate(Nodes.Self, ghost, MemberState.Alive, Nodes.Self));

        Assert.Equal(new Incarnation((99L << 32) + 1, new BootId(7)), _swim.Own);
        Assert.Equal(0, _swim.Health);
    }

    [Fact]
    public void A_start_that_is_behind_is_told_of_the_earlier_one()
    {
        HearAlive(Nodes.B, number: 500);
        Step(new SwimInput.Received(Nodes.B, new SwimMessage.Ping(Claim(3), 1, false, [])));

        var told = Sent<SwimMessage.Ack>().Single().Message.Updates[0];
        Assert.Equal((Nodes.B, 500L), (told.Node, told.Incarnation.Number));
    }

    [Fact]
    public void A_new_start_supersedes_the_dead_one()
    {
        HearAlive(Nodes.B, new Incarnation(4, new BootId(1)));
        Hear(Nodes.C, About(Nodes.B, 9, MemberState.Dead));
        HearAlive(Nodes.B, Incarnation.First(new BootId(2)));

        Assert.Equal(
            new SwimEffect.MemberChanged(Nodes.B, new BootId(2), MemberState.Alive, IsNewLife: true),
            _outbox.Effects.OfType<SwimEffect.MemberChanged>().Last());
        Hear(Nodes.C, About(Nodes.B, 9, MemberState.Dead));
        Assert.Equal(MemberState.Alive, _swim.StateOf(Nodes.B));
    }

    [Fact]
    public void A_restart_that_nobody_missed_is_told_too()
    {
        HearAlive(Nodes.B, Incarnation.First(new BootId(1)));
        HearAlive(Nodes.B, Incarnation.First(new BootId(2)));

        Assert.Equal(
            new SwimEffect.MemberChanged(Nodes.B, new BootId(2), MemberState.Alive, IsNewLife: true),
            _outbox.Effects.OfType<SwimEffect.MemberChanged>().Last());
    }

    [Fact]
    public void Old_talk_of_death_in_an_exchange_lets_the_living_contradict()
    {
        HearAlive(Nodes.B);
        Exchange(Nodes.C, About(Nodes.B, 1, MemberState.Dead));
        Assert.Equal(MemberState.Suspect, _swim.StateOf(Nodes.B));

        HearAlive(Nodes.B, number: 2);
        Assert.Equal(MemberState.Alive, _swim.StateOf(Nodes.B));
        Hear(Nodes.C, About(Nodes.B, 2, MemberState.Dead));
        Assert.Equal(MemberState.Dead, _swim.StateOf(Nodes.B));
    }

    [Fact]
    public void An_exchange_passes_the_accuser_on_and_not_the_one_who_tells()
    {
        HearAlive(Nodes.B);
        Hear(Nodes.C, About(Nodes.B, 1, MemberState.Suspect, Nodes.D));
        _outbox.Clear();
        Step(new SwimInput.Received(Nodes.C, new SwimMessage.PushPull(Claim(1), true, [])));

        var answer = Assert.IsType<SwimMessage.PushPull>(
            Assert.Single(_outbox.Effects.OfType<SwimEffect.SendStream>()).Message);
        Assert.False(answer.WantsAnswer);
        Assert.Equal(Nodes.D, answer.Updates.Single(update => update.Node == Nodes.B).Accuser);
    }

    [Fact]
    public void A_pause_of_this_node_kills_nobody()
    {
        HearAlive(Nodes.B);
        Hear(Nodes.C, About(Nodes.B, 1, MemberState.Suspect, Nodes.C));
        Pass(Duration.FromMinutes(5));
        Step(new SwimInput.Tick());
        Assert.Equal(MemberState.Suspect, _swim.StateOf(Nodes.B));
        Assert.Equal(1, _swim.Health);

        HearAlive(Nodes.B, number: 2);
        Assert.Equal(MemberState.Alive, _swim.StateOf(Nodes.B));
    }

    private static MemberUpdate About(NodeId node, long number, MemberState state, NodeId? accuser = null) =>
        new(node, Claim(number), state, accuser ?? node);

    private static Incarnation Claim(long number) => new(number, new BootId(1));

    private void HearAlive(NodeId node, long number = 1) => HearAlive(node, Claim(number));

    private void HearAlive(NodeId node, Incarnation claim) =>
        Step(new SwimInput.Received(node, new SwimMessage.Nack(claim, 0, [])));

    private SwimVerdict Hear(NodeId from, MemberUpdate update)
    {
        _outbox.Clear();
        // The sender has claimed nothing newer than anybody else.
        return Step(new SwimInput.Received(from, new SwimMessage.Ping(Claim(1), 1, false, [update])));
    }

    private void Exchange(NodeId from, MemberUpdate update) =>
        Step(new SwimInput.Received(from, new SwimMessage.PushPull(Claim(1), false, [update])));

    private SwimVerdict Step(SwimInput input)
    {
        var verdict = _swim.Step(input, _now, _outbox);
        _swim.CheckInvariants();
        return verdict;
    }

    private IEnumerable<(NodeId To, TMessage Message)> Sent<TMessage>() =>
        _outbox.Effects.OfType<SwimEffect.SendDatagram>()
            .Where(datagram => datagram.Message is TMessage)
            .Select(datagram => (datagram.To, (TMessage)(object)datagram.Message));

    private void Pass(Duration time) => _now += time;

    /// <summary>Ticks when ticks are due, and has some answer every ping.</summary>
    private void PassUntil(Func<bool> isDone, IReadOnlyList<NodeId> keepAlive)
    {
        for (var steps = 0; steps < 1000 && !isDone(); steps++)
        {
            _outbox.Clear();
            _now = _swim.NextDeadline;
            Step(new SwimInput.Tick());
            var pings = Sent<SwimMessage.Ping>().Where(sent => keepAlive.Contains(sent.To)).ToList();
            foreach (var (to, ping) in pings)
                Step(new SwimInput.Received(to, new SwimMessage.Ack(Claim(1), ping.Sequence, false, [])));
        }

        Assert.True(isDone());
    }
}
