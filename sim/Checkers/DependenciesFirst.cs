using Hyperscale.Det.Jobs;
using Hyperscale.Det.Sim.Processes;

namespace Hyperscale.Det.Sim.Checkers;

/// <summary>A workflow runs only after everything it depends on has completed in the same slot.</summary>
public sealed class DependenciesFirst() : Checker("dependencies-first", CheckerViews.None)
{
    private readonly SortedSet<(SlotKey Slot, int Workflow)> _completed = [];

    public override void OnProcessStarted(SimProcess process)
    {
        var attempt = process.Attempt;
        foreach (var workflow in process.Workflow.DependsOn)
        {
            Require(_completed.Contains((attempt.Slot, workflow)), () =>
                $"{process.Host.Id} starts {attempt}, and w{workflow} has not completed");
        }
    }

    public override void OnProcessEnded(SimProcess process)
    {
        if (process is { ExitCode: 0, IsStopped: false })
            _completed.Add((process.Attempt.Slot, process.Attempt.Workflow));
    }
}
