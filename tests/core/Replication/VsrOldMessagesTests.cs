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
