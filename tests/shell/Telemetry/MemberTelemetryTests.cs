using Hyperscale.Det.Kernel;
using Hyperscale.Det.Nodes;
using Hyperscale.Det.Shell.Telemetry;
using Microsoft.Extensions.Logging.Abstractions;

namespace Hyperscale.Det.Tests.Shell.Telemetry;

public class MemberTelemetryTests
{
    private static readonly NodeId Self = NodeId.Of("gate-1");

    private static readonly NodeId Other = NodeId.Of("gate-2");

    [Fact]
    public void What_becomes_of_members_is_counted_and_the_newest_round_trip_shown()
    {
        using var registry = new MetricsRegistry();
        var telemetry = new NodeTelemetry(registry.Meter, NullLogger.Instance);
        foreach (var told in (TelemetryEvent[])
            [
                new TelemetryEvent.MemberJoined(Other, new BootId(1)),
                new TelemetryEvent.MemberSuspected(Other),
                new TelemetryEvent.MemberReturned(Other),
                new TelemetryEvent.MemberSuspected(Other),
                new TelemetryEvent.MemberDied(Other),
                new TelemetryEvent.MemberAnswered(Other, Duration.FromMilliseconds(7)),
                new TelemetryEvent.MemberAnswered(Other, Duration.FromMilliseconds(3)),
            ])
            telemetry.On(Self, told);

        var text = registry.Write();
        foreach (var (change, count) in ((string, int)[])
            [("joined", 1), ("suspected", 2), ("back", 1), ("dead", 1)])
        {
            var labels = $"{{change=\"{change}\",member=\"gate-2\",node=\"gate-1\"}}";
            Assert.Contains(
                $"hyperscale_members_changes_total{labels} {count}\n", text, StringComparison.Ordinal);
        }

        Assert.Contains(
            "hyperscale_members_rtt_seconds{member=\"gate-2\",node=\"gate-1\"} 0.003\n", text,
            StringComparison.Ordinal);
    }
}
