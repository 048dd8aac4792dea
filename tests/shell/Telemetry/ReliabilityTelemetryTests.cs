using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Nodes;
using Hyperscale.Det.Reliability;
using Hyperscale.Det.Shell.Telemetry;
using Microsoft.Extensions.Logging.Abstractions;

namespace Hyperscale.Det.Tests.Shell.Telemetry;

public class ReliabilityTelemetryTests
{
    private static readonly JobId Job = new(0, 1);

    private static readonly SlotKey Slot = new(Job, 0, 1);

    [Theory]
    [InlineData("retry_budget_consumed_total{node=\"n\"} 2")]
    [InlineData("retry_budget_exhausted_total{node=\"n\",reason=\"job_budget_exhausted\"} 1")]
    [InlineData("best_effort_completions_total{node=\"n\",reason=\"min_dcs_reached\"} 1")]
    [InlineData("best_effort_completions_total{node=\"n\",reason=\"deadline_expired\"} 1")]
    [InlineData("# TYPE best_effort_completion_ratio histogram")]
    [InlineData("best_effort_completion_ratio_bucket{node=\"n\",le=\"0\"} 1")]
    [InlineData("best_effort_completion_ratio_bucket{node=\"n\",le=\"0.5\"} 1")]
    [InlineData("best_effort_completion_ratio_bucket{node=\"n\",le=\"0.75\"} 2")]
    [InlineData("best_effort_completion_ratio_count{node=\"n\"} 2")]
    [InlineData("best_effort_late_results_total{node=\"n\",policy=\"log_only\"} 1")]
    [InlineData("best_effort_late_results_total{node=\"n\",policy=\"update_result\"} 1")]
    public void Retries_completions_and_late_results_are_counted_under_their_names(string line)
    {
        using var registry = new MetricsRegistry();
        var telemetry = new NodeTelemetry(registry.Meter, NullLogger.Instance);
        foreach (var told in (TelemetryEvent[])
            [
                new TelemetryEvent.RetryGranted(new AttemptKey(Slot, 0, 2), "exit code 3", Left: 1),
                new TelemetryEvent.RetryGranted(new AttemptKey(Slot, 0, 3), "exit code 3", Left: 0),
                new TelemetryEvent.RetryBudgetExhausted(
                    new AttemptKey(Slot, 0, 4), RetryBudgetManager.NameOf(RetryDecision.JobExhausted)),
                new TelemetryEvent.BestEffortCompleted(Job, CompletionReason.MinDcsReached, true, 3, 4),
                new TelemetryEvent.BestEffortCompleted(Job, CompletionReason.DeadlineExpired, false, 0, 4),
                new TelemetryEvent.LateResult(Slot, "east", SlotState.Completed, IsMerged: false),
                new TelemetryEvent.LateResult(Slot, "east", SlotState.Failed, IsMerged: true),
            ])
            telemetry.On(NodeId.Of("n"), told);

        Assert.Contains(line + "\n", registry.Write(), StringComparison.Ordinal);
    }
}
