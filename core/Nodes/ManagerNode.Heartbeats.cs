using Hyperscale.Det.Capacity;
using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Membership;
using Hyperscale.Det.Protocol;

namespace Hyperscale.Det.Nodes;

// What the gates hear of the datacenter, and how far away they are.
public sealed partial class ManagerNode
{
    /// <summary>After a change of what the datacenter has, the gates hear of it this soon.</summary>
    private static readonly Duration HeartbeatSoon = Duration.FromMilliseconds(100);

    private readonly SortedDictionary<NodeId, Duration> _rtts = [];
    private Vivaldi _vivaldi = new(default, seed: 0);
    private Instant _heartbeatSentAt = Instant.Never;
    private bool _wasFull;

    private void Heartbeat()
    {
        _heartbeatAt = _now + _config.HeartbeatInterval;
        if (Leads && IsGathering) _heartbeatAt = Instant.Sooner(_heartbeatAt, _isWholeAt);
        _heartbeatSentAt = _now;
        _wasFull = _workers.CoresFree == 0;
        var message = new Message.ManagerHeartbeat(
            _datacenter, _boot, ++_heartbeatVersion, Leads, Fence, _workers.Count, _workers.CoresTotal,
            _workers.CoresFree, _workers.LargestCores, Queued)
        {
            Capacity = Leads && !IsGathering ? CapacityNow() : null,
            Slo = Leads && !IsGathering ? ReportSlo() : null,
            Coordinate = _vivaldi.Own,
            Resources = _resources.Now(_now),
        };
        foreach (var gate in _topology.Gates)
            Send(gate, _rtts.TryGetValue(gate, out var rtt) ? message with { Rtt = rtt } : message);
    }

    /// <summary>What the gates route by has changed: they are not to wait for it.</summary>
    private void HeartbeatEarly() => _heartbeatAt = Instant.Sooner(_heartbeatAt, _now + HeartbeatSoon);

    private NodeVerdict OnHeartbeatEchoed(NodeId from, Message.HeartbeatEchoed echoed)
    {
        if (!_topology.Gates.Contains(from)) return NodeVerdict.Unknown;
        if (echoed.Boot != _boot) return NodeVerdict.Stale;
        if (echoed.Slo is { } standing) InheritSlo(standing);
        if (echoed.Version != _heartbeatVersion) return NodeVerdict.Stale;
        var rtt = _now - _heartbeatSentAt;
        if (_vivaldi.Observe(from, echoed.Coordinate, rtt) != VivaldiVerdict.Accepted)
            return NodeVerdict.Refused;
        _rtts[from] = rtt;
        return NodeVerdict.Accepted;
    }

    private HeartbeatCapacity CapacityNow() => HeartbeatCapacity.Of(
        _workers.CoresOffered, [.. Active()], [.. Pending()], _now);

    /// <summary>What holds cores: what has been placed, then what runs. What runs on a worker that is gone
    /// holds none that there are.</summary>
    private IEnumerable<ActiveDispatch> Active()
    {
        foreach (var (attempt, placing) in _placing)
            if (_workers.Contains(placing.Worker)) yield return DispatchOf(attempt, placing.Worker, _now);
        var stamp = _clock.At(_now);
        foreach (var attempt in _tracks.Keys)
        {
            var workflow = Ledger.Find(attempt)!;
            if (_workers.Contains(workflow.Worker))
                yield return DispatchOf(attempt, workflow.Worker, _now - (stamp - workflow.StartedAt));
        }
    }

    private ActiveDispatch DispatchOf(AttemptKey attempt, NodeId worker, Instant at)
    {
        var spec = SpecOf(attempt);
        return new ActiveDispatch(
            attempt.Slot.Job, attempt.Workflow, worker, spec.Cores, at, spec.Duration, spec.Timeout);
    }

    /// <summary>What waits for cores, in order: workflows that are ready, then what slots begin with that are
    /// reserved.</summary>
    /// <param name="until">A reserved slot: itself and those behind it are left out.</param>
    private IEnumerable<PendingWorkflow> Pending(SlotRecord? until = null)
    {
        foreach (var ready in Ledger.Ready)
        {
            if (_placing.ContainsKey(ready.Key)) continue;
            yield return new PendingWorkflow(SpecOf(ready.Key).Cores, SpecOf(ready.Key).Duration);
        }

        foreach (var reserved in Ledger.Reserved.TakeWhile(reserved => reserved != until))
        {
            foreach (var workflow in reserved.Spec.Workflows)
                if (workflow.DependsOn.Count == 0)
                    yield return new PendingWorkflow(workflow.Cores, workflow.Duration);
        }
    }

    /// <summary>Tells the gates early when the last free core went, or the first came back.</summary>
    private void NoteFullness()
    {
        if (Leads && (_workers.CoresFree == 0) != _wasFull) HeartbeatEarly();
    }
}
