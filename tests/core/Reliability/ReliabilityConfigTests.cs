using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Reliability;

namespace Hyperscale.Det.Tests.Core.Reliability;

public sealed class ReliabilityConfigTests
{
    private readonly List<string> _faults = [];

    [Fact]
    public void What_is_not_given_keeps_its_default()
    {
        Assert.Equal(new RetryBudgetConfig(20, 50, 3, 5), Retries());
        Assert.Equal(
            new BestEffortConfig(
                1, Duration.FromSeconds(300), Duration.FromSeconds(3600), LateResultPolicy.LogOnly,
                Duration.FromSeconds(5)),
            BestEffort());
        Assert.Empty(_faults);
    }

    [Fact]
    public void Every_setting_has_its_name()
    {
        Assert.Equal(
            new RetryBudgetConfig(7, 9, 1, 2),
            Retries(
                ("RETRY_BUDGET_DEFAULT", "7"), ("RETRY_BUDGET_MAX", "9"),
                ("RETRY_BUDGET_PER_WORKFLOW_DEFAULT", "1"), ("RETRY_BUDGET_PER_WORKFLOW_MAX", "2")));
        Assert.Equal(
            new BestEffortConfig(
                2, Duration.FromSeconds(30), Duration.FromSeconds(60), LateResultPolicy.UpdateResult,
                Duration.FromSeconds(2)),
            BestEffort(
                ("BEST_EFFORT_DEFAULT_MIN_DCS", "2"), ("BEST_EFFORT_DEFAULT_DEADLINE_SECONDS", "30"),
                ("BEST_EFFORT_DEADLINE_MAX_SECONDS", "60"),
                ("BEST_EFFORT_LATE_RESULT_POLICY", "update_result"),
                ("BEST_EFFORT_CHECK_INTERVAL_SECONDS", "2")));
        Assert.Empty(_faults);
    }

    [Fact]
    public void A_default_that_is_not_given_follows_a_lower_ceiling()
    {
        Assert.Equal(new RetryBudgetConfig(4, 4, 3, 5), Retries(("RETRY_BUDGET_MAX", "4")));
        Assert.Equal(
            Duration.FromSeconds(10), BestEffort(("BEST_EFFORT_DEADLINE_MAX_SECONDS", "10")).DefaultDeadline);
        Assert.Empty(_faults);
    }

    [Theory]
    [InlineData("RETRY_BUDGET_MAX", "51", "RETRY_BUDGET_MAX: is '51'; a whole number from 0 to 50 is needed")]
    [InlineData("RETRY_BUDGET_DEFAULT", "-1",
        "RETRY_BUDGET_DEFAULT: is '-1'; a whole number from 0 to 50 is needed")]
    [InlineData("RETRY_BUDGET_PER_WORKFLOW_MAX", "6",
        "RETRY_BUDGET_PER_WORKFLOW_MAX: is '6'; a whole number from 0 to 5 is needed")]
    public void A_budget_out_of_range_is_told(string name, string value, string fault)
    {
        Retries((name, value));
        Assert.Equal([fault], _faults);
    }

    [Theory]
    [InlineData("BEST_EFFORT_LATE_RESULT_POLICY", "merge",
        "BEST_EFFORT_LATE_RESULT_POLICY: is 'merge'; log_only or update_result is needed")]
    [InlineData("BEST_EFFORT_DEFAULT_MIN_DCS", "0",
        "BEST_EFFORT_DEFAULT_MIN_DCS: is '0'; a whole number from 1 to 64 is needed")]
    public void A_best_effort_setting_out_of_range_is_told(string name, string value, string fault)
    {
        BestEffort((name, value));
        Assert.Equal([fault], _faults);
    }

    /// <summary>Asked: total and per workflow; effective: total and per workflow.</summary>
    [Theory]
    [InlineData(null, null, 20, 3)]
    [InlineData(0, null, 0, 0)]
    [InlineData(2, null, 2, 2)]
    [InlineData(50, 5, 50, 5)]
    [InlineData(1000, 1000, 50, 5)]
    public void Absent_is_the_default_and_too_much_is_the_ceiling(
        int? total, int? each, int effective, int effectiveEach) =>
        Assert.Equal(
            (effective, effectiveEach), RetryBudgetConfig.Standard.EffectiveOf(total, each));

    [Fact]
    public void A_job_is_told_where_it_gets_less_than_it_asked_for()
    {
        var spec = Specs.Job(count: 2, bestEffort: Specs.BestEffort(9, Duration.FromSeconds(90))) with
        {
            RetryBudget = 30,
            RetryBudgetPerWorkflow = 4,
        };
        var low = new RetryBudgetConfig(10, 10, 3, 3);
        var terms = JobTerms.Of(
            spec, low, BestEffortConfig.Standard with { DeadlineMax = Duration.FromSeconds(60) });

        Assert.Equal(
            new JobTerms(10, 3, 2, Duration.FromSeconds(60), LateResultPolicy.LogOnly), terms);
        Assert.Equal(
            [
                new JobNote("$.retryBudget", "is 30; lowered to 10, the most that is allowed"),
                new JobNote("$.retryBudgetPerWorkflow", "is 4; lowered to 3, the most that is allowed"),
                new JobNote("$.bestEffort.minDcs", "is 9; 2 of 2 is effective"),
                new JobNote("$.bestEffort.deadline", "is 1m30s; lowered to 1m, the most that is allowed"),
            ],
            terms.NotesOn(spec));
    }

    [Fact]
    public void A_job_that_gets_what_it_asked_for_is_told_nothing()
    {
        var spec = Specs.Job(count: 2, bestEffort: Specs.BestEffort(2)) with { RetryBudget = 4 };
        var terms = JobTerms.Of(spec, RetryBudgetConfig.Standard, BestEffortConfig.Standard);

        Assert.Equal((4, 3, 2), (terms.RetryBudget, terms.RetryBudgetPerWorkflow, terms.MinDcs));
        Assert.Equal(Duration.FromSeconds(300), terms.Deadline);
        Assert.Empty(terms.NotesOn(spec));
    }

    private RetryBudgetConfig Retries(params (string Name, string Value)[] given) =>
        RetryBudgetConfig.Read(given.Select(pair => new GivenSetting(pair.Name, pair.Value)), _faults);

    private BestEffortConfig BestEffort(params (string Name, string Value)[] given) =>
        BestEffortConfig.Read(given.Select(pair => new GivenSetting(pair.Name, pair.Value)), _faults);
}
