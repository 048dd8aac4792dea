using Hyperscale.Det.Replication;

namespace Hyperscale.Det.Tests.Core.Replication;

/// <summary>What arrives long after it was sent. tla/PerJobVsr.tla: OldLogInNewLife.</summary>
public sealed class VsrOldMessagesTests
{
    private readonly VsrCluster _cluster = new(3, seed: 1);

    [Fact]
    public void An_old_start_of_the_view_does_not_heal_a_lost_disk()
    {
        CommitAtOneAndTwo();
        LoseDiskOfTwo();

        _cluster.Deliver<VsrMessage.StartView>(1, 2);

        Assert.Equal(VsrStatus.CatchingUp, _cluster.Nodes[2].Replica!.Status);
        OneGoesSilent();
    }

    [Fact]
    public void A_log_that_an_earlier_life_asked_for_does_not_heal_a_lost_disk()
    {
        _cluster.Deliver<VsrMessage.DoViewChange>(0, 1);
        _cluster.Deliver<VsrMessage.StartView>(1, 0);
        // The first entry of the view reaches replica 2 before the view does: it asks for the log.
        _cluster.Deliver<VsrMessage.Prepare>(1, 2);
        _cluster.Deliver<VsrMessage.GetState>(2, 1, keep: true);
        _cluster.Deliver<VsrMessage.NewState>(1, 2, keep: true);
        _cluster.Propose(1, 7);
        _cluster.Deliver<VsrMessage.PrepareOk>(2, 1);
        _cluster.Deliver<VsrMessage.Prepare>(1, 2);
        _cluster.Deliver<VsrMessage.PrepareOk>(2, 1);
        Assert.Equal(2, _cluster.Committed);
        LoseDiskOfTwo();

        _cluster.Deliver<VsrMessage.NewState>(1, 2);

        Assert.Equal(VsrStatus.CatchingUp, _cluster.Nodes[2].Replica!.Status);
        OneGoesSilent();
    }

    [Fact]
    public void A_life_below_one_that_peers_know_is_begun_anew_above_it()
    {
        CommitAtOneAndTwo();
        LoseDiskOfTwo();
        var known = _cluster.Nodes[2].Replica!.Incarnation;
        _cluster.LoseDisk(2);
        Assert.True(_cluster.Nodes[2].Replica!.Incarnation < known);

        _cluster.Deliver<VsrMessage.Recovery>(2, 1);
        _cluster.Deliver<VsrMessage.LaterLife>(1, 2);

        Assert.Equal(known + 1, _cluster.Nodes[2].Replica!.Incarnation);
        Assert.True(_cluster.Heal());
    }

    [Fact]
    public void An_old_copy_of_a_disk_counts_for_nothing_once_a_peer_tells()
    {
        CommitAtOneAndTwo();
        var copy = _cluster.Nodes[2].Disk.ToArray();
        LoseDiskOfTwo();
        Assert.True(_cluster.Heal());
        var known = _cluster.Nodes[2].Replica!.Incarnation;
        _cluster.PutBack(2, copy);

        // The second time nothing of the first is under way any more.
        Assert.True(_cluster.Heal());
        Assert.True(_cluster.Heal());

        Assert.Equal(known + 1, _cluster.Nodes[2].Replica!.Incarnation);
    }

    [Fact]
    public void What_an_earlier_life_promised_commits_nothing_and_its_sender_is_told_of_the_later_one()
    {
        CommitAtOneAndTwo();
        _cluster.Propose(1, 8);
        _cluster.Deliver<VsrMessage.Prepare>(1, 2);
        // Its promise is on the way when the disk is lost, and slower than what tells of the loss.
        _cluster.LoseDisk(2);
        _cluster.Deliver<VsrMessage.Recovery>(2, 1);
        var committed = _cluster.Committed;

        _cluster.Deliver<VsrMessage.PrepareOk>(2, 1);

        Assert.Equal(committed, _cluster.Committed);
        var known = _cluster.Nodes[2].Replica!.Incarnation;
        var told = Assert.Single(_cluster.Sent(1, 2).OfType<VsrMessage.LaterLife>().Distinct());
        Assert.Equal(known, told.Known);
        // It is in that life already: there is nothing to do, and nothing to say.
        var sent = _cluster.Sent(2, 1).Count;
        Assert.Equal(VsrVerdict.Duplicate, _cluster.Receive(2, 1, told));
        Assert.Equal((known, sent), (_cluster.Nodes[2].Replica!.Incarnation, _cluster.Sent(2, 1).Count));
    }

    [Fact]
    public void A_primary_whose_life_is_not_the_last_one_leads_no_more_and_learns_everything_anew()
    {
        CommitAtOneAndTwo();
        var primary = _cluster.Nodes[1].Replica!;
        Assert.True(primary.IsPrimary);

        Assert.Equal(VsrVerdict.Accepted, _cluster.Receive(1, 0, new VsrMessage.LaterLife(0, 0, Known: 41)));

        Assert.Equal((VsrStatus.LostDisk, 42), (primary.Status, primary.Incarnation));
        Assert.True(primary.IsDiskLost);
        _cluster.Sync(1, int.MaxValue);
        foreach (var peer in new[] { 0, 2 })
            Assert.Equal(42, Assert.Single(_cluster.Sent(1, peer).OfType<VsrMessage.Recovery>()).Incarnation);
        Assert.True(_cluster.Heal());
        Assert.Equal(42, _cluster.Nodes[1].Replica!.Incarnation);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(41)]
    public void Whoever_is_not_behind_what_is_known_of_it_is_not_moved(long known)
    {
        CommitAtOneAndTwo();
        _cluster.Receive(2, 0, new VsrMessage.LaterLife(0, 0, Known: 41));
        var (view, status) = (_cluster.Nodes[2].Replica!.View, _cluster.Nodes[2].Replica!.Status);

        Assert.Equal(
            VsrVerdict.Duplicate, _cluster.Receive(2, 0, new VsrMessage.LaterLife(9, 0, Known: known)));

        Assert.Equal((view, status), (_cluster.Nodes[2].Replica!.View, _cluster.Nodes[2].Replica!.Status));
        Assert.Equal(42, _cluster.Nodes[2].Replica!.Incarnation);
    }

    [Fact]
    public void A_log_that_was_not_whole_in_the_view_is_not_taken_over()
    {
        _cluster.Deliver<VsrMessage.DoViewChange>(0, 1);
        _cluster.Deliver<VsrMessage.StartView>(1, 0);
        _cluster.Deliver<VsrMessage.Prepare>(1, 2);
        Assert.Equal(VsrStatus.CatchingUp, _cluster.Nodes[2].Replica!.Status);

        var state = new VsrMessage.NewState(
            1, 0, Part: 0, LastNormalView: 0, CommitOp: 0, LogPosition.Start, default, Piece: null, [],
            IsLast: true);

        Assert.Equal(VsrVerdict.NotNormal, _cluster.Receive(2, 1, state));
        Assert.Equal(
            VsrVerdict.Accepted, _cluster.Receive(2, 1, state with { LastNormalView = 1 }));
        Assert.Equal(VsrStatus.Normal, _cluster.Nodes[2].Replica!.Status);
    }

    [Fact]
    public void Nothing_is_committed_that_is_not_in_the_log()
    {
        CommitAtOneAndTwo();
        var backup = _cluster.Nodes[2].Replica!;
        var op = backup.Op;

        _cluster.Receive(2, 1, new VsrMessage.Commit(1, 0, op + 5));
        Assert.Equal((op, op), (backup.Commit, backup.Op));
        _cluster.Receive(2, 1, new VsrMessage.Prepare(1, 0, backup.Log.End, op + 5, []));
        Assert.Equal((op, op), (backup.Commit, backup.Op));
    }

    /// <summary>View 1 begins with an empty log; its first two entries are committed by replicas 1 and
    /// 2.</summary>
    private void CommitAtOneAndTwo()
    {
        _cluster.Deliver<VsrMessage.DoViewChange>(0, 1);
        _cluster.Deliver<VsrMessage.StartView>(1, 0);
        _cluster.Deliver<VsrMessage.StartView>(1, 2, keep: true);
        _cluster.Propose(1, 7);
        _cluster.Deliver<VsrMessage.Prepare>(1, 2);
        _cluster.Deliver<VsrMessage.PrepareOk>(2, 1);
        Assert.Equal(2, _cluster.Committed);
    }

    private void LoseDiskOfTwo()
    {
        _cluster.LoseDisk(2);
        foreach (var other in new[] { 0, 1 })
        {
            _cluster.Deliver<VsrMessage.Recovery>(2, other);
            _cluster.Deliver<VsrMessage.RecoveryResponse>(other, 2);
        }

        Assert.Equal(VsrStatus.CatchingUp, _cluster.Nodes[2].Replica!.Status);
    }

    /// <summary>What two replicas have committed is not committed otherwise by the rest.</summary>
    private void OneGoesSilent()
    {
        foreach (var other in new[] { 0, 2 }) _cluster.Suspect(other, 1, isSuspect: true);
        _cluster.Deliver<VsrMessage.ExitView>(0, 2);
        _cluster.Deliver<VsrMessage.ExitView>(2, 0);
        _cluster.Deliver<VsrMessage.DoViewChange>(0, 2);
        _cluster.Deliver<VsrMessage.StartView>(2, 0);
        _cluster.Deliver<VsrMessage.Prepare>(2, 0);
        _cluster.Deliver<VsrMessage.PrepareOk>(0, 2);
    }
}
