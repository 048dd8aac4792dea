using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Reliability;

namespace Hyperscale.Det.Tests.Core.Jobs;

/// <summary>Results that come after their job's end (AD-44).</summary>
public sealed class LateResultTests
{
    private readonly JobLedgerBench _bench = new();

    [Fact]
    public void By_default_a_late_result_is_counted_and_not_merged()
    {
        var (_, west) = End(LateResultPolicy.LogOnly);

        Assert.Equal(JobVerdict.Late, _bench.Report(west));

        Assert.Equal(1, _bench.Ledger.LateOutcomes);
        Assert.Equal((SlotStage.Closed, null), (_bench.Slot(west).Stage, _bench.Slot(west).Outcome));
    }

    [Fact]
    public void Where_the_job_says_so_it_is_merged_once_and_how_the_job_ended_stays()
    {
        var (job, west) = End(LateResultPolicy.UpdateResult);
        var ended = _bench.Job(job);

        Assert.Equal(JobVerdict.Late, _bench.Report(west));
        Assert.Equal(JobVerdict.Duplicate, _bench.Report(west, SlotState.Failed, "other"));

        var merged = _bench.Job(job);
        Assert.Equal(SlotState.Completed, merged.Slots[1].Outcome!.State);
        Assert.Equal(
            (ended.State, ended.Reason, ended.Ended, ended.Completion),
            (merged.State, merged.Reason, merged.Ended, merged.Completion));
        Assert.True(merged.ChangedOp > ended.ChangedOp);
        Assert.Equal(1, _bench.Ledger.LateOutcomes);
        _bench.Restore();
    }

    [Fact]
    public void A_slot_that_was_stopped_with_the_job_adds_no_result()
    {
        var (_, west) = End(LateResultPolicy.UpdateResult);

        Assert.Equal(JobVerdict.Late, _bench.Report(west, SlotState.Cancelled, "the job has ended"));

        Assert.Equal((SlotStage.Closed, null), (_bench.Slot(west).Stage, _bench.Slot(west).Outcome));
    }

    [Fact]
    public void A_cancelled_job_takes_no_late_result()
    {
        var (job, east, west) = Run(LateResultPolicy.UpdateResult);
        _bench.When(new JobCommand.CancelRequested(job));
        _bench.Report(east, SlotState.Cancelled);
        _bench.When(new JobCommand.DeadlineReached(job));

        Assert.Equal(JobVerdict.Late, _bench.Report(west));

        Assert.Null(_bench.Slot(west).Outcome);
    }

    [Fact]
    public void The_deadline_ends_a_job_once_and_comes_too_late_after_its_end()
    {
        var (job, _) = End(LateResultPolicy.LogOnly);
        var ended = _bench.Job(job);

        Assert.Equal(JobVerdict.Late, _bench.When(new JobCommand.DeadlineReached(job)));

        Assert.Same(ended, _bench.Job(job));
    }

    [Fact]
    public void What_a_slot_did_not_use_of_its_share_comes_back_once()
    {
        var (job, east, west) = Run(LateResultPolicy.LogOnly, minDcs: 2);
        Assert.Equal(0, _bench.Job(job).RetryReserve);
        var outcome = Specs.Outcome() with { RetriesGranted = 3 };

        _bench.When(new JobCommand.SlotReported(east, outcome));
        Assert.Equal((3, 2), (_bench.Slot(east).Share, _bench.Job(job).RetryReserve));
        _bench.When(new JobCommand.SlotReported(east, outcome));
        _bench.When(new JobCommand.SlotReported(east, outcome with { RetriesGranted = 0 }));

        Assert.Equal((3, 5), (_bench.Slot(east).Share, _bench.Slot(west).Share));
        Assert.Equal(2, _bench.Job(job).RetryReserve);
    }

    /// <summary>A job that is content with the first of its two datacenters, which has reported.</summary>
    private (JobId Job, SlotKey West) End(LateResultPolicy late)
    {
        var (job, east, west) = Run(late);
        Assert.Equal(JobVerdict.Applied, _bench.Report(east));
        Assert.Equal(CompletionReason.MinDcsReached, _bench.Job(job).Completion);
        return (job, west);
    }

    private (JobId Job, SlotKey East, SlotKey West) Run(LateResultPolicy late, int minDcs = 1)
    {
        var spec = Specs.Job(count: 2, bestEffort: Specs.BestEffort(minDcs));
        var terms = JobTerms.OfUnstamped(spec) with
        {
            RetryBudget = 10,
            RetryBudgetPerWorkflow = 5,
            LateResults = late,
        };
        Assert.Equal(JobVerdict.Applied, _bench.When(new JobCommand.JobCreated(spec, null, terms)));
        var job = new JobId(0, _bench.Ledger.AppliedOp(0));
        return (job, _bench.Start(job, 0, "east"), _bench.Start(job, 1, "west"));
    }
}
