using CsCheck;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Protocol;
using Hyperscale.Det.Resources;
using Hyperscale.Det.Tests.Core.Protocol;

namespace Hyperscale.Det.Tests.Core.Resources;

public sealed class ResourceViewTests
{
    private static readonly Instant Noon = new(1_000_000_000_000);

    [Fact]
    public void The_order_and_the_repetition_of_views_do_not_matter() => Gen.Select(
        ResourceGens.View.List[0, 12], Gen.Int[0, int.MaxValue]).Sample((views, seed) =>
    {
        var rng = new Rng((ulong)seed);
        var shuffled = views.Concat(views).OrderBy(_ => rng.Next()).ToList();

        AssertAlike(Merged(views), Merged(shuffled));
    });

    [Fact]
    public void Views_converge_once_nothing_changes_whoever_told_whom_before() =>
        ResourceGens.View.List[0, 8].Array[3].Sample(all =>
        {
            var managers = all.Select(Merged).ToArray();
            // Each tells the next, twice round.
            for (var i = 0; i < 6; i++)
                foreach (var view in managers[i % 3].Views(Noon)) managers[(i + 1) % 3].Merge(view, Noon);

            AssertAlike(managers[0], managers[1]);
            AssertAlike(managers[1], managers[2]);
        });

    [Fact]
    public void Pressure_is_from_nothing_to_all() => ResourceGens.View.List[0, 12].Sample(views =>
    {
        var resources = Merged(views).Resources(Noon);
        Assert.InRange(resources.CpuPressure, 0, 1);
        Assert.InRange(resources.MemoryPressure, 0, 1);
        Assert.InRange(resources.CpuUncertainty, 0, 1);
        Assert.InRange(resources.MemoryUncertainty, 0, 1);
    });

    [Fact]
    public void A_worker_that_several_managers_hear_counts_once_as_it_was_heard_last()
    {
        var view = new ManagerClusterResourceView();
        view.Merge(ViewOf("a", 1, Worker("w", 5, cpu: 50)), Noon);
        view.Merge(ViewOf("b", 1, Worker("w", 7, cpu: 150)), Noon);

        var resources = view.Resources(Noon);
        Assert.Equal((1, 2, 150), (resources.Workers, resources.Cores, resources.Used.CpuPercent));
        Assert.Equal(0.75, resources.CpuPressure);
    }

    [Fact]
    public void A_manager_that_restarted_is_heard_although_it_counts_from_the_start_again()
    {
        var view = new ManagerClusterResourceView();
        view.Merge(ViewOf("a", 90, Worker("w", 1, cpu: 50)), Noon);
        var restarted = ViewOf("a", 1, Worker("w", 2, cpu: 10)) with { Version = new StateVersion(2, 1) };

        Assert.Equal(TrackerVerdict.Accepted, view.Merge(restarted, Noon));
        Assert.Equal(10, view.Resources(Noon).Used.CpuPercent);
        Assert.Equal(TrackerVerdict.Stale, view.Merge(ViewOf("a", 91), Noon));
    }

    [Fact]
    public void A_view_counts_for_thirty_seconds_what_it_was_under_way_included()
    {
        var view = new ManagerClusterResourceView();
        view.Merge(ViewOf("a", 1, Worker("w", 1)) with { Age = Duration.FromSeconds(20) }, Noon);

        Assert.Equal(1, view.Resources(Noon + Duration.FromSeconds(10)).Workers);
        Assert.Equal(0, view.Resources(Noon + Duration.FromSeconds(11)).Workers);
        Assert.Equal(
            TrackerVerdict.Expired,
            view.Merge(ViewOf("b", 1) with { Age = Duration.FromSeconds(31) }, Noon));
    }

    [Fact]
    public void A_message_has_the_own_view_and_of_the_others_what_fits_in_turn()
    {
        var gossip = new ManagerResourceGossip([]);
        var names = Enumerable.Range(0, 10).Select(i => $"m{i}").ToList();
        List<ManagerLocalView> views = [.. names.Select(name => ViewOf(name, 1, Many(3000)))];

        var told = new List<string>();
        for (var i = 0; i < 9; i++)
        {
            var chosen = gossip.Choose(NodeId.Of("m4"), views);
            Assert.Contains(chosen, view => view.Manager.Name == "m4");
            Assert.InRange(chosen.Sum(view => view.Workers.Count), 1, ManagerResourceGossip.WorkersMax);
            Assert.Equal(chosen.OrderBy(view => view.Manager), chosen);
            told.AddRange(chosen.Select(view => view.Manager.Name).Where(name => name != "m4"));
        }

        Assert.All(names.Where(name => name != "m4"), name => Assert.Equal(4, told.Count(n => n == name)));
        Assert.Equal(3, gossip.Choose(NodeId.Of("m4"), [.. views.Take(3)]).Count);
    }

    [Fact]
    public void The_largest_message_of_views_fits_a_frame()
    {
        var workers = Many(ManagerLocalView.WorkersMax);
        List<ManagerLocalView> views =
            [.. Enumerable.Range(0, 256).Select(i => ViewOf($"{new string('m', 60)}{i:d3}", 1, workers))];

        var message = new Message.ResourcesGossiped(
            new ManagerResourceGossip([]).Choose(views[0].Manager, views));

        Assert.InRange(Encoded.Of(message).Length, 1 << 20, Frame.PayloadBytesMax / 4);
        Assert.Throws<InvariantViolationException>(() => Encoded.Of(new Message.ResourcesGossiped(views)));
    }

    private static WorkerAggregate[] Many(int count) =>
    [
        .. Enumerable.Range(0, count).Select(i => new WorkerAggregate(
            NodeId.Of($"{new string('w', 56)}{i:d4}"), long.MaxValue, 4096,
            new ResourceUsage(1e9, 1e9, 1L << 59, 1L << 59), 1L << 59, true)),
    ];

    [Fact]
    public void Ages_travel_with_what_is_passed_on()
    {
        var (first, second) = (new ManagerClusterResourceView(), new ManagerClusterResourceView());
        first.Merge(ViewOf("a", 1), Noon);
        foreach (var view in first.Views(Noon + Duration.FromSeconds(25))) second.Merge(view, Noon);

        Assert.Empty(second.Views(Noon + Duration.FromSeconds(6)));
    }

    [Theory]
    [InlineData("a1 b1", "a1 b1", VectorOrder.Equal)]
    [InlineData("a1", "a2", VectorOrder.Before)]
    [InlineData("a1 b1", "a1", VectorOrder.After)]
    [InlineData("a2 b1", "a1 b2", VectorOrder.Concurrent)]
    [InlineData("a1", "b1", VectorOrder.Concurrent)]
    public void Version_vectors_are_ordered_by_every_entry(string a, string b, VectorOrder order) =>
        Assert.Equal(order, VectorOf(a).CompareTo(VectorOf(b)));

    [Fact]
    public void The_union_knows_all_that_either_knows() => Gen.Select(
        ResourceGens.Vector, ResourceGens.Vector).Sample((a, b) =>
    {
        var union = a.Union(b);
        Assert.True(union.CompareTo(a) is VectorOrder.Equal or VectorOrder.After);
        Assert.True(union.CompareTo(b) is VectorOrder.Equal or VectorOrder.After);
    });

    [Fact]
    public void A_gate_takes_what_dominates_and_of_two_that_do_not_the_higher_pressure() => Gen.Select(
        ResourceGens.Cluster, ResourceGens.Cluster).Sample((a, b) =>
    {
        var merged = ClusterResources.Merge(a, b);
        if (a.Versions.CompareTo(b.Versions) == VectorOrder.Concurrent)
        {
            Assert.Equal(Math.Max(a.WorstPressure, b.WorstPressure), merged.WorstPressure);
            Assert.Equal(Content.Of(merged), Content.Of(ClusterResources.Merge(b, a)));
        }

        Assert.NotEqual(VectorOrder.Before, merged.Versions.CompareTo(a.Versions));
        Assert.NotEqual(VectorOrder.Before, merged.Versions.CompareTo(b.Versions));
        Assert.Same(a, ClusterResources.Merge(a, a));
    });

    [Fact]
    public void Gossip_goes_to_three_others_every_two_seconds()
    {
        var others = Enumerable.Range(0, 5).Select(i => NodeId.Of($"m{i}")).ToList();
        var gossip = new ManagerResourceGossip(others);
        gossip.Start(NodeId.Of("m9"), new BootId(1), seed: 7, Noon);
        Assert.Empty(gossip.TakePeers(Noon + Duration.FromSeconds(1)));

        var told = new SortedSet<NodeId>();
        var now = Noon;
        for (var i = 0; i < 20; i++)
        {
            now += Duration.FromSeconds(2);
            Assert.Equal(now, gossip.NextDeadline);
            var peers = gossip.TakePeers(now);
            Assert.Equal(3, peers.Distinct().Count());
            told.UnionWith(peers);
        }

        Assert.Equal(others, told);
    }

    private static ManagerLocalView ViewOf(string manager, long version, params WorkerAggregate[] workers) =>
        new(NodeId.Of(manager), new StateVersion(1, version), default, workers, Duration.Zero);

    private static WorkerAggregate Worker(string name, long version, double cpu = 0) =>
        new(NodeId.Of(name), version, 2, new ResourceUsage(cpu, 0, 0, 0), 0, false);

    private static VersionVector VectorOf(string text) => new(
    [
        .. text.Split(' ').Select(entry => (
            NodeId.Of(entry[..1]), new StateVersion(0, entry[1] - '0'))),
    ]);

    private static ManagerClusterResourceView Merged(IEnumerable<ManagerLocalView> views)
    {
        var merged = new ManagerClusterResourceView();
        foreach (var view in views) merged.Merge(view, Noon);
        merged.CheckInvariants();
        return merged;
    }

    private static void AssertAlike(ManagerClusterResourceView a, ManagerClusterResourceView b)
    {
        var (mine, theirs) = (a.Resources(Noon), b.Resources(Noon));
        Assert.Equal(VectorOrder.Equal, mine.Versions.CompareTo(theirs.Versions));
        Assert.Equal(
            (mine.Workers, mine.OverBudget, mine.Cores, mine.MemoryTotalBytes),
            (theirs.Workers, theirs.OverBudget, theirs.Cores, theirs.MemoryTotalBytes));
        // Sums of the same numbers in another order.
        Assert.Equal(mine.Used.CpuPercent, theirs.Used.CpuPercent, 1e-6);
        Assert.Equal(mine.Used.MemoryBytes, theirs.Used.MemoryBytes, 1.0);
    }
}
