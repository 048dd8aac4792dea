using System.Diagnostics;
using System.Diagnostics.Metrics;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Nodes;

namespace Hyperscale.Det.Shell.Telemetry;

/// <summary>Log lines and numbers of who is alive.</summary>
internal sealed class MemberTelemetry(Meter meter, ILogger logger)
{
    private readonly Counter<long> _changes = meter.CreateCounter<long>(
        "hyperscale.members.changes", null,
        "Members joined, suspected, dead or back, as this node sees them");

    private readonly Gauge<double> _rtt = meter.CreateGauge<double>(
        "hyperscale.members.rtt", "s", "Newest time from a datagram to a member until its answer");

    public void On(NodeId node, TelemetryEvent telemetry)
    {
        switch (telemetry)
        {
            case TelemetryEvent.MemberJoined joined:
                NodeLog.MemberJoined(logger, node, joined.Member, joined.Boot);
                Count(node, joined.Member, "joined");
                break;
            case TelemetryEvent.MemberSuspected suspected:
                NodeLog.MemberSuspected(logger, node, suspected.Member);
                Count(node, suspected.Member, "suspected");
                break;
            case TelemetryEvent.MemberDied died:
                NodeLog.MemberDied(logger, node, died.Member);
                Count(node, died.Member, "dead");
                break;
            case TelemetryEvent.MemberReturned returned:
                NodeLog.MemberReturned(logger, node, returned.Member);
                Count(node, returned.Member, "back");
                break;
            case TelemetryEvent.MemberAnswered answered:
                NodeLog.MemberAnswered(logger, node, answered.Member, answered.Rtt);
                _rtt.Record(
                    answered.Rtt.Nanoseconds / 1e9,
                    new("node", node.Name),
                    new("member", answered.Member.Name));
                break;
            default:
                throw new UnreachableException($"unhandled {telemetry}");
        }
    }

    private void Count(NodeId node, NodeId member, string change) => _changes.Add(
        1, new("node", node.Name), new("member", member.Name), new("change", change));
}
