using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Jobs;

/// <summary>How long a job may take from its submission.</summary>
public static class JobDeadline
{
    private const long DurationMax = JobLimits.DurationSecondsMax * 1_000_000_000;

    /// <summary>The best-effort deadline where the job sets one, else its critical path and
    /// <paramref name="allowance"/>.</summary>
    public static Duration Of(JobSpec spec, Duration allowance) =>
        spec.BestEffort is { Enabled: true, Deadline: { } deadline }
            ? deadline
            : CriticalPath(spec.Workflows) + allowance;

    /// <summary>The longest chain of workflows that wait for each other, timeouts included.</summary>
    public static Duration CriticalPath(IReadOnlyList<WorkflowSpec> workflows)
    {
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
                ends[i] = start + Clamped(workflows[i].Duration) + Clamped(workflows[i].Timeout);
                settled++;
            }
        }

        return ends.Select(end => end ?? Duration.Zero).Aggregate(Duration.Zero, Duration.Longer);
    }

    // 256 workflows of 30 days and as much grace stay within 64 bits.
    private static Duration Clamped(Duration duration) =>
        new(Math.Clamp(duration.Nanoseconds, 0, DurationMax));
}
