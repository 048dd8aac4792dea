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
        var ends = EndsOf(workflows, workflow => workflow.Duration);
        var changes = new List<(Duration At, int Cores)>(2 * workflows.Count);
        for (var i = 0; i < workflows.Count; i++)
        {
            changes.Add((ends[i] - workflows[i].Duration, workflows[i].Cores));
            changes.Add((ends[i], -workflows[i].Cores));
        }

        // What ends gives its cores back before what starts at the same time takes them.
        changes.Sort((a, b) => a.At != b.At ? a.At.CompareTo(b.At) : a.Cores.CompareTo(b.Cores));
        var (now, most) = (0, workflows.Max(workflow => workflow.Cores));
        foreach (var (_, cores) in changes)
        {
            now += cores;
            most = Math.Max(most, now);
        }

        return new JobShape(ends.Max(), most);
    }

    /// <summary>When each workflow ends that starts once all have ended that it depends on. One that waits
    /// for itself never does, and zero stands for it.</summary>
    /// <param name="lengthOf">How long a workflow takes.</param>
    internal static Duration[] EndsOf(
        IReadOnlyList<WorkflowSpec> workflows, Func<WorkflowSpec, Duration> lengthOf)
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
                ends[i] = start + lengthOf(workflows[i]);
                settled++;
            }
        }

        return [.. ends.Select(end => end ?? Duration.Zero)];
    }
}
