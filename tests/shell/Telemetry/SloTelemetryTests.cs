using System.Reflection;
using Hyperscale.Det.Capacity;
using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Nodes;
using Hyperscale.Det.Shell.Telemetry;
using Hyperscale.Det.Slo;
using Hyperscale.Det.Tests.Shell.Transport;
using Microsoft.Extensions.Logging;

namespace Hyperscale.Det.Tests.Shell.Telemetry;

public sealed class SloTelemetryTests
{
    [Fact]
    public async Task What_was_taken_over_is_told_without_numbers_and_full_says_of_what()
    {
        using var registry = new MetricsRegistry();
        var lines = new LogLines();
        var telemetry = new NodeTelemetry(registry.Meter, lines);
        var node = NodeId.Of("manager-1");
        telemetry.On(node, new TelemetryEvent.SloHealthTakenOver(
            "dc-a", DatacenterHealth.Degraded, SloRuleKind.P95Degraded, Duration.FromSeconds(40)));
        telemetry.On(node, new TelemetryEvent.LatenciesDropped(
            new AttemptKey(new SlotKey(new JobId(1, 2), 0, 1), 3, 1)));
        telemetry.On(node, new TelemetryEvent.JobLatenciesDropped(new JobId(1, 2)));

        Assert.Equal(
            "manager-1: dc-a is Degraded by p95 of its jobs, as its last primary found 40s ago",
            await lines.NextAsync(""));
        Assert.EndsWith(
            "are not kept: more than it has had, or too many tell of theirs", await lines.NextAsync(""),
            StringComparison.Ordinal);
        Assert.Equal(
            $"manager-1: what was known of {new JobId(1, 2)}'s latencies is dropped: too many others tell of "
            + "theirs",
            await lines.NextAsync(""));
        Assert.DoesNotContain("slo_health_changes_total{", registry.Write(), StringComparison.Ordinal);
    }

    [Fact]
    public void Every_line_of_a_log_has_a_number_of_its_own() => Assert.Distinct(
        typeof(NodeLog).GetMethods(BindingFlags.Static | BindingFlags.Public)
            .Select(method => method.GetCustomAttribute<LoggerMessageAttribute>()!.EventId));
}
