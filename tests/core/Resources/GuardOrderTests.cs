using Hyperscale.Det.Resources;

namespace Hyperscale.Det.Tests.Core.Resources;

/// <summary>How guards step down, and how often they give orders.</summary>
public sealed class GuardOrderTests
{
    private readonly GuardBench _bench = new();

    [Fact]
    public void A_gap_below_a_level_counts_as_one_interval_of_it()
    {
        for (var i = 0; i < 7; i++) _bench.Look(memory: 0.78);
        Assert.Equal(GuardLevel.Warn, _bench.Guard.Level);

        _bench.Look(memory: 0.1);
        for (var i = 0; i < 60; i++) _bench.Pass();
        for (var i = 0; i < 3; i++) _bench.Look(memory: 0.1);
        Assert.Equal(GuardLevel.Warn, _bench.Guard.Level);

        for (var i = 0; i < 2; i++) _bench.Look(memory: 0.1);
        Assert.Equal(GuardLevel.None, _bench.Guard.Level);
    }

    [Fact]
    public void An_order_that_hardly_differs_from_the_last_one_is_not_given()
    {
        for (var i = 0; i < 7; i++) _bench.Look(cpu: 1.2);
        Assert.Equal(GuardLevel.Throttle, _bench.Guard.Level);
        var before = Orders();

        // Held at its target, it is off by up to a percent.
        for (var i = 0; i < 30; i++) _bench.Look(cpu: 0.95 + (0.01 * ((i % 3) - 1)));
        Assert.InRange(Orders() - before, 0, 3);
    }

    private int Orders() => _bench.History.Count(effect => effect is GuardEffect.Throttle);
}
