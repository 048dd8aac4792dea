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
        var ends = new Duration?[workflows.Count];
        // Each round settles every workflow whose dependencies are settled: the longest chain bounds them.
        for (var settled = -1; settled != 0;)
        {
            settled = 0;
            for (var i = 0; i < workflows.Count; i++)
            {
                if (ends[i] is not null || workflows[i].DependsOn.Any(d => ends[d] is null)) continue;
                var start = workflows[i].DependsOn
                    .Select(d => ends[d]!.Value).Aggregate(Duration.Zero, Duration.Longer);
                var attempt = Clamped(workflows[i].Duration) + Clamped(workflows[i].Timeout);
                ends[i] = start + (attempt * (1 + retries)) + backoff;
                settled++;
            }
        }

        return ends.Select(end => end ?? Duration.Zero).Aggregate(Duration.Zero, Duration.Longer);
    }

    // 256 workflows of 30 days and as much grace, tried six times, stay within 64 bits.
    private static Duration Clamped(Duration duration) =>
        new(Math.Clamp(duration.Nanoseconds, 0, DurationMax));
}
