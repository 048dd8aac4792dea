using Hyperscale.Det.Kernel;
using Hyperscale.Det.Membership;
using Hyperscale.Det.Nodes;
using Hyperscale.Det.Sim.Checkers;

namespace Hyperscale.Det.Tests.Sim.Checkers;

/// <summary>The checker of membership notices what it is there for.</summary>
public sealed class MembersAgreeTests
{
    private static readonly NodeId Gate = NodeId.Of(CheckerBench.Gate);

    private static readonly NodeId Manager = NodeId.Of(CheckerBench.Manager);

    private readonly SortedDictionary<NodeId, Swim> _swims = [];
    private readonly CheckerBench _bench;
    private readonly Outbox<SwimEffect> _outbox = new();

    public MembersAgreeTests() =>
        _bench = new CheckerBench(new MembersAgree(host => _swims.GetValueOrDefault(host.Id)));

    [Fact]
    public void A_claim_that_nobody_made_is_noticed()
    {
        Begin();
        Hear(new Incarnation(1, new BootId(1)));
        Assert.Contains("which did not claim that", _bench.Breaks(Show), StringComparison.Ordinal);
    }

    [Fact]
    public void What_moves_on_is_no_fault_and_what_moves_back_is()
    {
        Begin();
        _swims[Manager] = Started(Manager, boot: 2);
        Show(CheckerBench.Manager);
        Hear(new Incarnation(1, new BootId(1)));
        Show();
        Hear(new Incarnation(2, new BootId(1)));
        Show();
        _swims[Gate] = Started(Gate, boot: 1);
        Hear(new Incarnation(1, new BootId(1)));
        Assert.Contains("goes back to", _bench.Breaks(Show), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(MemberState.Alive, true)]
    [InlineData(MemberState.Suspect, false)]
    [InlineData(MemberState.Dead, false)]
    public void Running_members_that_are_not_known_as_such_after_the_faults_are_noticed(
        MemberState state, bool isRight)
    {
        Begin();
        _bench.Run();
        var claim = Incarnation.First(_bench.Host(CheckerBench.Manager).Boot);
        Hear(claim, state);
        _bench.Run((int)(_bench.World.Plan.FaultsEnd.Milliseconds / 1000) + 1);
        Assert.Equal(isRight, _bench.Checker.IsAtRest);

        _bench.Run(seconds: 360);
        Assert.True(_bench.Checker.IsAtRest);
        if (isRight) _bench.Checker.OnEnd();
        else Assert.Contains("which runs as", _bench.Breaks(_bench.Checker.OnEnd), StringComparison.Ordinal);
    }

    private void Begin() => _swims[Gate] = Started(Gate, boot: 1);

    private Swim Started(NodeId self, ulong boot)
    {
        var swim = new Swim(SwimConfig.Default(self, [Gate, Manager]));
        swim.Step(new SwimInput.Started(new BootId(boot), 1), Instant.Zero, _outbox);
        return swim;
    }

    /// <summary>The gate hears of the manager.</summary>
    private void Hear(Incarnation claim, MemberState state = MemberState.Alive)
    {
        foreach (var told in new[] { MemberState.Alive, state }.Distinct())
        {
            var update = new MemberUpdate(
                Manager, claim, told, told == MemberState.Suspect ? Gate : Manager);
            _swims[Gate].Step(
                new SwimInput.Received(Manager, new SwimMessage.Nack(claim, 1, [update])), Instant.Zero,
                _outbox);
        }
    }

    private void Show() => Show(CheckerBench.Gate);

    private void Show(string host) => _bench.Checker.OnStep(
        _bench.Host(host), new NodeInput.Tick(new WallTime(0)), NodeVerdict.Accepted,
        new Outbox<NodeEffect>());
}
