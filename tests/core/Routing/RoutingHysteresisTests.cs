using Hyperscale.Det.Capacity;
using Hyperscale.Det.Routing;
using Hyperscale.Det.Slo;
using static Hyperscale.Det.Tests.Core.Routing.RoutingSamples;

namespace Hyperscale.Det.Tests.Core.Routing;

public sealed class RoutingHysteresisTests
{
    private readonly GateJobRouter _router = new(
        CapacityConfig.Default, HysteresisConfig.Default, new PlainLatencies());

    [Fact]
    public void A_choice_is_held_for_thirty_seconds_and_heads_the_answer()
    {
        Expect(0, "a", RoutingReason.InitialSelection, Dc("a", 50), Dc("b", 60));
        Expect(29.9, "a", RoutingReason.HoldDownRetained, Dc("a", 50), Dc("b", 5));
        Expect(30, "b", RoutingReason.ImprovementThresholdMet, Dc("a", 50), Dc("b", 5));
        Expect(31, "b", RoutingReason.HoldDownRetained, Dc("a", 1), Dc("b", 5));
    }

    [Theory]
    [InlineData(39.9, "b")]
    [InlineData(40.0, "a")]
    [InlineData(45.0, "a")]
    public void A_challenger_has_to_be_better_by_a_fifth(double rtt, string chosen)
    {
        Expect(0, "a", RoutingReason.InitialSelection, Dc("a", 50), Dc("b", 60));
        Expect(
            60, chosen,
            chosen == "a" ? RoutingReason.BelowThresholdRetained : RoutingReason.ImprovementThresholdMet,
            Dc("a", 50), Dc("b", rtt));
    }

    [Fact]
    public void Exclusion_and_a_lower_bucket_break_the_hold_down()
    {
        Expect(0, "a", RoutingReason.InitialSelection, Dc("a", 50), Dc("b", 60));
        var gone = Dc("a", health: DatacenterHealth.Unhealthy);
        Expect(1, "b", RoutingReason.ExclusionForced, gone, Dc("b", 60));
        Expect(2, "b", RoutingReason.HoldDownRetained, Dc("a", 1), Dc("b", 60));
        var pressed = Dc("b", 1, health: DatacenterHealth.Busy) with
        {
            HealthReason = HealthReason.Resources,
        };
        Expect(3, "a", RoutingReason.BucketDropForced, Dc("a", 90), pressed);
    }

    [Fact]
    public void Jobs_go_around_a_full_datacenter_one_by_one_and_its_place_is_kept()
    {
        Expect(0, "a", RoutingReason.InitialSelection, Dc("a", 50), Dc("b", 60));
        Expect(1, "b", RoutingReason.FullDetour, Full("a", 50), Dc("b", 60));
        Expect(2, "a", RoutingReason.HoldDownRetained, Dc("a", 50), Dc("b", 60));
        Expect(40, "b", RoutingReason.FullDetour, Full("a", 50), Dc("b", 60));
        Expect(41, "a", RoutingReason.BelowThresholdRetained, Dc("a", 50), Dc("b", 60));
        // That it is full does not shield it from one that is better by a fifth.
        Expect(42, "b", RoutingReason.ImprovementThresholdMet, Full("a", 50), Dc("b", 30));
        Expect(43, "b", RoutingReason.HoldDownRetained, Dc("a", 50), Dc("b", 60));
    }

    [Fact]
    public void Where_all_are_full_a_job_waits_at_home()
    {
        Expect(0, "a", RoutingReason.InitialSelection, Dc("a", 50), Dc("b", 60));
        Expect(1, "a", RoutingReason.HoldDownRetained, Full("a", 50), Full("b", 30));
        Expect(40, "a", RoutingReason.BelowThresholdRetained, Full("a", 50), Full("b", 45));
        Expect(41, "b", RoutingReason.ImprovementThresholdMet, Full("a", 50), Full("b", 39));
    }

    [Fact]
    public void A_full_datacenter_comes_after_all_that_are_not_even_once_it_has_lost_its_place()
    {
        Route(Request(), 0, Dc("a", 50), Dc("b", 60), Dc("c", 70));
        var decision = Route(Request(), 42, Full("a", 50), Dc("b", 30), Dc("c", 70));

        Assert.Equal(RoutingReason.ImprovementThresholdMet, decision.Reason);
        Assert.Equal(["b", "c", "a"], decision.Ranking.Select(score => score.Datacenter));
    }

    [Fact]
    public void That_the_score_of_a_full_datacenter_suffers_is_no_degradation()
    {
        Expect(0, "a", RoutingReason.InitialSelection, Dc("a", 50, free: 100), Dc("b", 60));
        var queued = Full("a", 50);
        queued = queued with { Capacity = queued.Capacity with { PendingWorkflowCount = 30 } };
        for (var second = 1; second < 25; second++)
            Expect(second, "b", RoutingReason.FullDetour, queued, Dc("b", 60));
        // It has room again and its queue yet: only now does it begin to be worse than it was.
        var roomy = Dc("a", 50, free: 1, pending: 30);
        Expect(26, "a", RoutingReason.HoldDownRetained, roomy, Dc("b", 60));
    }

    [Fact]
    public void Of_a_detour_it_is_told_that_the_datacenter_would_have_to_have_room()
    {
        Route(Request(), 0, Dc("a", 50), Dc("b", 60), Dc("c", 70));
        var detour = Route(Request(), 40, Full("a", 50), Dc("b", 60), Dc("c", 70));

        Assert.Equal(RoutingReason.FullDetour, detour.Reason);
        Assert.Equal(
            "a: if it were Healthy; it is Busy",
            Assert.Single(RoutingExplanation.Alternatives(detour), other => other.Datacenter == "a").Text);
    }

    [Fact]
    public void A_switch_is_told_even_when_the_job_goes_around_another_datacenter_as_well()
    {
        var request = Request(count: 2);
        Route(request, 0, Dc("a", 50), Dc("b", 60), Dc("c", 70), Dc("d", 80));
        var gone = Dc("b", health: DatacenterHealth.Unhealthy);
        var decision = Route(request, 1, Full("a", 50), gone, Dc("c", 70), Dc("d", 80));

        Assert.Equal(RoutingReason.ExclusionForced, decision.Reason);
        Assert.Equal(["c", "d"], decision.Primaries);
    }

    [Fact]
    public void A_full_datacenter_loses_its_place_for_all_that_is_more_than_that()
    {
        Expect(0, "a", RoutingReason.InitialSelection, Dc("a", 50), Dc("b", 60));
        Expect(
            1, "b", RoutingReason.BucketDropForced, Full("a", 50) with { IsHealthStale = true }, Dc("b", 60));
        Expect(2, "b", RoutingReason.HoldDownRetained, Dc("a", 50), Dc("b", 60));
        _router.OnDispatchFailed(DatacenterName.Of("b"), At(3));
        Expect(4, "a", RoutingReason.CooldownPenalty, Dc("a", 50), Full("b", 60));
    }

    [Fact]
    public void Of_several_primaries_only_the_full_one_is_gone_around_and_what_would_change_that_is_told()
    {
        var request = Request(count: 2);
        Route(request, 0, Dc("a", 50), Dc("b", 60), Dc("c", 70), Dc("d", 80));
        var detour = Route(request, 1, Full("a", 50), Dc("b", 60), Dc("c", 70), Dc("d", 80));

        Assert.Equal(RoutingReason.FullDetour, detour.Reason);
        Assert.Equal(["b", "c"], detour.Primaries);
        Assert.Equal(["d", "a"], detour.Fallback);
        Assert.Contains(
            RoutingExplanation.Alternatives(detour),
            alternative => alternative.Text == "a: if it were Healthy; it is Busy");
        var after = Route(request, 2, Dc("a", 50), Dc("b", 60), Dc("c", 70), Dc("d", 80));
        Assert.Equal(["a", "b"], after.Primaries);
        Assert.Equal(RoutingReason.HoldDownRetained, after.Reason);
    }

    [Fact]
    public void A_score_that_is_much_worse_for_ten_seconds_breaks_the_hold_down()
    {
        Expect(0, "a", RoutingReason.InitialSelection, Dc("a", 50), Dc("b", 60));
        Expect(5, "a", RoutingReason.HoldDownRetained, Dc("a", 76), Dc("b", 60));
        Expect(14.9, "a", RoutingReason.HoldDownRetained, Dc("a", 76), Dc("b", 60));
        Expect(15, "b", RoutingReason.DegradationForced, Dc("a", 76), Dc("b", 60));
    }

    [Fact]
    public void A_score_that_recovers_in_between_begins_anew()
    {
        Expect(0, "a", RoutingReason.InitialSelection, Dc("a", 50), Dc("b", 60));
        Expect(5, "a", RoutingReason.HoldDownRetained, Dc("a", 76), Dc("b", 60));
        Expect(10, "a", RoutingReason.HoldDownRetained, Dc("a", 75), Dc("b", 60));
        Expect(11, "a", RoutingReason.HoldDownRetained, Dc("a", 76), Dc("b", 60));
        Expect(20.9, "a", RoutingReason.HoldDownRetained, Dc("a", 76), Dc("b", 60));
        Expect(21, "b", RoutingReason.DegradationForced, Dc("a", 76), Dc("b", 60));
    }

    [Fact]
    public void A_failed_dispatch_doubles_the_score_for_two_minutes()
    {
        Expect(0, "a", RoutingReason.InitialSelection, Dc("a", 50), Dc("b", 60));
        _router.OnDispatchFailed(DatacenterName.Of("a"), At(1));
        Expect(2, "b", RoutingReason.CooldownPenalty, Dc("a", 50), Dc("b", 60));
        Expect(60, "b", RoutingReason.BelowThresholdRetained, Dc("a", 25), Dc("b", 60));
        Expect(120.9, "b", RoutingReason.BelowThresholdRetained, Dc("a", 25), Dc("b", 60));
        Expect(121, "a", RoutingReason.ImprovementThresholdMet, Dc("a", 25), Dc("b", 60));
    }

    [Fact]
    public void Whoever_failed_stays_when_nobody_else_is_any_better()
    {
        Expect(0, "a", RoutingReason.InitialSelection, Dc("a", 50), Dc("b", 150));
        _router.OnDispatchFailed(DatacenterName.Of("a"), At(1));
        Expect(2, "a", RoutingReason.HoldDownRetained, Dc("a", 50), Dc("b", 150));
    }

    // A score of 1.45 by latencies breaks no rule of health; its factor is within what an incumbent may be
    // worse.
    [Theory]
    [InlineData(SloLevel.Violating, null, true)]
    [InlineData(SloLevel.Critical, SloLevel.Warning, true)]
    [InlineData(SloLevel.Violating, SloLevel.Meeting, true)]
    [InlineData(SloLevel.Warning, SloLevel.Exceeding, false)]
    [InlineData(SloLevel.Critical, SloLevel.Violating, false)]
    public void An_incumbent_whose_jobs_miss_their_targets_loses_at_once_to_an_equal_whose_jobs_do_not(
        SloLevel level, SloLevel? other, bool loses)
    {
        var slow = Dc("a", 50, slo: 1.18, level: level);
        Expect(0, "a", RoutingReason.InitialSelection, Dc("a", 50), Dc("b", 50));
        Expect(
            1, loses ? "b" : "a", loses ? RoutingReason.SloForced : RoutingReason.HoldDownRetained,
            slow, Dc("b", 50, level: other));
        Expect(
            2, loses ? "b" : "a", RoutingReason.HoldDownRetained, slow, Dc("b", 50, slo: 1.2, level: level));
    }

    [Fact]
    public void An_incumbent_whose_jobs_miss_their_targets_stays_where_all_else_is_worse_still()
    {
        var slow = Dc("a", 50, slo: 1.18, level: SloLevel.Violating);
        Expect(0, "a", RoutingReason.InitialSelection, Dc("a", 50), Dc("b", 61));
        Expect(1, "a", RoutingReason.HoldDownRetained, slow, Dc("b", 61));
        var full = Dc("b", 1, health: DatacenterHealth.Busy);
        Expect(40, "a", RoutingReason.BelowThresholdRetained, slow, full);
    }

    [Fact]
    public void One_of_several_incumbents_loses_to_no_other_incumbent()
    {
        var request = Request(count: 2);
        Route(request, 0, Dc("a", 50), Dc("b", 50), Dc("c", 51));
        var slow = Dc("b", 50, slo: 1.18, level: SloLevel.Violating);
        var decision = Route(
            request, 1, Dc("a", 50), slow, Dc("c", 51, slo: 1.15, level: SloLevel.Violating));

        Assert.Equal(["a", "b"], decision.Primaries);
        Assert.Equal(["a", "c"], Route(request, 2, Dc("a", 50), slow, Dc("c", 51)).Primaries);
    }

    [Fact]
    public void Several_incumbents_are_kept_each_by_itself()
    {
        var request = Request(count: 2);
        Route(request, 0, Dc("a", 50), Dc("b", 60), Dc("c", 70));
        var decision = Route(request, 40, Dc("a", 50), Dc("b", 60), Dc("c", 47));

        Assert.Equal(["a", "c"], decision.Primaries);
        Assert.Equal(RoutingReason.ImprovementThresholdMet, decision.Reason);
        // The newcomer is held down, the other one is not any more.
        Assert.Equal(["c", "b"], Route(request, 50, Dc("a", 90), Dc("b", 10), Dc("c", 100)).Primaries);
    }

    // Pressure on its resources gives the one that meets its targets a factor of three.
    [Fact]
    public void What_is_added_where_targets_are_missed_is_no_degradation()
    {
        DatacenterCandidate[] missing =
        [
            Dc("a", 50, slo: 1.1, level: SloLevel.Violating),
            Dc("b", 45, slo: 1.1, level: SloLevel.Violating),
        ];
        var meeting = Dc("c", 50, health: DatacenterHealth.Degraded, slo: 3, level: SloLevel.Meeting);
        Assert.Equal(["a"], Route(Request(), 0, missing[0]).Primaries);
        for (var second = 1; second < 60; second += 5)
        {
            var decision = Route(Request(), second, [.. missing, meeting]);
            Assert.Equal(["a"], decision.Primaries);
            Assert.Equal(3.6, decision.Ranking[0].SloFactor, 9);
        }
    }

    [Fact]
    public void Coordinates_that_appear_do_not_look_like_a_degradation()
    {
        RoutingView Plain(bool isBootstrap) => new([Dc("a", 50), Dc("b", 60, free: 40)], isBootstrap);
        Assert.Equal(["a"], _router.RouteJob(Request(), Plain(true), At(0)).Primaries);
        for (var second = 1; second < 25; second++)
        {
            var decision = _router.RouteJob(Request(), Plain(false), At(second));
            Assert.Equal(["a"], decision.Primaries);
            Assert.Equal(RoutingReason.HoldDownRetained, decision.Reason);
        }
    }

    [Fact]
    public void Every_reason_has_a_name_of_its_own() =>
        Assert.Equal(
            Enum.GetValues<RoutingReason>().Length,
            Enum.GetValues<RoutingReason>().Select(RoutingNames.Of).Distinct().Count());

    private void Expect(double at, string primary, RoutingReason reason, params DatacenterCandidate[] all)
    {
        var decision = Route(Request(), at, all);
        Assert.Equal((primary, RoutingNames.Of(reason)), (decision.Primaries.Single(),
            RoutingNames.Of(decision.Reason)));
    }

    private RoutingDecision Route(RoutingRequest request, double at, params DatacenterCandidate[] all)
    {
        var decision = _router.RouteJob(request, View(all), At(at));
        _router.CheckInvariants();
        return decision;
    }
}
