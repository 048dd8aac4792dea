using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Nodes;
using Hyperscale.Det.Routing;
using Hyperscale.Det.Sim.Engine;
using Hyperscale.Det.Sim.Plans;

namespace Hyperscale.Det.Tests.Sim.Runs;

/// <summary>Jobs that come one after another to a gate with a datacenter beside it and one far away, of which
/// the near one is slow for a while (AD-45).</summary>
public sealed class SlowDatacenterTests
{
    private const string Near = "dc-a";
    private const string Far = "dc-b";

    // Numbers of jobs: one comes each second. By the first of these the gate knows how far away both are.
    private const int SlowFrom = 120;
    private const int SlowUntil = 240;
    private const int Jobs = SlowUntil + 600;
    private const int LeavesWithin = 20;

    private static readonly Duration Second = Duration.FromSeconds(1);
    private static readonly Duration FirstJob = Second * 10;

    [Theory]
    [InlineData("dc-a/manager-1", 300)]
    [InlineData("dc-a/worker-1", 1000)]
    public void Jobs_leave_a_slow_datacenter_within_twenty_and_come_back_within_ten_minutes_once_it_is_well(
        string slowNode, int slowByMs)
    {
        var decisions = Run(slowNode, slowByMs, GateConfig.Default);

        Assert.All(decisions[(SlowFrom - 20)..SlowFrom], decision => GoesTo(Near, decision));
        Assert.All(decisions[(SlowFrom + LeavesWithin)..SlowUntil], decision => GoesTo(Far, decision));
        Assert.All(decisions[^20..], decision => GoesTo(Near, decision));
    }

    [Fact]
    public void Without_what_results_teach_they_stay_where_only_work_is_slow()
    {
        var learnsNothing = GateConfig.Default with
        {
            Routing = AdaptiveRoutingConfig.Default with { IsEnabled = false },
        };

        var decisions = Run("dc-a/worker-1", 1000, learnsNothing);

        Assert.All(decisions[(SlowFrom - 20)..SlowUntil], decision => GoesTo(Near, decision));
    }

    /// <summary>A probe of another datacenter is for one job alone.</summary>
    private static void GoesTo(string datacenter, RoutingDecision decision)
    {
        if (decision.Reason != RoutingReason.Probe) Assert.Equal([datacenter], decision.Primaries);
    }

    /// <summary>What the gate decided about each job in turn.</summary>
    /// <param name="slowByMs">Added to each batch of messages that the node takes.</param>
    private static List<RoutingDecision> Run(string slowNode, int slowByMs, GateConfig gate)
    {
        var slow = new PlannedFault.SlowProcess(
            FirstJob + (Second * SlowFrom), FirstJob + (Second * SlowUntil), slowNode,
            Duration.FromMilliseconds(slowByMs));
        var far = Duration.FromMilliseconds(50);
        var jobs = Enumerable.Range(0, Jobs).Select(i => new PlannedOperation.Submit(
            FirstJob + (Second * i), Client: 0, JobOf($"job-{i}"), Watches: false));
        var calm = CalmPlan.Smallest.With(
            CalmPlan.Network with { WanLatencyMin = far, WanLatencyMax = far });
        var world = new World(calm.With(slow) with
        {
            Options = calm.Options with { Gate = gate, Host = CalmPlan.Host with { InvariantsEvery = 100 } },
            Topology = new PlanTopology(
                1, 1, [new PlanDatacenter(Near, 1, [64]), new PlanDatacenter(Far, 1, [64])], Clients: 1),
            FaultsEnd = FirstJob + (Second * (Jobs + 10)),
            Operations = [.. jobs],
        });

        world.Run();

        var node = (GateNode)world.HostOf("gate-1").Node!;
        return [.. world.Clients.Accepted.Keys.Select(job => node.RoutingOf(job)!)];
    }

    private static PlannedJob JobOf(string name) => new(
        name, 1, [], [], null, null, null,
        [new PlannedWorkflow(WorkflowKind.Exec, 1, Second, Second * 10, [])]);
}
