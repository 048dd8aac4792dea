using Hyperscale.Det.Kernel;
using Hyperscale.Det.Reliability;

namespace Hyperscale.Det.Jobs;

/// <summary>How long a job may take from its submission.</summary>
public static class JobDeadline
{
    private const long DurationMax = JobLimits.DurationSecondsMax * 1_000_000_000;

    /// <summary>The best-effort deadline where the job has one, else its critical path, every retry that it
    /// may need included, and <paramref name="allowance"/>.</summary>
    public static Duration Of(JobSpec spec, JobTerms terms, Duration allowance) =>
        terms.Deadline ?? CriticalPath(spec.Workflows, terms.RetryBudgetPerWorkflow) + allowance;

    /// <summary>The longest chain of workflows that wait for each other, timeouts included, when each is
    /// tried again <paramref name="retries"/> times.</summary>
    public static Duration CriticalPath(IReadOnlyList<WorkflowSpec> workflows, int retries = 0)
    {
        var backoff = RetryBudgetManager.BackoffSum(retries);
        return JobShape.EndsOf(workflows, LengthOf).Aggregate(Duration.Zero, Duration.Longer);

        Duration LengthOf(WorkflowSpec workflow) =>
            ((Clamped(workflow.Duration) + Clamped(workflow.Timeout)) * (1 + retries)) + backoff;
    }

    // 256 workflows of 30 days and as much grace, tried six times, stay within 64 bits.
    private static Duration Clamped(Duration duration) =>
        new(Math.Clamp(duration.Nanoseconds, 0, DurationMax));
}
