using Hyperscale.Det.Capacity;
using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Routing;

/// <summary>Where a job goes, with all that led to it.</summary>
/// <remarks>Nothing is lost between primaries and fallback: every datacenter that was given is in the ranking
/// or excluded.</remarks>
/// <param name="Ranking">Primaries, then fallback, in the order in which to try them.</param>
/// <param name="PrimaryCount">How many at the head of the ranking are primaries; as many as were asked for,
/// when so many are eligible.</param>
/// <param name="Spillovers">What was decided about each primary in turn.</param>
/// <param name="ToBeat">What another datacenter had to be better than; null where none is eligible.</param>
public sealed record RoutingDecision(
    RoutingRequest Request,
    RoutingView View,
    Instant At,
    RoutingReason Reason,
    RoutingOutcome Outcome,
    IReadOnlyList<DatacenterRoutingScore> Ranking,
    int PrimaryCount,
    IReadOnlyList<Exclusion> Excluded,
    IReadOnlyList<SpilloverDecision> Spillovers,
    PlaceToBeat? ToBeat)
{
    public IEnumerable<string> Primaries => Ranking.Take(PrimaryCount).Select(score => score.Datacenter);

    public IEnumerable<string> Fallback => Ranking.Skip(PrimaryCount).Select(score => score.Datacenter);
}

/// <summary>The last of the places that were to be had, probe and spillover aside.</summary>
/// <param name="Score">Another one's has to be below it; with the incumbent's advantage.</param>
/// <param name="HeldUntil">When its hold-down ends; null when it is not held down.</param>
public readonly record struct PlaceToBeat(DatacenterHealth Bucket, double Score, Instant? HeldUntil);
