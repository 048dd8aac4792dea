using System.Diagnostics;
using System.Diagnostics.Metrics;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Nodes;
using Hyperscale.Det.Reliability;

namespace Hyperscale.Det.Shell.Telemetry;

/// <summary>Turns events of retry budgets and best effort into log lines and counts (AD-44).</summary>
/// <remarks>Jobs are in log lines only: as labels they would make series without bound.</remarks>
internal sealed class ReliabilityTelemetry(Meter meter, ILogger logger)
{
    private readonly Counter<long> _consumed = meter.CreateCounter<long>(
        "retry_budget_consumed", null, "Further attempts granted from jobs' retry budgets");

    private readonly Counter<long> _exhausted = meter.CreateCounter<long>(
        "retry_budget_exhausted", null, "Workflows that failed as no further attempt was granted, by reason");

    private readonly Counter<long> _completions = meter.CreateCounter<long>(
        "best_effort_completions", null, "Best-effort jobs completed, by reason");

    private readonly Histogram<double> _ratio = meter.CreateHistogram<double>(
        "best_effort_completion_ratio", null, "Share of a best-effort job's datacenters that completed",
        tags: null,
        new InstrumentAdvice<double> { HistogramBucketBoundaries = [0, 0.25, 0.5, 0.75, 0.9, 1] });

    private readonly Counter<long> _late = meter.CreateCounter<long>(
        "best_effort_late_results", null, "Results that came after their job's end, by what became of them");

    public void On(NodeId node, TelemetryEvent telemetry)
    {
        var label = new KeyValuePair<string, object?>("node", node.Name);
        switch (telemetry)
        {
            case TelemetryEvent.RetryGranted granted:
                NodeLog.RetryGranted(logger, node, granted.Attempt, granted.Left, granted.Cause);
                _consumed.Add(1, label);
                break;
            case TelemetryEvent.RetryBudgetExhausted exhausted:
                NodeLog.RetryBudgetExhausted(logger, node, exhausted.Attempt, exhausted.Reason);
                _exhausted.Add(1, label, new("reason", exhausted.Reason));
                break;
            case TelemetryEvent.BestEffortCompleted done:
                var reason = BestEffortManager.NameOf(done.Reason);
                NodeLog.BestEffortCompletion(logger, node, done.Job, reason, done.Completed, done.Targets);
                _completions.Add(1, label, new("reason", reason));
                _ratio.Record((double)done.Completed / done.Targets, label);
                break;
            case TelemetryEvent.LateResult late:
                var fate = late.IsMerged ? "update_result" : "log_only";
                NodeLog.LateDatacenterResult(logger, node, late.Slot, late.Datacenter, late.State, fate);
                _late.Add(1, label, new("policy", fate));
                break;
            default:
                throw new UnreachableException($"unhandled {telemetry}");
        }
    }
}
