using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Nodes;
using Hyperscale.Det.Protocol;
using Hyperscale.Det.Reliability;
using static Hyperscale.Det.Tests.Core.Nodes.Dispatch;

namespace Hyperscale.Det.Tests.Core.Nodes;

/// <summary>Attempts after the first, as a manager makes them.</summary>
public sealed class ManagerRetryTests
{
    private readonly ManagerBench _bench = new();

    [Fact]
    public void A_failed_attempt_is_granted_another_after_its_backoff_and_its_numbers_are_stated_apart()
    {
        Run(new RetryShare(5, 3, 2, 0));
        _bench.Finish(Worker1, Attempt(), Failed);
        Assert.Null(_bench.Node.Ledger.Find(Slot())!.Outcome);
        Assert.Equal(0, _bench.Node.Ledger.Find(Slot())!.Budget.Consumed);

        _bench.Pass(Seconds(2), Worker1);

        Assert.Equal([Second], StartedOn(Worker1));
        Assert.Equal(
            [new TelemetryEvent.RetryGranted(Second, "exit code 3", Left: 1)],
            _bench.Told.OfType<TelemetryEvent.RetryGranted>());
        _bench.Accept(Worker1, Second);
        _bench.Finish(Worker1, Second, Completed);
        var outcome = _bench.SentTo<Message.SlotFinished>(Gate)[0].Outcome;
        Assert.Equal((SlotState.Completed, 1), (outcome.State, outcome.RetriesGranted));
        var result = Assert.Single(outcome.Workflows);
        Assert.Equal((2, AttemptState.Completed), (result.Attempts, result.Outcome.State));
        var earlier = Assert.Single(result.Earlier);
        Assert.Equal(
            (1, Worker1.Name, AttemptState.Failed, "exit code 3", Stats.Requests),
            (earlier.Attempt, earlier.Worker, earlier.State, earlier.Reason, earlier.Stats.Requests));
    }

    [Fact]
    public void What_a_lost_attempt_was_heard_of_is_stated_and_the_next_one_needs_a_grant()
    {
        Run(new RetryShare(5, 3, 2, 0));
        _bench.Receive(Worker1, new Message.AttemptProgressed(Attempt(), 1, Stats));
        _bench.Join(Worker2);

        _bench.Pass(Seconds(20), Worker2);

        Assert.Equal([Second], StartedOn(Worker2));
        var earlier = Assert.Single(_bench.Node.Ledger.Find(Slot())!.Workflows[0].Earlier);
        Assert.Equal((AttemptState.Lost, Stats.Requests), (earlier.State, earlier.Stats.Requests));
    }

    [Fact]
    public void A_used_up_share_is_asked_for_and_granted_from_once_it_came()
    {
        Run(new RetryShare(5, 3, 0, 0));
        _bench.Finish(Worker1, Attempt(), Failed);
        _bench.Pass(Seconds(2), Worker1);

        Assert.Contains(new Message.BudgetAsked(Slot(), 0), _bench.SentTo<Message.BudgetAsked>(Gate));
        Assert.Empty(_bench.SentTo<Message.StartAttempt>(Worker1));
        var share = new Message.BudgetShared(Slot(), 1, 1, 1, IsFinal: false);
        Assert.Equal(NodeVerdict.Accepted, _bench.Receive(Gate, share));
        Assert.Equal(NodeVerdict.Duplicate, _bench.Receive(Gate, share));
        _bench.Pass(Seconds(1), Worker1);

        Assert.Equal([Second], StartedOn(Worker1));
        Assert.Equal(0, _bench.Node.Ledger.Find(Slot())!.Budget.Left);
    }

    [Fact]
    public void When_there_is_no_more_the_workflow_has_failed_for_that_reason()
    {
        Run(new RetryShare(5, 3, 0, 0));
        _bench.Finish(Worker1, Attempt(), Failed);
        _bench.Pass(Seconds(2), Worker1);
        _bench.Receive(Gate, new Message.BudgetShared(Slot(), 1, 0, 0, IsFinal: true));
        _bench.Pass(Seconds(1), Worker1);

        var outcome = _bench.SentTo<Message.SlotFinished>(Gate)[0].Outcome;
        Assert.Equal(SlotState.Failed, outcome.State);
        Assert.Equal("job_budget_exhausted: exit code 3", outcome.Workflows[0].Outcome.Reason);
        Assert.Equal(
            [new TelemetryEvent.RetryBudgetExhausted(Second, "job_budget_exhausted")],
            _bench.Told.OfType<TelemetryEvent.RetryBudgetExhausted>());
    }

    [Fact]
    public void A_gate_that_stays_silent_is_waited_for_no_longer_than_may_be()
    {
        Run(new RetryShare(5, 3, 0, 0));
        _bench.Finish(Worker1, Attempt(), Failed);
        _bench.Pass(Seconds(59), Worker1);
        Assert.Null(_bench.Node.Ledger.Find(Slot())!.Outcome);

        _bench.Pass(Seconds(4), Worker1);

        Assert.StartsWith(
            "budget_share_exhausted, no gate had more of it within 1m: ",
            _bench.Node.Ledger.Find(Slot())!.Outcome!.Workflows[0].Outcome.Reason,
            StringComparison.Ordinal);
    }

    [Fact]
    public void What_an_earlier_primary_waited_for_a_share_does_not_count()
    {
        Run(new RetryShare(5, 3, 0, 0));
        _bench.Finish(Worker1, Attempt(), Failed);
        _bench.Pass(Seconds(55), Worker1);
        _bench.Restart();
        _bench.Join(Worker1);
        _bench.Forget();

        _bench.Pass(Seconds(58), Worker1);
        Assert.Null(_bench.Node.Ledger.Find(Slot())!.Outcome);
        Assert.NotEmpty(_bench.SentTo<Message.BudgetAsked>(Gate));
        _bench.Pass(Seconds(6), Worker1);

        Assert.Equal(SlotState.Failed, _bench.Node.Ledger.Find(Slot())!.Outcome!.State);
    }

    [Fact]
    public void A_larger_share_ends_the_wait_and_the_next_workflow_that_waits_has_its_own()
    {
        Run(new RetryShare(5, 3, 0, 0));
        _bench.Finish(Worker1, Attempt(), Failed);
        _bench.Pass(Seconds(55), Worker1);
        _bench.Receive(Gate, new Message.BudgetShared(Slot(), 1, 1, 1, IsFinal: false));
        _bench.Pass(Seconds(1), Worker1);
        _bench.Accept(Worker1, Second);
        _bench.Finish(Worker1, Second, Failed);

        _bench.Pass(Seconds(58), Worker1);
        Assert.Null(_bench.Node.Ledger.Find(Slot())!.Outcome);
        _bench.Pass(Seconds(8), Worker1);

        Assert.Equal(SlotState.Failed, _bench.Node.Ledger.Find(Slot())!.Outcome!.State);
    }

    [Fact]
    public void No_attempt_comes_before_its_backoff_is_over()
    {
        Run(new RetryShare(5, 3, 2, 0));
        _bench.Finish(Worker1, Attempt(), Failed);
        var backoff = _bench.Node.Ledger.FindRetry(Second)!.RetryAt - _bench.Wall;
        Assert.True(backoff > Duration.FromMilliseconds(50));

        _bench.Pass(backoff - Duration.FromMilliseconds(1));
        Assert.Equal(0, _bench.Node.Ledger.Find(Slot())!.Budget.Consumed);
        _bench.Pass(Duration.FromMilliseconds(2));

        Assert.Equal(1, _bench.Node.Ledger.Find(Slot())!.Budget.Consumed);
    }

    [Fact]
    public void A_grant_is_on_disk_before_its_attempt_is_given_away()
    {
        Run(new RetryShare(5, 3, 2, 0));
        _bench.Finish(Worker1, Attempt(), Failed);
        _bench.SetDisk(isFast: false);

        _bench.Pass(Seconds(2), Worker1);
        Assert.Equal(0, _bench.Node.Ledger.Find(Slot())!.Budget.Consumed);
        Assert.Empty(StartedOn(Worker1));
        _bench.Restart();
        _bench.SetDisk(isFast: true);
        Assert.Equal(0, _bench.Node.Ledger.Find(Slot())!.Budget.Consumed);
        _bench.Join(Worker1);
        _bench.Pass(Seconds(2), Worker1);

        Assert.Equal(1, _bench.Node.Ledger.Find(Slot())!.Budget.Consumed);
        Assert.Equal([Second], StartedOn(Worker1));
    }

    [Fact]
    public void A_workflow_has_no_more_retries_than_its_own_maximum()
    {
        Run(new RetryShare(50, 1, 50, 0));
        _bench.Finish(Worker1, Attempt(), Failed);
        _bench.Pass(Seconds(2), Worker1);
        _bench.Accept(Worker1, Second);
        _bench.Finish(Worker1, Second, Failed);

        Assert.Equal(
            "workflow_budget_exhausted: exit code 3",
            _bench.Node.Ledger.Find(Slot())!.Outcome!.Workflows[0].Outcome.Reason);
    }

    [Fact]
    public void Waiting_for_a_core_costs_nothing()
    {
        _bench.Receive(Gate, new Message.ReserveSlot(Slot(), 1, Job(), null, new RetryShare(5, 3, 2, 0)));
        _bench.Join(Worker1);
        _bench.Reserve(Job(), job: 2);
        _bench.Receive(Gate, new Message.ReserveSlot(Slot(3), 1, Job(), null, new RetryShare(5, 3, 2, 0)));
        _bench.Start(job: 2);
        _bench.Accept(Worker1, Attempt(job: 2));
        _bench.Start(job: 3);
        _bench.Pass(Seconds(30), Worker1);

        Assert.Equal(WorkflowState.Ready, _bench.Node.Ledger.Find(Slot(3))!.Workflows[0].State);
        Assert.Equal(0, _bench.Node.Ledger.Find(Slot(3))!.Budget.Consumed);
    }

    [Fact]
    public void What_is_cancelled_is_not_tried_again()
    {
        Run(new RetryShare(5, 3, 2, 0));
        _bench.Finish(Worker1, Attempt(), Failed);
        _bench.Receive(Gate, new Message.CancelSlot(Slot(), 1, "taken back"));

        var outcome = _bench.Node.Ledger.Find(Slot())!.Outcome!;
        Assert.Equal((SlotState.Cancelled, 0), (outcome.State, outcome.RetriesGranted));
        Assert.Equal("exit code 3", outcome.Workflows[0].Outcome.Reason);
        _bench.Pass(Seconds(5), Worker1);
        Assert.Empty(_bench.SentTo<Message.StartAttempt>(Worker1));
    }

    [Fact]
    public void A_manager_that_starts_again_goes_on_with_the_backoff_and_grants_once()
    {
        Run(new RetryShare(5, 3, 2, 0));
        _bench.Finish(Worker1, Attempt(), Failed);
        _bench.Restart();
        _bench.Join(Worker1);
        _bench.Forget();
        _bench.Pass(Seconds(2), Worker1);
        Assert.Equal([Second], StartedOn(Worker1));

        _bench.Restart();
        _bench.Join(Worker1, boot: 1);
        _bench.Pass(Seconds(2), Worker1);

        Assert.Equal(1, _bench.Node.Ledger.Find(Slot())!.Budget.Consumed);
    }

    [Fact]
    public void What_a_workflow_waits_for_is_told_by_name_and_since_when()
    {
        Run(new RetryShare(5, 3, 0, 0));
        var failed = _bench.Wall;
        _bench.Finish(Worker1, Attempt(), Failed);
        _bench.Pass(Seconds(0), Worker1);
        var until = _bench.Node.Ledger.Find(Slot())!.Workflows[0].RetryAt;
        var backing = Told();
        Assert.Equal(new Wait(WaitReason.Backoff, failed, until), backing.Wait);
        Assert.Equal("backing off before attempt 2: exit code 3", backing.Reason);
        Assert.Empty(backing.RetryCauses);

        _bench.Pass(Seconds(2), Worker1);
        Assert.Equal(new Wait(WaitReason.RetryBudget, until), Told().Wait);

        _bench.Receive(Gate, new Message.BudgetShared(Slot(), 1, 1, 1, IsFinal: false));
        _bench.Pass(Seconds(2), Worker1);
        var running = Told();
        Assert.Equal((null, "", WorkflowPhase.Running), (running.Wait, running.Reason, running.Phase));
        Assert.Equal(["exit code 3"], running.RetryCauses);
    }

    [Fact]
    public void A_workflow_without_a_core_and_one_behind_another_say_so()
    {
        _bench.Join(Worker1);
        var spec = Job(Workflow(), Workflow() with { Name = "after", DependsOn = [0] });
        _bench.Reserve(Job(), job: 2);
        _bench.Receive(Gate, new Message.ReserveSlot(Slot(), 1, spec, null, null));
        _bench.Start(job: 2);
        _bench.Accept(Worker1, Attempt(job: 2));
        var started = _bench.Wall;
        _bench.Start();
        _bench.Pass(Seconds(30), Worker1);

        var told = AllTold().Workflows;
        Assert.Equal(new Wait(WaitReason.Cores, started), told[0].Wait);
        Assert.Equal("queued for 1 core", told[0].Reason);
        Assert.Equal(new Wait(WaitReason.Dependencies, started), told[1].Wait);
        Assert.Equal($"waits for '{spec.Workflows[0].Name}'", told[1].Reason);
    }

    private WorkflowProgress Told() => AllTold().Workflows[0];

    private Message.SlotProgressed AllTold() =>
        _bench.SentTo<Message.SlotProgressed>(Gate).Last(told => told.Slot == Slot());

    private static AttemptKey Second => Attempt() with { Attempt = 2 };

    /// <summary>What the worker was told to start, however often.</summary>
    private IEnumerable<AttemptKey> StartedOn(NodeId worker) =>
        _bench.SentTo<Message.StartAttempt>(worker).Select(start => start.Attempt).Distinct();

    /// <summary>A job whose one workflow runs on the first worker.</summary>
    private void Run(RetryShare share)
    {
        _bench.Join(Worker1);
        _bench.Receive(Gate, new Message.ReserveSlot(Slot(), 1, Job(), null, share));
        _bench.Start();
        _bench.Accept(Worker1, Attempt());
        _bench.Forget();
    }
}
