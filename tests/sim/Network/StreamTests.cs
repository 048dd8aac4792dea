using Hyperscale.Det.Kernel;
using Hyperscale.Det.Sim.Coverage;
using Hyperscale.Det.Sim.Plans;

namespace Hyperscale.Det.Tests.Sim.Network;

public sealed class StreamTests
{
    private static readonly Duration Moment = Duration.FromMilliseconds(500);
    private static readonly Duration Long = Duration.FromSeconds(30);

    [Fact]
    public void Messages_arrive_in_order_whatever_their_latencies()
    {
        using var network = Network(CalmPlan.Network with { TailDoublings = 12, QueueMax = 500 });

        network.Send(500);
        network.RunFor(Long);

        Assert.Equal(Enumerable.Range(0, 500).Select(n => (long)n), network.Arrived);
    }

    [Fact]
    public void Latencies_have_a_tail()
    {
        Assert.True(SlowestOf(tailDoublings: 12) > SlowestOf(tailDoublings: 0) * 10);

        static long SlowestOf(int tailDoublings)
        {
            var path = new Hyperscale.Det.Sim.Network.NetworkPath(
                0, 1, "a>b", Duration.FromMilliseconds(1), 7,
                CalmPlan.Network with { TailDoublings = tailDoublings });
            return Enumerable.Range(0, 10_000).Max(n => path.Latency(n, isCalm: false).Nanoseconds);
        }
    }

    [Fact]
    public void A_lost_message_breaks_its_stream_and_both_ends_are_told()
    {
        using var network = Network(CalmPlan.Network with { LossPerMillion = 100_000 });

        for (var i = 0; i < 20; i++)
        {
            network.Send(5);
            network.RunFor(Duration.FromSeconds(2));
        }

        Assert.True(network.Arrived.Count < 100);
        Assert.Equal(network.Arrived.Order(), network.Arrived);
        Assert.Distinct(network.Arrived);
        Assert.True(network.LostAtGate > 0 && network.LostAtManager > 0);
        Assert.True(network.World.Coverage.Count(FaultFamily.Loss) > 0);
    }

    [Fact]
    public void What_is_sent_behind_a_lost_message_is_lost_with_it()
    {
        using var network = Network(CalmPlan.Network, new DeliveryOverride(
            NetworkWorld.Gate, NetworkWorld.Manager, Number: 2, Lose: true, Duplicate: false, Duration.Zero));

        network.Send(2);
        network.RunFor(Moment);
        network.Send(3);
        network.RunFor(Long);
        network.Send();
        network.RunFor(Moment);

        Assert.Equal([0, 1, 5], network.Arrived);
    }

    [Fact]
    public void A_message_can_be_delivered_twice()
    {
        using var network = Network(CalmPlan.Network with { DuplicatePerMillion = 500_000 });

        network.Send(50);
        network.RunFor(Long);

        Assert.Equal(50, network.Arrived.Distinct().Count());
        Assert.True(network.Arrived.Count > 60);
        Assert.True(network.World.Coverage.Count(FaultFamily.Duplication) > 0);
    }

    [Fact]
    public void A_broken_stream_can_deliver_behind_its_successor()
    {
        var straggling = CalmPlan.Network with { StragglerPerMillion = 1_000_000 };
        using var network = Network(straggling, Late(0), Late(1));

        network.Send(2);
        network.RunFor(Moment);
        Reset(network);
        network.RunFor(Moment);
        network.Send();
        network.RunFor(Long);

        Assert.Equal([2, 0, 1], network.Arrived);
        Assert.True(network.World.Coverage.Count(Probe.StragglerDelivered) > 0);
    }

    [Fact]
    public void A_reset_loses_what_is_in_flight_and_both_ends_are_told()
    {
        using var network = Network(CalmPlan.Network, Late(0));

        network.Send();
        network.RunFor(Moment);
        Reset(network);
        network.RunFor(Long);

        Assert.Empty(network.Arrived);
        Assert.Equal((1, 1), (network.LostAtGate, network.LostAtManager));
        Assert.True(network.World.Coverage.Count(FaultFamily.ConnectionLoss) > 0);
    }

    [Fact]
    public void Changed_bytes_are_noticed_and_end_the_stream()
    {
        using var network = Network(CalmPlan.Network with { CorruptPerMillion = 100_000 });

        for (var i = 0; i < 20; i++)
        {
            network.Send(5);
            network.RunFor(Moment);
        }

        Assert.True(network.World.Coverage.Count(FaultFamily.Corruption) > 0);
        Assert.True(network.World.Coverage.Count(Probe.CorruptFrameRefused) > 0);
        Assert.True(network.LostAtGate > 0);
        Assert.Equal(network.Arrived.Order(), network.Arrived);
    }

    [Fact]
    public void A_short_partition_only_delays()
    {
        using var network = Network(Partition(seconds: 3));

        network.Send(3);
        network.RunFor(Moment);
        Assert.Empty(network.Arrived);
        network.RunFor(Long);

        Assert.Equal([0, 1, 2], network.Arrived);
        Assert.Equal((0, 0), (network.LostAtGate, network.LostAtManager));
        Assert.True(network.World.Coverage.Count(FaultFamily.Partition) > 0);
    }

    [Fact]
    public void A_long_partition_ends_the_stream()
    {
        var plan = Partition(seconds: 20) with { };
        using var network = new NetworkWorld(plan);
        network.Send();
        network.RunFor(Duration.FromMilliseconds(800));
        Assert.Equal([0], network.Arrived);

        network.RunFor(Duration.FromMilliseconds(200));
        network.Send();
        network.RunFor(Duration.FromSeconds(10));

        Assert.Equal([0], network.Arrived);
        Assert.Equal(1, network.LostAtGate);
    }

    [Fact]
    public void A_one_way_partition_lets_the_other_way_pass()
    {
        var there = Partition(seconds: 3, oneWay: true);
        var back = Partition(seconds: 3, oneWay: true, isBack: true);
        using var blocked = new NetworkWorld(there);
        using var open = new NetworkWorld(back);
        foreach (var network in new[] { blocked, open })
        {
            network.Send();
            network.RunFor(Duration.FromMilliseconds(950));
            network.Send();
            network.RunFor(Duration.FromMilliseconds(500));
        }

        Assert.Equal([0], blocked.Arrived);
        Assert.Equal([0, 1], open.Arrived);
    }

    [Fact]
    public void Who_is_not_there_refuses_and_a_call_is_known_not_to_have_left()
    {
        using var network = Network(CalmPlan.Smallest.With(Crash(CrashExtent.Process)));
        network.RunFor(Duration.FromSeconds(1));

        network.Send();
        network.Call();
        network.RunFor(Moment);

        Assert.Equal(1, network.LostAtGate);
        Assert.IsType<Protocol.Message.ClientCall>(Assert.Single(network.FailedAtGate).Message);
        Assert.True(network.World.Coverage.Count(Probe.ConnectionRefused) > 0);
    }

    [Fact]
    public void A_dead_process_is_told_of_at_once_and_a_dead_machine_only_by_silence()
    {
        Assert.Equal((1, 0), (LostAfter(CrashExtent.Process), LostAfter(CrashExtent.Machine)));

        static int LostAfter(CrashExtent extent)
        {
            using var network = Network(CalmPlan.Smallest.With(Crash(extent)));
            network.Send();
            network.RunFor(Duration.FromSeconds(3));
            return network.LostAtGate;
        }
    }

    [Fact]
    public void A_half_open_stream_ends_when_its_peer_is_back()
    {
        using var network = Network(CalmPlan.Smallest.With(Crash(CrashExtent.Machine)));
        network.Send();
        network.RunFor(Duration.FromSeconds(2));
        network.Send();
        network.RunFor(Long);
        network.Send();
        network.RunFor(Long);

        Assert.Equal([0, 2], network.Arrived);
        Assert.Equal(1, network.LostAtGate);
    }

    [Fact]
    public void A_full_queue_loses_what_does_not_fit_and_tells_the_sender()
    {
        using var network = Network(CalmPlan.Network with { QueueMax = 10 });

        network.Send(15);
        network.RunFor(Long);

        Assert.Equal(10, network.Arrived.Count);
        Assert.Equal(5, network.LostAtGate);
    }

    [Fact]
    public void A_healed_network_loses_nothing()
    {
        using var network = Network(CalmPlan.Network with
        {
            LossPerMillion = 500_000,
            CorruptPerMillion = 500_000,
            DuplicatePerMillion = 500_000,
        });
        network.World.Network.Heal();

        network.Send(50);
        network.RunFor(Long);

        Assert.Equal(Enumerable.Range(0, 50).Select(n => (long)n), network.Arrived);
    }

    private static NetworkWorld Network(NetworkOptions options, params DeliveryOverride[] overrides) =>
        new(CalmPlan.Smallest.With(options) with { Overrides = overrides });

    private static NetworkWorld Network(Plan plan) => new(plan);

    private static DeliveryOverride Late(long number) => new(
        NetworkWorld.Gate, NetworkWorld.Manager, number, Lose: false, Duplicate: false,
        Duration.FromSeconds(2));

    private static PlannedFault.Crash Crash(CrashExtent extent) => new(
        Duration.FromMilliseconds(900), NetworkWorld.Manager, CrashPoint.Anywhere, extent,
        Duration.FromSeconds(6));

    private static Plan Partition(int seconds, bool oneWay = false, bool isBack = false)
    {
        var at = Duration.FromMilliseconds(isBack || oneWay || seconds > 5 ? 1000 : 50);
        string[] from = [isBack ? NetworkWorld.Manager : NetworkWorld.Gate];
        string[] to = [isBack ? NetworkWorld.Gate : NetworkWorld.Manager];
        return CalmPlan.Smallest.With(
            new PlannedFault.Partition(at, at + Duration.FromSeconds(seconds), from, to, oneWay));
    }

    private static void Reset(NetworkWorld network) => network.World.Network.Reset(
        network.World.HostOf(NetworkWorld.Gate).Place.Index,
        network.World.HostOf(NetworkWorld.Manager).Place.Index);
}
