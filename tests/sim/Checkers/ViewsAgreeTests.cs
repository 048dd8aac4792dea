using Hyperscale.Det.Kernel;
using Hyperscale.Det.Resources;
using Hyperscale.Det.Sim.Checkers;
using Hyperscale.Det.Sim.Plans;

namespace Hyperscale.Det.Tests.Sim.Checkers;

/// <summary>The checker of managers' views notices what it is there for.</summary>
public sealed class ViewsAgreeTests
{
    private const string Other = "dc-a/manager-2";

    private static readonly Plan TwoManagers = CalmPlan.Smallest with
    {
        Topology = new PlanTopology(1, 1, [new PlanDatacenter("dc-a", 2, [2])], Clients: 1),
    };

    private readonly SortedDictionary<NodeId, List<ManagerLocalView>> _views = [];
    private readonly CheckerBench _bench;

    public ViewsAgreeTests()
    {
        _bench = new CheckerBench(
            new ViewsAgree(host => _views.GetValueOrDefault(host.Id)), TwoManagers);
        Know(CheckerBench.Manager, View(CheckerBench.Manager, 1), View(Other, 1));
        Know(Other, View(CheckerBench.Manager, 1), View(Other, 1));
    }

    [Fact]
    public void Views_that_are_new_and_of_the_lives_that_run_are_right() => Expect(null);

    [Fact]
    public void A_view_that_somebody_lacks_is_noticed()
    {
        Know(Other, View(Other, 1));
        Expect("dc-a/manager-2 knows nothing of dc-a/manager-1");
    }

    [Fact]
    public void A_view_of_an_earlier_life_is_noticed()
    {
        Know(CheckerBench.Manager, View(CheckerBench.Manager, 2), View(Other, 1));
        Expect("of dc-a/manager-1, which is at");
    }

    [Fact]
    public void A_view_that_nothing_new_came_after_is_noticed()
    {
        Know(Other, View(CheckerBench.Manager, 1, seconds: 20), View(Other, 1));
        Expect("dc-a/manager-2 knows nothing new of dc-a/manager-1");
    }

    private void Expect(string? fault)
    {
        _bench.Run();
        _bench.Run((int)(_bench.World.Plan.FaultsEnd.Milliseconds / 1000) + 1);
        Assert.Equal(fault is null, _bench.Checker.IsAtRest);
        _bench.Run(seconds: 41);
        if (fault is null) _bench.Checker.OnEnd();
        else Assert.Contains(fault, _bench.Breaks(_bench.Checker.OnEnd), StringComparison.Ordinal);
    }

    private void Know(string host, params ManagerLocalView[] views) => _views[NodeId.Of(host)] = [.. views];

    private static ManagerLocalView View(string manager, long life, int seconds = 1) => new(
        NodeId.Of(manager), new StateVersion(life, 1), default, [], Duration.FromSeconds(seconds));
}
