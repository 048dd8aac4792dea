using CsCheck;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Replication;

namespace Hyperscale.Det.Tests.Core.Replication;

public sealed class SoleReplicaTests
{
    [Fact]
    public void A_proposal_is_appended_at_once_and_applied_only_when_it_is_on_disk()
    {
        var life = new ReplicaLife();

        life.Propose(group: 3, command: 7);

        Assert.Single(life.Records);
        Assert.Empty(life.Applied);
        Assert.Equal(1, life.Replica.InFlight);

        life.Persist(1);

        Assert.Equal(["3:1=7"], life.Applied);
        Assert.Equal(0, life.Replica.InFlight);
        Assert.Equal(1, life.Replica.CommittedLsn);
    }

    [Fact]
    public void Entries_are_applied_in_log_order_however_many_become_durable_at_once()
    {
        var life = new ReplicaLife();
        foreach (var (group, command) in new[] { (2, 10), (1, 11), (2, 12), (1, 13) })
            life.Propose(group, command);

        life.Persist(1);
        life.Persist(4);

        Assert.Equal(["2:1=10", "1:1=11", "2:2=12", "1:2=13"], life.Applied);
    }

    [Fact]
    public void Every_group_counts_its_own_ops_and_tells_the_next_one()
    {
        var life = new ReplicaLife();
        Assert.Equal(1, life.Replica.NextOp(5));
        life.Propose(group: 5, command: 1);
        life.Propose(group: 5, command: 2);

        Assert.Equal(3, life.Replica.NextOp(5));
        Assert.Equal(1, life.Replica.NextOp(6));
    }

    [Fact]
    public void Stamps_of_a_group_never_fall()
    {
        var life = new ReplicaLife();
        life.Propose(group: 1, command: 1, stamp: 500);
        life.Propose(group: 1, command: 2, stamp: 400);
        life.Propose(group: 1, command: 3, stamp: 600);
        life.Propose(group: 2, command: 4, stamp: 100);
        life.Persist(4);

        Assert.Equal([500, 500, 600, 100], life.Entries.Select(entry => entry.Stamp.UnixMilliseconds));
        Assert.Equal(600, life.Replica.NewestStamp.UnixMilliseconds);
    }

    [Fact]
    public void A_snapshot_and_the_records_after_it_give_the_same_state()
    {
        var life = new ReplicaLife();
        for (var i = 1; i <= 5; i++) life.Propose(group: i % 2, command: i);
        life.Persist(5);
        life.Snapshot();
        life.Propose(group: 0, command: 6);
        life.Persist(6);

        var next = life.Crash(kept: 6);

        Assert.Equal(5, next.SnapshotLsn);
        Assert.Equal(life.Applied, next.Applied);
        Assert.Equal(6, next.Replica.CommittedLsn);
        Assert.Equal(3, next.Replica.NextOp(0) - 1);
    }

    [Fact]
    public void A_snapshot_taken_while_entries_are_in_flight_covers_only_what_was_applied()
    {
        var life = new ReplicaLife();
        life.Propose(group: 0, command: 1);
        life.Persist(1);
        life.Propose(group: 0, command: 2);
        life.Propose(group: 9, command: 3);
        life.Propose(group: 0, command: 4);
        life.Snapshot();
        Assert.Equal(1, life.SnapshotLsn);

        var lost = life.Crash(kept: 1);
        Assert.Equal(["0:1=1"], lost.Applied);
        Assert.Equal(2, lost.Replica.NextOp(0));
        Assert.Equal(1, lost.Replica.NextOp(9));

        var kept = life.Crash(kept: 4);
        Assert.Equal(["0:1=1", "0:2=2", "9:1=3", "0:3=4"], kept.Applied);
        Assert.Equal(4, kept.Replica.NextOp(0));
    }

    [Fact]
    public void The_view_rises_with_every_life_and_entries_carry_the_view_they_were_made_in()
    {
        var life = new ReplicaLife();
        var views = new List<long>();
        for (var i = 1; i <= 4; i++)
        {
            views.Add(life.Replica.View);
            life.Propose(group: 0, command: i);
            life.Persist(i);
            if (i % 2 == 0) life.Snapshot();
            Assert.Equal(views[^1], life.Entries[^1].View);
            life = life.Crash(kept: i);
        }

        Assert.Equal(views.Distinct().Order(), views);
    }

    [Fact]
    public void More_entries_than_the_bound_are_refused_until_some_are_on_disk()
    {
        var life = new ReplicaLife();
        for (var i = 0; i < SoleReplica.InFlightMax; i++)
            Assert.Equal(ReplicaVerdict.Accepted, life.Propose(group: 0, command: i));

        Assert.Equal(ReplicaVerdict.Overloaded, life.Propose(group: 0, command: -1));
        Assert.Equal(SoleReplica.InFlightMax, life.Records.Count);

        life.Persist(1);
        Assert.Equal(ReplicaVerdict.Accepted, life.Propose(group: 0, command: -2));
    }

    [Fact]
    public void A_record_that_is_no_entry_is_unreadable_and_nothing_after_it_is_applied()
    {
        var life = new ReplicaLife();
        for (var i = 1; i <= 3; i++) life.Propose(group: 0, command: i);
        life.Persist(3);
        var outbox = new Outbox<ReplicaEffect>();

        var verdict = new SoleReplica().Step(
            new ReplicaInput.Recovered(0, default, [life.Records[0], new byte[] { 255 }, life.Records[2]], 2),
            Instant.Zero,
            outbox);

        Assert.Equal(ReplicaVerdict.Unreadable, verdict);
        Assert.Equal(1, Assert.IsType<ReplicaEffect.Apply>(Assert.Single(outbox.Effects)).Entry.Op);
    }

    [Theory]
    [InlineData("FF")]
    [InlineData("0402")]
    [InlineData("0402090000FF")]
    public void A_snapshot_that_is_none_is_unreadable_and_restores_nothing(string hex)
    {
        var outbox = new Outbox<ReplicaEffect>();

        var verdict = new SoleReplica().Step(
            new ReplicaInput.Recovered(1, Convert.FromHexString(hex), [], 2), Instant.Zero, outbox);

        Assert.Equal(ReplicaVerdict.Unreadable, verdict);
        Assert.Empty(outbox.Effects);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    public void A_disk_that_reports_what_it_cannot_have_is_a_bug(long lsn)
    {
        var life = new ReplicaLife();
        life.Propose(group: 0, command: 1);
        life.Propose(group: 0, command: 2);
        life.Persist(1);

        Assert.Throws<InvariantViolationException>(() => life.Persist(lsn));
    }

    [Fact]
    public void Records_with_a_gap_between_them_are_a_bug()
    {
        var life = new ReplicaLife();
        for (var i = 1; i <= 3; i++) life.Propose(group: 0, command: i);
        var recovered = new ReplicaInput.Recovered(0, default, [life.Records[0], life.Records[2]], 2);

        Assert.Throws<InvariantViolationException>(() =>
            new SoleReplica().Step(recovered, Instant.Zero, new Outbox<ReplicaEffect>()));
    }

    [Fact]
    public void Every_verdict_is_reached()
    {
        var life = new ReplicaLife();
        var unreadable = new ReplicaInput.Recovered(0, default, [new byte[] { 255 }], 1);
        var verdicts = new SortedSet<ReplicaVerdict>
        {
            new SoleReplica().Step(unreadable, Instant.Zero, new Outbox<ReplicaEffect>()),
        };
        for (var i = 0; i <= SoleReplica.InFlightMax; i++) verdicts.Add(life.Propose(group: 0, command: i));

        Assert.Equal(Enum.GetValues<ReplicaVerdict>(), verdicts);
    }

    [Fact]
    public void What_is_proposed_and_not_yet_on_disk_shows_in_the_fingerprint()
    {
        var (first, second) = (new ReplicaLife(), new ReplicaLife());
        Assert.Equal(first.Fingerprint, second.Fingerprint);
        first.Propose(group: 0, command: 1);
        second.Propose(group: 0, command: 2);

        Assert.NotEqual(first.Fingerprint, second.Fingerprint);
    }
}
