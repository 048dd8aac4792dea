using Hyperscale.Det.Capacity;
using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Nodes;
using Hyperscale.Det.Protocol;
using Hyperscale.Det.Routing;
using Hyperscale.Det.Slo;

namespace Hyperscale.Det.Shell.Json;

/// <summary>Where a job would go, as one gate sees it: <c>GET</c> and <c>POST /v1/routing</c>.</summary>
/// <param name="Reason">Why these datacenters, by its name.</param>
/// <param name="Datacenters">Primaries, then fallback in the order in which they would be tried.</param>
/// <param name="Excluded">Datacenters that the job cannot go to.</param>
/// <param name="Spillovers">What was decided about each primary that might lack cores.</param>
/// <param name="Instead">For every datacenter that is no primary, what would have made it one.</param>
public sealed record RoutingJson(
    RoutingOutcome Outcome,
    string Reason,
    IReadOnlyList<CandidateJson> Datacenters,
    IReadOnlyList<ExclusionJson> Excluded,
    IReadOnlyList<SpilloverJson> Spillovers,
    IReadOnlyList<string> Instead)
{
    public static RoutingJson Of(RoutingReport report) => new(
        report.Outcome,
        RoutingNames.Of(report.Reason),
        [.. report.Ranking.Select((score, i) => CandidateJson.Of(score, i < report.PrimaryCount))],
        [.. report.Excluded.Select(excluded => new ExclusionJson(excluded.Datacenter, excluded.Text))],
        [.. report.Spillovers.Select(SpilloverJson.Of)],
        report.Alternatives);

    /// <summary>What to ask a gate about a job.</summary>
    public static ClientRequest.PreviewRoute RequestOf(JobSpec spec) =>
        new(spec.Datacenters, DatacenterRouting.RequestOf(spec).CoresRequired);
}

/// <summary>A datacenter that the job can go to, with every component of its score; lower is
/// better.</summary>
/// <param name="Bucket">Decides before the score does.</param>
/// <param name="Why">It is no better, by its name.</param>
/// <param name="LatencyMs">Of prediction and observation; what the score rests on.</param>
/// <param name="BaselineMs">Part of the prediction beside the round trip: what jobs take wherever
/// they run.</param>
/// <param name="Load">1 to 5, of utilization, queue and circuits.</param>
/// <param name="Quality">1 to 2: how little the coordinates can be trusted.</param>
/// <param name="SloLevel">How its jobs' latencies keep to their targets; null where nothing is
/// known.</param>
public sealed record CandidateJson(
    string Datacenter,
    bool IsPrimary,
    DatacenterHealth Bucket,
    string Why,
    double Score,
    double LatencyMs,
    double ObservedMs,
    double ObservedConfidence,
    double PredictedRttMs,
    double BaselineMs,
    double Utilization,
    double Queue,
    double Circuits,
    double Load,
    double Quality,
    double Slo,
    string? SloLevel,
    double Preference,
    double Cooldown)
{
    internal static CandidateJson Of(DatacenterRoutingScore score, bool isPrimary) => new(
        score.Datacenter, isPrimary, score.Bucket, HealthVerdict.NameOf(score.Reason), score.Score,
        score.BlendedLatencyMs, score.ObservedLatencyMs, score.ObservedConfidence, score.PredictedRttMs,
        score.BaselineMs, score.Utilization, score.QueueFactor, score.CircuitPressure, score.LoadFactor,
        score.QualityPenalty, score.SloFactor,
        score.SloLevel is { } level ? SloComplianceScore.NameOf(level) : null, score.PreferenceFactor,
        score.CooldownFactor);
}

public sealed record ExclusionJson(string Datacenter, string Reason);

/// <param name="Reason">By its name.</param>
/// <param name="Wait">At the primary; null when it never has so many cores.</param>
/// <param name="To">The best other datacenter; null without one.</param>
public sealed record SpilloverJson(
    string Datacenter, bool Spills, string Reason, Duration? Wait, string? To, Duration? WaitThere,
    double PenaltyMs)
{
    internal static SpilloverJson Of(SpilloverDecision decision) => new(
        decision.PrimaryDatacenter, decision.ShouldSpill, decision.ReasonName, decision.PrimaryWait,
        decision.SpilloverDatacenter, decision.SpilloverWait, decision.LatencyPenaltyMs);
}
