using CsCheck;
using Hyperscale.Det.Capacity;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Routing;
using Hyperscale.Det.Slo;

namespace Hyperscale.Det.Tests.Core.Routing;

/// <summary>Arbitrary reports of decisions.</summary>
internal static class RoutingGens
{
    private static readonly Gen<string> Name = Gen.Int[0, 9].Select(i => $"dc-{i}");

    private static readonly Gen<double> Part = Gen.Double[0, 100_000];

    private static readonly Gen<DatacenterRoutingScore> Score =
        Gen.Select(
            Name, Gen.Enum<DatacenterHealth>(), Part.Array[14], Gen.Enum<HealthReason>(),
            Gen.Enum<SloLevel>().Nullable()).Select((name, bucket, parts, reason, level) =>
            new DatacenterRoutingScore(
                name, bucket, parts[0], parts[1], parts[2], parts[3], parts[4], parts[5], parts[6], parts[7],
                parts[8], parts[9], parts[10], parts[11], parts[12])
            {
                BaselineMs = parts[13],
                Reason = reason,
                SloLevel = level,
            });

    private static readonly Gen<Duration> Wait =
        Gen.Long[0, 1_000_000_000_000].Select(nanoseconds => new Duration(nanoseconds));

    private static readonly Gen<SpilloverDecision> Spillover =
        from shouldSpill in Gen.Bool
        from reason in Gen.Enum<SpilloverReason>()
        from primary in Name
        from other in Name.Null()
        from wait in Wait.Nullable()
        from there in Wait.Nullable()
        from penalty in Gen.Double[-100, 100]
        select new SpilloverDecision(shouldSpill, reason, primary, other, wait, there, penalty);

    public static readonly Gen<RoutingReport> Report =
        from outcome in Gen.Enum<RoutingOutcome>()
        from reason in Gen.Enum<RoutingReason>()
        from ranking in Score.List[0, 4]
        from primaries in Gen.Int[0, ranking.Count]
        from excluded in Gen.Select(
            Name, Gen.Enum<ExclusionReason>(), Gen.Enum<HealthReason>(),
            (name, why, health) => new Exclusion(name, why, health)).List[0, 3]
        from spillovers in Spillover.List[0, 2]
        from alternatives in Name.List[0, 3]
        select new RoutingReport(outcome, reason, ranking, primaries, excluded, spillovers, alternatives);
}
