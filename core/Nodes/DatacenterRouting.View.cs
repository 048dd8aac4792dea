using Hyperscale.Det.Capacity;
using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Membership;
using Hyperscale.Det.Protocol;
using Hyperscale.Det.Resources;
using Hyperscale.Det.Routing;

namespace Hyperscale.Det.Nodes;

/// <content>Datacenters as candidates for a job, and what was decided about the newest jobs.</content>
public sealed partial class DatacenterRouting
{
    /// <summary>Decisions that are kept to be explained; the oldest make room.</summary>
    private const int DecisionsMax = 1024;

    private readonly LaneTable<JobId, RoutingDecision> _decisions = new(lanes: 1);

    /// <summary>After two heartbeats that did not come, a datacenter's health is not taken for what it was:
    /// a gate that has no jobs there learns of its death by nothing else.</summary>
    private Duration SilenceMax => _config.Capacity.HeartbeatInterval * 2;

    /// <summary>Keeps what was decided about a job.</summary>
    public void Remember(JobId job, RoutingDecision decision)
    {
        Forget(job);
        if (_decisions.Count == DecisionsMax) _decisions.Remove(_decisions.OldestIn(0));
        _decisions.Add(job, decision, 0);
    }

    /// <summary>The job may never be: another gate leads its group, and may give its name to
    /// another.</summary>
    public void Forget(JobId job)
    {
        if (_decisions.Find(job) is var known and >= 0) _decisions.Remove(known);
    }

    /// <summary>What this life of the gate decided about a job; null when it did not, or long ago.</summary>
    public RoutingDecision? DecisionOf(JobId job) =>
        _decisions.Find(job) is var slot and >= 0 ? _decisions.ValueAt(slot) : null;

    /// <summary>What a job wants of the router.</summary>
    public static RoutingRequest RequestOf(JobSpec spec) =>
        RequestOf(spec.Datacenters, JobShape.Of(spec.Workflows).CoresAtOnce);

    /// <inheritdoc cref="RequestOf(JobSpec)"/>
    /// <param name="cores">At once, in each of its datacenters.</param>
    public static RoutingRequest RequestOf(DatacenterChoice datacenters, int cores) =>
        new(datacenters.Count, cores, datacenters.Preferred, datacenters.Only);

    private RoutingView ViewOf(RoutingRequest request, bool isPreview, Instant now)
    {
        DatacenterCandidate[] candidates =
            [.. _topology.Datacenters.Select(dc => CandidateOf(dc, request, isPreview, now))];
        var eligible = candidates.Count(candidate =>
            CandidateFilter.ExclusionOf(candidate, request) == ExclusionReason.None);
        return new RoutingView(
            eligible < request.Count ? [.. candidates.Select(InNeed)] : candidates,
            RoutingView.IsBootstrapping(_vivaldi.Samples, _vivaldi.Own.Error));
    }

    /// <summary>Latencies alone leave a datacenter out only while there are enough others: a job had rather
    /// be slow than not be.</summary>
    private static DatacenterCandidate InNeed(DatacenterCandidate candidate) =>
        candidate.HealthWithoutSlo < DatacenterHealth.Unhealthy
        && candidate.Capacity.Health == DatacenterHealth.Unhealthy
            ? candidate with { Capacity = candidate.Capacity with { Health = DatacenterHealth.Degraded } }
            : candidate;

    private DatacenterCandidate CandidateOf(
        DatacenterTopology datacenter, RoutingRequest request, bool isPreview, Instant now)
    {
        var name = _names[datacenter.Name];
        var heard = _board.View(datacenter.Name, now);
        var capacity = _capacity.View(
            name, request.CoresRequired, DatacenterHealth.Healthy, now, isKept: !isPreview);
        var resources = ResourcesOf(datacenter.Name, now);
        var withoutSlo = HealthOf(datacenter, heard, capacity.AvailableCores, resources, now);
        var verdict = WithSlo(datacenter.Name, withoutSlo, now);
        return new DatacenterCandidate(
            name,
            capacity with { Health = verdict.Health },
            verdict.Reason,
            withoutSlo.Health,
            !heard.IsFresh || !_board.IsAnyHeardSince(datacenter, now - SilenceMax),
            datacenter.Managers.Count,
            datacenter.Managers.Count(manager => IsShut(manager, now)),
            PredictedOf(datacenter, now),
            SloFactorOf(datacenter.Name, resources, now))
        {
            SloLevel = _slo.LevelOf(datacenter.Name, now),
        };
    }

    /// <summary>Whether no job should go to a manager. Of one that has been silent since its circuit opened,
    /// a half-open circuit is no reason to try new jobs: what was asked of it before is still
    /// asked.</summary>
    private bool IsShut(NodeId manager, Instant now)
    {
        var circuit = _circuits[manager];
        return circuit.StateAt(now) switch
        {
            CircuitState.Closed => false,
            CircuitState.Open => true,
            CircuitState.HalfOpen => !_board.IsHeardSince(manager, circuit.OpenedAt!.Value),
        };
    }

    /// <summary>A gate that has not listened for long enough takes nobody for dead.</summary>
    private HealthVerdict HealthOf(
        DatacenterTopology datacenter,
        DatacenterView heard,
        int availableCores,
        ClusterResources? resources,
        Instant now)
    {
        var alive = _board.AliveManagers(datacenter, now);
        if (!heard.IsFresh)
        {
            var isYoung = now - _startedAt < _config.ManagerStaleness && !_board.Knows(datacenter);
            return alive > 0 || isYoung
                ? new HealthVerdict(DatacenterHealth.Degraded, HealthReason.NotHeard)
                : new HealthVerdict(DatacenterHealth.Unhealthy, HealthReason.NoAliveManager);
        }

        if (heard.IsGathering) return new HealthVerdict(DatacenterHealth.Degraded, HealthReason.Gathering);
        var overBudget = Math.Min(resources?.OverBudget ?? 0, heard.Workers);
        var verdict = DatacenterHealthClassifier.Classify(
            datacenter.Managers.Count, alive, heard.Workers, heard.Workers - overBudget, availableCores);
        var isPressed = resources is not null && _pressures[datacenter.Name].IsPressed;
        return isPressed
            ? HealthVerdict.Worse(verdict, new HealthVerdict(DatacenterHealth.Busy, HealthReason.Resources))
            : verdict;
    }

    /// <summary>Takes what a manager's heartbeat tells of resources; what is to be told of it, where the
    /// datacenter came under high pressure or left it.</summary>
    public TelemetryEvent.DatacenterPressed? TakePressure(
        NodeId from, Message.ManagerHeartbeat heartbeat, Instant now)
    {
        if (heartbeat.Resources is not { } told) return null;
        var pressure = _pressures[heartbeat.Datacenter];
        var before = pressure.IsPressed;
        pressure.Observe(from, told, now);
        if (pressure.IsPressed == before) return null;
        var known = pressure.At(now)!;
        return new TelemetryEvent.DatacenterPressed(
            heartbeat.Datacenter, pressure.IsPressed, known.CpuPressure, known.MemoryPressure);
    }

    /// <summary>What is known of a datacenter's resources; null when that is nothing.</summary>
    public ClusterResources? ResourcesOf(string datacenter, Instant now) => _pressures[datacenter].At(now);

    private PredictedLatency? PredictedOf(DatacenterTopology datacenter, Instant now)
    {
        if (EstimateOf(datacenter) is not var (estimate, at)) return null;
        return new PredictedLatency(
            estimate.UcbMs, (int)Math.Min(_vivaldi.Samples, int.MaxValue), estimate.SigmaMs, now - at);
    }

    /// <summary>What coordinates say of the round trip, and since when; null without them.</summary>
    private (RttEstimate Rtt, Instant At)? EstimateOf(DatacenterTopology datacenter)
    {
        var manager = _board.ManagerFor(datacenter, silences: 0);
        if (!_places.TryGetValue(manager, out var place) || _vivaldi.Samples == 0) return null;
        return (_vivaldi.Own.RttTo(place.Coordinate), place.At);
    }

    private void CheckDecisions()
    {
        _decisions.CheckInvariants();
        Invariant.Holds(_decisions.Count <= DecisionsMax);
    }
}
