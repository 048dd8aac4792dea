using Hyperscale.Det.Kernel;
using Hyperscale.Det.Sim.Coverage;
using Hyperscale.Det.Sim.Plans;

namespace Hyperscale.Det.Tests.Sim.Network;

public sealed class DatagramTests
{
    private static readonly Duration Long = Duration.FromSeconds(30);

    [Fact]
    public void Datagrams_vanish_one_by_one()
    {
        using var network = Run(CalmPlan.Network with { LossPerMillion = 200_000 });

        Assert.InRange(network.Arrived.Count, 50, 99);
        Assert.Equal((0, 0), (network.LostAtGate, network.LostAtManager));
        Assert.True(network.World.Coverage.Count(FaultFamily.Loss) > 0);
    }

    [Fact]
    public void Datagrams_overtake_each_other()
    {
        using var network = Run(CalmPlan.Network with { ReorderPerMillion = 200_000 });

        Assert.Equal(100, network.Arrived.Count);
        Assert.NotEqual(network.Arrived.Order(), network.Arrived);
        Assert.True(network.World.Coverage.Count(Probe.DatagramReordered) > 0);
    }

    [Fact]
    public void Datagrams_are_doubled()
    {
        using var network = Run(CalmPlan.Network with { DuplicatePerMillion = 200_000 });

        Assert.True(network.Arrived.Count > 100);
        Assert.Equal(100, network.Arrived.Distinct().Count());
    }

    [Fact]
    public void A_damaged_datagram_is_dropped_and_nobody_is_told()
    {
        using var network = Run(CalmPlan.Network with { CorruptPerMillion = 200_000 });

        Assert.InRange(network.Arrived.Count, 50, 99);
        Assert.Equal((0, 0), (network.LostAtGate, network.LostAtManager));
    }

    [Fact]
    public void Nothing_of_it_happens_by_itself()
    {
        using var network = Run(CalmPlan.Network);

        Assert.Equal(100, network.Arrived.Count);
        Assert.All(
            Enum.GetValues<FaultFamily>(),
            family => Assert.Equal(0, network.World.Coverage.Count(family)));
    }

    private static NetworkWorld Run(NetworkOptions options)
    {
        var network = new NetworkWorld(CalmPlan.Smallest.With(options));
        network.SendDatagrams(100);
        network.RunFor(Long);
        return network;
    }
}
