using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Jobs;

/// <summary>What a job's workflows and their dependencies make of it in one datacenter, if every workflow
/// starts as soon as it may and runs as long as it says.</summary>
/// <param name="Duration">Of the longest chain of workflows that wait for each other, timeouts and retries
/// left out.</param>
/// <param name="CoresAtOnce">Most cores that run at the same time.</param>
public readonly record struct JobShape(Duration Duration, int CoresAtOnce)
{
    /// <param name="workflows">Without circles of dependencies, as a job's are.</param>
    public static JobShape Of(IReadOnlyList<WorkflowSpec> workflows)
    {
        var starts = StartsOf(workflows);
        var changes = new List<(Duration At, int Cores)>(2 * workflows.Count);
        var end = Duration.Zero;
        for (var i = 0; i < workflows.Count; i++)
        {
            var ends = starts[i] + workflows[i].Duration;
            changes.Add((starts[i], workflows[i].Cores));
            changes.Add((ends, -workflows[i].Cores));
            end = Duration.Longer(end, ends);
        }

        // What ends gives its cores back before what starts at the same time takes them.
        changes.Sort((a, b) => a.At != b.At ? a.At.CompareTo(b.At) : a.Cores.CompareTo(b.Cores));
        var (now, most) = (0, workflows.Max(workflow => workflow.Cores));
        foreach (var (_, cores) in changes)
        {
            now += cores;
            most = Math.Max(most, now);
        }

        return new JobShape(end, most);
    }

    private static Duration[] StartsOf(IReadOnlyList<WorkflowSpec> workflows)
    {
        var starts = new Duration?[workflows.Count];
        // Each round settles every workflow whose dependencies are settled: the longest chain bounds them.
        for (var settled = -1; settled != 0;)
        {
            settled = 0;
            for (var i = 0; i < workflows.Count; i++)
            {
                if (starts[i] is not null || workflows[i].DependsOn.Any(d => starts[d] is null)) continue;
                starts[i] = workflows[i].DependsOn
                    .Select(d => starts[d]!.Value + workflows[d].Duration)
                    .Aggregate(Duration.Zero, Duration.Longer);
                settled++;
            }
        }

        return [.. starts.Select(start => start ?? Duration.Zero)];
    }
}
