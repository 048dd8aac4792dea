using CsCheck;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Resources;
using Hyperscale.Det.Wire;

namespace Hyperscale.Det.Tests.Core.Resources;

public sealed class ResourceTrackingTests
{
    private static readonly NodeId A = NodeId.Of("a");
    private static readonly NodeId B = NodeId.Of("b");
    private static readonly Instant Noon = new(1_000_000_000_000);

    private readonly NodeHealthTracker<string> _tracker = new(Duration.FromSeconds(30), nodesMax: 2);

    [Fact]
    public void The_newest_state_of_a_node_counts_whatever_the_order_in_which_they_come()
    {
        Assert.Equal(TrackerVerdict.Accepted, _tracker.Observe(A, new StateVersion(1, 2), "two", Noon));
        Assert.Equal(TrackerVerdict.Stale, _tracker.Observe(A, new StateVersion(1, 1), "one", Noon));
        Assert.Equal(TrackerVerdict.Stale, _tracker.Observe(A, new StateVersion(1, 2), "again", Noon));
        Assert.Equal(TrackerVerdict.Accepted, _tracker.Observe(A, new StateVersion(2, 1), "later", Noon));

        Assert.True(_tracker.TryGet(A, Noon, out var state));
        Assert.Equal("later", state);
    }

    [Fact]
    public void A_state_counts_for_its_time_and_then_for_nothing()
    {
        _tracker.Observe(A, new StateVersion(1, 1), "old", Noon, Duration.FromSeconds(10));

        Assert.True(_tracker.TryGet(A, Noon + Duration.FromSeconds(20), out _));
        Assert.False(_tracker.TryGet(A, Noon + Duration.FromSeconds(21), out _));
        Assert.Equal(1, _tracker.Expire(Noon + Duration.FromSeconds(21)));
        Assert.Equal(0, _tracker.Count);
    }

    [Fact]
    public void What_counts_for_nothing_any_more_keeps_a_first_life_from_nothing()
    {
        _tracker.Observe(A, new StateVersion(9, 40), "before", Noon);

        var later = Noon + Duration.FromSeconds(30);
        Assert.Equal(TrackerVerdict.Stale, _tracker.Observe(A, new StateVersion(1, 1), "after", later));
        later += Duration.FromMilliseconds(1);
        Assert.Equal(TrackerVerdict.Accepted, _tracker.Observe(A, new StateVersion(1, 1), "after", later));
        Assert.True(_tracker.TryGet(A, later, out var state));
        Assert.Equal("after", state);
    }

    [Fact]
    public void A_life_that_hears_of_a_version_it_never_had_goes_over_it()
    {
        var own = new StateVersion(1, 7);

        Assert.Equal(own, own.Over(new StateVersion(1, 7)));
        Assert.Equal(own, own.Over(new StateVersion(0, 9)));
        Assert.Equal(new StateVersion(2, 0), own.Over(new StateVersion(1, 8)));
        Assert.Equal(new StateVersion(6, 0), own.Over(new StateVersion(5, 1)));
        Assert.Equal(own, own.Over(new StateVersion(StateVersion.LifeMax, 1)));
    }

    [Fact]
    public void There_is_room_for_so_many_nodes_and_no_more()
    {
        _tracker.Observe(A, default, "a", Noon);
        _tracker.Observe(B, default, "b", Noon);

        Assert.Equal(TrackerVerdict.Overloaded, _tracker.Observe(NodeId.Of("c"), default, "c", Noon));
        var later = Noon + Duration.FromSeconds(31);
        Assert.Equal(2, _tracker.Expire(later));
        Assert.Equal(TrackerVerdict.Accepted, _tracker.Observe(NodeId.Of("c"), default, "c", later));
        _tracker.CheckInvariants();
    }

    [Fact]
    public void A_record_takes_no_more_bytes_than_is_reckoned_with() => ResourceGens.Health.Sample(record =>
    {
        var writer = new FieldWriter();
        writer.Nested(9, record, HealthRecord.Write);
        Assert.InRange(writer.Length, 1, HealthRecord.BytesMaxOf(record));
    });

    [Fact]
    public void What_rides_along_fits_its_room_begins_with_the_sender_and_takes_turns()
    {
        var piggyback = new HealthPiggyback(A, membersMax: 40);
        piggyback.Set(new StateVersion(1, 1), 0.5, 0.9, Noon);
        piggyback.Receive(
            [.. Enumerable.Range(0, 20).Select(i => Record($"m{i}"))], Noon);

        var told = new SortedSet<NodeId>();
        for (var i = 0; i < 10; i++)
        {
            var records = piggyback.Take(HealthPiggyback.BytesMax, Noon);
            Assert.Equal(A, records[0].Node);
            Assert.InRange(records.Sum(HealthRecord.BytesMaxOf), 1, HealthPiggyback.BytesMax);
            told.UnionWith(records.Select(record => record.Node));
        }

        Assert.Equal(21, told.Count);
        piggyback.CheckInvariants();
    }

    [Fact]
    public void Those_that_turn_up_late_do_not_keep_the_others_from_being_told()
    {
        var piggyback = new HealthPiggyback(A, membersMax: 40);
        piggyback.Set(new StateVersion(1, 1), 0.5, 0.9, Noon);
        piggyback.Receive([Record("old1"), Record("old2")], Noon);
        for (var i = 0; i < 1000; i++) piggyback.Take(HealthPiggyback.BytesMax, Noon);
        piggyback.Receive([.. Enumerable.Range(0, 6).Select(i => Record($"new{i}"))], Noon);

        var told = new SortedSet<NodeId>();
        for (var i = 0; i < 5; i++)
            told.UnionWith(piggyback.Take(HealthPiggyback.BytesMax, Noon).Select(record => record.Node));

        Assert.Equal(9, told.Count);
    }

    [Fact]
    public void A_record_ages_on_its_way_by_the_clocks_of_those_who_keep_it()
    {
        var (first, second) = (new HealthPiggyback(A, 8), new HealthPiggyback(B, 8));
        first.Set(new StateVersion(1, 1), 0.5, 0.9, Noon);
        var records = first.Take(HealthPiggyback.BytesMax, Noon + Duration.FromSeconds(12));
        Assert.Equal(Duration.FromSeconds(12), records[0].Age);

        // The second one's clock began at another time.
        Assert.Single(second.Receive(records, Instant.Zero));
        Assert.NotNull(second.Of(A, Instant.Zero + Duration.FromSeconds(18)));
        Assert.Null(second.Of(A, Instant.Zero + Duration.FromSeconds(19)));
    }

    [Fact]
    public void Nobody_is_told_how_it_is_itself()
    {
        var piggyback = new HealthPiggyback(A, 8);
        piggyback.Set(new StateVersion(1, 1), 0.5, 0.5, Noon);

        Assert.Empty(piggyback.Receive([Record("a") with { Version = new StateVersion(9, 9) }], Noon));
        Assert.Equal(500, piggyback.Of(A, Noon)!.CpuPermille);
    }

    [Fact]
    public void Every_record_comes_back_from_bytes()
    {
        ResourceGens.Kill.Sample(kill => Same(kill, ResourceKill.Write, ResourceKill.Read));
        ResourceGens.Report.Sample(r => Same(r, WorkerResourceReport.Write, WorkerResourceReport.Read));
        ResourceGens.AnyView.Sample(view => Same(view, ManagerLocalView.Write, ManagerLocalView.Read));
        ResourceGens.Cluster.Sample(c => Same(c, ClusterResources.Write, ClusterResources.Read));
        ResourceGens.Health.Sample(record => Same(record, HealthRecord.Write, HealthRecord.Read));
    }

    private static HealthRecord Record(string name) =>
        new(NodeId.Of(name), new StateVersion(1, 1), 100, 200, Duration.Zero);

    private static void Same<T>(T value, Action<FieldWriter, T> write, FieldsReader<T?> read)
        where T : class
    {
        var writer = new FieldWriter();
        write(writer, value);
        var reader = new FieldReader(writer.Written);
        var back = read(ref reader);
        Assert.Null(reader.Fault);
        Assert.Equal(Content.Of(value), Content.Of(back));
    }
}
