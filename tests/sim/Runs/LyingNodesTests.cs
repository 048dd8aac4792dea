using Hyperscale.Det.Capacity;
using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Nodes;
using Hyperscale.Det.Sim.Engine;
using Hyperscale.Det.Sim.Plans;
using Hyperscale.Det.Slo;
using static Hyperscale.Det.Tests.Sim.Runs.SloWorld;

namespace Hyperscale.Det.Tests.Sim.Runs;

/// <summary>Nodes that tell of latencies what nobody measured, in bytes that nobody can refuse, and gates
/// that hear of a datacenter from other gates alone (AD-42).</summary>
public sealed class LyingNodesTests
{
    private const int LiesFrom = 30;
    private const int LiesUntil = 80;

    // The next heartbeat, and what it takes to arrive.
    private const int HeardWithin = 7;

    // What was told falsely grows old, and then latencies have to be well for as long as it took.
    private const int ForgottenWithin = 50 + 50 + 30;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void What_a_worker_makes_up_counts_no_more_often_than_it_can_and_is_over_once_it_stops(bool isHuge)
    {
        const int Jobs = LiesUntil + ForgottenWithin + 350;
        var reports = new Reports();
        var world = WorldOf(
            Config, [.. EachSecond(Jobs)], workerCores: 64, managers: 1, GateConfig.Default, [reports],
            new PlannedFault.FalseDigests(At(LiesFrom), At(LiesUntil), "dc-a/worker-1", isHuge));
        var decisions = DecisionsOf(world);

        Assert.True(world.HasLyingWorkers(First));
        Assert.False(world.HasLyingWorkers(Second));
        Assert.Equal(isHuge, world.HasHugeLies(First));
        Assert.False(world.HasHugeLies(Second));
        Assert.Contains(decisions, decision => HealthOf(decision) > DatacenterHealth.Healthy);
        Assert.All(decisions, decision =>
            Assert.Equal(DatacenterHealth.Healthy, HealthOf(decision, Second)));
        Assert.Equal(isHuge, reports.Told.Any(told => told.Summary.Samples > LatencyBucket.CountMax / 2));
        Assert.Equal(DatacenterHealth.Healthy, HealthOf(decisions[^1]));
        Assert.All(GateOf(world).Ledger.All, job => Assert.Equal(JobState.Completed, job.State));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_gate_that_makes_reports_up_blinds_the_others_no_longer_than_they_count(bool isTerrible)
    {
        var world = TwoGates(
            jobs: LiesUntil + 60,
            new PlannedFault.FalseGossip(At(LiesFrom), At(LiesUntil), "gate-1", isTerrible));
        world.RunUntil(Instant.Zero + At(LiesFrom + 20));
        var told = ViewOf(world, "gate-2")!;
        Assert.Equal(isTerrible ? DatacenterHealth.Unhealthy : DatacenterHealth.Healthy, told.Health.Health);
        Assert.Equal(long.MaxValue, told.Mark.View);
        Assert.NotEqual(long.MaxValue, ViewOf(world, "gate-1")!.Mark.View);

        world.RunUntil(Instant.Zero + At(LiesUntil) + Config.SummaryTtl + (SecondLong * HeardWithin));
        Assert.Equal(ViewOf(world, "gate-1")!.Mark.View, ViewOf(world, "gate-2")!.Mark.View);
        Assert.Equal(DatacenterHealth.Healthy, ViewOf(world, "gate-2")!.Health.Health);
        world.Run();
    }

    [Fact]
    public void What_a_gate_cannot_hear_of_a_datacenter_it_is_told_by_another_gate_until_it_hears_it()
    {
        const int Until = 150;
        var world = TwoGates(
            jobs: Until + 50,
            Slow(LiesFrom, Until, First, 100),
            new PlannedFault.Partition(
                Duration.FromMilliseconds(1), At(Until), ["gate-1"], ["dc-a/manager-1"], OneWay: false));
        world.RunUntil(Instant.Zero + At(Until - 20));
        var (heard, told) = (ViewOf(world, "gate-2")!, ViewOf(world, "gate-1")!);
        Assert.NotEqual(SloHealth.Healthy, heard.Health);
        Assert.Equal(heard.Health, told.Health);
        Assert.False(told.Mark.IsNewerThan(heard.Mark));
        Assert.InRange(told.Summary.Age.Milliseconds, 1, Config.SummaryTtl.Milliseconds);

        world.Run();
        Assert.Equal(ViewOf(world, "gate-1")!.Mark.View, ViewOf(world, "gate-2")!.Mark.View);
    }

    [Fact]
    public void A_lie_ends_no_other_one_that_began_since()
    {
        var world = TwoGates(
            jobs: 60,
            new PlannedFault.FalseGossip(At(10), At(30), "gate-1", Terrible: true),
            new PlannedFault.FalseGossip(At(20), At(40), "gate-1", Terrible: false));
        var gate = world.HostOf("gate-1");
        world.RunUntil(Instant.Zero + At(15));
        var first = gate.Lie;
        world.RunUntil(Instant.Zero + At(25));
        var second = gate.Lie;
        Assert.NotNull(first);
        Assert.NotSame(first, second);

        world.RunUntil(Instant.Zero + At(35));
        Assert.Same(second, gate.Lie);
        world.RunUntil(Instant.Zero + At(45));
        Assert.Null(gate.Lie);
    }

    private static SloView? ViewOf(World world, string gate)
    {
        var host = world.HostOf(gate);
        return ((GateNode)host.Node!).SloOf(First, host.LocalNow);
    }

    private static World TwoGates(int jobs, params PlannedFault[] faults)
    {
        var plan = PlanOf(
            Config, [.. EachSecond(jobs)], workerCores: 64, managers: 1, GateConfig.Default, faults);
        return new World(plan with { Topology = plan.Topology with { Gates = 2 } });
    }
}
