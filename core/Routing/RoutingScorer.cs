using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Routing;

/// <summary>Scores datacenters (AD-36): latency x load x quality x SLO, times the bonus of preferred ones and
/// the penalty of those that failed.</summary>
public sealed class RoutingScorer(IBlendedLatencies latencies)
{
    /// <summary>No round trip counts as shorter: else nothing but latency would count.</summary>
    public const double LatencyMinMs = 1;

    /// <summary>How many times the largest SLO factor of those whose jobs are not known to miss their targets
    /// one counts at least whose jobs do: it comes behind each of them that is, all else taken together, not
    /// worse by more than this.</summary>
    public const double MissedSloFactor = 1.2;

    private const double UtilizationWeight = 0.5;
    private const double QueueWeight = 0.3;
    private const double CircuitWeight = 0.2;
    private const double LoadFactorMax = 5;
    private const double QueueHalf = 10;
    private const double QualityWeight = 0.5;
    private const double QualityPenaltyMax = 2;
    private const double PreferredFactor = 0.9;

    /// <summary>What a candidate's score is made of. Its latency is asked for once, and nothing changes it
    /// later.</summary>
    /// <param name="cooldownFactor">1, or more after a failed dispatch.</param>
    /// <param name="missedSloFactor">Least SLO factor of one whose jobs miss their targets.</param>
    /// <param name="isBootstrap">The gate has no coordinate to go by: load alone decides.</param>
    public DatacenterRoutingScore Score(
        DatacenterCandidate candidate,
        RoutingRequest request,
        double cooldownFactor,
        double missedSloFactor,
        bool isBootstrap,
        Instant now)
    {
        Invariant.Holds(candidate.SloFactor > 0);
        var latency = GetBlendedLatency(candidate, now);
        var capacity = candidate.Capacity;
        var queue = capacity.PendingWorkflowCount / (capacity.PendingWorkflowCount + QueueHalf);
        var circuits = candidate.Managers == 0 ? 1 : (double)candidate.OpenCircuits / candidate.Managers;
        var load = LoadFactorOf(capacity.Utilization, queue, circuits);
        var quality = QualityPenaltyOf(candidate.Predicted?.Quality ?? 0);
        var preference = request.Prefers(candidate.Name) ? PreferredFactor : 1;
        var slo = candidate.MissesSlo
            ? Math.Max(candidate.SloFactor, missedSloFactor)
            : candidate.SloFactor;
        var score = load * slo * preference * cooldownFactor;
        if (!isBootstrap) score *= Math.Max(LatencyMinMs, latency.BlendedMs) * quality;
        return new DatacenterRoutingScore(
            candidate.Name.Text,
            CandidateFilter.BucketOf(candidate),
            latency.BlendedMs,
            latency.ObservedMs,
            latency.Confidence,
            candidate.RttMs,
            capacity.Utilization,
            queue,
            circuits,
            load,
            quality,
            slo,
            preference,
            cooldownFactor,
            score)
        {
            BaselineMs = latency.BaselineMs,
            Reason = CandidateFilter.ReasonOf(candidate),
            SloLevel = candidate.SloLevel,
        };
    }

    public BlendedLatency GetBlendedLatency(DatacenterCandidate candidate, Instant now) =>
        latencies.GetBlendedLatency(candidate.Name, candidate.RttMs, now);

    private static double LoadFactorOf(double utilization, double queue, double circuits) => Math.Min(
        LoadFactorMax,
        1 + (UtilizationWeight * utilization) + (QueueWeight * queue) + (CircuitWeight * circuits));

    private static double QualityPenaltyOf(double quality) =>
        Math.Min(QualityPenaltyMax, 1 + (QualityWeight * (1 - quality)));
}
