using Hyperscale.Det.Kernel;
using Hyperscale.Det.Resources;

namespace Hyperscale.Det.Jobs;

/// <summary>The merged numbers of a part of a job; the names say which part, null is any.</summary>
public sealed record ReportRow(string? Workflow, string? Datacenter, string? Worker, RunStats Stats)
{
    public long Requests => Stats.Requests;

    public long Errors => Stats.Errors;

    /// <summary>Errors of a million requests, rounded; 0 without requests.</summary>
    public int ErrorRateMillionths => Requests == 0
        ? 0
        : (int)((((Int128)Errors * 1_000_000) + (Requests / 2)) / Requests);

    public long Dropped => Stats.Dropped;

    public long BytesReceived => Stats.BytesReceived;

    /// <summary>Whether there are latencies: an answer to at least one request.</summary>
    public bool HasLatency => Stats.Latency.Count > 0;

    /// <summary>Median latency in microseconds; this and the following are 0 without an answer.</summary>
    public long P50Microseconds => Microseconds(Stats.Latency.Quantile(500_000));

    public long P95Microseconds => Microseconds(Stats.Latency.Quantile(950_000));

    public long P99Microseconds => Microseconds(Stats.Latency.Quantile(990_000));

    public long MaxMicroseconds => Microseconds(Stats.Latency.Max);

    public IReadOnlyList<ErrorCount> ErrorKinds => Stats.ErrorKinds;

    private static long Microseconds(Duration latency) => latency.Nanoseconds / 1_000;

    /// <summary>The exact sum of the runs that count.</summary>
    internal static ReportRow Sum(IEnumerable<WorkflowRun> runs) => new(
        null,
        null,
        null,
        RunStats.Sum(runs.Where(run => run.Counts).Select(run => run.Stats)));
}

/// <summary>One workflow in one slot, as far as it is known.</summary>
/// <param name="Index">The workflow's, in the job.</param>
/// <param name="State">How its accepted attempt ended; null until the slot has reported.</param>
/// <param name="Attempts">Attempts made; 0 until the slot has reported.</param>
/// <param name="Output">The end of an exec workload's output.</param>
/// <param name="Counts">Whether its numbers are in the totals.</param>
public sealed record WorkflowRun(
    int Index,
    string Workflow,
    int Slot,
    string Datacenter,
    string Worker,
    WorkflowPhase Phase,
    AttemptState? State,
    string Reason,
    int Attempts,
    int? ExitCode,
    ReadOnlyMemory<byte> Output,
    RunStats Stats,
    bool Counts)
{
    /// <summary>Why its guard killed it; null when it did not.</summary>
    public ResourceKill? Kill { get; init; }

    internal static WorkflowRun Of(
        SlotStatus slot, string name, WorkflowProgress progress, bool counts) => new(
        progress.Workflow,
        name,
        slot.Slot,
        slot.Datacenter,
        progress.Worker,
        progress.Phase,
        State: null,
        Reason: "",
        Attempts: 0,
        ExitCode: null,
        Output: default,
        progress.Stats,
        counts);

    internal static WorkflowRun Of(SlotStatus slot, string name, WorkflowResult result) => new(
        result.Workflow,
        name,
        slot.Slot,
        slot.Datacenter,
        result.Worker,
        WorkflowPhase.Ended,
        result.Outcome.State,
        result.Outcome.Reason,
        result.Attempts,
        result.Outcome.ExitCode,
        result.Outcome.Output,
        result.Outcome.Stats,
        result.Outcome.Counts)
    {
        Kill = result.Outcome.Kill,
    };
}

/// <summary>How much of what the job wanted its numbers cover.</summary>
/// <param name="Wanted">Datacenters the job is to run in.</param>
/// <param name="Completed">Those that reported completion; failed and cancelled ones likewise.</param>
/// <param name="Missing">Datacenters that were chosen and have not reported, in the order of slots; a slot
/// that found no datacenter is in none of these.</param>
/// <param name="PlannedRequests">Arrivals that the job's open models are to start in all wanted datacenters;
/// null when it has none, as a closed model's requests are not known before.</param>
/// <param name="DoneRequests">Requests of those workflows that ended; what is lacking was dropped, cut off or
/// never begun.</param>
public sealed record ReportCoverage(
    int Wanted,
    int Completed,
    int Failed,
    int Cancelled,
    IReadOnlyList<string> Missing,
    long? PlannedRequests,
    long? DoneRequests)
{
    public int Reported => Completed + Failed + Cancelled;

    internal static ReportCoverage Of(JobStatus status, IReadOnlyList<WorkflowRun> runs)
    {
        var (spec, slots) = (status.Spec, status.Slots);
        var isOpen = spec.Workflows.Any(workflow => workflow.PlannedRequests is not null);
        return new ReportCoverage(
            spec.Datacenters.Count,
            slots.Count(slot => slot.Outcome?.State == SlotState.Completed),
            slots.Count(slot => slot.Outcome?.State == SlotState.Failed),
            slots.Count(slot => slot.Outcome?.State == SlotState.Cancelled),
            [.. slots.Where(slot => slot.Outcome is null && slot.Datacenter != "").Select(s => s.Datacenter)],
            isOpen ? spec.Workflows.Sum(workflow => workflow.PlannedRequests) * spec.Datacenters.Count : null,
            isOpen ? runs.Where(run => run.Counts && spec.Workflows[run.Index].PlannedRequests is not null)
                .Sum(run => run.Stats.Requests) : null);
    }
}
