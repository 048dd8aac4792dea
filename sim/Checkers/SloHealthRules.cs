using Hyperscale.Det.Capacity;
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
public sealed class SloHealthRules() : LatencyReports("slo-health", CheckerViews.Steps)
{
    private readonly SortedDictionary<NodeId, ManagerLatencies> _managers = [];

    protected override void Forget(NodeId manager) => _managers.Remove(manager);

    protected override void Hear(
        SimHost host, ManagerNode manager, Message message, NodeVerdict verdict)
    {
        switch (message)
        {
            case Message.AttemptProgressed told:
                Take(told.Attempt, told.Earlier);
                Take(told.Attempt, told.Bucket);
                break;
            case Message.AttemptFinished told:
                Take(told.Attempt, told.Earlier);
                Take(told.Attempt, told.Bucket);
                break;
            case Message.HeartbeatEchoed { Slo: not null }:
                Of(host).OnInherited(manager.SloHealth, host.LocalNow);
                break;
            default:
                break;
        }

        void Take(Jobs.AttemptKey attempt, LatencyBucket bucket)
        {
            if (bucket.Latency.Count == 0 || manager.Ledger.Find(attempt.Slot) is not { } slot) return;
            var standard = Config.Target;
            var target = slot.Spec.Slo is { } own
                ? standard.With(own.P50Ms, own.P95Ms, own.P99Ms)
                : standard;
            Of(host).OnHeard(bucket.Latency, target, host.LocalNow);
        }
    }

    protected override void Judge(SimHost host, DatacenterSlo slo)
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
