using CsCheck;
using Hyperscale.Det.Capacity;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Routing;
using Hyperscale.Det.Slo;
using static Hyperscale.Det.Tests.Core.Routing.RoutingSamples;

namespace Hyperscale.Det.Tests.Core.Routing;

public sealed class GateJobRouterTests
{
    private readonly PlainLatencies _latencies = new();
    private readonly GateJobRouter _router;

    public GateJobRouterTests() => _router = NewRouter(_latencies);

    [Fact]
    public void The_best_bucket_comes_first_whatever_the_scores()
    {
        var decision = Route(
            Request(preferred: ["far"]),
            Dc("near", rtt: 1, free: 0, health: DatacenterHealth.Busy),
            Dc("sick", rtt: 1, health: DatacenterHealth.Degraded),
            Dc("far", rtt: 200), Dc("farther", rtt: 300));

        Assert.Equal(["far"], decision.Primaries);
        Assert.Equal(["farther", "near", "sick"], decision.Fallback);
        Assert.Equal(RoutingReason.InitialSelection, decision.Reason);
    }

    [Fact]
    public void Preferring_is_a_bonus_and_nothing_more()
    {
        Assert.Equal(["b"], Route(Request(preferred: ["b"]), Dc("a", 20), Dc("b", 22)).Primaries);
        Assert.Equal(["a"], Route(Request(preferred: ["c"]), Dc("a", 20), Dc("c", 23)).Primaries);
    }

    [Fact]
    public void An_explicit_list_is_kept_to_even_when_it_leaves_nothing()
    {
        var decision = Route(
            Request(only: ["b", "c"]), Dc("a", 1), Dc("b", 50), Dc("c", health: DatacenterHealth.Unhealthy));
        Assert.Equal(["b"], decision.Primaries);
        Assert.Empty(decision.Fallback);

        decision = Route(Request(only: ["c"]), Dc("a", 1), Dc("c", health: DatacenterHealth.Unhealthy));
        Assert.Equal(RoutingOutcome.Failed, decision.Outcome);
        Assert.Equal(RoutingReason.NoneEligible, decision.Reason);
        Assert.Equal("a: not_in_only; c: unhealthy: no_worker", RoutingExplanation.Failure(decision));
    }

    [Fact]
    public void Equal_scores_are_ordered_by_name() =>
        Assert.Equal(["a", "b"], Route(Request(count: 2), Dc("c"), Dc("b"), Dc("a")).Primaries);

    [Theory]
    [InlineData(DatacenterHealth.Healthy, 5, RoutingOutcome.Routed)]
    [InlineData(DatacenterHealth.Healthy, 3, RoutingOutcome.Queued)]
    [InlineData(DatacenterHealth.Busy, 0, RoutingOutcome.Queued)]
    [InlineData(DatacenterHealth.Degraded, 50, RoutingOutcome.Degraded)]
    [InlineData(DatacenterHealth.Unhealthy, 50, RoutingOutcome.Failed)]
    public void The_worst_bucket_that_is_accepted_decides(
        DatacenterHealth health, int free, RoutingOutcome outcome) => Assert.Equal(
            outcome,
            Route(Request(count: 2, cores: 4), Dc("b", free: free, health: health)).Outcome);

    [Fact]
    public void As_many_primaries_as_are_asked_for_come_from_lower_buckets_too()
    {
        var decision = Route(
            Request(count: 3), Dc("a"), Dc("b", free: 0, health: DatacenterHealth.Busy),
            Dc("c", health: DatacenterHealth.Degraded), Dc("d", health: DatacenterHealth.Degraded, rtt: 90));

        Assert.Equal(["a", "b", "c"], decision.Primaries);
        Assert.Equal(["d"], decision.Fallback);
    }

    [Fact]
    public void A_primary_without_cores_is_left_and_heads_the_fallback()
    {
        var decision = Route(
            Request(cores: 16), Dc("a", 10, free: 8, wait: 600), Dc("b", 20, free: 9, wait: 500),
            Dc("c", 90, free: 30));

        Assert.Equal(["c"], decision.Primaries);
        Assert.Equal(["a", "b"], decision.Fallback);
        var spillover = Assert.Single(decision.Spillovers);
        Assert.Equal(
            (SpilloverReason.ImprovesWaitTime, "a", "c"),
            (spillover.Reason, spillover.PrimaryDatacenter, spillover.SpilloverDatacenter));
        Assert.Equal(RoutingOutcome.Routed, decision.Outcome);
    }

    [Fact]
    public void Spillover_stays_within_the_list_and_the_health_and_changes_no_incumbent()
    {
        var full = Dc("a", 10, free: 8, wait: 600);
        Assert.Equal(["a"], Route(Request(cores: 16, only: ["a"]), full, Dc("c", free: 30)).Primaries);
        Assert.Equal(
            ["a"],
            Route(Request(cores: 16), full, Dc("c", free: 30, health: DatacenterHealth.Degraded)).Primaries);

        Assert.Equal(["c"], Route(Request(cores: 16), full, Dc("c", 90, free: 30)).Primaries);
        var roomy = Route(Request(cores: 16), Dc("a", 10, free: 20), Dc("c", 90, free: 30));
        Assert.Equal(["a"], roomy.Primaries);
        Assert.Equal(RoutingReason.HoldDownRetained, roomy.Reason);
    }

    [Fact]
    public void Two_primaries_do_not_spill_to_the_same_datacenter()
    {
        var decision = Route(
            Request(count: 2, cores: 16), Dc("a", 10, free: 8, wait: 600), Dc("b", 11, free: 8, wait: 600),
            Dc("c", 60, free: 30), Dc("d", 70, free: 30));

        Assert.Equal(["c", "d"], decision.Primaries);
        Assert.Equal(["a", "b"], decision.Fallback);
    }

    [Fact]
    public void A_ranking_goes_by_buckets_whatever_was_before() =>
        Gen.Select(Any, Any, Gen.Int[1, 3], Gen.Int[1, 60]).Sample((before, after, count, seconds) =>
        {
            var router = NewRouter(new PlainLatencies());
            router.RouteJob(Request(count), View([.. before]), At(0));
            var decision = router.RouteJob(Request(count), View([.. after]), At(seconds));
            router.CheckInvariants();
            // Who spilled over heads the fallback.
            if (decision.Spillovers.Any(spillover => spillover.ShouldSpill)) return;

            var buckets = decision.Ranking.Select(score => score.Bucket).ToList();
            Assert.Equal(buckets.Order(), buckets);
            var isHomeFull = decision.Reason == RoutingReason.FullDetour;
            if (isHomeFull) Assert.Contains(DatacenterHealth.Busy, buckets);
        });

    [Fact]
    public void Nothing_is_lost_between_primaries_fallback_and_exclusions() =>
        Gen.Select(Any, Gen.Int[1, 4], Gen.Int[1, 60], Gen.Int[0, 200]).Sample((all, count, cores, rounds) =>
        {
            var router = NewRouter(new PlainLatencies());
            RoutingDecision decision = null!;
            for (var i = 0; i <= rounds; i++)
                decision = router.RouteJob(Request(count, cores), new RoutingView(all, false), At(i));
            router.CheckInvariants();

            var eligible = all.Count(
                dc => CandidateFilter.ExclusionOf(dc, Request(count, cores)) == ExclusionReason.None);
            Assert.Equal(Math.Min(count, eligible), decision.PrimaryCount);
            Assert.Equal(
                all.Select(dc => dc.Name.Text).Order(),
                decision.Primaries.Concat(decision.Fallback).Concat(
                    decision.Excluded.Select(excluded => excluded.Datacenter)).Order());
            // Lower buckets come later, but for those that gave way.
            if (decision.Reason == RoutingReason.Probe) return;
            var displaced = decision.Spillovers.Where(spillover => spillover.ShouldSpill)
                .Select(spillover => spillover.PrimaryDatacenter);
            var buckets = decision.Ranking.Where(score => !displaced.Contains(score.Datacenter))
                .Select(score => score.Bucket);
            Assert.Equal(buckets.Order(), buckets);
        });

    [Fact]
    public void Routers_that_saw_the_same_decide_alike_in_whatever_order_they_see_it() =>
        Gen.Select(Any, Gen.Int[1, 3], Gen.Int[1, 60]).List[1, 20].Sample(jobs =>
        {
            var (one, other) = (NewRouter(new PlainLatencies()), NewRouter(new PlainLatencies()));
            for (var i = 0; i < jobs.Count; i++)
            {
                var (all, count, cores) = jobs[i];
                var a = one.RouteJob(Request(count, cores), new RoutingView(all, false), At(i * 7));
                var b = other.RouteJob(
                    Request(count, cores), new RoutingView([.. Enumerable.Reverse(all)], false), At(i * 7));

                Assert.Equal(a.Ranking, b.Ranking);
                Assert.Equal((a.Reason, a.Outcome), (b.Reason, b.Outcome));
                Assert.Equal(a.Spillovers, b.Spillovers);
            }

            Assert.Equal(FingerprintOf(one), FingerprintOf(other));
        });

    [Fact]
    public void A_preview_decides_like_the_router_and_changes_nothing() =>
        Gen.Select(Any, Gen.Int[1, 3]).List[1, 20].Sample(jobs =>
        {
            var router = NewRouter(new PlainLatencies());
            for (var i = 0; i < jobs.Count; i++)
            {
                var (request, view) = (Request(jobs[i].Item2), new RoutingView(jobs[i].Item1, false));
                var before = FingerprintOf(router);
                var preview = router.Preview(request, view, At(i * 7));
                Assert.Equal(before, FingerprintOf(router));
                var decision = router.RouteJob(request, view, At(i * 7));

                Assert.Equal(decision.Ranking, preview.Ranking);
                Assert.Equal(decision.Reason, preview.Reason);
            }
        });

    [Fact]
    public void Classes_of_jobs_are_bounded_and_each_has_its_own_incumbents()
    {
        Assert.Equal(Request(cores: 5).Class, Request(cores: 8).Class);
        Assert.NotEqual(Request(cores: 4).Class, Request(cores: 8).Class);
        Assert.NotEqual(Request(only: ["a"]).Class, Request(preferred: ["a"]).Class);
        Assert.Equal(Request(preferred: ["b", "a"]).Class, Request(preferred: ["a", "b", "a"]).Class);
        Assert.Equal("2x8 prefer a,b only c", Request(2, 7, ["b", "a"], ["c"]).Class.Text);

        for (var i = 0; i <= GateJobRouter.ClassesMax; i++)
            Route(Request(preferred: [$"p{i}"]), Dc("a"));
        _router.CheckInvariants();
        Assert.Equal(RoutingReason.InitialSelection, Route(Request(preferred: ["p0"]), Dc("a")).Reason);
        Assert.Equal(RoutingReason.HoldDownRetained, Route(Request(preferred: ["p9"]), Dc("a")).Reason);
    }

    [Fact]
    public void A_decision_says_what_would_have_changed_it()
    {
        DatacenterCandidate[] all =
        [
            Dc("a", 10), Dc("b", 30), Dc("c", 5, free: 0, health: DatacenterHealth.Busy),
            Dc("d", health: DatacenterHealth.Unhealthy),
        ];
        Route(Request(), all);
        var held = Route(Request(), At(12), all);
        Assert.Equal(
            ["b", "c", "d"],
            RoutingExplanation.Alternatives(held).Select(alternative => alternative.Datacenter));
        Assert.Equal(
            [
                "b: with a score below 10.0, in 18s; it has 37.5",
                "c: if it were Healthy; it is Busy",
                "d: if it were not unhealthy: no_worker",
            ],
            RoutingExplanation.Alternatives(held).Select(alternative => alternative.Text));

        var free = RoutingExplanation.Alternatives(Route(Request(), At(31), all))[0];
        Assert.Equal(AlternativeKind.ScoreBelow, free.Kind);
        // Each point of the score is worth 0.8 ms here, as half of the cores are free.
        DatacenterCandidate[] With(double score) => [Dc("a", 10), Dc("b", score / 1.25)];
        Assert.Equal(["a"], Route(Request(), At(32), With(free.Needed + 0.01)).Primaries);
        Assert.Equal(["b"], Route(Request(), At(33), With(free.Needed - 0.01)).Primaries);
        Assert.All(RoutingExplanation.Lines(held), line => Assert.False(string.IsNullOrWhiteSpace(line)));
    }

    [Fact]
    public void Of_a_decision_that_spilled_the_cores_are_what_would_have_changed_it()
    {
        var decision = Route(
            Request(cores: 16), Dc("a", 10, free: 8, wait: 600), Dc("b", 20, free: 9, wait: 500),
            Dc("c", 90, free: 30));

        Assert.Equal(
            ["a: if it had 16 cores in time; it takes 10m", "b: with a score below 14.6; it has 29.1"],
            RoutingExplanation.Alternatives(decision).Select(alternative => alternative.Text));
    }

    [Fact]
    public void What_a_decision_says_would_have_changed_it_does() =>
        Gen.Select(Any, Gen.Int[1, 3], Gen.Int[0, 3]).Sample((some, count, rounds) =>
        {
            var router = new GateJobRouter(
                CapacityConfig.Default with { IsSpilloverEnabled = false }, HysteresisConfig.Default,
                new PlainLatencies());
            // So far away that none is ever nearer than counts.
            var all = some.Select(dc => Nearer(dc, 1e6)).ToList();
            for (var i = 0; i < rounds; i++)
                router.RouteJob(Request(count), new RoutingView(all, false), At(i * 25));
            var decision = router.Preview(Request(count), new RoutingView(all, false), At(100));
            foreach (var alternative in RoutingExplanation.Alternatives(decision))
            {
                if (alternative.Kind != AlternativeKind.ScoreBelow) continue;
                foreach (var (factor, isChosen) in new[] { (0.999, true), (1.001, false) })
                {
                    var scale = alternative.Needed / alternative.Actual * factor;
                    var changed = all.Select(dc => dc.Name.Text == alternative.Datacenter
                        ? Nearer(dc, scale)
                        : dc).ToList();
                    var instead = router.Preview(Request(count), new RoutingView(changed, false), At(100));
                    Assert.Equal(isChosen, instead.Primaries.Contains(alternative.Datacenter));
                }
            }
        });

    /// <summary>The factor of one that misses its targets is not its own alone, so that no comparison of two
    /// depends on a third.</summary>
    [Fact]
    public void Who_misses_its_targets_comes_behind_all_of_its_bucket_that_are_comparable_and_do_not() =>
        Gen.Select(Any, Gen.Bool).Sample((all, isBootstrap) =>
        {
            var view = new RoutingView(all, isBootstrap);
            var decision = NewRouter(new PlainLatencies()).Preview(Request(), view, At(0));
            // Who waits for cores gives way to who has them, whatever the scores.
            if (decision.Spillovers.Any(spillover => spillover.ShouldSpill)) return;
            var ranking = decision.Ranking;
            for (var i = 0; i < ranking.Count; i++)
            {
                if (!Misses(ranking[i])) continue;
                foreach (var behind in ranking.Skip(i + 1).Where(one => one.Bucket == ranking[i].Bucket))
                {
                    Assert.True(Misses(behind) || WithoutSlo(behind)
                        > WithoutSlo(ranking[i]) * RoutingScorer.MissedSloFactor * (1 - 1e-9));
                }
            }

            static bool Misses(in DatacenterRoutingScore score) => score.SloLevel >= SloLevel.Violating;

            static double WithoutSlo(in DatacenterRoutingScore score) => score.Score / score.SloFactor;
        });

    [Theory]
    [InlineData(1.048, 0.998, 59, "b")]
    [InlineData(1.048, 0.998, 61, "a")]
    [InlineData(1.048, 1.2, 59, "b")]
    [InlineData(2, 1, 99, "b")]
    [InlineData(2, 1, 101, "a")]
    public void Who_misses_its_targets_is_chosen_only_where_the_others_are_worse_by_more_than_a_fifth(
        double missing, double meeting, double rtt, string chosen)
    {
        var decision = Route(
            Request(), Dc("a", 50, slo: missing, level: SloLevel.Violating),
            Dc("b", rtt, slo: meeting, level: SloLevel.Meeting));

        Assert.Equal(chosen, decision.Ranking[0].Datacenter);
    }

    [Fact]
    public void Where_all_miss_their_targets_their_own_factors_decide()
    {
        var decision = Route(
            Request(), Dc("a", 50, slo: 1.3, level: SloLevel.Critical),
            Dc("b", 50, slo: 1.1, level: SloLevel.Violating),
            Dc("excluded", 50, health: DatacenterHealth.Unhealthy, slo: 2, level: SloLevel.Meeting));

        Assert.Equal([1.1, 1.3], decision.Ranking.Select(score => score.SloFactor));
    }

    private static DatacenterCandidate Nearer(DatacenterCandidate dc, double scale) => dc with
    {
        Predicted = dc.Predicted!.Value with { RttUcbMs = dc.Predicted.Value.RttUcbMs * scale },
    };

    private static GateJobRouter NewRouter(IBlendedLatencies latencies) =>
        new(CapacityConfig.Default, HysteresisConfig.Default, latencies);

    private static ulong FingerprintOf(GateJobRouter router)
    {
        var fingerprint = default(Fingerprint);
        router.AddTo(ref fingerprint);
        return fingerprint.Value;
    }

    private RoutingDecision Route(RoutingRequest request, params DatacenterCandidate[] all) =>
        Route(request, At(0), all);

    private RoutingDecision Route(RoutingRequest request, Instant at, params DatacenterCandidate[] all)
    {
        var decision = _router.RouteJob(request, View(all), at);
        _router.CheckInvariants();
        return decision;
    }
}
