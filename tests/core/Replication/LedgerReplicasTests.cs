using Hyperscale.Det.Durability;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Replication;

namespace Hyperscale.Det.Tests.Core.Replication;

/// <summary>Several groups of one node on one log.</summary>
public sealed class LedgerReplicasTests
{
    [Fact]
    public void A_group_is_led_once_the_first_entry_of_its_view_is_on_disk()
    {
        var life = new ReplicaLife();
        Assert.Empty(life.Led);
        Assert.Equal(ReplicaVerdict.NotPrimary, life.Propose(1, 5));

        life.PersistAll();
        Assert.Equal([0, 1, 2, 3], life.Led);
        Assert.Equal(ReplicaVerdict.Accepted, life.Propose(1, 5));
        Assert.Equal(3, life.Replicas.NextOp(1));
        Assert.Equal(1, life.Replicas.InFlight(1));
    }

    [Fact]
    public void What_is_on_disk_commits_in_the_group_that_it_belongs_to()
    {
        var life = new ReplicaLife();
        life.PersistAll();
        var before = life.Replicas.PersistedLsn;
        life.Propose(0, 10);
        life.Propose(2, 12);
        life.Propose(0, 11);

        life.Persist(before + 1);
        Assert.Equal([10], life.Applied[0]);
        Assert.Empty(life.Applied[2]);
        life.Persist(before + 2);
        Assert.Equal([12], life.Applied[2]);
        Assert.Equal([10], life.Applied[0]);
        life.Persist(before + 3);
        Assert.Equal([10, 11], life.Applied[0]);
    }

    [Fact]
    public void Every_life_leads_in_a_view_above_those_before_it_though_nothing_of_it_reached_the_disk()
    {
        var first = new ReplicaLife();
        first.PersistAll();
        var second = first.Crash(first.Records.Count);
        var third = second.Crash((int)first.Replicas.PersistedLsn);
        third.PersistAll();

        // The second life never led and never said a word: its view may be begun again.
        Assert.Empty(second.Led);
        for (var group = 0; group < ReplicaLife.Groups; group++)
            Assert.True(third.Replicas.ViewOf(group) > first.Replicas.ViewOf(group));
    }

    [Fact]
    public void A_snapshot_covers_what_is_still_in_flight()
    {
        var life = new ReplicaLife();
        life.PersistAll();
        life.Propose(1, 7);
        life.Snapshot();
        life.PersistAll();
        Assert.Equal(life.Replicas.PersistedLsn, life.SnapshotLsn);

        var next = life.Crash(life.Records.Count);
        Assert.Empty(next.Applied[1]);
        next.PersistAll();
        Assert.Equal([7], next.Applied[1]);
    }

    [Fact]
    public void A_record_of_a_group_that_is_not_this_nodes_makes_its_log_unreadable()
    {
        var life = new ReplicaLife();
        var other = new LedgerReplicas(ReplicaLife.Self, [(0, [ReplicaLife.Self])], ReplicaTimes.Default);
        var outbox = new Outbox<ReplicaEffect>();
        Assert.Equal(
            ReplicaVerdict.Unreadable,
            other.Step(new ReplicaInput.Recovered(0, default, life.Records, 1, null), Instant.Zero, outbox));
        Assert.Empty(outbox.Effects);
    }

    [Fact]
    public void A_snapshot_of_a_group_that_is_not_this_nodes_makes_its_log_unreadable()
    {
        var life = new ReplicaLife();
        life.PersistAll();
        life.Snapshot();
        life.PersistAll();
        var other = life.Crash(life.Records.Count);
        Assert.Equal(ReplicaVerdict.Accepted, other.Verdict);

        ReplicaEffect.Store? store = null;
        var outbox = new Outbox<ReplicaEffect>();
        var states = new SortedDictionary<int, ReadOnlyMemory<byte>>();
        for (var group = 0; group < ReplicaLife.Groups; group++) states.Add(group, default);
        life.Replicas.Step(new ReplicaInput.StateCaptured(states), Instant.Zero, outbox);
        store = Assert.IsType<ReplicaEffect.Store>(Assert.Single(outbox.Effects));
        outbox.Clear();
        var smaller = new LedgerReplicas(ReplicaLife.Self, [(0, [ReplicaLife.Self])], ReplicaTimes.Default);
        Assert.Equal(
            ReplicaVerdict.Unreadable,
            smaller.Step(
                new ReplicaInput.Recovered(store.Lsn, store.Snapshot, [], 1, null), Instant.Zero, outbox));
    }

    [Fact]
    public void Bytes_that_are_no_record_make_the_log_unreadable()
    {
        var replicas = new LedgerReplicas(ReplicaLife.Self, [(0, [ReplicaLife.Self])], ReplicaTimes.Default);
        var outbox = new Outbox<ReplicaEffect>();
        byte[] nonsense = [0xFF];
        Assert.Equal(
            ReplicaVerdict.Unreadable,
            replicas.Step(
                new ReplicaInput.Recovered(0, default, [nonsense], 1, null), Instant.Zero, outbox));
    }

    [Fact]
    public void States_that_fit_no_snapshot_are_not_stored_and_tried_again_later()
    {
        var replicas = new LedgerReplicas(ReplicaLife.Self, [(0, [ReplicaLife.Self])], ReplicaTimes.Default);
        var outbox = new Outbox<ReplicaEffect>();
        replicas.Step(new ReplicaInput.Recovered(0, default, [], 1, null), Instant.Zero, outbox);
        Assert.True(replicas.IsSnapshotDue(everyRecords: 1));
        outbox.Clear();
        ReplicaVerdict Capture(long bytes) => replicas.Step(
            new ReplicaInput.StateCaptured(new SortedDictionary<int, ReadOnlyMemory<byte>>
            {
                [0] = new byte[bytes],
            }),
            Instant.Zero, outbox);

        Assert.Equal(ReplicaVerdict.TooLarge, Capture(LedgerReplicas.SnapshotBytesMax + 1));
        Assert.Empty(outbox.Effects);
        Assert.False(replicas.IsSnapshotDue(everyRecords: 1));
        Assert.Equal(ReplicaVerdict.Accepted, Capture(1));
        Assert.IsType<ReplicaEffect.Store>(Assert.Single(outbox.Effects));
        Assert.True(LedgerReplicas.SnapshotFileBytesMax <= WalOptions.SnapshotBytesMax);
    }

    [Fact]
    public void A_log_is_full_until_a_snapshot_shortens_it_and_stays_so_over_a_restart()
    {
        var life = new ReplicaLife(logBytesMax: 1000);
        life.PersistAll();
        for (var i = 0; !life.Replicas.IsLogFull; i++) life.Propose(0, i);
        life.PersistAll();
        Assert.InRange(life.Records.Sum(record => (long)record.Length), 1000, 1100);
        var next = life.Crash(life.Records.Count);
        Assert.True(next.Replicas.IsLogFull);
        next.PersistAll();
        while (!next.Replicas.IsSnapshotDue(1_000_000)) next.Propose(0, 1);
        Assert.InRange(next.Records.Count, 256, 260);

        next.Snapshot();
        Assert.False(next.Replicas.IsLogFull);
    }

    [Fact]
    public void More_records_than_the_disk_keeps_up_with_are_not_taken()
    {
        var life = new ReplicaLife();
        life.PersistAll();
        var taken = Enumerable.Range(0, 5000).Count(i => life.Propose(0, i) == ReplicaVerdict.Accepted);
        Assert.Equal(4096, taken);
        Assert.Equal(ReplicaVerdict.Overloaded, life.Propose(0, 1));
        Assert.Equal(ReplicaVerdict.Accepted, life.Propose(1, 1));
        life.PersistAll();
        Assert.Equal(ReplicaVerdict.Accepted, life.Propose(0, 1));
    }
}
