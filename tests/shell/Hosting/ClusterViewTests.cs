using Hyperscale.Det.Capacity;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Nodes;
using Hyperscale.Det.Protocol;
using Hyperscale.Det.Shell.Hosting;
using Hyperscale.Det.Slo;

namespace Hyperscale.Det.Tests.Shell.Hosting;

public sealed class ClusterViewTests
{
    private static readonly NodeId Gate = NodeId.Of("gate-1");
    private static readonly NodeId Manager = NodeId.Of("manager-1");

    private static readonly Topology Cluster = new(
        "test", [Gate], [new DatacenterTopology("dc-a", [Manager])]);

    private readonly HandClock _clock = new();

    [Fact]
    public void Latencies_are_shown_for_as_long_as_routing_goes_by_them()
    {
        var view = Heard(SloConfig.Default);

        _clock.Seconds = 30;
        Assert.Equal(SloLevel.Violating, Assert.Single(view.Datacenters).Latencies!.Level);
        _clock.Seconds = 31;
        Assert.Null(Assert.Single(view.Datacenters).Latencies);
        Assert.NotNull(Assert.Single(view.Datacenters).Heartbeat);
    }

    [Fact]
    public void The_level_is_by_the_bounds_that_are_set()
    {
        var view = Heard(SloConfig.Default with { Levels = new(0.8, 1, 1.4, 1.5) });

        Assert.Equal(SloLevel.Warning, Assert.Single(view.Datacenters).Latencies!.Level);
    }

    private ClusterView Heard(SloConfig config)
    {
        var view = new ClusterView(Cluster, _clock, config);
        var summary = new SloSummary(50, 390, 500, 5000, 1.3f, 1.12f, Duration.Zero);
        view.Observe(new NodeInput.Received(Manager, new Message.ManagerHeartbeat(
            "dc-a", new BootId(1), 1, IsPrimary: true, View: 1, 1, 4, 4, 4, 0)
        {
            Capacity = HeartbeatCapacity.None,
            Slo = new DatacenterSlo(SloHealth.Healthy, summary, []),
        }));
        return view;
    }

    private sealed class HandClock : TimeProvider
    {
        public long Seconds { get; set; }

        public override long TimestampFrequency => 1;

        public override long GetTimestamp() => Seconds;
    }
}
