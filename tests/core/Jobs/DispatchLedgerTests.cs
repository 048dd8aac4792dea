using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Tests.Core.Jobs;

public sealed class DispatchLedgerTests
{
    private static readonly NodeId Gate = NodeId.Of("gate-1");
    private static readonly NodeId NextGate = NodeId.Of("gate-2");
    private static readonly NodeId Worker = NodeId.Of("worker-1");
    private static readonly NodeId OtherWorker = NodeId.Of("worker-2");

    private readonly DispatchLedger _ledger = new();
    private long _stamp = 1000;

    [Fact]
    public void A_reservation_waits_for_its_start()
    {
        Reserve(First);

        var slot = _ledger.Find(First)!;
        Assert.True(slot.IsReserved);
        Assert.Equal([slot], _ledger.Reserved);
        Assert.Empty(_ledger.Ready);
    }

    [Fact]
    public void A_start_makes_ready_what_depends_on_nothing()
    {
        Start(First, [[], [0], []]);

        Assert.Equal([Attempt(0), Attempt(2)], _ledger.Ready.Select(ready => ready.Key));
        Assert.Empty(_ledger.Reserved);
    }

    [Fact]
    public void A_start_without_a_reservation_closes_the_epoch_for_good()
    {
        Assert.Equal(DispatchVerdict.Gone, Apply(new DispatchCommand.SlotStarted(First, 1, Gate)));
        Assert.Equal(DispatchVerdict.Gone, Reserve(First));
        Assert.Equal("it was to start here without being reserved", _ledger.ClosedBecause(First));
    }

    [Fact]
    public void A_refused_epoch_stays_refused()
    {
        Apply(new DispatchCommand.SlotRefused(First, 1, Gate, "no worker"));

        Assert.Equal(DispatchVerdict.Gone, Reserve(First));
        Assert.Equal("no worker", _ledger.ClosedBecause(First));
        Assert.Equal(DispatchVerdict.Accepted, Reserve(Second));
    }

    [Fact]
    public void An_expired_reservation_cannot_be_started()
    {
        Reserve(First);

        Assert.Equal(DispatchVerdict.Accepted, Apply(new DispatchCommand.ReservationExpired(First)));
        Assert.Equal(DispatchVerdict.Gone, Apply(new DispatchCommand.SlotStarted(First, 1, Gate)));
    }

    [Fact]
    public void What_has_started_does_not_expire()
    {
        Start(First, [[]]);

        Assert.Equal(DispatchVerdict.Overtaken, Apply(new DispatchCommand.ReservationExpired(First)));
        Assert.NotNull(_ledger.Find(First));
    }

    [Fact]
    public void A_newer_epoch_takes_the_place_of_one_that_never_started()
    {
        Reserve(First);

        Assert.Equal(DispatchVerdict.Accepted, Reserve(Second));
        Assert.Null(_ledger.Find(First));
        Assert.Equal("epoch 2 of the slot replaced it", _ledger.ClosedBecause(First));
        Assert.Equal(DispatchVerdict.Gone, Apply(new DispatchCommand.SlotStarted(First, 1, Gate)));
    }

    [Fact]
    public void A_newer_epoch_is_not_taken_once_an_older_one_has_started()
    {
        Start(First, [[]]);
        Assert.Equal(DispatchVerdict.Occupied, Reserve(Second));

        End(0);
        Apply(new DispatchCommand.SlotForgotten(First, 1));

        Assert.Equal(DispatchVerdict.Occupied, Reserve(Second));
        Assert.Equal("an older epoch of the slot has started here", _ledger.ClosedBecause(Second));
    }

    [Fact]
    public void A_command_under_a_lower_fence_than_the_jobs_highest_does_nothing()
    {
        Apply(new DispatchCommand.SlotReserved(First, 5, NextGate, Spec([[]])));

        Assert.Equal(DispatchVerdict.StaleFence, Apply(new DispatchCommand.SlotStarted(First, 4, Gate)));
        Assert.Equal(
            DispatchVerdict.StaleFence, Apply(new DispatchCommand.SlotCancelled(First, 4, Gate, "late")));
        Assert.Equal(
            DispatchVerdict.StaleFence,
            Apply(new DispatchCommand.SlotReserved(First with { Slot = 1 }, 4, Gate, Spec([[]]))));
        Assert.True(_ledger.Find(First)!.IsReserved);
        Assert.Equal(NextGate, _ledger.GateOf(First.Job));
    }

    [Fact]
    public void A_repeat_under_a_higher_fence_moves_the_job_to_its_gate()
    {
        Reserve(First);

        Assert.Equal(
            DispatchVerdict.Duplicate,
            Apply(new DispatchCommand.SlotReserved(First, 2, NextGate, Spec([[]]))));
        Assert.Equal(2, _ledger.FenceOf(First.Job));
        Assert.Equal(NextGate, _ledger.GateOf(First.Job));
    }

    [Fact]
    public void An_attempt_is_given_away_once()
    {
        Start(First, [[]]);

        Assert.Equal(DispatchVerdict.Accepted, Give(0));
        Assert.Equal(
            DispatchVerdict.Duplicate,
            Apply(new DispatchCommand.AttemptStarted(Attempt(0), OtherWorker, new BootId(2))));
        Assert.Equal(Worker, _ledger.Find(Attempt(0))!.Worker);
        Assert.Equal([Attempt(0)], _ledger.LiveOn(Worker));
        Assert.Equal(1, _ledger.CoresOn(Worker));
    }

    [Fact]
    public void An_attempt_that_is_not_ready_is_not_given_away()
    {
        Reserve(First, [[], [0]]);
        Assert.Equal(DispatchVerdict.NotReady, Give(0));
        Apply(new DispatchCommand.SlotStarted(First, 1, Gate));

        Assert.Equal(DispatchVerdict.NotReady, Give(1));
        Assert.Equal(DispatchVerdict.Unknown, Give(2));
        Assert.Equal(
            DispatchVerdict.NotReady,
            Apply(new DispatchCommand.AttemptStarted(
                Attempt(0) with { Attempt = 2 }, Worker, new BootId(1))));
    }

    [Fact]
    public void An_outcome_is_written_once()
    {
        Start(First, [[], []]);
        Give(0);

        Assert.Equal(DispatchVerdict.Accepted, End(0, AttemptState.Lost, "no heartbeat"));
        Assert.Equal(DispatchVerdict.Duplicate, End(0));
        Assert.Equal(AttemptState.Lost, _ledger.Find(Attempt(0))!.Outcome!.State);
    }

    [Fact]
    public void Only_the_worker_that_has_an_attempt_can_end_it()
    {
        Start(First, [[]]);
        Give(0);

        Assert.Equal(
            DispatchVerdict.Foreign,
            Apply(new DispatchCommand.AttemptEnded(Attempt(0), OtherWorker, OutcomeOf())));
        Assert.True(_ledger.IsLive(Attempt(0)));
    }

    [Fact]
    public void A_workflow_is_ready_once_all_it_depends_on_has_completed()
    {
        Start(First, [[], [], [0, 1]]);
        Give(0);
        Give(1);

        End(1);
        Assert.Empty(_ledger.Ready);
        End(0);
        Assert.Equal([Attempt(2)], _ledger.Ready.Select(ready => ready.Key));
    }

    [Fact]
    public void What_waited_longer_stands_further_ahead_whatever_its_name()
    {
        Start(First with { Job = new JobId(0, 9) }, [[]]);
        Start(First, [[]]);

        Assert.Equal([9, 1], _ledger.Ready.Select(ready => ready.Slot.Job.Op));
    }

    [Fact]
    public void The_end_of_the_last_attempt_carries_the_slots_outcome()
    {
        Start(First, [[], [0]]);
        Give(0);
        End(0);
        Assert.Null(_ledger.Find(First)!.Outcome);
        Give(1);
        End(1);

        var outcome = _ledger.Find(First)!.Outcome!;
        Assert.Equal((SlotState.Completed, "every workflow completed"), (outcome.State, outcome.Reason));
        Assert.Equal([(0, 1, "worker-1"), (1, 1, "worker-1")],
            outcome.Workflows.Select(w => (w.Workflow, w.Attempts, w.Worker)));
    }

    [Fact]
    public void When_a_workflow_fails_what_depends_on_it_is_not_run_and_the_rest_is()
    {
        Start(First, [[], [0], [1], []]);
        Give(0);
        End(0, AttemptState.Failed, "exit code 3");

        Assert.Equal([Attempt(3)], _ledger.Ready.Select(ready => ready.Key));
        Assert.Null(_ledger.Find(First)!.Outcome);
        Give(3);
        End(3);

        var outcome = _ledger.Find(First)!.Outcome!;
        Assert.Equal(SlotState.Failed, outcome.State);
        Assert.Equal("workflow 'w0' failed (2 of 4 workflows not run): exit code 3", outcome.Reason);
        Assert.Equal([0, 3], outcome.Workflows.Select(w => w.Workflow));
    }

    [Fact]
    public void Of_several_failures_the_first_is_the_reason()
    {
        Start(First, [[], []]);
        Give(0);
        Give(1);
        End(1, AttemptState.Lost, "worker restarted");
        End(0, AttemptState.Failed, "exit code 3");

        Assert.Equal("workflow 'w1' was lost: worker restarted", _ledger.Find(First)!.Outcome!.Reason);
    }

    [Fact]
    public void A_cancelled_slot_ends_when_what_runs_of_it_has_ended()
    {
        Start(First, [[], [0], []]);
        Give(0);

        Apply(new DispatchCommand.SlotCancelled(First, 1, Gate, "taken back"));
        Assert.True(_ledger.Find(First)!.IsCancelling);
        Assert.Empty(_ledger.Ready);
        Assert.Equal(DispatchVerdict.Overtaken, Give(2));
        End(0, AttemptState.Cancelled, "taken back");

        var outcome = _ledger.Find(First)!.Outcome!;
        Assert.Equal((SlotState.Cancelled, "taken back"), (outcome.State, outcome.Reason));
        Assert.Equal([0], outcome.Workflows.Select(w => w.Workflow));
    }

    [Fact]
    public void A_cancellation_before_the_last_end_wins_and_after_it_is_too_late()
    {
        Start(First, [[]]);
        Give(0);
        Apply(new DispatchCommand.SlotCancelled(First, 1, Gate, "taken back"));
        End(0);
        Assert.Equal(SlotState.Cancelled, _ledger.Find(First)!.Outcome!.State);
        Assert.Equal(
            AttemptState.Completed, Assert.Single(_ledger.Find(First)!.Outcome!.Workflows).Outcome.State);

        var other = First with { Job = new JobId(0, 2) };
        Start(other, [[]]);
        Apply(new DispatchCommand.AttemptStarted(new AttemptKey(other, 0, 1), Worker, new BootId(1)));
        Apply(new DispatchCommand.AttemptEnded(new AttemptKey(other, 0, 1), Worker, OutcomeOf()));
        Assert.Equal(
            DispatchVerdict.Duplicate, Apply(new DispatchCommand.SlotCancelled(other, 1, Gate, "late")));
        Assert.Equal(SlotState.Completed, _ledger.Find(other)!.Outcome!.State);
    }

    [Fact]
    public void A_slot_cancelled_before_its_start_ends_at_once_and_cannot_be_started()
    {
        Reserve(First);
        Apply(new DispatchCommand.SlotCancelled(First, 1, Gate, "taken back"));

        Assert.Equal(SlotState.Cancelled, _ledger.Find(First)!.Outcome!.State);
        Assert.Equal(DispatchVerdict.Overtaken, Apply(new DispatchCommand.SlotStarted(First, 1, Gate)));
    }

    [Fact]
    public void A_cancellation_of_what_was_never_reserved_keeps_it_from_being_reserved()
    {
        Assert.Equal(
            DispatchVerdict.Gone, Apply(new DispatchCommand.SlotCancelled(First, 1, Gate, "taken back")));
        Assert.Equal(DispatchVerdict.Gone, Reserve(First));
    }

    [Fact]
    public void A_slot_without_an_outcome_is_not_forgotten()
    {
        Start(First, [[]]);

        Assert.Equal(DispatchVerdict.NotReady, Apply(new DispatchCommand.SlotForgotten(First, 1)));
        Give(0);
        End(0);
        Assert.Equal(DispatchVerdict.Accepted, Apply(new DispatchCommand.SlotForgotten(First, 1)));
        Assert.Empty(_ledger.Slots);
        Assert.Equal(DispatchVerdict.Gone, Reserve(First));
    }

    [Fact]
    public void The_place_that_has_been_closed_longest_is_forgotten_first()
    {
        var ledger = new DispatchLedger(closedMax: 2);
        for (var op = 1; op <= 3; op++)
        {
            ledger.Apply(new WallTime(op), new DispatchCommand.SlotRefused(
                new SlotKey(new JobId(0, op), 0, 1), 1, Gate, "full"));
        }

        Assert.Null(ledger.ClosedBecause(First));
        Assert.Equal(long.MinValue, ledger.FenceOf(First.Job));
        Assert.Equal("full", ledger.ClosedBecause(First with { Job = new JobId(0, 2) }));
    }

    [Fact]
    public void Outputs_are_cut_to_an_even_share_of_what_fits_a_message()
    {
        var shape = Enumerable.Repeat(Array.Empty<int>(), 256).ToArray();
        Start(First, shape);
        Give(0);
        var output = new byte[JobLimits.OutputBytesMax];
        output[^1] = 7;
        Apply(new DispatchCommand.AttemptEnded(Attempt(0), Worker, OutcomeOf() with { Output = output }));

        var kept = _ledger.Find(Attempt(0))!.Outcome!.Output;
        Assert.Equal(DispatchLedger.SlotOutputBytesMax / 256, kept.Length);
        Assert.Equal(7, kept.Span[^1]);
    }

    [Fact]
    public void A_snapshot_that_is_cut_off_or_foreign_is_refused_with_a_reason()
    {
        Start(First, [[], [0]]);
        Give(0);
        var bytes = _ledger.Encode();

        Assert.NotNull(DispatchLedger.Restore(bytes, out _));
        Assert.Null(DispatchLedger.Restore(bytes.AsSpan(0, bytes.Length - 3), out var fault));
        Assert.NotEqual("", fault);
        Assert.Null(DispatchLedger.Restore([], out fault));
        Assert.Equal("sequence is missing", fault);
    }

    private static SlotKey First => new(new JobId(0, 1), 0, 1);

    private static SlotKey Second => First with { Epoch = 2 };

    private static AttemptKey Attempt(int workflow) => new(First, workflow, 1);

    private static JobSpec Spec(int[][] shape) => DispatchGens.SpecOf(shape);

    private static AttemptOutcome OutcomeOf(
        AttemptState state = AttemptState.Completed, string reason = "exit code 0") =>
        new(state, reason, 0, RunStats.None, default);

    private DispatchVerdict Apply(DispatchCommand command)
    {
        var verdict = _ledger.Apply(new WallTime(_stamp++), command);
        _ledger.CheckInvariants();
        return verdict;
    }

    private DispatchVerdict Reserve(SlotKey slot, int[][]? shape = null) =>
        Apply(new DispatchCommand.SlotReserved(slot, 1, Gate, Spec(shape ?? [[]])));

    private void Start(SlotKey slot, int[][] shape)
    {
        Reserve(slot, shape);
        Apply(new DispatchCommand.SlotStarted(slot, 1, Gate));
    }

    private DispatchVerdict Give(int workflow) =>
        Apply(new DispatchCommand.AttemptStarted(Attempt(workflow), Worker, new BootId(1)));

    private DispatchVerdict End(
        int workflow, AttemptState state = AttemptState.Completed, string reason = "exit code 0")
    {
        if (_ledger.Find(Attempt(workflow)) is null) Give(workflow);
        return Apply(new DispatchCommand.AttemptEnded(Attempt(workflow), Worker, OutcomeOf(state, reason)));
    }
}
