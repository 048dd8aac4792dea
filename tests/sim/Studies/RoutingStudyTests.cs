using System.Xml.Linq;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Sim.Studies;

namespace Hyperscale.Det.Tests.Sim.Studies;

public sealed class RoutingStudyTests
{
    private static readonly XNamespace Svg = "http://www.w3.org/2000/svg";

    [Fact]
    public void One_seed_makes_one_text_and_one_picture()
    {
        var (one, other) = (RoutingStudy.Run(Few(7)), RoutingStudy.Run(Few(7)));

        Assert.Equal(RoutingMarkdown.Of(one), RoutingMarkdown.Of(other));
        Assert.Equal(RoutingChart.Of(one), RoutingChart.Of(other));
        Assert.NotEqual(RoutingMarkdown.Of(one), RoutingMarkdown.Of(RoutingStudy.Run(Few(8))));
    }

    [Fact]
    public void Where_nothing_happens_jobs_stay_near_and_are_spread_better_than_by_distance_alone()
    {
        var ours = RoutingStudy.RunOne(new(1, 10_000), RoutingScenario.Steady, RoutingPolicy.Ours);
        var random = RoutingStudy.RunOne(new(1, 10_000), RoutingScenario.Steady, RoutingPolicy.Random);
        var nearest = RoutingStudy.RunOne(new(1, 10_000), RoutingScenario.Steady, RoutingPolicy.NearestRtt);

        var goals = RoutingGoals.Of(ours, random).Where(goal => !goal.Name.StartsWith("load"));
        Assert.All(goals, goal => Assert.True(goal.IsMet, $"{goal}"));
        Assert.True(ours.LoadVariation < nearest.LoadVariation / 2);
        Assert.True(ours.OverheadP95Ms < Math.Min(random.OverheadP95Ms, nearest.OverheadP95Ms) / 10);
        Assert.True(ours.MoveRate < random.MoveRate / 4);
        Assert.InRange(ours.MoveRate, ours.DetourRate!.Value / 2, ours.DetourRate.Value * 3);
        Assert.Equal(0, ours.Lost);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void A_dead_datacenter_is_avoided_in_less_than_ten_seconds(ulong seed)
    {
        var ours = RoutingStudy.RunOne(new(seed, 6000), RoutingScenario.Failing, RoutingPolicy.Ours);

        Assert.True(ours.Failover < Duration.FromSeconds(10), $"{ours.Failover}");
        Assert.True(ours.AffectedShares[0] > 0.1);
    }

    [Fact]
    public void A_slow_datacenter_loses_jobs_and_gets_them_again_when_it_is_well()
    {
        var ours = RoutingStudy.RunOne(new(1, 20_000), RoutingScenario.Heal, RoutingPolicy.Ours);
        var shares = ours.AffectedShares;

        Assert.True(shares[1] < shares[0] * 0.75);
        Assert.True(shares[2] > shares[1] * 1.2);
    }

    [Fact]
    public void The_same_jobs_come_whatever_happens_and_half_as_many_more_in_a_surge()
    {
        var steady = new StudyModel(new(3, 4000), RoutingScenario.Steady);
        var surge = steady with { Scenario = RoutingScenario.Surge };

        Assert.Equal(steady.Arrivals(), (steady with { Scenario = RoutingScenario.Failing }).Arrivals());
        Assert.InRange(InSecondThird(steady), 1250, 1420);
        Assert.InRange(InSecondThird(surge), 1620, 1810);
        Assert.All(surge.Arrivals(), job => Assert.InRange(
            job.At.Nanoseconds, StudyModel.FirstArrival.Nanoseconds, surge.LastArrival.Nanoseconds));
    }

    [Fact]
    public void As_many_jobs_as_are_allowed_can_be_timed()
    {
        var least = new StudyOptions(1, StudyOptions.JobsMax, Scale: 1, StudyOptions.LoadPercentMin);
        var model = new StudyModel(least, RoutingScenario.Surge);

        Assert.True(model.LastArrival - model.ChangeAt > Duration.FromSeconds(700_000));
    }

    [Fact]
    public void The_picture_is_well_formed_and_shows_every_policy_in_every_scenario()
    {
        var picture = XDocument.Parse(RoutingChart.Of(RoutingStudy.Run(Few(2))));

        Assert.Equal(Svg + "svg", picture.Root!.Name);
        var texts = picture.Descendants(Svg + "text").Select(text => text.Value).ToList();
        Assert.All(RoutingPolicies.All, policy => Assert.Contains(RoutingPolicies.NameOf(policy), texts));
        // Background, legend, and a bar for each measure.
        Assert.Equal(1 + 4 + (4 * 5 * 4), picture.Descendants(Svg + "rect").Count());
    }

    [Fact]
    public void A_name_that_is_no_markup_stays_text()
    {
        var picture = BarChart.Draw(
            "a < b & c", ["\"x\""], [new BarPanel("<none>", true, "F0", null, [new("g", [0.0])])]);

        Assert.Equal("a < b & c", XDocument.Parse(picture).Root!.Element(Svg + "title")!.Value);
    }

    private static StudyOptions Few(ulong seed) => new(seed, Jobs: 200);

    private static int InSecondThird(StudyModel model) =>
        model.Arrivals().Count(job => job.At >= model.ChangeAt && job.At < model.HealAt);
}
