using System.Diagnostics;
using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Membership;
using Hyperscale.Det.Protocol;
using Hyperscale.Det.Replication;
using Hyperscale.Det.Resources;
using Hyperscale.Det.Slo;

namespace Hyperscale.Det.Nodes;

/// <summary>Runs the slots of one datacenter: admits them, gives their workflows to workers, collects what
/// they did and reports it.</summary>
/// <remarks>The managers of a datacenter keep its ledger together; who leads it decides, the others point to
/// it. Whatever is promised or started rests on a committed entry of the <see cref="DispatchLedger"/>; what
/// is proposed and not yet committed is kept in explicit records. Everything else is soft: a restart loses it
/// and only costs time.</remarks>
public sealed partial class ManagerNode : INode
{
    /// <summary>The ledger group of a datacenter.</summary>
    public const int DispatchGroup = 0;

    private readonly Topology _topology;
    private readonly string _datacenter;
    private readonly ManagerConfig _config;
    private readonly LedgerReplicas _replicas;
    private readonly NodeMembership _membership;
    private readonly DatacenterResources _resources;
    private readonly Outbox<ReplicaEffect> _fromReplicas = new();
    private readonly StampClock _clock = new();
    private BootId _boot;
    private bool _isStoring;

    // The view in which this manager leads its datacenter's ledger: the fence of its commands.
    private long? _ledView;
    private long _heartbeatVersion;
    private Instant _heartbeatAt = Instant.Never;
    private string? _fault;

    // Set for the length of a step.
    private Instant _now;
    private Outbox<NodeEffect> _outbox = new();

    public ManagerNode(NodeId id, string datacenter, Topology topology, ManagerConfig config)
    {
        Invariant.Holds(topology.Datacenter(datacenter) is not null);
        // A step carries out everything that is due, so what it sets must be due later.
        Invariant.Holds(config.ResendInterval > Duration.Zero && config.HeartbeatInterval > Duration.Zero);
        Id = id;
        _datacenter = datacenter;
        _topology = topology;
        _config = config;
        _latencies = new JobLatencies(config.Slo);
        var managers = topology.Datacenter(datacenter)!.Managers;
        _replicas = new LedgerReplicas(id, [(DispatchGroup, managers)], config.ReplicaTimes)
        {
            LogBytesMax = config.LogBytesMax,
        };
        _membership = new NodeMembership(id, managers, _replicas, _fromReplicas);
        _resources = new DatacenterResources(id, managers, config.WorkersMax);
    }

    public NodeId Id { get; }

    /// <summary>Whether this manager decides: it leads the datacenter's ledger, and its ledger is
    /// whole.</summary>
    public bool Leads => _ledView is not null;

    /// <summary>The fence of every command to workers; 0 while this manager does not lead.</summary>
    public long Fence => _ledView ?? 0;

    /// <summary>Committed state; for reading.</summary>
    public DispatchLedger Ledger { get; private set; } = new();

    /// <summary>The registered workers.</summary>
    public IEnumerable<WorkerView> Workers => _workers.Views;

    /// <summary>Which managers of the datacenter are alive, as this one sees them; for reading.</summary>
    public Swim Membership => _membership.Swim;

    /// <summary>How other members are, as they told; for reading.</summary>
    public HealthPiggyback MemberHealth => _membership.Health;

    /// <inheritdoc/>
    public Instant NextDeadline
    {
        get
        {
            if (_fault is not null) return Instant.Never;
            var next = Instant.Sooner(_heartbeatAt, _deadAt.NextDeadline);
            next = Instant.Sooner(next, _expireKeysAt);
            next = Instant.Sooner(next, _sendAt.NextDeadline);
            next = Instant.Sooner(next, _expireAt.NextDeadline);
            next = Instant.Sooner(next, _finishAt.NextDeadline);
            next = Instant.Sooner(next, _retryAt.NextDeadline);
            next = Instant.Sooner(next, NextQuestions);
            next = Instant.Sooner(next, _replicas.NextDeadline);
            next = Instant.Sooner(next, _membership.NextDeadline);
            next = Instant.Sooner(next, _resources.NextDeadline);
            return Instant.Sooner(next, _progressAt.NextDeadline);
        }
    }

    /// <inheritdoc/>
    public NodeVerdict Step(NodeInput input, Instant now, Outbox<NodeEffect> outbox)
    {
        (_now, _outbox) = (now, outbox);
        if (_fault is not null) return RefuseAll(input);
        var verdict = input switch
        {
            NodeInput.Started started => OnStarted(started),
            NodeInput.Received received => OnReceived(received.From, received.Message),
            NodeInput.Tick tick => OnTick(tick.Wall),
            NodeInput.Durable durable => OnDurable(durable.Lsn),
            NodeInput.SnapshotDurable => OnSnapshotDurable(),
            NodeInput.ClientRequested requested => OnClientRequested(requested.RequestId),
            // Whatever matters is sent again at its interval.
            NodeInput.PeerLost or NodeInput.SendFailed or NodeInput.Shutdown => NodeVerdict.Accepted,
            NodeInput.WorkloadReported or NodeInput.WorkloadExited => NodeVerdict.Misdirected,
            NodeInput.ResourcesSampled sampled => OnResourcesSampled(sampled),
            _ => throw new UnreachableException($"unhandled {input}"),
        };
        Settle();
        PlaceReady();
        Settle();
        if (_fault is null)
        {
            NoteFullness();
            Capture();
            return verdict;
        }

        Emit(new TelemetryEvent.Ignored(Id, "Recovered", _fault));
        return NodeVerdict.Refused;
    }

    private NodeVerdict OnStarted(NodeInput.Started started)
    {
        _boot = started.Boot;
        _rng = Rng.Stream(started.Seed, "retry-backoff", Id.Name, started.Boot.Value);
        _clock.Observe(started.Wall, _now);
        var recovered = started.Recovered;
        var records = recovered.Records.Select(record => record.Payload).ToList();
        var verdict = _replicas.Step(
            new ReplicaInput.Recovered(
                recovered.SnapshotLsn, recovered.Snapshot, records, started.Seed, recovered.NewLife),
            _now,
            _fromReplicas);
        Settle();
        if (verdict == ReplicaVerdict.Unreadable) _fault ??= "the log holds what this build cannot read";
        if (_fault is not null) return NodeVerdict.Refused;

        _clock.NotBefore(_replicas.NewestStamp);
        Emit(new TelemetryEvent.Recovered(recovered.SnapshotLsn, records.Count));
        _membership.Start(started, new Turn(_now, _outbox));
        _resources.Start(started, _now);
        _vivaldi = new Vivaldi(Id, started.Seed);
        Heartbeat();
        return NodeVerdict.Accepted;
    }

    private NodeVerdict OnReceived(NodeId from, Message message)
    {
        var verdict = message switch
        {
            Message.ReserveSlot or Message.StartSlot or Message.CancelSlot or Message.SlotResultCommitted
                or Message.BudgetShared or Message.SlotWanted => OnGateCommand(from, message),
            Message.WorkerHeartbeat or Message.AttemptAccepted or Message.AttemptRefused
                or Message.AttemptProgressed or Message.AttemptFinished => OnWorkerMessage(from, message),
            Message.Replication or Message.ReplicaHeartbeat or Message.ReplicaHeartbeatAnswered =>
                ReplicaTraffic.VerdictOf(
                    _replicas.Step(ReplicaTraffic.InputOf(from, message), _now, _fromReplicas)),
            Message.Membership membership => _membership.Receive(from, membership, new Turn(_now, _outbox)),
            Message.HeartbeatEchoed echoed => OnHeartbeatEchoed(from, echoed),
            Message.ResourcesGossiped gossiped => _resources.OnGossiped(from, gossiped, _now),
            _ => NodeVerdict.Misdirected,
        };
        // Workers tell every manager that they are there; that only one answers is nothing to tell of. Nor
        // are late answers to heartbeats; of membership it is told where it is judged.
        var isExpected = verdict is NodeVerdict.Accepted or NodeVerdict.Duplicate
            || (!Leads && message is Message.WorkerHeartbeat)
            || message is Message.ReplicaHeartbeatAnswered or Message.Membership or Message.HeartbeatEchoed
                or Message.ResourcesGossiped;
        if (!isExpected)
            Emit(new TelemetryEvent.Ignored(from, message.GetType().Name, verdict.ToString()));
        return verdict;
    }

    private NodeVerdict OnTick(WallTime wall)
    {
        _clock.Observe(wall, _now);
        if (_heartbeatAt <= _now) Heartbeat();
        _membership.Tick(new Turn(_now, _outbox));
        _resources.Tick(new Turn(_now, _outbox));
        _replicas.Step(new ReplicaInput.Tick(), _now, _fromReplicas);
        if (_expireKeysAt <= _now) ExpireKeys();
        while (_deadAt.TryPop(_now, out var worker)) OnWorkerSilent(worker);
        while (_sendAt.TryPop(_now, out var attempt)) OnSendDue(attempt);
        while (_expireAt.TryPop(_now, out var slot)) OnReservationDue(slot);
        while (_retryAt.TryPop(_now, out var next)) OnRetryDue(next);
        AskDue();
        while (_finishAt.TryPop(_now, out var slot)) SendOutcomeToAll(slot);
        while (_progressAt.TryPop(_now, out var slot)) SendProgress(slot);
        return NodeVerdict.Accepted;
    }

    private NodeVerdict OnDurable(long lsn)
    {
        _replicas.Step(new ReplicaInput.Persisted(lsn), _now, _fromReplicas);
        return NodeVerdict.Accepted;
    }

    private NodeVerdict OnResourcesSampled(NodeInput.ResourcesSampled sampled)
    {
        if (sampled.Node is not { } reading) return NodeVerdict.Misdirected;
        _membership.Observe(reading, _now);
        _resources.Observe(reading);
        return NodeVerdict.Accepted;
    }

    /// <summary>What this manager knows of the datacenter's resources; for reading.</summary>
    public IEnumerable<ManagerLocalView> ResourceViews(Instant now) => _resources.Views(now);

    private NodeVerdict OnSnapshotDurable()
    {
        _isStoring = false;
        return NodeVerdict.Accepted;
    }

    /// <summary>A manager that cannot read its log knows nothing of what it promised: it promises nothing
    /// and touches nothing.</summary>
    private NodeVerdict RefuseAll(NodeInput input)
    {
        if (input is NodeInput.ClientRequested requested) OnClientRequested(requested.RequestId);
        return NodeVerdict.Refused;
    }

    private NodeVerdict OnClientRequested(long requestId)
    {
        var reason = _fault ?? $"{Id} is a manager; clients ask a gate";
        var answer = new ClientResponse.Unavailable(reason, _config.HeartbeatInterval);
        _outbox.Emit(new NodeEffect.Reply(requestId, answer, Barrier.None));
        return NodeVerdict.Misdirected;
    }

    /// <summary>Puts a command on its way into the ledger; false when too much is on its way
    /// already.</summary>
    private bool Propose(DispatchCommand command) => Propose(DispatchCommandCodec.Encode(command));

    private bool Propose(byte[] command)
    {
        var proposed = new ReplicaInput.Proposed(DispatchGroup, command, _clock.At(_now));
        return _replicas.Step(proposed, _now, _fromReplicas) == ReplicaVerdict.Accepted;
    }

    /// <summary>Carries out what the replica wants. What that proposes in turn only appends.</summary>
    private void Settle()
    {
        for (var i = 0; i < _fromReplicas.Count; i++) Route(_fromReplicas[i]);
        _fromReplicas.Clear();
    }

    private void Route(ReplicaEffect effect)
    {
        if (ReplicaTraffic.EffectOf(effect) is { } carried)
        {
            _outbox.Emit(carried);
            return;
        }

        switch (effect)
        {
            case ReplicaEffect.Apply apply:
                Apply(apply.Entry);
                break;
            case ReplicaEffect.Restore restore:
                Restore(restore.State);
                break;
            case ReplicaEffect.Store store:
                OnStored(store);
                break;
            case ReplicaEffect.CaptureGroup capture:
                _replicas.Step(
                    new ReplicaInput.GroupCaptured(capture.Group, capture.Asked, Ledger.Encode()),
                    _now, _fromReplicas);
                break;
            case ReplicaEffect.ViewStarted { IsPrimary: true } started:
                Lead(started.View);
                break;
            case ReplicaEffect.ViewStarted:
                break;
            case ReplicaEffect.ViewLeft:
                StopLeading();
                break;
            default:
                throw new UnreachableException($"unrouted {effect}");
        }
    }

    private void Restore(ReadOnlyMemory<byte> state)
    {
        var fault = "";
        var restored = state.IsEmpty ? new DispatchLedger() : DispatchLedger.Restore(state.Span, out fault);
        if (restored is not null) Ledger = restored;
        else _fault ??= $"the snapshot of the dispatch ledger cannot be read: {fault}";
    }

    private void Apply(LogEntry entry)
    {
        if (_fault is not null) return;
        if (DispatchCommandCodec.Decode(entry.Command.Span, out var fault) is not { } command)
        {
            // What this life proposed it can read; what is on disk another build may have written.
            Invariant.Holds(!Leads);
            _fault = $"entry {entry.Op} of the dispatch ledger cannot be read: {fault}";
            return;
        }

        var verdict = Ledger.Apply(entry.Stamp, command);
        if (Leads) OnApplied(command, verdict);
    }

    private void OnApplied(DispatchCommand command, DispatchVerdict verdict)
    {
        switch (command)
        {
            case DispatchCommand.SlotReserved reserved: OnSlotReserved(reserved, verdict); break;
            case DispatchCommand.SlotRefused refused: OnSlotRefused(refused, verdict); break;
            case DispatchCommand.SlotStarted started: OnSlotStarted(started, verdict); break;
            case DispatchCommand.SlotCancelled cancelled: OnSlotCancelled(cancelled, verdict); break;
            case DispatchCommand.ReservationExpired expired: OnReservationExpired(expired, verdict); break;
            case DispatchCommand.SlotForgotten forgotten: OnSlotForgotten(forgotten); break;
            case DispatchCommand.AttemptStarted started: OnAttemptStarted(started, verdict); break;
            case DispatchCommand.AttemptEnded ended: OnAttemptEnded(ended, verdict); break;
            case DispatchCommand.KeysExpired: OnKeysExpired(); break;
            case DispatchCommand.BudgetShared shared: OnBudgetShared(shared, verdict); break;
            case DispatchCommand.RetryGranted granted: OnRetryGranted(granted, verdict); break;
            case DispatchCommand.RetryDenied denied: OnRetryDenied(denied, verdict); break;
            default: throw new UnreachableException($"unhandled {command}");
        }

        if (ReadiedBy(command) is { } slot) FollowReady(slot);
    }

    /// <summary>The slot in which the entry may have made a workflow ready, or one not ready any
    /// more.</summary>
    private static SlotKey? ReadiedBy(DispatchCommand command) => command switch
    {
        DispatchCommand.SlotStarted started => started.Slot,
        DispatchCommand.SlotCancelled cancelled => cancelled.Slot,
        DispatchCommand.AttemptStarted started => started.Attempt.Slot,
        DispatchCommand.AttemptEnded ended => ended.Attempt.Slot,
        DispatchCommand.RetryGranted granted => granted.Attempt.Slot,
        DispatchCommand.RetryDenied denied => denied.Attempt.Slot,
        _ => null,
    };

    private void Capture()
    {
        if (_isStoring || !_replicas.IsSnapshotDue(_config.SnapshotEveryRecords)) return;
        var states = new SortedDictionary<int, ReadOnlyMemory<byte>> { [DispatchGroup] = Ledger.Encode() };
        var verdict = _replicas.Step(new ReplicaInput.StateCaptured(states), _now, _fromReplicas);
        if (verdict == ReplicaVerdict.TooLarge) Emit(ReplicaTraffic.TooLarge(states.Values));
        Settle();
    }

    private void OnStored(ReplicaEffect.Store store)
    {
        _isStoring = true;
        _outbox.Emit(new NodeEffect.Snapshot(store.Lsn, store.Snapshot));
    }

    // Whatever is sent rests on committed entries or promises nothing.
    private void Send(NodeId to, Message message) =>
        _outbox.Emit(new NodeEffect.Send(to, message, Barrier.None));

    private void Emit(TelemetryEvent telemetry) => _outbox.Emit(new NodeEffect.Emit(telemetry));
}
