using Hyperscale.Det.Kernel;
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

    /// <summary>A worker that stood still has samples from before its order to look at yet.</summary>
    [Fact]
    public void What_was_used_before_the_order_to_hold_it_kills_nothing_however_late_it_is_heard_of()
    {
        var late = Duration.FromSeconds(60);
        for (var second = 1; second <= 30; second++) _bench.HearOf(second, cpu: 1.5, late);

        Assert.Equal(GuardLevel.Throttle, _bench.Guard.LevelOf(GuardDimension.Cpu));
        for (var second = 31; second <= 100; second++) _bench.HearOf(second, cpu: 1.5, late: Duration.Zero);
        Assert.Equal(GuardLevel.Kill, _bench.Guard.LevelOf(GuardDimension.Cpu));
    }

    private int Orders() => _bench.History.Count(effect => effect is GuardEffect.Throttle);
}
