using CsCheck;
using Hyperscale.Det.Jobs;
using Hyperscale.Det.Nodes;

namespace Hyperscale.Det.Tests.Core.Nodes;

public sealed class SlotPlacementTests
{
    private static readonly DatacenterView Free = new("free", true, false, 2, 4);
    private static readonly DatacenterView Full = new("full", true, false, 2, 4);
    private static readonly DatacenterView Silent = new("silent", false, false, 0, 0);
    private static readonly DatacenterView Small = new("aa-small", true, false, 2, 1);

    [Fact]
    public void The_ranking_decides_where_nothing_speaks_against_it()
    {
        Assert.Equal("full", Choose(Specs.Job(), ["full", "free", "silent"], Silent, Full, Free));
        Assert.Equal("silent", Choose(Specs.Job(), ["silent", "full"], Full, Silent));
    }

    [Fact]
    public void What_is_not_ranked_or_had_already_is_never_chosen()
    {
        Assert.Equal("full", Choose(Specs.Job(), ["full", "silent"], Free, Silent, Full));
        Assert.Null(Choose(Specs.Job(), ["elsewhere"], Free, Full));
        Assert.Null(SlotPlacement.Choose(
            Specs.Job(), [], ["free", "full"], [Free, Full], ["free", "full"]));
    }

    [Fact]
    public void Those_that_refused_come_last_the_oldest_refusal_first()
    {
        SlotRefusal[] refusals = [new("free", "x"), new("full", "y")];

        string[] ranking = ["full", "free", "silent"];

        Assert.Equal(
            new Placement(Silent, false),
            SlotPlacement.Choose(Specs.Job(), refusals, [], [Full, Free, Silent], ranking));
        Assert.Equal(
            new Placement(Free, true),
            SlotPlacement.Choose(Specs.Job(), refusals, [], [Full, Free], ranking));
        Assert.Equal(
            new Placement(Full, true),
            SlotPlacement.Choose(
                Specs.Job(), [refusals[1], refusals[0]], [], [Free, Full], ["free", "full"]));
    }

    [Fact]
    public void Those_without_a_worker_large_enough_come_after_those_that_may_have_one()
    {
        var spec = Specs.Job(cores: 2);
        string[] ranking = ["aa-small", "silent", "new"];

        Assert.Equal(
            new Placement(Silent, false), SlotPlacement.Choose(spec, [], [], [Small, Silent], ranking));
        Assert.Equal(new Placement(Small, true), SlotPlacement.Choose(spec, [], [], [Small], ranking));
        // A datacenter without workers says nothing about those that will come.
        Assert.Equal(
            new Placement(Small with { Workers = 0, Name = "new" }, false),
            SlotPlacement.Choose(
                spec, [], [], [Small, Small with { Workers = 0, Name = "new" }], ranking));
    }

    [Fact]
    public void A_job_is_unplaceable_only_when_everyone_it_may_use_is_known_to_be_too_small()
    {
        var spec = Specs.Job(cores: 2);

        Assert.Equal(
            "no worker is large enough: workflow work needs 2 cores; the largest workers have: aa-small 1",
            SlotPlacement.Unplaceable(spec, [Small]));
        Assert.Null(SlotPlacement.Unplaceable(spec, [Small, Silent]));
        Assert.Null(SlotPlacement.Unplaceable(spec, [Small, Free]));
        Assert.Null(SlotPlacement.Unplaceable(spec, [Small with { Workers = 0 }]));
        Assert.Null(SlotPlacement.Unplaceable(spec, [Small with { IsGathering = true }]));
        Assert.Null(SlotPlacement.Unplaceable(spec, []));
        Assert.NotNull(SlotPlacement.Unplaceable(Specs.Job(cores: 2, only: ["aa-small"]), [Small, Free]));
    }

    [Fact]
    public void The_choice_does_not_depend_on_the_order_of_what_is_known()
    {
        var views = Gen.Select(Gen.Int[0, 9], Gen.Bool, Gen.Int[0, 2], Gen.Int[1, 3],
            (name, fresh, workers, largest) =>
                new DatacenterView($"dc{name}", fresh, IsGathering: false, workers, largest));

        Gen.Select(views.List[0, 8], Gen.Int[0, 7]).Sample((list, turn) =>
        {
            var distinct = list.DistinctBy(view => view.Name).ToList();
            var turned = distinct.Skip(turn).Concat(distinct.Take(turn)).ToList();
            SlotRefusal[] refusals = [new("dc3", "x"), new("dc1", "y")];
            var spec = Specs.Job(cores: 2);
            var ranking = distinct.Select(view => view.Name).Reverse().ToList();

            Assert.Equal(
                SlotPlacement.Choose(spec, refusals, ["dc7"], distinct, ranking),
                SlotPlacement.Choose(spec, refusals, ["dc7"], turned, ranking));
        });
    }

    private static string? Choose(JobSpec spec, string[] ranking, params DatacenterView[] views) =>
        SlotPlacement.Choose(spec, [], [], views, ranking)?.Datacenter.Name;
}
