using Hyperscale.Det.Jobs;
using Nerdbank.MessagePack;

namespace Hyperscale.Det.Benchmarks;

internal sealed record GeneratedSubmit(
    [property: Key(0)] GeneratedJob Job) : GeneratedRequest;

internal sealed record GeneratedJob(
    [property: Key(0)] string Name,
    [property: Key(1)] int Count,
    [property: Key(2)] IReadOnlyList<string> Preferred,
    [property: Key(3)] IReadOnlyList<string> Only,
    [property: Key(4)] int? RetryBudget,
    [property: Key(5)] int? RetryBudgetPerWorkflow,
    [property: Key(6)] GeneratedBestEffort? BestEffort,
    [property: Key(7)] GeneratedSlo? Slo,
    [property: Key(8)] IReadOnlyList<GeneratedThreshold> Thresholds,
    [property: Key(9)] IReadOnlyList<GeneratedWorkflow> Workflows)
{
    public static GeneratedJob Of(JobSpec spec) => new(
        spec.Name,
        spec.Datacenters.Count,
        spec.Datacenters.Preferred,
        spec.Datacenters.Only,
        spec.RetryBudget,
        spec.RetryBudgetPerWorkflow,
        spec.BestEffort is { } b
            ? new GeneratedBestEffort(b.Enabled, b.MinDcs, b.Deadline?.Nanoseconds, b.WaitForAll)
            : null,
        spec.Slo is { } slo ? new GeneratedSlo(slo.P50Ms, slo.P95Ms, slo.P99Ms) : null,
        [.. spec.Thresholds.Select(t =>
            new GeneratedThreshold(t.Metric, t.Operator, t.LimitMillionths, t.Text))],
        [.. spec.Workflows.Select(GeneratedWorkflow.Of)]);
}

internal sealed record GeneratedBestEffort(
    [property: Key(0)] bool Enabled,
    [property: Key(1)] int? MinDcs,
    [property: Key(2)] long? Deadline,
    [property: Key(3)] bool WaitForAll);

internal sealed record GeneratedSlo(
    [property: Key(0)] int? P50Ms,
    [property: Key(1)] int? P95Ms,
    [property: Key(2)] int? P99Ms);

internal sealed record GeneratedThreshold(
    [property: Key(0)] ThresholdMetric Metric,
    [property: Key(1)] ThresholdOperator Operator,
    [property: Key(2)] long Limit,
    [property: Key(3)] string Text);

internal sealed record GeneratedWorkflow(
    [property: Key(0)] string Name,
    [property: Key(1)] WorkflowKind Kind,
    [property: Key(2)] int Cores,
    [property: Key(3)] long Duration,
    [property: Key(4)] long Timeout,
    [property: Key(5)] int? Vus,
    [property: Key(6)] int? Rate,
    [property: Key(7)] IReadOnlyList<int> DependsOn,
    [property: Key(8)] GeneratedHttp? Http,
    [property: Key(9)] IReadOnlyList<string>? Exec,
    [property: Key(10)] GeneratedBudget? Budget)
{
    public static GeneratedWorkflow Of(WorkflowSpec w) => new(
        w.Name,
        w.Kind,
        w.Cores,
        w.Duration.Nanoseconds,
        w.Timeout.Nanoseconds,
        w.Vus,
        w.Rate,
        w.DependsOn,
        w.Http is { } http
            ? new GeneratedHttp(
                http.Method,
                http.Url,
                [.. http.Headers.Select(header => new GeneratedHeader(header.Name, header.Value))],
                http.Body,
                http.Expect,
                http.Timeout.Nanoseconds)
            : null,
        w.Exec?.Command,
        w.Budget is { } b ? new GeneratedBudget(b.CpuPercent, b.MemoryBytes, b.FileDescriptors) : null);
}

internal sealed record GeneratedHttp(
    [property: Key(0)] string Method,
    [property: Key(1)] string Url,
    [property: Key(2)] IReadOnlyList<GeneratedHeader> Headers,
    [property: Key(3)] string? Body,
    [property: Key(4)] IReadOnlyList<int> Expect,
    [property: Key(5)] long Timeout);

internal readonly record struct GeneratedHeader(
    [property: Key(0)] string Name,
    [property: Key(1)] string Value);

internal sealed record GeneratedBudget(
    [property: Key(0)] int? CpuPercent,
    [property: Key(1)] long? MemoryBytes,
    [property: Key(2)] int? FileDescriptors);
