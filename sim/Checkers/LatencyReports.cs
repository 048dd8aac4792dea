using Hyperscale.Det.Durability;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Nodes;
using Hyperscale.Det.Protocol;
using Hyperscale.Det.Sim.Engine;
using Hyperscale.Det.Slo;

namespace Hyperscale.Det.Sim.Checkers;

/// <summary>A rule on what managers tell of latencies, by what each has heard since it leads.</summary>
public abstract class LatencyReports(string name, CheckerViews views)
    : Checker(name, views | CheckerViews.Steps)
{
    public sealed override void OnStarted(SimHost host, RecoveredLog recovered) => Forget(host.Id);

    public sealed override void OnStep(
        SimHost host, NodeInput input, NodeVerdict verdict, Outbox<NodeEffect> effects)
    {
        if (host.Node is not ManagerNode manager) return;
        if (input is NodeInput.Received { Message: var message }) Hear(host, manager, message, verdict);
        foreach (var effect in effects.Effects)
        {
            // Who begins or ceases to lead knows nothing.
            if (effect is NodeEffect.Emit { Event: TelemetryEvent.GroupLed }) Forget(host.Id);
            if (effect is not NodeEffect.Send { Message: Message.ManagerHeartbeat beat }) continue;
            if (beat.Slo is { } slo) Judge(host, slo);
            return;
        }
    }

    protected abstract void Forget(NodeId manager);

    protected abstract void Hear(SimHost host, ManagerNode manager, Message message, NodeVerdict verdict);

    protected abstract void Judge(SimHost host, DatacenterSlo slo);
}
