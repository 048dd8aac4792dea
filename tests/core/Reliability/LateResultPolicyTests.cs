using CsCheck;
using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Reliability;
using Hyperscale.Det.Tests.Core.Jobs;

namespace Hyperscale.Det.Tests.Core.Reliability;

/// <summary>Results that come after their job's end (AD-44).</summary>
public sealed class LateResultPolicyTests
{
    [Theory]
    [InlineData(LateResultPolicy.LogOnly, false)]
    [InlineData(LateResultPolicy.UpdateResult, true)]
    public void Only_update_result_merges_and_then_the_revision_rises_and_the_end_stays(
        LateResultPolicy policy, bool isMerged)
    {
        var bench = new JobLedgerBench();
        var slots = Start(bench, policy, count: 2, min: 1);
        bench.Report(slots[0]);
        var ended = bench.Job(slots[0].Job);
        Assert.Equal((JobState.Completed, CompletionReason.MinDcsReached), (ended.State, ended.Completion));

        Assert.Equal(JobVerdict.Late, bench.Report(slots[1], SlotState.Failed, "late"));
        var after = bench.Job(ended.Id);
        Assert.Equal(isMerged ? "late" : null, after.Slots[1].Outcome?.Reason);
        Assert.True(after.ChangedOp > ended.ChangedOp);
        Assert.Equal(EndOf(ended), EndOf(after));
        Assert.Equal(1, bench.Ledger.LateOutcomes);

        Assert.Equal(JobVerdict.Duplicate, bench.Report(slots[1], SlotState.Completed, "again"));
        Assert.Equal(after, bench.Job(ended.Id));
        bench.Restore();
    }

    [Fact]
    public void A_slot_that_stopped_as_it_was_told_to_is_no_result()
    {
        var bench = new JobLedgerBench();
        var slots = Start(bench, LateResultPolicy.UpdateResult, count: 2, min: 1);
        bench.Report(slots[0]);

        Assert.Equal(JobVerdict.Late, bench.Report(slots[1], SlotState.Cancelled, "the job has ended"));
        Assert.Null(bench.Job(slots[0].Job).Slots[1].Outcome);
    }

    [Fact]
    public void A_cancelled_job_takes_nothing_in_after_its_end()
    {
        var bench = new JobLedgerBench();
        var slots = Start(bench, LateResultPolicy.UpdateResult, count: 2, min: 2);
        bench.When(new JobCommand.CancelRequested(slots[0].Job));
        bench.When(new JobCommand.DeadlineReached(slots[0].Job));

        Assert.Equal(JobVerdict.Late, bench.Report(slots[0]));
        Assert.Null(bench.Job(slots[0].Job).Slots[0].Outcome);
    }

    /// <summary>Reports in any order, some twice, with the deadline somewhere among them.</summary>
    [Fact]
    public void The_end_and_the_outcomes_before_it_are_the_same_under_both_policies() =>
        Gen.Select(
            Gen.String[Gen.Char["cf"], 2, 5], Gen.Int[1, 5], Gen.Int[0, 5].Array[6, 14]).Sample(
            (outcomes, min, order) =>
            {
                var kept = Run(LateResultPolicy.LogOnly, outcomes, min, order);
                var merged = Run(LateResultPolicy.UpdateResult, outcomes, min, order);

                Assert.Equal(EndOf(kept), EndOf(merged));
                for (var slot = 0; slot < outcomes.Length; slot++)
                {
                    var (one, other) = (kept.Slots[slot].Outcome, merged.Slots[slot].Outcome);
                    if (one is not null) Assert.Equal(one.State, other?.State);
                    // Whatever was reported at all is part of what both together know.
                    if (order.Contains(slot)) Assert.NotNull(other);
                    else Assert.Null(other);
                }
            });

    private static LedgerJob Run(LateResultPolicy policy, string outcomes, int min, int[] order)
    {
        var bench = new JobLedgerBench();
        var slots = Start(bench, policy, outcomes.Length, min);
        var job = slots[0].Job;
        foreach (var next in order)
        {
            var before = bench.Job(job);
            if (next < outcomes.Length)
                bench.Report(slots[next], outcomes[next] == 'c' ? SlotState.Completed : SlotState.Failed);
            else if (!before.IsEnded)
                bench.When(new JobCommand.DeadlineReached(job));
            if (before.IsEnded) Assert.Equal(EndOf(before), EndOf(bench.Job(job)));
        }

        if (!bench.Job(job).IsEnded) bench.When(new JobCommand.DeadlineReached(job));
        return bench.Job(job);
    }

    private static List<SlotKey> Start(JobLedgerBench bench, LateResultPolicy policy, int count, int min)
    {
        var spec = Specs.Job(count: count, bestEffort: Specs.BestEffort(min));
        var terms = JobTerms.Of(
            spec, RetryBudgetConfig.Standard, BestEffortConfig.Standard with { LateResults = policy });
        Assert.Equal(JobVerdict.Applied, bench.When(new JobCommand.JobCreated(spec, null, terms)));
        var job = new JobId(0, bench.Ledger.AppliedOp(0));
        return [.. Enumerable.Range(0, count).Select(slot => bench.Start(job, slot, $"dc-{slot}"))];
    }

    private static (JobState, string, CompletionReason, WallTime?) EndOf(LedgerJob job) =>
        (job.State, job.Reason, job.Completion, job.Ended);
}
