using Hyperscale.Det.Capacity;
using Hyperscale.Det.Durability;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Nodes;
using Hyperscale.Det.Protocol;
using Hyperscale.Det.Routing;
using Hyperscale.Det.Sim.Checkers;
using Hyperscale.Det.Sim.Engine;

namespace Hyperscale.Det.Sim.Coverage;

/// <summary>Marks the situations of routing and capacity (AD-36, AD-43, AD-45); breaks no rule.</summary>
public sealed class RoutingSituations() : Checker(
    "routing-situations", CheckerViews.Steps | CheckerViews.Effects)
{
    // What each gate heard last of each manager, and of what each other gate dispatched.
    private readonly SortedDictionary<(int Gate, NodeId Manager), Message.ManagerHeartbeat> _heard = [];
    private readonly SortedDictionary<(int Gate, NodeId Other), (DebitReport Debits, Instant At)> _told = [];

    public override void OnStarted(SimHost host, RecoveredLog recovered)
    {
        foreach (var key in _heard.Keys.Where(key => key.Gate == host.Place.Index).ToList())
            _heard.Remove(key);
        foreach (var key in _told.Keys.Where(key => key.Gate == host.Place.Index).ToList())
            _told.Remove(key);
    }

    public override void OnStep(
        SimHost host, NodeInput input, NodeVerdict verdict, Outbox<NodeEffect> effects)
    {
        if (verdict != NodeVerdict.Accepted || host.Place.Role != NodeRole.Gate) return;
        if (input is not NodeInput.Received received) return;
        if (received.Message is Message.ManagerHeartbeat { IsPrimary: true } heartbeat)
            _heard[(host.Place.Index, received.From)] = heartbeat;
        if (received.Message is Message.DebitsTold told)
            _told[(host.Place.Index, received.From)] = (told.Debits, World.Now);
    }

    public override void OnEffect(SimHost host, NodeEffect effect)
    {
        if (effect is not NodeEffect.Emit { Event: var told }) return;
        switch (told)
        {
            case TelemetryEvent.JobRouted { Outcome: RoutingOutcome.Failed }:
                Met(Probe.NoDatacenterEligible);
                break;
            case TelemetryEvent.JobRouted { Spilled.Count: > 0 }:
                Met(Probe.SpilledOver);
                break;
            case TelemetryEvent.JobAccepted accepted:
                OnTaken(host, accepted.Job);
                break;
            case TelemetryEvent.LatencyObserved:
                Met(Probe.ObservationLearned);
                break;
            case TelemetryEvent.ObservationsDecayed:
                Met(Probe.ObservationsDecayed);
                break;
            case TelemetryEvent.SloHealthChanged changed:
                Met(changed.Health == DatacenterHealth.Healthy
                    ? Probe.SloHealthRestored
                    : Probe.SloHealthLost);
                break;
            default:
                break;
        }
    }

    private void OnTaken(SimHost host, JobId job)
    {
        if (host.Node is not GateNode gate || gate.RoutingOf(job) is not { } decision) return;
        if (_told.Any(told => told.Key.Gate == host.Place.Index && IsOut(host, told.Value)))
            Met(Probe.DebitOfOtherGateCounted);
        if (decision.View.Datacenters.Any(candidate => candidate.IsHealthStale
            && decision.Ranking.Any(score => score.Datacenter == candidate.Name.Text)))
            Met(Probe.StaleDatacenterDemoted);
        if (decision.View.Datacenters.Any(candidate => candidate.HealthReason == HealthReason.Slo
            && !decision.Primaries.Contains(candidate.Name.Text)))
            Met(Probe.SloKeptJobsAway);
        if (decision.Excluded.Any(excluded => excluded.Reason == ExclusionReason.Unhealthy))
            Met(Probe.DatacenterExcluded);
        if (decision.Excluded.Any(excluded => excluded.Reason == ExclusionReason.AllCircuitsOpen))
            Met(Probe.AllCircuitsOpen);
        if (decision.Ranking.Any(score => score.CooldownFactor > 1)) Met(Probe.CooldownAfterFailedDispatch);
        if (MetBy(decision.Reason) is { } probe) Met(probe);
    }

    private static Probe? MetBy(RoutingReason reason) => reason switch
    {
        RoutingReason.Probe => Probe.RoutingProbed,
        RoutingReason.FullDetour => Probe.FullIncumbentGoneAround,
        RoutingReason.HoldDownRetained or RoutingReason.BelowThresholdRetained => Probe.IncumbentRetained,
        RoutingReason.InitialSelection or RoutingReason.NoneEligible => null,
        RoutingReason.SloForced => Probe.IncumbentLeftForItsLatencies,
        _ when RoutingReasons.IsSwitch(reason) => Probe.IncumbentLeft,
        _ => throw new System.Diagnostics.UnreachableException($"unhandled {reason}"),
    };

    /// <summary>Whether another gate's dispatches are debited as no heartbeat shows them yet.</summary>
    private bool IsOut(SimHost gate, (DebitReport Debits, Instant At) told) =>
        World.Now - told.At <= World.Plan.Options.Gate.Capacity.StalenessThreshold
        && told.Debits.Shares.Any(share => share.Cores > 0
            && _heard.TryGetValue((gate.Place.Index, share.Manager), out var newest)
            && (newest.View, (long)newest.Boot.Starts) == (share.View, share.Incarnation)
            && newest.Version - share.Version < 2);

    private void Met(Probe probe) => World.Coverage.Sometimes(probe);
}
