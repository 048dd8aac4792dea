using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Reliability;

namespace Hyperscale.Det.Tests.Core.Jobs;

/// <summary>Grants, denials and shares in the ledger of one slot's datacenter.</summary>
public sealed class RetryGrantTests
{
    private static readonly NodeId Gate = NodeId.Of("gate-1");
    private static readonly NodeId Worker = NodeId.Of("worker-1");
    private static readonly SlotKey Slot = new(new JobId(0, 1), 0, 1);
    private static readonly AttemptKey First = new(Slot, 0, 1);
    private static readonly AttemptKey Second = First with { Attempt = 2 };

    private static readonly AttemptOutcome Failed =
        new(AttemptState.Failed, "exit code 3", 3, RunStats.None, default);

    private readonly DispatchLedger _ledger = new();
    private long _stamp = 1000;

    private RetryBudgetState Budget => _ledger.Find(Slot)!.Budget;

    private WorkflowRecord Workflow => _ledger.Find(Slot)!.Workflows[0];

    [Fact]
    public void A_grant_that_is_committed_twice_takes_one_retry()
    {
        Fail(new RetryShare(5, 3, 3, 0));

        Assert.Equal(DispatchVerdict.Accepted, Apply(new DispatchCommand.RetryGranted(Second, "it failed")));
        Assert.Equal(DispatchVerdict.Duplicate, Apply(new DispatchCommand.RetryGranted(Second, "it failed")));
        Assert.Equal(1, Budget.Consumed);
        Give(Second);
        Assert.Equal(DispatchVerdict.Duplicate, Apply(new DispatchCommand.RetryGranted(Second, "it failed")));

        Assert.Equal((1, 2), (Budget.Consumed, Budget.Left));
        Assert.Single(_ledger.Find(Slot)!.Workflows);
    }

    [Fact]
    public void Without_a_grant_there_is_no_second_attempt()
    {
        Fail(new RetryShare(5, 3, 3, 0));

        Assert.Equal(WorkflowState.Retrying, Workflow.State);
        Assert.Empty(_ledger.Ready);
        Assert.Equal(DispatchVerdict.NotReady, Give(Second));
    }

    [Fact]
    public void A_grant_beyond_the_share_is_none_until_the_share_is_larger()
    {
        Fail(new RetryShare(5, 3, 0, 0));
        Assert.Equal(DispatchVerdict.Exhausted, Apply(new DispatchCommand.RetryGranted(Second, "it failed")));

        Share(2, revision: 1);
        Assert.Equal(2, Budget.Share.Share);
        Share(2, revision: 1);
        Assert.Equal(2, Budget.Share.Share);
        Assert.Equal(DispatchVerdict.Accepted, Apply(new DispatchCommand.RetryGranted(Second, "it failed")));
    }

    [Fact]
    public void A_share_is_what_the_newest_word_says_and_not_what_all_say_together()
    {
        Fail(new RetryShare(9, 3, 1, 0));
        Share(2, revision: 1);
        Share(4, revision: 2);
        Share(3, revision: 1);

        Assert.Equal((4, 2L), (Budget.Share.Share, Budget.Share.Revision));
    }

    [Fact]
    public void A_denial_that_a_larger_share_has_overtaken_denies_nothing()
    {
        Fail(new RetryShare(5, 3, 0, 0));
        Share(1, revision: 1);

        Assert.Equal(
            DispatchVerdict.Overtaken, Apply(new DispatchCommand.RetryDenied(Second, "no gate had more")));

        Assert.Equal(WorkflowState.Retrying, Workflow.State);
        Assert.Null(_ledger.Find(Slot)!.Outcome);
    }

    [Fact]
    public void A_lost_attempt_needs_a_grant_like_any_other()
    {
        Run(new RetryShare(5, 3, 3, 0));
        Apply(new DispatchCommand.AttemptEnded(
            First, Worker, Failed with { State = AttemptState.Lost, Reason = "the worker is gone" }));

        Assert.Equal(WorkflowState.Retrying, Workflow.State);
        Apply(new DispatchCommand.RetryGranted(Second, "the worker is gone"));
        Assert.Equal(1, Budget.Consumed);
    }

    private void Fail(RetryShare share)
    {
        Run(share);
        Apply(new DispatchCommand.AttemptEnded(First, Worker, Failed));
    }

    private void Run(RetryShare share)
    {
        Apply(new DispatchCommand.SlotReserved(Slot, 1, Gate, Specs.Job(), null, share));
        Apply(new DispatchCommand.SlotStarted(Slot, 1, Gate));
        Give(First);
    }

    private DispatchVerdict Give(AttemptKey attempt) =>
        Apply(new DispatchCommand.AttemptStarted(attempt, Worker, new BootId(1)));

    private void Share(int share, long revision) =>
        Apply(new DispatchCommand.BudgetShared(Slot, 1, Gate, share, revision, IsFinal: false));

    private DispatchVerdict Apply(DispatchCommand command)
    {
        var verdict = _ledger.Apply(new WallTime(++_stamp), command);
        _ledger.CheckInvariants();
        return verdict;
    }
}
