using CsCheck;
using Hyperscale.Det.Jobs;
using Hyperscale.Det.Protocol;
using Hyperscale.Det.Reliability;
using Hyperscale.Det.Tests.Core.Nodes;
using static Hyperscale.Det.Tests.Core.Nodes.Dispatch;

namespace Hyperscale.Det.Tests.Core.Reliability;

/// <summary>Grants of retries where the primary of a datacenter's managers changes.</summary>
public sealed class GrantMoveTests
{
    private static AttemptKey Second => Attempt() with { Attempt = 2 };

    /// <summary>The next primary has the first entries of the log and does what they ask for; whatever it
    /// proposes again takes no second retry.</summary>
    [Fact]
    public void Whatever_part_of_a_log_survives_each_attempt_after_the_first_takes_one_retry() =>
        Gen.Select(Gen.Int[1, 9], Gen.Int[1, 5], Gen.Int[0, 5].Array[1, 6]).Sample((total, each, kept) =>
        {
            var slot = new RetryingSlot(new RetryShare(total, Math.Min(each, total), total, 0));
            foreach (var lost in kept)
            {
                // Reserved, started, run and failed once: so much is known to every primary.
                slot = slot.After(Math.Max(4, slot.Log.Count - lost));
                Proceed(slot);
                slot.Ledger.CheckInvariants();
                Assert.Equal(slot.Budget.Consumed, slot.Granted);
                Assert.True(slot.Workflow.Attempts <= 1 + slot.Budget.Consumed);
                Assert.True(slot.Budget.Consumed <= Math.Min(each, total));
            }

            for (var i = 0; i <= total; i++) Proceed(slot);
            Assert.Equal(WorkflowState.Ended, slot.Workflow.State);
            Assert.Equal(1 + Math.Min(each, total), slot.Workflow.Attempts);
        });

    [Fact]
    public void A_grant_that_never_reached_the_log_is_made_by_the_next_primary()
    {
        var bench = Fail();
        bench.IsDiskFast = false;
        bench.Pass(Seconds(2), Worker1);
        Assert.Empty(bench.SentTo<Message.StartAttempt>(Worker1));
        Assert.Equal(0, Budget(bench).Consumed);
        bench.Restart();
        bench.IsDiskFast = true;
        bench.Persist();
        bench.Join(Worker1);

        bench.Pass(Seconds(2), Worker1);

        Assert.Equal([Second], StartedOn(bench));
        Assert.Equal(1, Budget(bench).Consumed);
    }

    [Fact]
    public void A_grant_that_is_in_the_log_is_used_by_the_next_primary_and_takes_nothing_more()
    {
        var bench = Fail();
        // No worker has a core for it, so the grant is committed and nothing is dispatched.
        bench.Reserve(Job(), job: 2);
        bench.Start(job: 2);
        bench.Pass(Seconds(2), Worker1);
        Assert.Equal(WorkflowState.Ready, bench.Node.Ledger.Find(Slot())!.Workflows[0].State);
        Assert.DoesNotContain(Second, StartedOn(bench));
        bench.Restart();
        bench.Join(Worker1, cores: 2, boot: 2);

        bench.Pass(Seconds(3), Worker1);

        Assert.Contains(Second, StartedOn(bench));
        Assert.Equal(1, Budget(bench).Consumed);
    }

    [Fact]
    public void A_share_that_came_before_the_change_is_there_after_it()
    {
        var bench = Fail(share: 0);
        bench.Pass(Seconds(2), Worker1);
        bench.Receive(Gate, new Message.BudgetShared(Slot(), 1, 1, 1, IsFinal: false));
        bench.Restart();
        bench.Join(Worker1);
        bench.Forget();

        bench.Receive(Gate, new Message.BudgetShared(Slot(), 1, 1, 1, IsFinal: false));
        bench.Pass(Seconds(2), Worker1);

        Assert.Equal([Second], StartedOn(bench));
        Assert.Equal((1, 0), (Budget(bench).Consumed, Budget(bench).Left));
        Assert.Empty(bench.SentTo<Message.BudgetAsked>(Gate));
    }

    /// <summary>The workflow is granted, run and failed, as far as it may be; each entry is proposed
    /// twice.</summary>
    private static void Proceed(RetryingSlot slot)
    {
        if (slot.Workflow.State == WorkflowState.Retrying)
        {
            slot.Grant(slot.Next);
            Assert.Equal(DispatchVerdict.Duplicate, slot.Grant(slot.Next));
        }

        if (slot.Workflow.State == WorkflowState.Ready) slot.Run();
        if (slot.Workflow.State != WorkflowState.Running) return;
        Assert.NotEqual(DispatchVerdict.Accepted, slot.Grant(slot.Workflow.Attempts));
        slot.Fail();
    }

    private static RetryBudgetState Budget(ManagerBench bench) => bench.Node.Ledger.Find(Slot())!.Budget;

    private static IEnumerable<AttemptKey> StartedOn(ManagerBench bench) =>
        bench.SentTo<Message.StartAttempt>(Worker1).Select(start => start.Attempt).Distinct();

    /// <summary>A job whose only workflow has failed once.</summary>
    private static ManagerBench Fail(int share = 2)
    {
        var bench = new ManagerBench();
        bench.Join(Worker1);
        bench.Receive(Gate, new Message.ReserveSlot(Slot(), 1, Job(), null, new RetryShare(5, 3, share, 0)));
        bench.Start();
        bench.Accept(Worker1, Attempt());
        bench.Finish(Worker1, Attempt(), Failed);
        bench.Forget();
        return bench;
    }
}
