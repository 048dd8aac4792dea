using Hyperscale.Det.Kernel;
using Hyperscale.Det.Nodes;
using Hyperscale.Det.Protocol;
using Hyperscale.Det.Sim.Engine;
using Hyperscale.Det.Sim.Processes;

namespace Hyperscale.Det.Sim.Checkers;

/// <summary>What runs on a worker never takes more cores than it has, its manager never hands out more, and
/// what gates are told of them adds up (AD-43).</summary>
public sealed class CoreConservation() : Checker("core-conservation", CheckerViews.Steps)
{
    public override void OnProcessStarted(SimProcess process)
    {
        var running = World.Processes.RunningOn(process.Host.Place.Index);
        var cores = running.Sum(one => one.Workflow.Cores);
        Require(cores <= process.Host.Place.Cores, () => Describe(process.Host, cores));
    }

    public override void OnStep(
        SimHost host, NodeInput input, NodeVerdict verdict, Outbox<NodeEffect> effects)
    {
        if (host.Place.Role != NodeRole.Manager) return;
        foreach (var effect in effects.Effects)
        {
            if (effect is not NodeEffect.Send { Message: Message.ManagerHeartbeat told }) continue;
            JudgeHeartbeat(host, told);
            // All gates are told the same.
            break;
        }

        if (host.Node is not ManagerNode { Leads: true } manager) return;
        foreach (var worker in manager.Workers) JudgeWorker(host, worker, manager.Ledger.CoresOn(worker.Id));
    }

    /// <summary>Cores of a worker as its manager counts them.</summary>
    /// <param name="active">Cores of what the ledger says that it runs.</param>
    public void JudgeWorker(SimHost manager, WorkerView worker, int active)
    {
        var cores = World.HostOf(worker.Id.Name).Place.Cores;
        Require(worker.Cores == cores, () =>
            $"{manager.Id} counts {worker.Cores} cores of {worker.Id}, which has {cores}");
        // What is proposed and not yet in the ledger is neither active nor free.
        Require(worker.FreeCores >= 0 && active + worker.FreeCores <= cores, () =>
            $"{manager.Id} counts {active} active and {worker.FreeCores} free cores of {worker.Id}, "
            + $"which has {cores}");
    }

    private void JudgeHeartbeat(SimHost host, Message.ManagerHeartbeat told)
    {
        var cores = World.Plan.Topology.Datacenters
            .First(datacenter => datacenter.Name == host.Place.Datacenter).WorkerCores.Sum();
        Require(told.CoresFree >= 0 && told.CoresFree <= told.CoresTotal && told.CoresTotal <= cores, () =>
            $"{host.Id} tells of {told.CoresFree} free cores of {told.CoresTotal}; there are {cores}");
        if (told.Capacity?.Freeing is not { } freeing) return;
        Require(freeing.FreeNow <= told.CoresFree && freeing.Total <= told.CoresTotal, () =>
            $"{host.Id} tells of {told.CoresFree} free cores of {told.CoresTotal}, and that "
            + $"{freeing.FreeNow} are free now and {freeing.Total} in the end");
    }

    private string Describe(SimHost host, int cores)
    {
        var running = World.Processes.RunningOn(host.Place.Index)
            .Select(one => $"{one.Attempt} with {one.Workflow.Cores}");
        return $"{host.Id} has {host.Place.Cores} cores and runs {cores}: {string.Join(", ", running)}";
    }
}
