using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Shell.Json;

/// <summary>The merged result of an ended job: <c>report.json</c>.</summary>
/// <param name="Totals">Everything merged.</param>
/// <param name="ThresholdsPassed">Whether every threshold holds; true when the job has none.</param>
/// <param name="Workflows">In the order of the job file.</param>
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
    IReadOnlyList<PartJson> Workers);

/// <summary>How many of a job's slots the numbers cover.</summary>
/// <param name="Missing">Datacenters whose slot was not reported.</param>
public sealed record CoverageJson(
    int Slots, int Completed, int Failed, int Cancelled, IReadOnlyList<string> Missing);

/// <param name="Text">The condition as the job file has it.</param>
/// <param name="Value">What was measured, in the metric's unit; null when nothing was.</param>
public sealed record ThresholdJson(string Text, decimal? Value, bool Passed);

/// <summary>The merged numbers of one workflow, datacenter or worker.</summary>
public sealed record PartJson(string Name, NumbersJson Numbers);
