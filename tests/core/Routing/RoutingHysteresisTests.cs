using Hyperscale.Det.Capacity;
using Hyperscale.Det.Routing;
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
        var full = Dc("b", 1, health: DatacenterHealth.Busy);
        Expect(3, "a", RoutingReason.BucketDropForced, Dc("a", 90), full);
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
