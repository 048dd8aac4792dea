using System.Text;
using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Shell.Json;

namespace Hyperscale.Det.Shell.Cli.Views;

/// <summary>How long a job is meant to run.</summary>
/// <param name="Workflows">The workflows' durations, in the order of the job file.</param>
/// <param name="Whole">Along the longest chain of workflows that wait for each other.</param>
internal sealed record JobPlan(IReadOnlyList<Duration> Workflows, Duration Whole)
{
    public static JobPlan Of(JobSpec spec)
    {
        var ends = new Duration?[spec.Workflows.Count];
        var whole = Duration.Zero;
        for (var i = 0; i < ends.Length; i++) whole = Duration.Longer(whole, End(spec, i, ends));
        return new JobPlan([.. spec.Workflows.Select(workflow => workflow.Duration)], whole);
    }

    /// <summary>As the job that a status carries; without one, nothing is known of it.</summary>
    public static JobPlan Of(StatusJson status)
    {
        var spec = status.Spec is { } json
            ? JobSpecReader.Read(Encoding.UTF8.GetBytes(json.GetRawText()), null, [])
            : null;
        var workflows = status.Slots.Count == 0 ? 0 : status.Slots[0].Workflows.Count;
        return spec is not null
            ? Of(spec)
            : new JobPlan([.. Enumerable.Repeat(Duration.Zero, workflows)], Duration.Zero);
    }

    // A valid job has no circles, so this ends.
    private static Duration End(JobSpec spec, int workflow, Duration?[] ends)
    {
        if (ends[workflow] is { } known) return known;
        var start = Duration.Zero;
        foreach (var before in spec.Workflows[workflow].DependsOn)
            start = Duration.Longer(start, End(spec, before, ends));
        var end = start + spec.Workflows[workflow].Duration;
        ends[workflow] = end;
        return end;
    }
}
