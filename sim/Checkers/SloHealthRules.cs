using Hyperscale.Det.Capacity;
using Hyperscale.Det.Durability;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Nodes;
using Hyperscale.Det.Protocol;
using Hyperscale.Det.Sim.Coverage;
using Hyperscale.Det.Sim.Engine;
using Hyperscale.Det.Slo;

namespace Hyperscale.Det.Sim.Checkers;

/// <summary>A datacenter whose jobs miss their latency targets by as much as a rule asks for is as bad as the
/// rule makes it once that has lasted, and not before; and is so no more once its jobs have kept below as
/// long, and not before (AD-42). Too few latencies change nothing.</summary>
/// <remarks>Judged only where all that a manager has heard and not forgotten says the same: where every
/// bucket is above a rule's bound all of them together are, and likewise below. Times are the manager's
/// own.</remarks>
public sealed class SloHealthRules() : Checker("slo-health", CheckerViews.Steps)
{
    private readonly SortedDictionary<NodeId, ManagerLatencies> _managers = [];

    public override void OnStarted(SimHost host, RecoveredLog recovered) => _managers.Remove(host.Id);

    public override void OnStep(
        SimHost host, NodeInput input, NodeVerdict verdict, Outbox<NodeEffect> effects)
    {
        if (host.Node is not ManagerNode manager) return;
        if (input is NodeInput.Received { Message: var message }) OnReceived(host, manager, message);
        foreach (var effect in effects.Effects)
        {
            // Who begins or ceases to lead knows nothing.
            if (effect is NodeEffect.Emit { Event: TelemetryEvent.GroupLed }) _managers.Remove(host.Id);
            if (effect is not NodeEffect.Send { Message: Message.ManagerHeartbeat beat }) continue;
            if (beat.Slo is { } slo) Judge(host, slo);
            return;
        }
    }

    private void OnReceived(SimHost host, ManagerNode manager, Message message)
    {
        switch (message)
        {
            case Message.AttemptProgressed told:
                Hear(told.Attempt, told.Earlier);
                Hear(told.Attempt, told.Bucket);
                break;
            case Message.AttemptFinished told:
                Hear(told.Attempt, told.Earlier);
                Hear(told.Attempt, told.Bucket);
                break;
            case Message.HeartbeatEchoed { Slo: not null }:
                Of(host).OnInherited(manager.SloHealth, host.LocalNow);
                break;
            default:
                break;
        }

        void Hear(Jobs.AttemptKey attempt, LatencyBucket bucket)
        {
            if (bucket.Latency.Count == 0 || manager.Ledger.Find(attempt.Slot) is not { } slot) return;
            var standard = Config.Target;
            var target = slot.Spec.Slo is { } own
                ? standard.With(own.P50Ms, own.P95Ms, own.P99Ms)
                : standard;
            Of(host).OnHeard(bucket.Latency, target, host.LocalNow);
        }
    }

    private void Judge(SimHost host, DatacenterSlo slo)
    {
        var (latencies, now) = (Of(host), host.LocalNow);
        foreach (var fault in latencies.OnReported(slo, now))
            throw Broken($"{host.Id} makes {host.Place.Datacenter} {slo.Health}: {fault}");
        if (latencies.IsSureOf(DatacenterHealth.Busy)) World.Coverage.Sometimes(Probe.SloViolationLasted);
        if (latencies.HasRecovered) World.Coverage.Sometimes(Probe.SloRecoveryLasted);
    }

    private SloConfig Config => World.Plan.Options.Manager.Slo;

    private ManagerLatencies Of(SimHost host)
    {
        if (!_managers.TryGetValue(host.Id, out var known))
            _managers.Add(host.Id, known = new ManagerLatencies(Config));
        return known;
    }
}
