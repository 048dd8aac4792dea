using System.Diagnostics;
using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Protocol;
using Hyperscale.Det.Resources;

namespace Hyperscale.Det.Nodes;

// Registration, leases and death of workers.
public sealed partial class ManagerNode
{
    private readonly WorkerPool _workers = new();
    private readonly SortedDictionary<NodeId, WorkerLife> _lives = [];

    // When a worker is given up; also of workers that hold attempts and have not been heard of since this
    // manager started.
    private readonly DeadlineQueue<NodeId> _deadAt = new();

    private NodeVerdict OnWorkerMessage(NodeId from, Message message)
    {
        // Whoever does not lead knows the workers' resources by then, should it lead one day.
        if (message is Message.WorkerHeartbeat { Resources: not null } told)
            _resources.OnHeartbeat(from, told, _now);
        if (!Leads) return NodeVerdict.Misdirected;
        return message switch
        {
            Message.WorkerHeartbeat heartbeat => OnWorkerHeartbeat(from, heartbeat),
            Message.AttemptAccepted accepted => OnAttemptAccepted(from, accepted),
            Message.AttemptRefused refused => OnAttemptRefused(from, refused),
            Message.AttemptProgressed progressed => OnAttemptProgressed(from, progressed),
            Message.AttemptFinished finished => OnAttemptFinished(from, finished),
            _ => throw new UnreachableException($"unhandled {message}"),
        };
    }

    private NodeVerdict OnWorkerHeartbeat(NodeId from, Message.WorkerHeartbeat heartbeat)
    {
        if (heartbeat.Cores is < 1 or > JobLimits.CoresMax) return NodeVerdict.Refused;
        var life = _lives.GetValueOrDefault(from);
        if (life is null && _workers.Count >= _config.WorkersMax) return NodeVerdict.Overloaded;
        // Later lives of a worker number their heartbeats higher. Should one not, because its clock was set
        // back, it is heard once the earlier life has been silent for long enough.
        if (heartbeat.Sequence <= life?.Sequence) return NodeVerdict.Stale;

        if (life?.Boot != heartbeat.Boot)
        {
            // It was given more in this very life than it says it has.
            if (CoresGiven(from, heartbeat.Boot) > heartbeat.Cores) return NodeVerdict.Refused;
            life = Register(from, heartbeat);
        }

        life.Sequence = heartbeat.Sequence;
        Judge(from, heartbeat.Resources);
        Answer(from, heartbeat);
        Compare(from, heartbeat);
        return NodeVerdict.Accepted;
    }

    /// <summary>Places work on the worker, or not, as its resources allow.</summary>
    private void Judge(NodeId worker, WorkerResourceReport? report)
    {
        var standing = report switch
        {
            { OverBudget: not null } => WorkerStanding.OverBudget,
            { } told when Pressure.IsHigh(
                Math.Max(told.CpuPressure, told.MemoryPressure), _workers.StandsBack(worker)) =>
                WorkerStanding.Pressed,
            _ => WorkerStanding.Well,
        };
        if (!_workers.Judge(worker, standing)) return;
        // What it was held for would wait while others pass it by.
        if (_workers.Held == worker && !_workers.TakesWork(worker)) Release();
        _isPlacingDue = true;
    }

    private void Answer(NodeId worker, Message.WorkerHeartbeat heartbeat)
    {
        // Without the datacenter's lease another manager may lead, and give the worker up: no answer, so that
        // the worker's own lease ends.
        var hasLease = _replicas.HasLease(DispatchGroup, _now);
        var deadAt = _now + _config.DeadAfter;
        var isSet = _deadAt.TryGet(worker, out var known);
        if (hasLease || !isSet) _deadAt.Set(worker, isSet ? Instant.Later(known, deadAt) : deadAt);
        if (hasLease)
            Send(worker, new Message.HeartbeatAnswered(heartbeat.Sequence, _config.LeaseTerm, Fence));
    }

    /// <summary>Cores of the attempts that a life of a worker holds or is about to get.</summary>
    private int CoresGiven(NodeId worker, BootId boot) =>
        Ledger.LiveOn(worker).Where(a => Ledger.Find(a)!.Boot == boot).Sum(a => SpecOf(a).Cores)
        + _placing.Values.Where(p => p.Worker == worker && p.Boot == boot).Sum(p => p.Cores);

    private WorkerLife Register(NodeId worker, Message.WorkerHeartbeat heartbeat)
    {
        var life = new WorkerLife(heartbeat.Boot);
        if (_lives.ContainsKey(worker)) Emit(new TelemetryEvent.WorkerLost(worker, "it restarted"));
        _lives[worker] = life;
        _isPlacingDue = true;
        var proposed = _placing.Values.Where(p => p.Worker == worker).Sum(p => p.Cores);
        _workers.Register(worker, heartbeat.Boot, heartbeat.Cores, Ledger.CoresOn(worker) + proposed);
        Emit(new TelemetryEvent.WorkerJoined(worker, heartbeat.Boot, heartbeat.Cores));
        HeartbeatEarly();
        return life;
    }

    /// <summary>Holds the worker's inventory against the ledger.</summary>
    private void Compare(NodeId worker, Message.WorkerHeartbeat heartbeat)
    {
        var inventory = new SortedSet<AttemptKey>(heartbeat.Attempts.Select(item => item.Attempt));
        foreach (var attempt in Ledger.LiveOn(worker))
        {
            if (_ending.ContainsKey(attempt)) continue;
            if (Ledger.Find(attempt)!.Boot != heartbeat.Boot)
            {
                End(attempt, AttemptState.Lost, "worker restarted");
                continue;
            }

            // Missing though accepted: this heartbeat overtook the acceptance, or the worker is at fault. To
            // send the start again is right in both cases, since a worker starts an attempt once.
            var track = _tracks[attempt];
            var isHeld = inventory.Contains(attempt);
            if (track.IsAccepted && !isHeld) track.FirstSentAt = null;
            track.IsAccepted = isHeld;
            if (NeedsSending(attempt) && !_sendAt.TryGet(attempt, out _)) OnSendDue(attempt);
        }

        foreach (var item in heartbeat.Attempts)
        {
            if (item.IsFinished || IsGivenTo(item.Attempt, worker, heartbeat.Boot)) continue;
            Send(worker, new Message.StopAttempt(
                item.Attempt, Fence, "the datacenter's ledger does not have it running there"));
        }
    }

    private bool IsGivenTo(AttemptKey attempt, NodeId worker, BootId boot) =>
        Ledger.Find(attempt) is { State: WorkflowState.Running } workflow
        && workflow.Worker == worker
        && workflow.Boot == boot;

    private void OnWorkerSilent(NodeId worker)
    {
        if (_lives.Remove(worker))
        {
            _workers.Remove(worker);
            _isPlacingDue = true;
            Emit(new TelemetryEvent.WorkerLost(worker, $"no heartbeat for {_config.DeadAfter}"));
            HeartbeatEarly();
        }

        // Its lease is over by now, so nothing of it runs any more.
        var isDone = true;
        foreach (var attempt in Ledger.LiveOn(worker))
            isDone &= End(attempt, AttemptState.Lost, $"no heartbeat for {_config.DeadAfter}");
        if (!isDone) _deadAt.Set(worker, _now + _config.ResendInterval);
    }

    /// <summary>The life of a worker that this manager knows.</summary>
    private sealed class WorkerLife(BootId boot)
    {
        public BootId Boot { get; } = boot;

        /// <summary>Of the newest heartbeat.</summary>
        public long Sequence { get; set; }
    }
}
