using CsCheck;
using Hyperscale.Det.Capacity;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Slo;

namespace Hyperscale.Det.Tests.Core.Slo;

public sealed class SloHealthClassifierTests
{
    private static readonly SloRatios Fine = new(1, 1, 1, 1000);

    private readonly SloHealthClassifier _classifier = new(SloConfig.Default);

    [Theory]
    [InlineData(1.5, 1.0, 1.0, 60, DatacenterHealth.Busy, SloRuleKind.P50Busy)]
    [InlineData(1.0, 2.0, 1.0, 180, DatacenterHealth.Degraded, SloRuleKind.P95Degraded)]
    [InlineData(1.0, 1.0, 3.0, 180, DatacenterHealth.Degraded, SloRuleKind.P99Degraded)]
    [InlineData(1.0, 1.0, 5.0, 300, DatacenterHealth.Unhealthy, SloRuleKind.P99Unhealthy)]
    public void A_rule_is_broken_once_its_ratio_has_lasted_and_whole_once_it_has_been_below_as_long(
        double p50, double p95, double p99, int seconds, DatacenterHealth health, SloRuleKind rule)
    {
        var broken = new SloRatios(p50, p95, p99, 1000);

        Assert.NotEqual(rule, Observed(broken, 0, seconds - 1).Rule);
        Assert.Equal(new SloHealth(health, rule), Observed(broken, seconds, seconds));
        Assert.Equal(rule, Observed(Fine, seconds + 1, (2 * seconds)).Rule);
        Assert.NotEqual(rule, Observed(Fine, (2 * seconds) + 1, (2 * seconds) + 1).Rule);
    }

    [Fact]
    public void A_ratio_just_below_the_bound_begins_nothing()
    {
        Assert.Equal(SloHealth.Healthy, Observed(new SloRatios(1.49, 1.99, 2.99, 1000), 0, 3600));
    }

    [Fact]
    public void A_ratio_that_falls_below_in_between_begins_anew()
    {
        var broken = new SloRatios(2, 1, 1, 1000);

        Observed(broken, 0, 59);
        Observed(Fine, 60, 60);
        Assert.Equal(SloHealth.Healthy, Observed(broken, 61, 120));
        Assert.Equal(DatacenterHealth.Busy, Observed(broken, 121, 121).Health);
    }

    [Fact]
    public void What_is_only_just_bad_lends_no_time_to_what_is_terrible()
    {
        Observed(new SloRatios(1, 1, 4, 1000), 0, 299);

        Assert.Equal(DatacenterHealth.Degraded, Observed(new SloRatios(1, 1, 6, 1000), 300, 599).Health);
        Assert.Equal(
            DatacenterHealth.Unhealthy, Observed(new SloRatios(1, 1, 6, 1000), 600, 600).Health);
    }

    [Fact]
    public void Too_few_samples_find_nothing_and_heal_nothing()
    {
        var few = new SloRatios(9, 9, 9, 99);

        Assert.Equal(SloHealth.Healthy, Observed(few, 0, 3600));
        Observed(few with { Samples = 100 }, 3601, 4000);
        Assert.Equal(DatacenterHealth.Unhealthy, Observed(Fine with { Samples = 99 }, 4001, 5000).Health);
    }

    [Fact]
    public void Times_of_enough_good_samples_add_up_until_a_bad_one_comes()
    {
        var terrible = new SloRatios(9, 9, 9, 100);
        Observed(terrible, 0, 300);

        Observed(Fine, 301, 450);
        Assert.Equal(DatacenterHealth.Unhealthy, Observed(SloRatios.None, 451, 1000).Health);
        Observed(Fine, 1001, 1100);
        Observed(terrible, 1101, 1101);
        Observed(SloRatios.None, 1102, 1200);
        Observed(Fine, 1201, 1400);
        Assert.Equal(DatacenterHealth.Unhealthy, Observed(SloRatios.None, 1401, 2000).Health);
        Assert.Equal(DatacenterHealth.Unhealthy, Observed(Fine, 2001, 2100).Health);
        Assert.Equal(SloHealth.Healthy, Observed(Fine, 2101, 2101));
    }

    [Fact]
    public void What_was_found_is_forgotten_once_nothing_has_come_for_six_windows()
    {
        Observed(new SloRatios(9, 9, 9, 100), 0, 300);

        Assert.Equal(DatacenterHealth.Unhealthy, Observed(SloRatios.None, 301, 2100).Health);
        Assert.Equal(SloHealth.Healthy, Observed(SloRatios.None, 2101, 2101));
    }

    [Fact]
    public void Health_is_never_worse_than_the_worst_ratio_that_was_seen_long_enough() =>
        Gen.Select(Gen.Double[0, 8], Gen.Long[0, 300], Gen.Int[1, 120]).List[1, 40].Sample(steps =>
        {
            var classifier = new SloHealthClassifier(SloConfig.Default);
            var at = Instant.Zero;
            var (worst, lasted) = (0.0, Duration.Zero);
            foreach (var (ratio, samples, seconds) in steps)
            {
                at += Duration.FromSeconds(seconds);
                lasted += Duration.FromSeconds(seconds);
                worst = Math.Max(worst, samples < 100 ? 0 : ratio);
                var health = classifier.Observe(new SloRatios(ratio, ratio, ratio, samples), at).Health;
                if (worst < 5 || lasted < Duration.FromSeconds(300))
                    Assert.NotEqual(DatacenterHealth.Unhealthy, health);
                if (worst < 1.5) Assert.Equal(DatacenterHealth.Healthy, health);
            }
        });

    /// <summary>Observes each second from one to the other, both included.</summary>
    private SloHealth Observed(SloRatios ratios, int fromSeconds, int toSeconds)
    {
        var health = SloHealth.Healthy;
        for (var second = fromSeconds; second <= toSeconds; second++)
            health = _classifier.Observe(ratios, Instant.Zero + Duration.FromSeconds(second));
        return health;
    }
}
