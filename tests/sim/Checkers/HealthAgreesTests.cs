using Hyperscale.Det.Kernel;
using Hyperscale.Det.Membership;
using Hyperscale.Det.Resources;
using Hyperscale.Det.Sim.Checkers;
using Hyperscale.Det.Sim.Plans;

namespace Hyperscale.Det.Tests.Sim.Checkers;

/// <summary>The checker of what members know of each other's health notices what it is there for.</summary>
public sealed class HealthAgreesTests
{
    private static readonly NodeId Manager = NodeId.Of(CheckerBench.Manager);
    private static readonly NodeId Other = NodeId.Of("dc-a/manager-2");

    private static readonly Plan TwoManagers = CalmPlan.Smallest
        .With(CalmPlan.Host with { LookInterval = Duration.FromSeconds(1) }) with
    {
        Topology = new PlanTopology(1, 1, [new PlanDatacenter("dc-a", 2, [2])], Clients: 1),
    };

    private readonly HealthPiggyback _health = new(Manager, membersMax: 8);
    private readonly CheckerBench _bench;

    public HealthAgreesTests()
    {
        var swim = new Swim(SwimConfig.Default(Manager, [Manager, Other]));
        _bench = new CheckerBench(
            new HealthAgrees(host => host.Id == Manager ? (swim, _health) : null), TwoManagers);
    }

    [Theory]
    [InlineData(null, "does not know how dc-a/manager-2 is")]
    [InlineData(900, "takes dc-a/manager-2 for pressed")]
    [InlineData(200, null)]
    public void What_is_known_of_a_member_that_runs_is_new_and_right(int? permille, string? fault)
    {
        _bench.Run(seconds: 61);
        if (permille is { } told) Hear(told);
        Assert.Equal(fault is null, _bench.Checker.IsAtRest);

        _bench.Run(seconds: 391);
        if (permille is { } again) Hear(again);
        if (fault is null) _bench.Checker.OnEnd();
        else Assert.Contains(fault, _bench.Breaks(_bench.Checker.OnEnd), StringComparison.Ordinal);
    }

    private void Hear(int permille)
    {
        var now = _bench.Host(CheckerBench.Manager).LocalNow;
        _health.Receive(
            [new HealthRecord(Other, new StateVersion(1, now.Nanoseconds), 100, permille, Duration.Zero)],
            now);
    }
}
