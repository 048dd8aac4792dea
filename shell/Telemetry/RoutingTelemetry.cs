using System.Diagnostics;
using System.Diagnostics.Metrics;
using Hyperscale.Det.Capacity;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Nodes;
using Hyperscale.Det.Routing;
using Hyperscale.Det.Slo;

namespace Hyperscale.Det.Shell.Telemetry;

/// <summary>Turns events of routing into log lines and numbers (AD-36, AD-43, AD-45).</summary>
internal sealed class RoutingTelemetry(Meter meter, ILogger logger)
{
    private readonly Counter<long> _routed = meter.CreateCounter<long>(
        "hyperscale.jobs.routed", null, "Jobs routed, by outcome and reason");

    private readonly Counter<long> _spilled = meter.CreateCounter<long>(
        "hyperscale.jobs.spilled", null, "Datacenters that jobs left for want of cores");

    private readonly Gauge<double> _observed = meter.CreateGauge<double>(
        "route_learning_observed_latency_ms", null, "Mean overhead of a datacenter's jobs");

    private readonly Gauge<double> _blended = meter.CreateGauge<double>(
        "route_learning_blended_latency_ms", null, "The same, with the predicted round trip");

    private readonly Gauge<double> _confidence = meter.CreateGauge<double>(
        "route_learning_confidence", null, "How far what was observed is trusted, 0 to 1");

    private readonly Gauge<long> _samples = meter.CreateGauge<long>(
        "route_learning_sample_count", null, "Results that the observation rests on");

    private readonly Counter<long> _sloHealthChanges = meter.CreateCounter<long>(
        "hyperscale.slo.health.changes", null, "Changes of a datacenter's health by its jobs' latencies");

    public void On(NodeId node, TelemetryEvent telemetry)
    {
        var label = new KeyValuePair<string, object?>("node", node.Name);
        switch (telemetry)
        {
            case TelemetryEvent.JobRouted routed:
                OnRouted(node, routed);
                _routed.Add(
                    1, label, new("outcome", routed.Outcome.ToString()),
                    new("reason", RoutingNames.Of(routed.Reason)));
                if (routed.Spilled.Count > 0) _spilled.Add(routed.Spilled.Count, label);
                break;
            case TelemetryEvent.LatencyObserved observed:
                var datacenter = new KeyValuePair<string, object?>("dc", observed.Datacenter);
                NodeLog.ObservedLatencyRecorded(
                    logger, node, observed.Datacenter, observed.ObservedMs, observed.Samples);
                NodeLog.BlendedLatencyComputed(
                    logger, node, observed.Datacenter, observed.BlendedMs, observed.Confidence);
                _observed.Record(observed.ObservedMs, label, datacenter);
                _blended.Record(observed.BlendedMs, label, datacenter);
                _confidence.Record(observed.Confidence, label, datacenter);
                _samples.Record(observed.Samples, label, datacenter);
                break;
            case TelemetryEvent.ObservationsDecayed decayed:
                NodeLog.StaleObservationsDecayed(logger, node, decayed.Datacenter);
                _confidence.Record(0, label, new("dc", decayed.Datacenter));
                break;
            case TelemetryEvent.SloHealthChanged changed:
                OnSloHealth(node, changed);
                _sloHealthChanges.Add(1, label, new("health", changed.Health.ToString()));
                break;
            case TelemetryEvent.SloHealthTakenOver taken:
                NodeLog.SloHealthTakenOver(
                    logger, node, taken.Datacenter, taken.Health, SloHealth.NameOf(taken.Rule), taken.Age);
                break;
            case TelemetryEvent.LatenciesDropped dropped:
                NodeLog.LatenciesDropped(logger, node, dropped.Attempt);
                break;
            case TelemetryEvent.JobLatenciesDropped dropped:
                NodeLog.JobLatenciesDropped(logger, node, dropped.Job);
                break;
            default:
                throw new UnreachableException($"unhandled {telemetry}");
        }
    }

    private void OnSloHealth(NodeId node, TelemetryEvent.SloHealthChanged changed)
    {
        var (datacenter, latency) = (changed.Datacenter, changed.Summary);
        if (changed.Health == DatacenterHealth.Healthy)
            NodeLog.SloHealthRestored(logger, node, datacenter);
        else
            NodeLog.SloHealthLost(
                logger, node, datacenter, changed.Health, SloHealth.NameOf(changed.Rule), latency.P50Ms,
                latency.P95Ms, latency.P99Ms);
    }

    private void OnRouted(NodeId node, TelemetryEvent.JobRouted routed)
    {
        var (to, reason) = (string.Join(", ", routed.Datacenters), RoutingNames.Of(routed.Reason));
        switch (routed.Outcome)
        {
            case RoutingOutcome.Routed:
                NodeLog.JobRouted(logger, node, routed.Name, to, reason);
                break;
            case RoutingOutcome.Queued:
                NodeLog.JobQueued(logger, node, routed.Name, to, reason);
                break;
            case RoutingOutcome.Degraded:
                NodeLog.JobRoutedDegraded(logger, node, routed.Name, to, reason);
                break;
            case RoutingOutcome.Failed:
                NodeLog.JobNotRouted(logger, node, routed.Name);
                break;
            default:
                throw new UnreachableException($"unhandled {routed.Outcome}");
        }

        if (routed.Spilled.Count > 0)
            NodeLog.JobSpilled(logger, node, routed.Name, string.Join(", ", routed.Spilled));
    }
}
