using Hyperscale.Det.Kernel;
using Hyperscale.Det.Sim.Studies;

namespace Hyperscale.Det.Tests.Sim.Studies;

public sealed class RoutingGoalsTests
{
    private static readonly StudyMeasures Random = new(
        200, 300, RttP50Ms: 80, LoadVariation: 0.1, Failover: null, MoveRate: 0.8, SwitchRate: null,
        DetourRate: null, SpillRate: 0, Lost: 0, [0, 0, 0]);

    private static readonly StudyMeasures Good = Random with
    {
        RttP50Ms = 40,
        LoadVariation = 0.29,
        SwitchRate = 0.009,
        Failover = Duration.FromMilliseconds(9999),
    };

    public static TheoryData<string, StudyMeasures> Misses => new()
    {
        { "median RTT at least 50% below random", Good with { RttP50Ms = 41 } },
        { "load variation below 0.3", Good with { LoadVariation = 0.3 } },
        { "switches below 1% of decisions", Good with { SwitchRate = 0.01 } },
        { "dead datacenter avoided in less than 10 s", Good with { Failover = Duration.FromSeconds(10) } },
    };

    [Fact]
    public void What_is_good_enough_meets_all_goals() =>
        Assert.All(RoutingGoals.Of(Good, Random), goal => Assert.True(goal.IsMet, goal.Name));

    [Theory]
    [MemberData(nameof(Misses))]
    public void A_goal_that_is_not_reached_is_missed(string goal, StudyMeasures ours) =>
        Assert.Equal([goal], RoutingGoals.Of(ours, Random).Where(one => !one.IsMet).Select(one => one.Name));
}
