using Hyperscale.Det.Durability;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Nodes;
using Hyperscale.Det.Sim.Checkers;
using Hyperscale.Det.Sim.Coverage;
using Hyperscale.Det.Sim.Engine;
using Hyperscale.Det.Sim.Plans;

namespace Hyperscale.Det.Tests.Sim.Disk;

/// <summary>A node that finds its disk empty or damaged begins a new life and learns from the
/// others.</summary>
public sealed class DiskLossTests
{
    private static readonly Duration Second = Duration.FromSeconds(1);

    [Theory]
    [InlineData(DiskLossKind.Everything)]
    [InlineData(DiskLossKind.OneFile)]
    [InlineData(DiskLossKind.OneByte)]
    public void A_gate_that_lost_its_disk_is_whole_again_and_in_its_second_life(DiskLossKind kind)
    {
        var world = Running(new PlannedFault.DiskLoss(Second * 5, "gate-2", kind, Second));

        world.RunUntil(Instant.Zero + (Second * 30));

        var host = world.HostOf("gate-2");
        Assert.Equal(1, host.DiskLosses);
        Assert.True(host.IsWhole);
        Assert.True(world.Coverage.Count(Probe.LifeBegun) == 1, "a life begins once");
        Assert.True(world.Coverage.Count(Probe.LostDiskMadeGood) == 1, "and is made good");
        var groups = ((GateNode)host.Node!).Replicas;
        Assert.All(groups, replica => Assert.True(replica.Incarnation >= 2));
    }

    [Fact]
    public void A_second_disk_is_spared_while_the_first_is_not_made_good()
    {
        var world = Running(
            new PlannedFault.DiskLoss(Second * 5, "gate-1", DiskLossKind.Everything, Second * 10),
            new PlannedFault.DiskLoss(Second * 6, "gate-2", DiskLossKind.Everything, Second));

        world.RunUntil(Instant.Zero + (Second * 40));

        Assert.Equal((1, 0), (world.HostOf("gate-1").DiskLosses, world.HostOf("gate-2").DiskLosses));
        Assert.True(world.HostOf("gate-1").IsWhole);
    }

    [Fact]
    public void The_disk_of_a_manager_whose_ledger_too_few_keep_is_spared()
    {
        var world = Running(
            new PlannedFault.DiskLoss(Second * 5, "dc-a/manager-1", DiskLossKind.Everything, Second));

        world.RunUntil(Instant.Zero + (Second * 10));

        Assert.Equal(0, world.HostOf("dc-a/manager-1").DiskLosses);
    }

    [Fact]
    public void A_life_that_begins_without_a_loss_is_noticed()
    {
        var checker = new LogSurvives();
        var world = new ScriptedWorld(CalmPlan.Smallest, checker);
        world.RunFor(Second);
        var again = RecoveredLog.Nothing with { Incarnation = 2 };

        var broken = Assert.Throws<CheckFailedException>(
            () => checker.OnStarted(world.World.HostOf("gate-1"), again));

        Assert.Contains("nothing of its disk was lost", broken.Message, StringComparison.Ordinal);
    }

    private static World Running(params PlannedFault[] faults) => new(
        CalmPlan.Smallest.With(faults) with
        {
            Topology = new PlanTopology(3, 4, [new PlanDatacenter("dc-a", 1, [2])], Clients: 1),
        },
        checkers: null);
}
