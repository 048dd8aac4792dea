using System.Text.Json.Serialization;
using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Slo;

namespace Hyperscale.Det.Shell.Json;

/// <summary>A job that was taken.</summary>
/// <param name="Status">Path of its status.</param>
/// <param name="Events">Path of its events.</param>
/// <param name="Notes">What the job's author should know, such as a value lowered to its ceiling.</param>
/// <param name="Deduplicated">The submission had a key: repeating it with the same one makes no second
/// job.</param>
/// <param name="WasDuplicate">An earlier submission with the same key made the job.</param>
/// <param name="OriginalJobId">The job of that submission.</param>
public sealed record AcceptedJson(
    JobId Id,
    string Name,
    string Status,
    string Events,
    IReadOnlyList<FaultJson> Notes,
    [property: JsonPropertyName("deduplicated")]
    bool Deduplicated = false,
    [property: JsonPropertyName("was_duplicate")]
    bool WasDuplicate = false,
    [property: JsonPropertyName("original_job_id")]
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    JobId? OriginalJobId = null);

/// <summary>Jobs, newest first.</summary>
/// <param name="Missing">Gates that did not answer in time: their jobs are not in the list.</param>
public sealed record JobListJson(IReadOnlyList<SummaryJson> Jobs, IReadOnlyList<string> Missing);

public sealed record SummaryJson(JobId Id, string Name, JobState State, string Reason, WallTime Submitted);

/// <summary>What one gate knows of its cluster, and what the others say of themselves.</summary>
/// <param name="Gate">The gate that answered.</param>
/// <param name="Gates">The configured gates.</param>
/// <param name="Replicas">The ledger groups of each gate that answered.</param>
/// <param name="Missing">Gates that did not answer in time.</param>
public sealed record ClusterJson(
    string ClusterId,
    string Gate,
    IReadOnlyList<string> Gates,
    IReadOnlyList<DatacenterJson> Datacenters,
    IReadOnlyList<GateJson> Replicas,
    IReadOnlyList<string> Missing);

/// <summary>A configured datacenter.</summary>
/// <param name="Managers">Configured managers in order of succession.</param>
/// <param name="Heard">What its primary manager said last; null when nothing was heard.</param>
/// <param name="Latencies">How its jobs keep to their latency targets, as the gate routes by it; null where
/// that is nothing.</param>
public sealed record DatacenterJson(
    string Name, IReadOnlyList<string> Managers, CapacityJson? Heard, LatenciesJson? Latencies);

/// <summary>How the jobs of a datacenter keep to their latency targets (AD-42).</summary>
/// <param name="Health">What that makes of the datacenter, and <paramref name="Rule"/> by which rule.</param>
/// <param name="Samples">Requests of the last minutes that it rests on.</param>
/// <param name="Score">1 is as meant; lower is better.</param>
/// <param name="Level">Null while there are no latencies.</param>
/// <param name="RoutingFactor">What that, and pressure on resources, does to its routing score; before what
/// routing adds where targets are missed.</param>
/// <param name="AgeSeconds">Since it was true.</param>
public sealed record LatenciesJson(
    string Health,
    string Rule,
    float P50Ms,
    float P95Ms,
    float P99Ms,
    long Samples,
    float Score,
    string? Level,
    double RoutingFactor,
    double AgeSeconds)
{
    internal static LatenciesJson Of(SloView slo) => new(
        slo.Health.Health.ToString(),
        SloHealth.NameOf(slo.Health.Rule),
        slo.Summary.P50Ms,
        slo.Summary.P95Ms,
        slo.Summary.P99Ms,
        slo.Summary.Samples,
        slo.Summary.Score,
        slo.Level is { } level ? SloComplianceScore.NameOf(level) : null,
        slo.Factor,
        slo.Summary.Age.Milliseconds / 1000.0);
}

/// <param name="Age">Since it was heard.</param>
public sealed record CapacityJson(
    Duration Age,
    int Workers,
    int CoresTotal,
    int CoresFree,
    int LargestWorkerCores,
    int QueuedWorkflows);

/// <summary>An error, as RFC 9457 has it.</summary>
/// <param name="Type">Names the kind of error; stable.</param>
/// <param name="Faults">Everything that is wrong with the request, where it can be pointed at.</param>
/// <param name="Allowed">The paths or methods there are, where an unknown one was asked for.</param>
public sealed record ProblemJson(
    string Type,
    string Title,
    int Status,
    string Detail,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    IReadOnlyList<FaultJson>? Faults = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    IReadOnlyList<string>? Allowed = null)
{
    public const string ContentType = "application/problem+json";
}

/// <param name="Path">JSON path of what is wrong; <c>$</c> is the whole body, <c>?name</c> a query
/// parameter.</param>
public sealed record FaultJson(string Path, string Message);
