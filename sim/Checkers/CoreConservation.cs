using Hyperscale.Det.Sim.Engine;
using Hyperscale.Det.Sim.Processes;

namespace Hyperscale.Det.Sim.Checkers;

/// <summary>What runs on a worker never takes more cores than it has (AD-43).</summary>
public sealed class CoreConservation() : Checker("core-conservation", CheckerViews.None)
{
    public override void OnProcessStarted(SimProcess process)
    {
        var running = World.Processes.RunningOn(process.Host.Place.Index);
        var cores = running.Sum(one => one.Workflow.Cores);
        Require(cores <= process.Host.Place.Cores, () => Describe(process.Host, cores));
    }

    private string Describe(SimHost host, int cores)
    {
        var running = World.Processes.RunningOn(host.Place.Index)
            .Select(one => $"{one.Attempt} with {one.Workflow.Cores}");
        return $"{host.Id} has {host.Place.Cores} cores and runs {cores}: {string.Join(", ", running)}";
    }
}
