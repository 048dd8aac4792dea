using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Nodes;
using Hyperscale.Det.Resources;
using Hyperscale.Det.Shell.Telemetry;
using Hyperscale.Det.Tests.Shell.Transport;
using Microsoft.Extensions.Logging.Abstractions;

namespace Hyperscale.Det.Tests.Shell.Telemetry;

public sealed class ResourceTelemetryTests
{
    private static readonly NodeId Node = NodeId.Of("n");

    private static readonly AttemptKey Attempt = new(new SlotKey(new JobId(1, 2), 0, 1), 3, 1);

    private static readonly ResourceKill Kill = new(
        GuardDimension.Memory, 100, 70, 85, 100, [], [], ProcessesKilled: 4, WasForced: true);

    private static readonly WorkerResourceReport Report = new(
        Cores: 2, new ResourceUsage(150, 1, 3e9, 1), MemoryTotalBytes: 4_000_000_000, Processes: 7, [],
        OverBudget: null)
    {
        Enforcer = "cgroup-v1",
    };

    [Theory]
    [InlineData("resource_guard_level_changes_total{dimension=\"memory\",level=\"warn\",node=\"n\"} 2")]
    [InlineData("resource_guard_level_changes_total{dimension=\"memory\",level=\"throttle\",node=\"n\"} 1")]
    [InlineData("resource_guard_level_changes_total{dimension=\"cpu\",level=\"none\",node=\"n\"} 1")]
    [InlineData("resource_guard_throttles_total{node=\"n\"} 2")]
    [InlineData("resource_guard_kills_total{node=\"n\",violation=\"memory\"} 1")]
    [InlineData("resource_guard_kills_total{node=\"n\",violation=\"file_descriptors\"} 1")]
    [InlineData("resource_guard_processes_killed_total{node=\"n\"} 5")]
    [InlineData("worker_cpu_percent{node=\"n\"} 150")]
    [InlineData("worker_memory_bytes{node=\"n\"} 3000000000")]
    [InlineData("worker_cpu_pressure{node=\"n\"} 0.75")]
    [InlineData("worker_memory_pressure{node=\"n\"} 0.75")]
    [InlineData("worker_processes{node=\"n\"} 7")]
    [InlineData("worker_over_budget{node=\"n\"} 0")]
    [InlineData("worker_enforcer{enforcer=\"cgroup-v1\",node=\"n\"} 1")]
    public void Levels_orders_kills_and_reports_are_told_under_their_names(string line)
    {
        using var registry = new MetricsRegistry();
        var telemetry = new NodeTelemetry(registry.Meter, NullLogger.Instance);
        foreach (var told in (TelemetryEvent[])
            [
                Level(GuardDimension.Memory, GuardLevel.None, GuardLevel.Warn),
                Level(GuardDimension.Memory, GuardLevel.Warn, GuardLevel.Throttle),
                Level(GuardDimension.Memory, GuardLevel.Throttle, GuardLevel.Warn),
                Level(GuardDimension.Cpu, GuardLevel.Warn, GuardLevel.None),
                new TelemetryEvent.WorkloadThrottled(Attempt, new ThrottleOrder(20, 200)),
                new TelemetryEvent.WorkloadThrottled(Attempt, new ThrottleOrder(10, 100)),
                new TelemetryEvent.WorkloadThrottled(Attempt, null),
                new TelemetryEvent.ResourceKilled(Attempt, "leak", Kill),
                new TelemetryEvent.ResourceKilled(
                    Attempt, "opener",
                    Kill with { Violation = GuardDimension.FileDescriptors, ProcessesKilled = 1 }),
                new TelemetryEvent.ResourcesReported(Node, Report with { OverBudget = "too much" }),
                new TelemetryEvent.ResourcesReported(Node, Report),
            ])
            telemetry.On(Node, told);

        Assert.Contains(line + "\n", registry.Write(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_worker_over_its_budget_shows_as_one()
    {
        using var registry = new MetricsRegistry();
        var telemetry = new NodeTelemetry(registry.Meter, NullLogger.Instance);
        telemetry.On(Node, new TelemetryEvent.ResourcesReported(
            Node, Report with { OverBudget = "too much", Enforcer = "" }));

        Assert.Contains("worker_over_budget{node=\"n\"} 1\n", registry.Write(), StringComparison.Ordinal);
        // Who tells nothing of how it guards has no series of that.
        Assert.DoesNotContain("worker_enforcer{", registry.Write(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Operators_read_what_became_of_whom()
    {
        using var registry = new MetricsRegistry();
        var lines = new LogLines();
        var telemetry = new NodeTelemetry(registry.Meter, lines);
        foreach (var told in (TelemetryEvent[])
            [
                Level(GuardDimension.Memory, GuardLevel.None, GuardLevel.Warn),
                Level(GuardDimension.Memory, GuardLevel.Warn, GuardLevel.None),
                new TelemetryEvent.WorkloadThrottled(Attempt, new ThrottleOrder(20, 250)),
                new TelemetryEvent.WorkloadThrottled(Attempt, null),
                new TelemetryEvent.ResourceKilled(Attempt, "leak", Kill),
                new TelemetryEvent.WorkerOverBudget(Node, "memory of its machine is used to 99%"),
                new TelemetryEvent.WorkerOverBudget(Node, null),
                new TelemetryEvent.DatacenterPressed("dc-a", true, 0.9, 0.5),
                new TelemetryEvent.DatacenterPressed("dc-a", false, 0.5, 0.5),
                new TelemetryEvent.MemberPressed(NodeId.Of("m"), true, 900, 100),
            ])
            telemetry.On(Node, told);

        foreach (var part in new[]
            {
                "is at level warn of memory: 42% cpu, 3.0 MiB, 5 descriptors",
                "is back at level none of memory",
                "is held to 20% of a core, or to run 25% of the time",
                "runs freely again",
                $"'leak': {Kill.Message}",
                "n: takes no work: memory of its machine is used to 99%",
                "n: takes work again",
                "n: dc-a is under high pressure: cpu 0.90, memory 0.50",
                "n: dc-a is no more under high pressure: cpu 0.50, memory 0.50",
                "n: member m is under high pressure: cpu 900, memory 100 of 1000",
            })
        {
            Assert.EndsWith(part, await lines.NextAsync(""), StringComparison.Ordinal);
        }
    }

    private static TelemetryEvent.GuardLevelChanged Level(
        GuardDimension dimension, GuardLevel from, GuardLevel to) => new(
        Attempt, dimension, from, to,
        new ResourceMetrics(42, 1, 3 * 1048576, 1, 0, 5, Instant.Zero, SampleCount: 1, ProcessCount: 1));
}
