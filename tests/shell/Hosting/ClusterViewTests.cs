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

    private SloView? _routedBy = new(
        new SloHealth(DatacenterHealth.Degraded, SloRuleKind.P95Degraded),
        new SloSummary(50, 390, 500, 5000, 1.3f, 1.12f, Duration.FromSeconds(10)), SloLevel.Violating, 1.2)
    {
        Left = Duration.FromSeconds(20),
    };

    [Fact]
    public void Latencies_are_shown_for_as_long_as_routing_goes_by_them()
    {
        var view = new ClusterView(Cluster, _clock, (_, _) => _routedBy);
        view.Observe(Heartbeat(), Instant.Zero);

        _clock.Seconds = 20;
        Assert.Equal(Duration.FromSeconds(30), Assert.Single(view.Datacenters).Latencies!.Summary.Age);
        _clock.Seconds = 21;
        Assert.Null(Assert.Single(view.Datacenters).Latencies);
        Assert.NotNull(Assert.Single(view.Datacenters).Heartbeat);
    }

    [Fact]
    public void What_the_gate_routes_by_is_shown_whoever_told_it()
    {
        var view = new ClusterView(Cluster, _clock, (_, _) => _routedBy);
        // A primary that is new tells of no latencies.
        view.Observe(Heartbeat(), Instant.Zero);
        Assert.Equal(1.2, Assert.Single(view.Datacenters).Latencies!.Factor);
        (var before, _routedBy) = (_routedBy, null);
        view.Observe(new NodeInput.Tick(default), Instant.Zero);
        Assert.Equal(before, Assert.Single(view.Datacenters).Latencies);
        view.Observe(Heartbeat(isPrimary: false), Instant.Zero);
        Assert.Null(Assert.Single(view.Datacenters).Latencies);
        _routedBy = before;
        view.Observe(new NodeInput.Received(Gate, new Message.SloTold([])), Instant.Zero);
        Assert.Equal(before, Assert.Single(view.Datacenters).Latencies);
    }

    private static NodeInput.Received Heartbeat(bool isPrimary = true) => new(
        Manager, new Message.ManagerHeartbeat("dc-a", new BootId(1), 1, isPrimary, View: 1, 1, 4, 4, 4, 0));

    private sealed class HandClock : TimeProvider
    {
        public long Seconds { get; set; }

        public override long TimestampFrequency => 1;

        public override long GetTimestamp() => Seconds;
    }
}
