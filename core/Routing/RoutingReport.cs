using Hyperscale.Det.Capacity;
using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Routing;

/// <summary>A decision as it is told to clients: every component of every score, and what would have changed
/// it.</summary>
/// <param name="Ranking">Primaries, then fallback.</param>
/// <param name="Alternatives">For every datacenter that is no primary, what would have made it one.</param>
public sealed record RoutingReport(
    RoutingOutcome Outcome,
    RoutingReason Reason,
    IReadOnlyList<DatacenterRoutingScore> Ranking,
    int PrimaryCount,
    IReadOnlyList<Exclusion> Excluded,
    IReadOnlyList<SpilloverDecision> Spillovers,
    IReadOnlyList<string> Alternatives)
{
    /// <summary>Most datacenters of a report.</summary>
    public const int DatacentersMax = 1024;

    public const int TextLengthMax = 1024;

    public static RoutingReport Of(RoutingDecision decision) => new(
        decision.Outcome,
        decision.Reason,
        [.. decision.Ranking.Take(DatacentersMax)],
        Math.Min(decision.PrimaryCount, DatacentersMax),
        [.. decision.Excluded.Take(DatacentersMax)],
        [.. decision.Spillovers.Take(DatacentersMax)],
        [
            .. RoutingExplanation.Alternatives(decision).Take(DatacentersMax)
                .Select(alternative => ClippedText.Of(alternative.Text, TextLengthMax)),
        ]);
}
