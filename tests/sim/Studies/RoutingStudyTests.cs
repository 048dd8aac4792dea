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
        var (one, other) = (RoutingStudy.Run(seed: 7, jobs: 200), RoutingStudy.Run(seed: 7, jobs: 200));

        Assert.Equal(RoutingMarkdown.Of(one), RoutingMarkdown.Of(other));
        Assert.Equal(RoutingChart.Of(one), RoutingChart.Of(other));
        Assert.NotEqual(RoutingMarkdown.Of(one), RoutingMarkdown.Of(RoutingStudy.Run(seed: 8, jobs: 200)));
    }

    [Fact]
    public void Where_nothing_happens_jobs_stay_near_and_are_spread_better_than_by_distance_alone()
    {
        var ours = RoutingStudy.RunOne(1, 3000, RoutingScenario.Steady, RoutingPolicy.Ours);
        var random = RoutingStudy.RunOne(1, 3000, RoutingScenario.Steady, RoutingPolicy.Random);
        var nearest = RoutingStudy.RunOne(1, 3000, RoutingScenario.Steady, RoutingPolicy.NearestRtt);

        Assert.True(RoutingGoals.Of(ours, random)[0].IsMet);
        Assert.True(ours.LoadVariation < Math.Min(random.LoadVariation, nearest.LoadVariation));
        Assert.True(ours.OverheadP95Ms < Math.Min(random.OverheadP95Ms, nearest.OverheadP95Ms));
        Assert.True(ours.MoveRate < random.MoveRate / 10);
        Assert.Equal(0, ours.Lost);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void A_dead_datacenter_is_avoided_in_less_than_ten_seconds(ulong seed)
    {
        var ours = RoutingStudy.RunOne(seed, 2000, RoutingScenario.Failing, RoutingPolicy.Ours);

        Assert.True(ours.Failover < Duration.FromSeconds(10), $"{ours.Failover}");
        Assert.True(ours.AffectedShares[0] > 0.1);
    }

    [Fact]
    public void A_slow_datacenter_loses_jobs_and_gets_them_again_when_it_is_well()
    {
        var shares = RoutingStudy.RunOne(1, 6000, RoutingScenario.Heal, RoutingPolicy.Ours).AffectedShares;

        Assert.True(shares[1] < shares[0] * 0.75);
        Assert.True(shares[2] > shares[1] * 1.2);
    }

    [Fact]
    public void The_same_jobs_come_whatever_happens_and_twice_as_many_in_a_surge()
    {
        var steady = new StudyModel(3, 4000, RoutingScenario.Steady);
        var surge = steady with { Scenario = RoutingScenario.Surge };

        Assert.Equal(steady.Arrivals(), (steady with { Scenario = RoutingScenario.Failing }).Arrivals());
        Assert.InRange(InSecondThird(steady), 1250, 1420);
        Assert.InRange(InSecondThird(surge), 1900, 2100);
        Assert.All(surge.Arrivals(), job => Assert.InRange(
            job.At.Nanoseconds, StudyModel.FirstArrival.Nanoseconds, surge.LastArrival.Nanoseconds));
    }

    [Fact]
    public void The_picture_is_well_formed_and_shows_every_policy_in_every_scenario()
    {
        var picture = XDocument.Parse(RoutingChart.Of(RoutingStudy.Run(seed: 2, jobs: 200)));

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

    private static int InSecondThird(StudyModel model) =>
        model.Arrivals().Count(job => job.At >= model.ChangeAt && job.At < model.HealAt);
}
