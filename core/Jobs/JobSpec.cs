using Hyperscale.Det.Kernel;
using Hyperscale.Det.Resources;

namespace Hyperscale.Det.Jobs;

/// <summary>What a client submits: workflows, each run in every one of the chosen datacenters.</summary>
/// <remarks>An instance made by <c>JobSpecReader</c> is valid; one decoded from a peer is bounded and was
/// valid where it entered the system.</remarks>
public sealed record JobSpec(
    string Name,
    DatacenterChoice Datacenters,
    int? RetryBudget,
    int? RetryBudgetPerWorkflow,
    BestEffortSpec? BestEffort,
    SloSpec? Slo,
    IReadOnlyList<Threshold> Thresholds,
    IReadOnlyList<WorkflowSpec> Workflows);

/// <summary>How many datacenters to use; <paramref name="Only"/> excludes all others when not
/// empty.</summary>
public sealed record DatacenterChoice(int Count, IReadOnlyList<string> Preferred, IReadOnlyList<string> Only);

/// <summary>Completion with the datacenters that answered (AD-44); the deadline counts from
/// submission.</summary>
/// <param name="MinDcs">Null asks for the gates' default.</param>
public sealed record BestEffortSpec(bool Enabled, int? MinDcs, Duration? Deadline, bool WaitForAll);

/// <summary>Latency targets of the job in milliseconds (AD-42).</summary>
public sealed record SloSpec(int? P50Ms, int? P95Ms, int? P99Ms);

public enum ThresholdMetric : byte { P50Ms, P95Ms, P99Ms, MaxMs, ErrorRate, Requests }

public enum ThresholdOperator : byte { Below, AtMost, Above, AtLeast }

/// <summary>A condition on the merged result, for example <c>p95Ms &lt; 200</c>; the limit is in millionths
/// of the metric's unit, so that judging needs no floating point.</summary>
public sealed record Threshold(
    ThresholdMetric Metric, ThresholdOperator Operator, long LimitMillionths, string Text);

public enum WorkflowKind : byte { Http, Exec }

/// <summary>One piece of load: runs on one worker with <paramref name="Cores"/> of its cores, after every
/// workflow in <paramref name="DependsOn"/> (indices into the job) has completed.</summary>
/// <param name="Timeout">Grace beyond <paramref name="Duration"/> before the attempt counts as hung.</param>
/// <param name="Vus">Closed model: virtual users. Exactly one of vus and rate is set for http.</param>
/// <param name="Rate">Open model: requests started a second.</param>
public sealed record WorkflowSpec(
    string Name,
    WorkflowKind Kind,
    int Cores,
    Duration Duration,
    Duration Timeout,
    int? Vus,
    int? Rate,
    IReadOnlyList<int> DependsOn,
    HttpSpec? Http,
    ExecSpec? Exec,
    ResourceBudget? Budget)
{
    /// <summary>Closed model: the users start evenly over it, at most the duration; null starts all at
    /// once.</summary>
    public Duration? Ramp { get; init; }

    /// <summary>Arrivals of an open model: the first is due at once, each next one 1 / rate after the one
    /// before, the last before the duration ends; null for other workflows.</summary>
    public long? PlannedRequests
    {
        get
        {
            if (Kind != WorkflowKind.Http || Rate is not { } rate) return null;
            var last = Duration.Nanoseconds - 1;
            return last < 0 ? 0 : (long)((Int128)last * rate / 1_000_000_000) + 1;
        }
    }
}

public sealed record HttpSpec(
    string Method,
    string Url,
    IReadOnlyList<HttpHeader> Headers,
    string? Body,
    IReadOnlyList<int> Expect,
    Duration Timeout);

public sealed record HttpHeader(string Name, string Value);

public sealed record ExecSpec(IReadOnlyList<string> Command);

/// <summary>Bounds of a workload's process tree (AD-41).</summary>
/// <param name="CpuPercent">100 is one core; null here and below is the default.</param>
/// <param name="RetryKilled">An attempt that its guard killed is tried again, from the retry budget; by
/// default it is not, as the same would become of it.</param>
public sealed record ResourceBudget(
    int? CpuPercent, long? MemoryBytes, int? FileDescriptors, bool RetryKilled = false)
{
    /// <summary>With the defaults where the submission says nothing.</summary>
    public static ResourceLimits LimitsOf(ResourceBudget? budget) => new(
        budget?.CpuPercent ?? ResourceLimits.Default.CpuPercent,
        budget?.MemoryBytes ?? ResourceLimits.Default.MemoryBytes,
        budget?.FileDescriptors ?? ResourceLimits.Default.FileDescriptors);
}
