using CsCheck;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Reliability;

namespace Hyperscale.Det.Tests.Core.Reliability;

public sealed class RetryBudgetManagerTests
{
    /// <summary>Total, per workflow, share, is it final; used by the workflow, by another.</summary>
    [Theory]
    [InlineData(0, 0, 0, false, 0, 0, RetryDecision.NoRetries)]
    [InlineData(5, 3, 2, false, 0, 0, RetryDecision.Granted)]
    [InlineData(5, 3, 2, false, 1, 1, RetryDecision.ShareUsed)]
    [InlineData(5, 3, 2, true, 1, 1, RetryDecision.JobExhausted)]
    [InlineData(5, 3, 5, false, 2, 3, RetryDecision.JobExhausted)]
    [InlineData(5, 2, 4, false, 2, 0, RetryDecision.WorkflowExhausted)]
    // The job comes before the workflow, as far as it is known to be exhausted.
    [InlineData(3, 3, 3, false, 3, 0, RetryDecision.JobExhausted)]
    [InlineData(5, 2, 2, true, 2, 0, RetryDecision.JobExhausted)]
    [InlineData(5, 2, 2, false, 2, 0, RetryDecision.WorkflowExhausted)]
    [InlineData(5, 2, 4, true, 1, 0, RetryDecision.Granted)]
    public void The_job_is_looked_at_before_the_workflow(
        int total, int each, int share, bool isFinal, int used, int others, RetryDecision decision)
    {
        var state = new RetryBudgetState(
            new JobId(0, 1), new RetryShare(total, each, share, 0), isFinal, [used, others]);

        Assert.Equal(decision, RetryBudgetManager.Decide(state, 0));
    }

    [Fact]
    public void Refusals_have_the_names_that_reports_use()
    {
        Assert.Equal("job_budget_exhausted", RetryBudgetManager.NameOf(RetryDecision.JobExhausted));
        Assert.Equal("budget_share_exhausted", RetryBudgetManager.NameOf(RetryDecision.ShareUsed));
        Assert.Equal("workflow_budget_exhausted", RetryBudgetManager.NameOf(RetryDecision.WorkflowExhausted));
    }

    [Fact]
    public void A_grant_takes_one_from_the_share_and_counts_for_its_workflow()
    {
        var state = RetryBudgetState.Of(new JobId(0, 1), new RetryShare(9, 3, 4, 0), workflows: 2);

        var granted = state.Grant(1);

        Assert.Equal((1, 3), (granted.Consumed, granted.Left));
        Assert.Equal([0, 1], granted.ConsumedByWorkflow);
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(2, 2)]
    [InlineData(3, 4)]
    [InlineData(6, 32)]
    [InlineData(7, 60)]
    [InlineData(1_000_000, 60)]
    public void The_ceiling_of_a_backoff_doubles_from_a_second_to_a_minute(int attempts, int seconds) =>
        Assert.Equal(Duration.FromSeconds(seconds), RetryBudgetManager.BackoffCeiling(attempts));

    [Fact]
    public void A_backoff_lies_anywhere_below_its_ceiling_and_the_same_seed_gives_the_same() =>
        Gen.Select(Gen.ULong, Gen.Int[1, 9]).Sample((seed, attempts) =>
        {
            var rng = new Rng(seed);
            var drawn = Enumerable.Range(0, 200)
                .Select(_ => RetryBudgetManager.Backoff(attempts, rng)).ToList();
            var ceiling = RetryBudgetManager.BackoffCeiling(attempts);

            Assert.All(drawn, backoff => Assert.InRange(backoff.Nanoseconds, 0, ceiling.Nanoseconds));
            Assert.Contains(drawn, backoff => backoff < ceiling / 4);
            Assert.Contains(drawn, backoff => backoff > ceiling * 3 / 4);
            Assert.Equal(drawn[0], RetryBudgetManager.Backoff(attempts, new Rng(seed)));
        });

    [Fact]
    public void First_shares_are_even_and_what_is_given_later_is_never_more_than_there_is() =>
        Gen.Select(Gen.Int[0, 50], Gen.Int[1, 64], Gen.Int[0, 50]).Sample((total, slots, reserve) =>
        {
            var left = total - (slots * RetryBudgetManager.FirstShare(total, slots));
            var more = RetryBudgetManager.MoreFor(reserve, slots);

            Assert.InRange(left, 0, slots - 1);
            Assert.InRange(more, Math.Min(1, reserve), Math.Min(3, reserve));
        });
}
