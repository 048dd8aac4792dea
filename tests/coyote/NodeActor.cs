using System.Diagnostics;
using Hyperscale.Det.Durability;
using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Nodes;
using Hyperscale.Det.Protocol;
using Hyperscale.Det.Wire;
using Microsoft.Coyote.Actors;

namespace Hyperscale.Det.Tests.Exploration;

/// <summary>The host of one node whose every turn Coyote chooses: arrivals, syncs, passing time, crashes.
/// </summary>
[OnEventDoAction(typeof(NodeEvents.Started), nameof(Start))]
[OnEventDoAction(typeof(NodeEvents.Arrived), nameof(OnArrived))]
[OnEventDoAction(typeof(NodeEvents.Synced), nameof(OnSynced))]
[OnEventDoAction(typeof(NodeEvents.TimePassed), nameof(OnTimePassed))]
[OnEventDoAction(typeof(NodeEvents.Crashed), nameof(OnCrashed))]
[OnEventDoAction(typeof(NodeEvents.Asked), nameof(OnAsked))]
[OnEventDoAction(typeof(NodeEvents.WorkloadEnded), nameof(OnWorkloadEnded))]
internal sealed class NodeActor : Actor
{
    private const long WallOrigin = 1_700_000_000_000;

    private readonly Outbox<NodeEffect> _outbox = new();
    private readonly FieldWriter _writer = new();
    private readonly List<WalRecord> _unsynced = [];
    private readonly SortedSet<AttemptKey> _workloads = [];
    private Cluster _cluster = null!;
    private NodeId _id;
    private INode _node = null!;
    private DurabilityGate _gate = null!;
    private Instant _now = Instant.Zero;
    private int _life;
    private bool _awaitsSync;

    private List<WalRecord> Disk => _cluster.Disks[_id];

    /// <summary>The node without the bug that a scenario planted around it.</summary>
    private INode Machine => _node is IPlantedNode planted ? planted.Genuine : _node;

    private WallTime Wall => new(WallOrigin + (_now.Nanoseconds / 1_000_000));

    protected override Task OnInitializeAsync(Event initialEvent)
    {
        var begun = (NodeEvents.Begun)initialEvent;
        (_cluster, _id) = (begun.Cluster, begun.Id);
        return Task.CompletedTask;
    }

    private void Start()
    {
        _life++;
        _unsynced.Clear();
        _workloads.Clear();
        _awaitsSync = false;
        _node = _cluster.Create(_id);
        _gate = new DurabilityGate(Disk.Count);
        var recovered = new RecoveredLog(0, default, [.. Disk]);
        Step(new NodeInput.Started(recovered, (ulong)_life, new BootId((ulong)_life), Wall));
    }

    private void OnArrived(Event e)
    {
        // Nobody listens there yet.
        if (_life == 0) return;
        var arrived = (NodeEvents.Arrived)e;
        Assert(MessageCodec.TryDecode(arrived.Bytes, out var message, out var fault), fault);
        Step(new NodeInput.Received(arrived.From, message!));
    }

    private void OnSynced(Event e)
    {
        if (((NodeEvents.Synced)e).Life != _life) return;
        _awaitsSync = false;
        Disk.AddRange(_unsynced);
        _unsynced.Clear();
        _gate.OnDurable(Disk.Count);
        while (_gate.TryRelease(out var released)) CarryOut(released);
        Step(new NodeInput.Durable(Disk.Count));
    }

    private void OnTimePassed()
    {
        _cluster.Ticking.Remove(_id);
        if (_node.NextDeadline == Instant.Never) return;
        _now = Instant.Later(_now, _node.NextDeadline);
        Step(new NodeInput.Tick(Wall));
    }

    private void OnCrashed()
    {
        if (_life == 0) return;
        Disk.AddRange(_unsynced.Take(RandomInteger(_unsynced.Count + 1)));
        Start();
    }

    private void OnAsked(Event e)
    {
        var asked = (NodeEvents.Asked)e;
        Step(new NodeInput.ClientRequested(asked.RequestId, asked.Request));
    }

    private void OnWorkloadEnded(Event e)
    {
        var ended = (NodeEvents.WorkloadEnded)e;
        if (ended.Life != _life || !_workloads.Remove(ended.Attempt)) return;
        Step(new NodeInput.WorkloadExited(ended.Attempt, ended.ExitCode, RunStats.None, default, null));
    }

    private void Step(NodeInput input)
    {
        _outbox.Clear();
        _node.Step(input, _now, _outbox);
        _node.CheckInvariants();
        if (Machine is ManagerNode manager) _cluster.Observer.Budgets.OnLedger(manager.Ledger);
        if (Machine is GateNode keeper) _cluster.Observer.Budgets.OnLedger(keeper.Ledger);
        foreach (var effect in _outbox.Effects.ToList())
            if (_gate.Offer(effect)) CarryOut(effect);
        if (_unsynced.Count > 0 && !_awaitsSync)
        {
            _awaitsSync = true;
            SendEvent(Id, new NodeEvents.Synced(_life));
        }

        _cluster.Due[_id] = _node.NextDeadline;
    }

    private void CarryOut(NodeEffect effect)
    {
        switch (effect)
        {
            case NodeEffect.Send send:
                Deliver(send.To, send.Message);
                break;
            case NodeEffect.SendDatagram datagram:
                Deliver(datagram.To, datagram.Message);
                break;
            case NodeEffect.Append append:
                _unsynced.Add(append.Record);
                break;
            case NodeEffect.Reply reply:
                _cluster.Observer.OnReply(reply.RequestId, reply.Response);
                break;
            case NodeEffect.StartWorkload start:
                _cluster.Observer.OnStarted(start.Attempt);
                _workloads.Add(start.Attempt);
                SendEvent(Id, new NodeEvents.WorkloadEnded(
                    start.Attempt, _life, RandomInteger(_cluster.ExitCodes)));
                break;
            case NodeEffect.StopWorkload stop:
                SendEvent(Id, new NodeEvents.WorkloadEnded(stop.Attempt, _life, 128 + 15));
                break;
            case NodeEffect.Emit emit:
                _cluster.Observer.OnTold(_id, emit.Event);
                OnTold(emit.Event);
                break;
            case NodeEffect.Snapshot:
                Assert(false, "so short a run needs no snapshot");
                break;
            default:
                throw new UnreachableException($"unhandled {effect}");
        }

        // Until the gate leads its group its ledger may lack what is in the log.
        if (_node is GateNode { LedGroups.Count: > 0 } gate)
            _cluster.Observer.OnLedger(gate);
    }

    private void OnTold(TelemetryEvent told)
    {
        if (told is TelemetryEvent.RetryGranted && _cluster.CrashesAfterGrants) CrashSoon();
        if (told is TelemetryEvent.JobAccepted accepted) Cancel(accepted.Job);
        if (told is TelemetryEvent.JobAccepted && _cluster.CrashesAfterAnswers) CrashSoon();
        if (told is TelemetryEvent.GroupLed { IsLed: true } && _cluster.Observer.Accepted > 0
            && _cluster.LaterRepeats.TryDequeue(out var repeat))
            SendEvent(_cluster.Actors[Cluster.Client], repeat);
    }

    private void CrashSoon()
    {
        if (!_cluster.Victims.Contains(_id) || _cluster.CrashesLeft == 0) return;
        _cluster.CrashesLeft--;
        SendEvent(Id, new NodeEvents.Crashed());
    }

    private void Cancel(JobId job)
    {
        if (!_cluster.CancelsAccepted || !_cluster.Cancelled.Add(job)) return;
        var asked = new NodeEvents.Asked(1000 + _cluster.Cancelled.Count, new ClientRequest.CancelJob(job));
        SendEvent(
            _cluster.Detour,
            new DetourActor.Underway(_cluster.Actors[Cluster.Client], asked, RandomInteger(300)));
    }

    /// <summary>Each message may be lost, come twice, or come late.</summary>
    private void Deliver(NodeId to, Message message)
    {
        _writer.Clear();
        MessageCodec.Encode(message, _writer);
        var arrived = new NodeEvents.Arrived(_id, _writer.ToArray());
        var fate = RandomInteger(16);
        if (fate == 0) return;
        var isOnlyLate = fate < 3;
        if (!isOnlyLate) SendEvent(_cluster.Actors[to], arrived);
        if (!isOnlyLate && fate >= 3 + _cluster.LateCopies) return;
        SendEvent(
            _cluster.Detour,
            new DetourActor.Underway(
                _cluster.Actors[to], arrived, RandomInteger(_cluster.DetourTurns)));
    }
}

/// <summary>A node with a planted bug.</summary>
internal interface IPlantedNode : INode
{
    INode Genuine { get; }
}
