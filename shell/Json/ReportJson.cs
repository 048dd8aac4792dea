using System.Text.Json.Serialization;
using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Shell.Json;

/// <summary>The merged result of an ended job: <c>report.json</c>.</summary>
/// <remarks>Every number is the exact sum of its parts: workflows, datacenters, cells and workers each add up
/// to the totals. What an attempt did that was lost or cancelled counts nowhere.</remarks>
/// <param name="Totals">Everything merged.</param>
/// <param name="ThresholdsPassed">Whether every threshold holds; true when the job has none.</param>
/// <param name="Workflows">In the order of the job file.</param>
/// <param name="Datacenters">By name.</param>
/// <param name="Workers">Every worker whose numbers count, by name.</param>
public sealed record ReportJson(
    JobId Id,
    string Name,
    JobState State,
    string Reason,
    WallTime Submitted,
    WallTime? Ended,
    CoverageJson Coverage,
    NumbersJson Totals,
    bool ThresholdsPassed,
    IReadOnlyList<ThresholdJson> Thresholds,
    IReadOnlyList<PartJson> Workflows,
    IReadOnlyList<PartJson> Datacenters,
    IReadOnlyList<PartJson> Workers)
{
    /// <summary>How the job is to be taken.</summary>
    public JobConclusion? Conclusion { get; init; }

    /// <summary>Each workflow in each datacenter: by workflow in the order of the job file, then by
    /// datacenter.</summary>
    public IReadOnlyList<CellJson> Cells { get; init; } = [];

    /// <summary>Workflows that their guards killed, with the evidence; absent when there are none.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<KilledJson>? Killed { get; init; }

    public static ReportJson Of(JobStatus status)
    {
        var report = JobReport.Of(status);
        return new ReportJson(
            status.Id,
            status.Spec.Name,
            report.State,
            report.Reason,
            status.Submitted,
            status.Ended,
            CoverageJson.Of(report.Coverage),
            NumbersJson.Of(report.Totals.Stats),
            report.Thresholds.All(threshold => !threshold.IsCrossed),
            [.. report.Thresholds.Select(ThresholdJson.Of)],
            [.. report.Workflows.Select(row => new PartJson(row.Workflow!, NumbersJson.Of(row.Stats)))],
            [.. report.Datacenters.Select(row => new PartJson(row.Datacenter!, NumbersJson.Of(row.Stats)))],
            [.. report.Workers.Select(row => new PartJson(row.Worker!, NumbersJson.Of(row.Stats)))])
        {
            Conclusion = report.Conclusion,
            Cells =
            [
                .. report.Cells.Select(row =>
                    new CellJson(row.Workflow!, row.Datacenter!, NumbersJson.Of(row.Stats))),
            ],
            Killed = KilledIn(report),
        };
    }

    private static List<KilledJson>? KilledIn(JobReport report)
    {
        var killed = report.Runs.Where(run => run.Kill is not null)
            .Select(run => new KilledJson(run.Workflow, run.Datacenter, run.Worker, KillJson.Of(run.Kill)!))
            .ToList();
        return killed.Count == 0 ? null : killed;
    }
}

/// <summary>How much of what the job wanted the numbers cover.</summary>
/// <param name="Slots">Datacenters that the job is to run in.</param>
/// <param name="Completed">Those that reported completion; failed and cancelled ones likewise.</param>
/// <param name="Missing">Datacenters that were chosen and have not reported.</param>
/// <param name="PlannedRequests">Arrivals that the job's open models are to start; null when it has
/// none.</param>
/// <param name="DoneRequests">Requests of those workflows that ended.</param>
public sealed record CoverageJson(
    int Slots,
    int Completed,
    int Failed,
    int Cancelled,
    IReadOnlyList<string> Missing,
    long? PlannedRequests = null,
    long? DoneRequests = null)
{
    public static CoverageJson Of(ReportCoverage coverage) => new(
        coverage.Wanted,
        coverage.Completed,
        coverage.Failed,
        coverage.Cancelled,
        coverage.Missing,
        coverage.PlannedRequests,
        coverage.DoneRequests);
}

/// <param name="Text">The condition as the job file has it.</param>
/// <param name="Value">What was measured, in the metric's unit; null when nothing was.</param>
public sealed record ThresholdJson(string Text, decimal? Value, bool Passed)
{
    public static ThresholdJson Of(ThresholdVerdict verdict) => new(
        verdict.Threshold.Text,
        verdict.MeasuredMillionths is { } measured ? (decimal)measured / 1_000_000m : null,
        !verdict.IsCrossed);
}

/// <summary>The merged numbers of one workflow, datacenter or worker.</summary>
public sealed record PartJson(string Name, NumbersJson Numbers);

/// <summary>The merged numbers of one workflow in one datacenter.</summary>
public sealed record CellJson(string Workflow, string Datacenter, NumbersJson Numbers);
