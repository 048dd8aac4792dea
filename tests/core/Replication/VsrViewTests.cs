using Hyperscale.Det.Kernel;
using Hyperscale.Det.Replication;

namespace Hyperscale.Det.Tests.Core.Replication;

/// <summary>When a view is left, and when it is not.</summary>
public sealed class VsrViewTests
{
    private readonly VsrCluster _cluster = new(3, seed: 1);

    [Fact]
    public void A_wish_to_leave_outlives_the_beginning_of_the_view()
    {
        _cluster.Suspect(0, 1, isSuspect: true);
        Assert.True(Replica(0).MayHaveAskedToLeave);
        _cluster.Suspect(0, 1, isSuspect: false);

        BeginViewOfOne();

        Assert.Equal((VsrStatus.Normal, 1), (Replica(0).Status, Replica(0).View));
        Assert.True(Replica(0).MayHaveAskedToLeave);
    }

    [Fact]
    public void Who_restarted_in_a_view_may_have_asked_to_leave_it()
    {
        BeginViewOfOne();
        Assert.False(Replica(0).MayHaveAskedToLeave);
        _cluster.Sync(0, int.MaxValue);

        _cluster.Start(0);

        Assert.True(Replica(0).MayHaveAskedToLeave);
    }

    [Fact]
    public void A_primary_whose_supporters_are_silent_or_want_to_leave_goes_to_the_next_view()
    {
        BeginViewOfOne();
        _cluster.Wish(1, from: 0);
        Assert.True(Replica(1).IsPrimary);

        _cluster.Suspect(1, 2, isSuspect: true);

        Assert.Equal((VsrStatus.ViewChange, 2), (Replica(1).Status, Replica(1).View));
    }

    [Fact]
    public void A_wish_that_leaves_a_primary_too_few_supporters_ends_its_view()
    {
        BeginViewOfOne();
        _cluster.Suspect(1, 2, isSuspect: true);
        Assert.True(Replica(1).IsPrimary);

        _cluster.Wish(1, from: 0);

        Assert.Equal((VsrStatus.ViewChange, 2), (Replica(1).Status, Replica(1).View));
    }

    [Fact]
    public void A_primary_that_reaches_too_few_for_another_view_stays_until_it_hears_of_one()
    {
        BeginViewOfOne();
        _cluster.Suspect(1, 2, isSuspect: true);
        _cluster.Suspect(1, 0, isSuspect: true);
        _cluster.Wish(1, from: 0);
        Assert.Equal((VsrStatus.Normal, 1), (Replica(1).Status, Replica(1).View));

        _cluster.Suspect(1, 0, isSuspect: false);

        Assert.Equal((VsrStatus.ViewChange, 2), (Replica(1).Status, Replica(1).View));
    }

    [Fact]
    public void One_wish_alone_ends_no_view_that_has_a_quorum_of_others()
    {
        BeginViewOfOne();

        _cluster.Wish(1, from: 0);
        _cluster.Receive(2, 0, new VsrMessage.ExitView(1, 0));

        Assert.True(Replica(1).IsPrimary);
        Assert.All(_cluster.Nodes, node => Assert.True(node.Replica!.View <= 1));
    }

    [Fact]
    public void An_elected_primary_that_wants_to_leave_itself_does_not_begin_its_view()
    {
        // It is about to lead view 3 when it gives that up for having come to nothing.
        GoTo(3);
        PassUntilItWantsToLeave();

        _cluster.Receive(0, 1, new VsrMessage.DoViewChange(3, 0, 0, LogPosition.Start, []));

        Assert.Equal((VsrStatus.ViewChange, 4), (Replica(0).Status, Replica(0).View));
    }

    [Fact]
    public void Views_that_come_to_nothing_are_given_twice_the_time_each_up_to_eightfold()
    {
        foreach (var (view, times) in new[] { (1, 1), (2, 2), (3, 4), (4, 8), (5, 8) })
        {
            GoTo(view);
            var waited = PassUntilItWantsToLeave();

            var least = VsrConfig.Default(0, _cluster.Names, 0).Escalation * times;
            Assert.InRange(waited.Nanoseconds, least.Nanoseconds, (least + (least / 4)).Nanoseconds);
        }
    }

    [Fact]
    public void A_view_that_begins_gives_the_next_one_the_least_time_again()
    {
        GoTo(1);
        PassUntilItWantsToLeave();
        GoTo(2);
        _cluster.Receive(0, 2, new VsrMessage.StartView(2, 0, LogPosition.Start, []));
        Assert.Equal(VsrStatus.Normal, Replica(0).Status);

        _cluster.Suspect(0, 2, isSuspect: true);
        GoTo(3);
        _cluster.Suspect(0, 2, isSuspect: false);

        var waited = PassUntilItWantsToLeave();
        Assert.True(waited < VsrConfig.Default(0, _cluster.Names, 0).Escalation * 2);
    }

    private VsrReplica Replica(int i) => _cluster.Nodes[i].Replica!;

    private void BeginViewOfOne()
    {
        _cluster.Deliver<VsrMessage.DoViewChange>(0, 1);
        _cluster.Deliver<VsrMessage.StartView>(1, 0);
        _cluster.Deliver<VsrMessage.StartView>(1, 2);
        _cluster.Deliver<VsrMessage.PrepareOk>(0, 1);
        _cluster.Deliver<VsrMessage.PrepareOk>(2, 1);
        Assert.True(Replica(1).IsPrimary);
    }

    /// <summary>Replica 0 joins the view, since it and another one want to leave the one before.</summary>
    private void GoTo(long view)
    {
        while (Replica(0).View < view)
        {
            if (!Replica(0).MayHaveAskedToLeave) PassUntilItWantsToLeave();
            _cluster.Receive(0, 1, new VsrMessage.ExitView(Replica(0).View, 0));
        }

        Assert.Equal(view, Replica(0).View);
        _cluster.Sync(0, int.MaxValue);
    }

    private Duration PassUntilItWantsToLeave()
    {
        var began = _cluster.Now;
        for (var ticks = 0; !Replica(0).MayHaveAskedToLeave; ticks++)
        {
            Assert.True(ticks < 1000);
            _cluster.Tick(0);
        }

        return _cluster.Now - began;
    }
}
