using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Tests.Core.Jobs;

public sealed class JobDeadlineTests
{
    private static readonly Duration Allowance = Duration.FromMinutes(5);

    [Fact]
    public void Workflows_that_wait_for_each_other_add_up_and_others_do_not()
    {
        // 0 (10+1) -> 1 (20+1) -> 3 (5+1), beside 2 (30+1).
        var job = JobOf(Workflow(10), Workflow(20, 0), Workflow(30), Workflow(5, 0, 1));

        Assert.Equal(Duration.FromSeconds(38), JobDeadline.CriticalPath(job.Workflows));
        Assert.Equal(Duration.FromSeconds(38) + Allowance, Of(job));
    }

    [Fact]
    public void The_deadline_of_best_effort_counts_when_there_is_one()
    {
        var job = JobOf(Workflow(10));
        var tenSeconds = Duration.FromSeconds(10);

        Assert.Equal(
            tenSeconds,
            Of(job with { BestEffort = new(true, 1, tenSeconds, false) }));
        Assert.Equal(
            Duration.FromSeconds(11) + Allowance,
            Of(job with { BestEffort = new(false, 1, tenSeconds, false) }));
        Assert.Equal(
            Duration.FromSeconds(11) + Allowance,
            Of(job with { BestEffort = new(true, 1, null, false) }));
    }

    [Fact]
    public void The_longest_job_that_can_be_stays_within_the_clock()
    {
        var longest = Enumerable.Range(0, JobLimits.WorkflowsMax).Select(i => Workflow(0) with
        {
            Duration = new Duration(long.MaxValue),
            Timeout = new Duration(long.MaxValue),
            DependsOn = i == 0 ? [] : [i - 1],
        });

        Assert.Equal(
            Duration.FromSeconds(JobLimits.DurationSecondsMax) * 2 * JobLimits.WorkflowsMax,
            JobDeadline.CriticalPath([.. longest]));
    }

    [Fact]
    public void Workflows_that_wait_for_themselves_count_for_nothing_and_end_the_search() =>
        Assert.Equal(
            Duration.FromSeconds(11),
            JobDeadline.CriticalPath([Workflow(10), Workflow(50, 2), Workflow(50, 1)]));

    [Fact]
    public void A_deadline_leaves_time_for_every_retry_and_its_backoff()
    {
        var job = JobOf(Workflow(10), Workflow(20, 0));
        var terms = JobTerms.OfUnstamped(job) with { RetryBudget = 20, RetryBudgetPerWorkflow = 3 };

        // Four attempts of each, and backoffs of 1, 2 and 4 seconds between them.
        Assert.Equal(
            Duration.FromSeconds((4 * (11 + 21)) + (2 * 7)) + Allowance,
            JobDeadline.Of(job, terms, Allowance));
    }

    [Fact]
    public void The_longest_job_that_is_tried_as_often_as_may_be_stays_within_the_clock()
    {
        var longest = Enumerable.Range(0, JobLimits.WorkflowsMax).Select(i => Workflow(0) with
        {
            Duration = new Duration(long.MaxValue),
            Timeout = new Duration(long.MaxValue),
            DependsOn = i == 0 ? [] : [i - 1],
        });

        var path = JobDeadline.CriticalPath([.. longest], JobLimits.RetryBudgetPerWorkflowMax);

        Assert.True(path + Allowance > Duration.FromSeconds(JobLimits.DurationSecondsMax) * 3000);
    }

    private static Duration Of(JobSpec job) =>
        JobDeadline.Of(job, JobTerms.OfUnstamped(job), Allowance);

    private static JobSpec JobOf(params WorkflowSpec[] workflows) =>
        Specs.Job() with { Workflows = workflows };

    private static WorkflowSpec Workflow(int seconds, params int[] dependsOn) =>
        Specs.Job().Workflows[0] with
        {
            Duration = Duration.FromSeconds(seconds),
            Timeout = Duration.FromSeconds(1),
            DependsOn = dependsOn,
        };
}
