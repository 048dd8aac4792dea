using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Tests.Core.Jobs;

public sealed class JobLedgerTests
{
    private readonly JobLedgerBench _bench = new();

    [Fact]
    public void A_jobs_name_is_the_place_of_its_entry_and_its_submission_the_stamp()
    {
        _bench.When(new JobCommand.CancelRequested(new JobId(3, 9)), group: 3);
        var job = _bench.Create(Specs.Job(count: 2), group: 3);

        Assert.Equal(new JobId(3, 2), job);
        var created = _bench.Job(job);
        Assert.Equal(new WallTime(2000), created.Submitted);
        Assert.Equal(JobState.Accepted, created.State);
        Assert.Equal(
            [LedgerSlot.Fresh(0, created.Submitted), LedgerSlot.Fresh(1, created.Submitted)], created.Slots);
    }

    [Fact]
    public void A_job_of_all_its_slots_completes_with_the_entry_of_the_last()
    {
        var job = _bench.Create(Specs.Job(count: 2));
        var east = _bench.Start(job, 0, "east");
        var west = _bench.Start(job, 1, "west");

        Assert.Equal(JobState.Running, _bench.Job(job).State);
        Assert.Equal(JobVerdict.Applied, _bench.Report(east));
        Assert.Equal(JobState.Running, _bench.Job(job).State);
        Assert.Equal(JobVerdict.Applied, _bench.Report(west));

        var ended = _bench.Job(job);
        Assert.Equal(JobState.Completed, ended.State);
        Assert.Equal("all_dcs_reported: 2 of 2 datacenters completed", ended.Reason);
        Assert.Equal(new WallTime(1000 * ended.ChangedOp), ended.Ended);
        Assert.Equal(0, _bench.Ledger.LiveCount);
    }

    [Fact]
    public void Without_best_effort_a_failed_slot_fails_the_job_and_its_results_stay()
    {
        var job = _bench.Create(Specs.Job(count: 2));
        var east = _bench.Start(job, 0, "east");
        var west = _bench.Start(job, 1, "west");
        _bench.Report(east, SlotState.Failed, "no disk");
        Assert.Equal(JobState.Running, _bench.Job(job).State);
        _bench.Report(west);

        var ended = _bench.Job(job);
        Assert.Equal(JobState.Failed, ended.State);
        Assert.Equal("all_dcs_reported: 1 of 2 datacenters completed; east: no disk", ended.Reason);
        Assert.All(ended.Slots, slot => Assert.NotNull(slot.Outcome));
    }

    [Fact]
    public void A_slot_moves_after_a_refusal_and_the_refusal_is_remembered()
    {
        var job = _bench.Create(Specs.Job());
        var first = _bench.Assign(job, 0, "east");
        Assert.Equal(JobVerdict.Applied, _bench.When(new JobCommand.SlotReleased(first, "full")));
        Assert.Equal(SlotStage.Unassigned, _bench.Slot(first).Stage);
        Assert.Equal([new SlotRefusal("east", "full")], _bench.Slot(first).Refusals);

        var second = _bench.Start(job, 0, "west");
        Assert.Equal(2, second.Epoch);
        // A start can be refused too, for example of a reservation that has expired.
        _bench.When(new JobCommand.SlotReleased(second, "expired"));
        var third = _bench.Assign(job, 0, "east");
        _bench.When(new JobCommand.SlotReleased(third, "still full"));

        Assert.Equal(
            [new SlotRefusal("west", "expired"), new SlotRefusal("east", "still full")],
            _bench.Slot(third).Refusals);
    }

    [Fact]
    public void A_slot_that_may_have_started_belongs_to_its_datacenter()
    {
        var job = _bench.Create(Specs.Job());
        var key = _bench.Start(job, 0, "east");

        Assert.Equal(
            JobVerdict.Conflict, _bench.When(new JobCommand.SlotAssigned(key with { Epoch = 2 }, "west")));
        Assert.Equal("east", _bench.Slot(key).Datacenter);
    }

    [Fact]
    public void Two_slots_of_a_job_never_have_the_same_datacenter()
    {
        var job = _bench.Create(Specs.Job(count: 2));
        _bench.Assign(job, 0, "east");

        Assert.Equal(
            JobVerdict.Conflict, _bench.When(new JobCommand.SlotAssigned(new SlotKey(job, 1, 1), "east")));
    }

    [Fact]
    public void An_epoch_comes_after_the_one_before_and_goes_to_one_datacenter()
    {
        var job = _bench.Create(Specs.Job());
        Assert.Equal(JobVerdict.Conflict, Assign(2, "east"));
        Assert.Equal(JobVerdict.Stale, Assign(0, "east"));
        Assert.Equal(JobVerdict.Applied, Assign(1, "east"));
        Assert.Equal(JobVerdict.Duplicate, Assign(1, "east"));
        Assert.Equal(JobVerdict.Conflict, Assign(1, "west"));
        Assert.Equal(JobVerdict.Conflict, Assign(2, ""));
        _bench.When(new JobCommand.SlotReleased(new SlotKey(job, 0, 1), "full"));
        Assert.Equal(JobVerdict.Stale, Assign(1, "east"));

        JobVerdict Assign(int epoch, string datacenter) =>
            _bench.When(new JobCommand.SlotAssigned(new SlotKey(job, 0, epoch), datacenter));
    }

    [Fact]
    public void An_outcome_changes_its_slot_once()
    {
        var job = _bench.Create(Specs.Job(count: 2));
        var key = _bench.Start(job, 0, "east");
        _bench.Report(key, SlotState.Completed, "first");

        Assert.Equal(JobVerdict.Duplicate, _bench.Report(key, SlotState.Failed, "second"));
        Assert.Equal("first", _bench.Slot(key).Outcome!.Reason);
        Assert.Equal(JobVerdict.Conflict, _bench.When(new JobCommand.SlotReleased(key, "late refusal")));
        Assert.Equal(JobVerdict.Duplicate, _bench.When(new JobCommand.SlotStarting(key)));
        Assert.Equal(JobVerdict.Duplicate, _bench.When(new JobCommand.SlotAssigned(key, "east")));
    }

    [Fact]
    public void Results_of_another_epoch_or_of_no_start_are_not_merged()
    {
        var job = _bench.Create(Specs.Job());
        var first = _bench.Assign(job, 0, "east");
        Assert.Equal(JobVerdict.Conflict, _bench.Report(first));
        _bench.When(new JobCommand.SlotReleased(first, "full"));
        Assert.Equal(JobVerdict.Stale, _bench.Report(first));
        var second = _bench.Start(job, 0, "west");

        Assert.Equal(JobVerdict.Stale, _bench.Report(first));
        Assert.Equal(JobVerdict.Conflict, _bench.Report(second with { Epoch = 3 }));
        Assert.Null(_bench.Slot(second).Outcome);
    }

    [Fact]
    public void Entries_about_nothing_that_is_there_change_nothing()
    {
        var job = _bench.Create(Specs.Job());
        var missing = new JobId(0, 77);
        var before = _bench.Job(job);

        Assert.Equal(JobVerdict.UnknownJob, _bench.When(new JobCommand.CancelRequested(missing)));
        Assert.Equal(JobVerdict.UnknownJob, _bench.When(new JobCommand.DeadlineReached(missing)));
        Assert.Equal(JobVerdict.UnknownJob, _bench.When(new JobCommand.JobUnplaceable(missing, "small")));
        Assert.Equal(JobVerdict.UnknownJob, _bench.Report(new SlotKey(missing, 0, 1)));
        Assert.Equal(JobVerdict.UnknownSlot, _bench.Report(new SlotKey(job, 1, 1)));
        Assert.Equal(JobVerdict.UnknownSlot, _bench.Report(new SlotKey(job, -1, 1)));
        // An entry of another group's log cannot speak of the job.
        Assert.Equal(JobVerdict.UnknownJob, _bench.When(new JobCommand.CancelRequested(job), group: 1));
        Assert.Same(before, _bench.Job(job));
    }

    [Fact]
    public void A_job_for_an_impossible_number_of_datacenters_is_not_made()
    {
        Assert.Equal(JobVerdict.Conflict, _bench.When(new JobCommand.JobCreated(Specs.Job(count: 0))));
        Assert.Equal(
            JobVerdict.Conflict,
            _bench.When(new JobCommand.JobCreated(Specs.Job(count: JobLimits.DatacentersMax + 1))));
        Assert.Equal(0, _bench.Ledger.Count);
    }

    [Fact]
    public void A_job_is_created_with_its_first_slots_assigned()
    {
        Assert.Equal(
            JobVerdict.Applied,
            _bench.When(new JobCommand.JobCreated(Specs.Job(count: 3)) { Datacenters = ["west", "east"] }));
        var job = _bench.Job(new JobId(0, 1));

        Assert.Equal(
            [("west", 1, SlotStage.Assigned), ("east", 1, SlotStage.Assigned), ("", 0, SlotStage.Unassigned)],
            job.Slots.Select(slot => (slot.Datacenter, slot.Epoch, slot.Stage)));
        Assert.Equal(
            JobVerdict.Duplicate,
            _bench.When(new JobCommand.SlotAssigned(new SlotKey(job.Id, 0, 1), "west")));
        Assert.Equal(
            JobVerdict.Applied, _bench.When(new JobCommand.SlotStarting(new SlotKey(job.Id, 0, 1))));
    }

    [Theory]
    [InlineData("east", "east")]
    [InlineData("east", "")]
    [InlineData("east", "west", "north")]
    public void A_job_for_datacenters_that_its_slots_cannot_have_is_not_made(params string[] datacenters)
    {
        Assert.Equal(
            JobVerdict.Conflict,
            _bench.When(new JobCommand.JobCreated(Specs.Job(count: 2)) { Datacenters = datacenters }));
        Assert.Equal(0, _bench.Ledger.Count);
    }

    [Fact]
    public void Cancelling_waits_for_every_slot_that_a_datacenter_may_hold()
    {
        var job = _bench.Create(Specs.Job(count: 3));
        var east = _bench.Start(job, 0, "east");
        var west = _bench.Assign(job, 1, "west");
        Assert.Equal(JobVerdict.Applied, _bench.When(new JobCommand.CancelRequested(job)));
        Assert.Equal(JobState.Cancelling, _bench.Job(job).State);
        Assert.Equal("waiting for east, west to stop", _bench.Job(job).Reason);

        // Nothing new of it starts.
        Assert.Equal(JobVerdict.Cancelling, _bench.When(new JobCommand.SlotStarting(west)));
        Assert.Equal(
            JobVerdict.Cancelling, _bench.When(new JobCommand.SlotAssigned(new SlotKey(job, 2, 1), "north")));
        Assert.Equal(JobVerdict.Cancelling, _bench.When(new JobCommand.JobUnplaceable(job, "small")));
        Assert.Equal(JobVerdict.Duplicate, _bench.When(new JobCommand.CancelRequested(job)));

        Assert.Equal(JobVerdict.Applied, _bench.When(new JobCommand.SlotReleased(west, "given up")));
        Assert.Equal(JobState.Cancelling, _bench.Job(job).State);
        Assert.Equal(JobVerdict.Applied, _bench.Report(east, SlotState.Cancelled));
        Assert.Equal(JobState.Cancelled, _bench.Job(job).State);
        Assert.Equal("cancelled on request", _bench.Job(job).Reason);
        Assert.Equal(JobVerdict.Duplicate, _bench.When(new JobCommand.CancelRequested(job)));
    }

    [Fact]
    public void A_reservation_that_was_cancelled_may_report_without_a_start()
    {
        var job = _bench.Create(Specs.Job());
        var key = _bench.Assign(job, 0, "east");
        _bench.When(new JobCommand.CancelRequested(job));

        Assert.Equal(JobVerdict.Applied, _bench.Report(key, SlotState.Cancelled));
        Assert.Equal(JobState.Cancelled, _bench.Job(job).State);
    }

    [Fact]
    public void A_job_that_nobody_has_is_cancelled_at_once()
    {
        var job = _bench.Create(Specs.Job());
        _bench.When(new JobCommand.CancelRequested(job));

        Assert.Equal(JobState.Cancelled, _bench.Job(job).State);
        Assert.Equal(new WallTime(2000), _bench.Job(job).CancelledAt);
    }

    [Fact]
    public void A_cancellation_before_the_last_result_wins_and_the_result_is_kept()
    {
        var job = _bench.Create(Specs.Job());
        var key = _bench.Start(job, 0, "east");
        _bench.When(new JobCommand.CancelRequested(job));
        _bench.Report(key);

        Assert.Equal(JobState.Cancelled, _bench.Job(job).State);
        Assert.Equal(SlotState.Completed, _bench.Slot(key).Outcome!.State);
    }

    [Fact]
    public void A_cancellation_after_the_last_result_is_late()
    {
        var job = _bench.Create(Specs.Job());
        _bench.Report(_bench.Start(job, 0, "east"));

        Assert.Equal(JobVerdict.Late, _bench.When(new JobCommand.CancelRequested(job)));
        Assert.Equal(JobState.Completed, _bench.Job(job).State);
        Assert.Null(_bench.Job(job).CancelledAt);
    }

    [Fact]
    public void The_deadline_ends_a_job_with_what_there_is()
    {
        var job = _bench.Create(Specs.Job(count: 3, bestEffort: Specs.BestEffort(1, waitForAll: true)));
        _bench.Report(_bench.Start(job, 0, "east"));
        _bench.Start(job, 1, "west");
        var third = _bench.Assign(job, 2, "north");
        _bench.When(new JobCommand.SlotReleased(third, "full"));
        Assert.Equal(JobVerdict.Applied, _bench.When(new JobCommand.DeadlineReached(job)));

        Assert.Equal(JobState.Completed, _bench.Job(job).State);
        Assert.Equal(
            "min_dcs_reached: 1 of 3 datacenters completed; west had not reported; "
            + "slot 2 found no datacenter: north: full",
            _bench.Job(job).Reason);
        Assert.Equal(JobVerdict.Late, _bench.When(new JobCommand.DeadlineReached(job)));
    }

    [Fact]
    public void The_deadline_fails_a_job_without_best_effort()
    {
        var job = _bench.Create(Specs.Job());
        _bench.When(new JobCommand.DeadlineReached(job));

        Assert.Equal(JobState.Failed, _bench.Job(job).State);
        Assert.Equal(
            "deadline_expired: 0 of 1 datacenters completed; slot 0 found no datacenter",
            _bench.Job(job).Reason);
    }

    [Fact]
    public void The_deadline_ends_the_wait_for_datacenters_that_do_not_acknowledge_a_cancellation()
    {
        var job = _bench.Create(Specs.Job());
        var key = _bench.Start(job, 0, "east");
        _bench.When(new JobCommand.CancelRequested(job));
        _bench.When(new JobCommand.DeadlineReached(job));

        Assert.Equal(JobState.Cancelled, _bench.Job(job).State);
        Assert.Equal("cancelled on request; no acknowledgement from east", _bench.Job(job).Reason);
        Assert.True(_bench.Slot(key).IsOpen);
    }

    [Fact]
    public void What_comes_after_the_end_closes_its_slot_and_changes_nothing_else()
    {
        var job = _bench.Create(Specs.Job(count: 4, bestEffort: Specs.BestEffort(1)));
        var east = _bench.Start(job, 0, "east");
        var west = _bench.Start(job, 1, "west");
        var north = _bench.Assign(job, 2, "north");
        _bench.Report(east);
        var ended = _bench.Job(job);
        Assert.Equal(JobState.Completed, ended.State);

        Assert.Equal(JobVerdict.Late, _bench.When(new JobCommand.SlotStarting(north)));
        Assert.Equal(
            JobVerdict.Late, _bench.When(new JobCommand.SlotAssigned(new SlotKey(job, 3, 1), "south")));
        Assert.Equal(JobVerdict.Late, _bench.When(new JobCommand.JobUnplaceable(job, "small")));
        Assert.Same(ended, _bench.Job(job));
        Assert.Equal(JobVerdict.Late, _bench.Report(west));
        Assert.Equal(JobVerdict.Late, _bench.When(new JobCommand.SlotReleased(north, "given up")));

        Assert.Equal(1, _bench.Ledger.LateOutcomes);
        Assert.Equal(SlotStage.Closed, _bench.Slot(west).Stage);
        Assert.Equal(SlotStage.Closed, _bench.Slot(north).Stage);
        Assert.Null(_bench.Slot(west).Outcome);
        Assert.Equal((ended.State, ended.Reason, ended.Ended),
            (_bench.Job(job).State, _bench.Job(job).Reason, _bench.Job(job).Ended));
        Assert.Equal(JobVerdict.Duplicate, _bench.Report(west));
        Assert.Equal(JobVerdict.Conflict, _bench.When(new JobCommand.SlotReleased(north, "again")));
    }

    [Fact]
    public void A_job_that_no_datacenter_can_run_ends_unless_something_of_it_may_have_started()
    {
        var job = _bench.Create(Specs.Job(count: 2));
        _bench.Assign(job, 0, "east");
        Assert.Equal(JobVerdict.Applied, _bench.When(new JobCommand.JobUnplaceable(job, "too large")));
        Assert.Equal((JobState.Failed, "too large"), (_bench.Job(job).State, _bench.Job(job).Reason));

        var other = _bench.Create(Specs.Job(count: 2));
        _bench.Start(other, 0, "east");
        Assert.Equal(JobVerdict.Conflict, _bench.When(new JobCommand.JobUnplaceable(other, "too large")));
        Assert.Equal(JobState.Running, _bench.Job(other).State);
    }

    [Fact]
    public void Best_effort_that_can_no_longer_succeed_fails_at_once()
    {
        var job = _bench.Create(Specs.Job(count: 2, bestEffort: Specs.BestEffort(2)));
        var east = _bench.Start(job, 0, "east");
        _bench.Start(job, 1, "west");
        _bench.Report(east, SlotState.Failed, "broken");

        Assert.Equal(JobState.Failed, _bench.Job(job).State);
        Assert.Equal(
            "min_dcs_unreachable: 0 of 2 datacenters completed; east: broken; west had not reported",
            _bench.Job(job).Reason);
    }
}
