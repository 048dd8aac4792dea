using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Nodes;
using Hyperscale.Det.Protocol;
using static Hyperscale.Det.Tests.Core.Nodes.Dispatch;

namespace Hyperscale.Det.Tests.Core.Nodes;

public sealed class ManagerAttemptTests
{
    private readonly ManagerBench _bench = new();

    [Fact]
    public void An_attempt_is_on_disk_before_its_worker_hears_of_it()
    {
        _bench.Join(Worker1);
        _bench.Reserve(Job());
        _bench.IsDiskFast = false;
        _bench.Start();
        _bench.PersistOne();
        Assert.Empty(_bench.SentTo(Worker1));

        _bench.Persist();
        Expect.Messages(_bench.SentTo(Worker1), StartOf(Attempt()));
        Assert.Contains(new TelemetryEvent.AttemptStarted(Attempt(), Worker1), _bench.Told);
    }

    [Fact]
    public void A_start_is_sent_again_until_the_worker_has_it()
    {
        _bench.Join(Worker1);
        _bench.Run(Job());
        _bench.Pass(Seconds(1));
        Expect.Messages(
            _bench.SentTo(Worker1), StartOf(Attempt()), StartOf(Attempt()), StartOf(Attempt()));

        _bench.Accept(Worker1, Attempt());
        Assert.Equal(NodeVerdict.Accepted, _bench.Verdict);
        _bench.Forget();
        _bench.Pass(Seconds(3), Worker1);
        Assert.Empty(_bench.SentTo(Worker1));
        Assert.Equal(
            NodeVerdict.Duplicate, _bench.Receive(Worker1, new Message.AttemptAccepted(Attempt())));
    }

    [Fact]
    public void An_inventory_that_lists_the_attempt_accepts_it()
    {
        _bench.Join(Worker1);
        _bench.Run(Job());
        _bench.Forget();

        _bench.Heartbeat(Worker1, new AttemptInventory(Attempt(), IsFinished: false));
        _bench.Pass(Seconds(1));
        Assert.Empty(_bench.SentTo(Worker1));
    }

    [Fact]
    public void An_accepted_attempt_that_the_inventory_misses_is_sent_again()
    {
        _bench.Join(Worker1);
        _bench.Run(Job());
        _bench.Receive(Worker1, new Message.AttemptAccepted(Attempt()));
        _bench.Forget();

        _bench.Heartbeat(Worker1);
        Expect.Messages(_bench.SentTo(Worker1), StartOf(Attempt()));
    }

    [Fact]
    public void What_a_worker_runs_without_the_ledger_knowing_is_stopped()
    {
        _bench.Join(Worker1);
        _bench.Forget();

        _bench.Heartbeat(
            Worker1,
            new AttemptInventory(Attempt(8), IsFinished: false),
            new AttemptInventory(Attempt(9), IsFinished: true));
        Expect.Messages(_bench.SentTo(Worker1), new Message.StopAttempt(
            Attempt(8), _bench.Fence, "the datacenter's ledger does not have it running there"));
    }

    [Fact]
    public void What_runs_on_another_worker_than_it_was_given_to_is_stopped()
    {
        _bench.Join(Worker1);
        _bench.Run(Job());
        _bench.Join(Worker2);
        _bench.Forget();

        _bench.Heartbeat(Worker2, new AttemptInventory(Attempt(), IsFinished: false));
        Assert.Single(_bench.SentTo<Message.StopAttempt>(Worker2));
        Assert.Empty(_bench.SentTo<Message.StopAttempt>(Worker1));
        Assert.True(_bench.Node.Ledger.IsLive(Attempt()));
    }

    [Fact]
    public void A_refused_start_is_sent_again_to_the_same_worker_although_others_are_free()
    {
        _bench.Join(Worker1);
        _bench.Run(Job());
        _bench.Join(Worker2);
        _bench.Forget();

        Assert.Equal(
            NodeVerdict.Accepted, _bench.Receive(Worker1, new Message.AttemptRefused(Attempt(), "busy")));
        _bench.Pass(Seconds(1), Worker1, Worker2);
        Assert.NotEmpty(_bench.SentTo<Message.StartAttempt>(Worker1));
        Assert.Empty(_bench.SentTo(Worker2));

        _bench.Accept(Worker1, Attempt());
        Assert.Equal(
            NodeVerdict.Stale, _bench.Receive(Worker1, new Message.AttemptRefused(Attempt(), "busy")));
    }

    [Fact]
    public void A_start_that_is_refused_for_long_enough_is_lost_with_the_workers_reason()
    {
        _bench.Join(Worker1);
        _bench.Run(Job());
        for (var i = 0; i < 11; i++)
        {
            _bench.Receive(Worker1, new Message.AttemptRefused(Attempt(), "it is full"));
            _bench.Pass(Seconds(1), Worker1);
        }

        Assert.True(_bench.Node.Ledger.IsLive(Attempt()));
        _bench.Pass(Seconds(2), Worker1);
        var outcome = _bench.Node.Ledger.Find(Attempt())!.Outcome!;
        Assert.Equal(AttemptState.Lost, outcome.State);
        Assert.Equal("the worker refused it for 12s: it is full", outcome.Reason);
    }

    [Fact]
    public void A_start_that_is_never_answered_is_lost_although_the_worker_is_heard()
    {
        _bench.Join(Worker1);
        _bench.Run(Job());

        _bench.Pass(Seconds(13), Worker1);
        var outcome = _bench.Node.Ledger.Find(Attempt())!.Outcome!;
        Assert.Equal(AttemptState.Lost, outcome.State);
        Assert.Equal("the worker did not take it within 12s", outcome.Reason);
    }

    [Fact]
    public void An_outcome_is_on_disk_before_the_worker_may_forget_it()
    {
        _bench.Join(Worker1);
        _bench.Run(Job());
        _bench.Accept(Worker1, Attempt());
        _bench.IsDiskFast = false;
        _bench.Forget();

        _bench.Finish(Worker1, Attempt());
        Assert.Equal(NodeVerdict.Accepted, _bench.Verdict);
        _bench.Finish(Worker1, Attempt());
        Assert.Equal(NodeVerdict.Duplicate, _bench.Verdict);
        Assert.Empty(_bench.SentTo(Worker1));
        Assert.Equal(1, _bench.Appended);

        _bench.Persist();
        Expect.Messages(_bench.SentTo(Worker1), new Message.AttemptResultCommitted(Attempt()));
        Assert.Contains(
            new TelemetryEvent.AttemptEnded(Attempt(), Worker1, AttemptState.Completed, "exit code 0"),
            _bench.Told);
    }

    [Fact]
    public void An_outcome_that_comes_again_or_of_what_nobody_knows_may_be_forgotten()
    {
        _bench.Join(Worker1);
        _bench.Run(Job());
        _bench.Finish(Worker1, Attempt());
        _bench.Forget();

        _bench.Finish(Worker1, Attempt(), Failed);
        Assert.Equal(NodeVerdict.Duplicate, _bench.Verdict);
        _bench.Finish(Worker1, Attempt(9));
        Assert.Equal(NodeVerdict.Unknown, _bench.Verdict);
        Expect.Messages(
            _bench.SentTo(Worker1),
            new Message.AttemptResultCommitted(Attempt()), new Message.AttemptResultCommitted(Attempt(9)));
        Assert.Equal(0, _bench.Appended);
        Assert.Equal(Content.Of(Completed), Content.Of(_bench.Node.Ledger.Find(Attempt())!.Outcome!));
    }

    [Fact]
    public void The_outcome_that_another_worker_tells_does_not_count()
    {
        _bench.Join(Worker1);
        _bench.Run(Job());
        _bench.Forget();

        _bench.Finish(Worker2, Attempt());
        Expect.Messages(_bench.SentTo(Worker2), new Message.AttemptResultCommitted(Attempt()));
        Assert.True(_bench.Node.Ledger.IsLive(Attempt()));
        Assert.Equal(
            NodeVerdict.Stale, _bench.Receive(Worker2, new Message.AttemptAccepted(Attempt())));
        Assert.Equal(
            NodeVerdict.Stale, _bench.Receive(Worker2, new Message.AttemptRefused(Attempt(), "no")));
        Assert.Equal(
            NodeVerdict.Stale, _bench.Receive(Worker2, new Message.AttemptProgressed(Attempt(), 1, Stats)));
    }

    [Fact]
    public void What_is_said_of_attempts_that_have_ended_is_ignored()
    {
        Assert.Equal(
            NodeVerdict.Unknown, _bench.Receive(Worker1, new Message.AttemptAccepted(Attempt())));
        Assert.Equal(
            NodeVerdict.Unknown, _bench.Receive(Worker1, new Message.AttemptRefused(Attempt(), "no")));
        Assert.Equal(
            NodeVerdict.Unknown, _bench.Receive(Worker1, new Message.AttemptProgressed(Attempt(), 1, Stats)));
    }

    [Fact]
    public void Workflows_run_in_the_order_of_their_dependencies()
    {
        _bench.Join(Worker1, cores: 4);
        _bench.Run(Job(Workflow("a"), Workflow("b", 1, 0), Workflow("c", 1, 0, 1)));
        Assert.Equal([Attempt()], Started(Worker1));

        _bench.Finish(Worker1, Attempt());
        Assert.Equal([Attempt(), Attempt(1, 1)], Started(Worker1));
        _bench.Finish(Worker1, Attempt(1, 1));
        Assert.Equal([Attempt(), Attempt(1, 1), Attempt(1, 2)], Started(Worker1));
        _bench.Finish(Worker1, Attempt(1, 2));
        Assert.Equal(
            SlotState.Completed, Assert.Single(_bench.SentTo<Message.SlotFinished>(Gate)).Outcome.State);
    }

    [Fact]
    public void A_failed_workflow_fails_the_slot_and_nothing_after_it_runs()
    {
        _bench.Join(Worker1, cores: 4);
        _bench.Run(Job(Workflow("a"), Workflow("b", 1, 0)));

        _bench.Finish(Worker1, Attempt(), Failed);
        Assert.Equal([Attempt()], Started(Worker1));
        var outcome = Assert.Single(_bench.SentTo<Message.SlotFinished>(Gate)).Outcome;
        Assert.Equal(SlotState.Failed, outcome.State);
        Assert.Equal("workflow 'a' failed (1 of 2 workflows not run): exit code 3", outcome.Reason);
    }

    [Fact]
    public void A_cancelled_slot_is_stopped_until_its_workers_report()
    {
        _bench.Join(Worker1);
        _bench.Run(Job());
        _bench.Accept(Worker1, Attempt());
        _bench.IsDiskFast = false;
        _bench.Forget();

        Cancel();
        Assert.Equal(NodeVerdict.Duplicate, Cancel());
        Assert.Empty(_bench.SentTo(Worker1));
        _bench.Persist();
        _bench.IsDiskFast = true;
        var stop = new Message.StopAttempt(Attempt(), _bench.Fence, "taken back");
        _bench.Pass(Seconds(1), Worker1);
        Expect.Messages(_bench.SentTo(Worker1), stop, stop, stop);
        Assert.Empty(_bench.SentTo(Gate));

        _bench.Finish(Worker1, Attempt(), new AttemptOutcome(
            AttemptState.Cancelled, "taken back", 143, Stats, default));
        Assert.Equal(
            SlotState.Cancelled, Assert.Single(_bench.SentTo<Message.SlotFinished>(Gate)).Outcome.State);
        Assert.Equal(NodeVerdict.Duplicate, Cancel());
        Assert.Equal(2, _bench.SentTo<Message.SlotFinished>(Gate).Count);
    }

    [Fact]
    public void A_cancelled_attempt_that_is_never_heard_of_ends_with_its_workers_lease()
    {
        _bench.Join(Worker1);
        _bench.Run(Job());
        _bench.Accept(Worker1, Attempt());
        _bench.Pass(Seconds(5));
        Cancel();

        _bench.Pass(Seconds(6));
        Assert.Empty(_bench.SentTo<Message.SlotFinished>(Gate));
        _bench.Pass(Seconds(1));
        var outcome = Assert.Single(_bench.SentTo<Message.SlotFinished>(Gate)).Outcome;
        Assert.Equal((SlotState.Cancelled, "taken back"), (outcome.State, outcome.Reason));
        Assert.Equal(AttemptState.Lost, Assert.Single(outcome.Workflows).Outcome.State);
    }

    [Fact]
    public void A_cancelled_attempt_that_no_worker_ever_took_ends_though_its_stop_is_not_answered()
    {
        _bench.Join(Worker1);
        _bench.Run(Job());
        Cancel();

        _bench.Pass(Seconds(13), Worker1);
        var outcome = Assert.Single(_bench.SentTo<Message.SlotFinished>(Gate).Take(1)).Outcome;
        Assert.Equal(SlotState.Cancelled, outcome.State);
        Assert.Equal(AttemptState.Cancelled, Assert.Single(outcome.Workflows).Outcome.State);
    }

    [Theory]
    [InlineData(true, SlotState.Cancelled)]
    [InlineData(false, SlotState.Completed)]
    public void Between_cancellation_and_completion_the_log_decides(bool isCancelledFirst, SlotState expected)
    {
        _bench.Join(Worker1);
        _bench.Run(Job());
        _bench.Accept(Worker1, Attempt());
        _bench.IsDiskFast = false;

        if (isCancelledFirst) Cancel();
        _bench.Finish(Worker1, Attempt());
        if (!isCancelledFirst) Cancel();
        _bench.Persist();
        Assert.All(
            _bench.SentTo<Message.SlotFinished>(Gate),
            finished => Assert.Equal(expected, finished.Outcome.State));
        Assert.NotEmpty(_bench.SentTo<Message.SlotFinished>(Gate));
    }

    [Fact]
    public void A_slot_cancelled_while_its_attempt_is_on_the_way_to_disk_never_starts_it()
    {
        _bench.Join(Worker1);
        _bench.Reserve(Job());
        _bench.IsDiskFast = false;
        Cancel();
        _bench.Start();
        _bench.Persist();

        Assert.Empty(_bench.SentTo(Worker1));
        Assert.Equal(1, Assert.Single(_bench.Node.Workers).FreeCores);
        Assert.Equal(
            SlotState.Cancelled, _bench.SentTo<Message.SlotFinished>(Gate)[0].Outcome.State);
    }

    [Fact]
    public void A_slot_that_was_never_reserved_is_cancelled_by_being_refused()
    {
        _bench.Join(Worker1);
        var refused = new Message.SlotRefused(Slot(), "it was cancelled before it was reserved");

        Cancel();
        _bench.Reserve(Job());
        Expect.Messages(_bench.SentTo(Gate), refused, refused);
    }

    private NodeVerdict Cancel() =>
        _bench.Receive(Gate, new Message.CancelSlot(Slot(), 1, "taken back"));

    private Message.StartAttempt StartOf(AttemptKey attempt) =>
        new(attempt, _bench.Fence, new BootId(1), Workflow());

    private IEnumerable<AttemptKey> Started(NodeId worker) =>
        _bench.SentTo<Message.StartAttempt>(worker).Select(start => start.Attempt);
}
