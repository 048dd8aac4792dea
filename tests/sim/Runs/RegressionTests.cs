using Hyperscale.Det.Sim.Plans;
using Hyperscale.Det.Sim.Runs;

namespace Hyperscale.Det.Tests.Sim.Runs;

/// <summary>Worlds in which a rule was once broken.</summary>
public sealed class RegressionTests
{
    [Theory]
    [InlineData(60, "a life numbered by a clock that was set back")]
    [InlineData(74, "a refused attempt that ran after all")]
    [InlineData(93, "a primary that lost its disk in a view that others had asked to leave")]
    [InlineData(183, "an outcome for a gate that no longer leads")]
    [InlineData(429, "two wishes of one view")]
    [InlineData(466, "a lease that ran out on its way")]
    [InlineData(476, "a wish to leave that was taken back, and a lease")]
    [InlineData(753, "a wish to leave that a restart forgot, and a lease")]
    [InlineData(800, "calls that are lost and sent without end")]
    [InlineData(20131, "samples from before a throttle that came after it")]
    public void A_seed_that_once_broke_a_rule_breaks_none(int seed, string what) =>
        BreaksNone(seed, Profile.Swarm, what);

    [Fact]
    public void A_guard_whose_samples_come_late_and_early_kills_after_its_grace_and_not_before() =>
        BreaksNone(282, Profile.Smoke, "samples at another rate of the clock");

    private static void BreaksNone(int seed, Profile profile, string what)
    {
        var result = PlanRunner.Run(PlanGenerator.Generate((ulong)seed, profile));

        Assert.True(result.Failure is null, $"{what}: {result.Failure?.Message}");
    }
}
