using System.Diagnostics;
using Hyperscale.Det.Idempotency;
using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Membership;
using Hyperscale.Det.Protocol;
using Hyperscale.Det.Replication;
using Hyperscale.Det.Resources;

namespace Hyperscale.Det.Nodes;

/// <summary>Takes jobs from clients, keeps them in its ledger groups and has datacenters run their
/// slots.</summary>
/// <remarks>What a job is, the ledger says, and only committed entries change it. Beside it the gate keeps
/// which entries are proposed and not committed, which commands are unanswered, and what managers tell in
/// passing; all of that can be lost and is found again from the ledger.</remarks>
public sealed partial class GateNode : INode
{
    /// <summary>Between two rounds over datacenters that all refused a slot; doubles from the first to the
    /// second.</summary>
    private static readonly Duration PlacementRetryMin = Duration.FromSeconds(1);

    private static readonly Duration PlacementRetryMax = Duration.FromSeconds(16);

    /// <summary>How long a datacenter may take to acknowledge that its slot was cancelled.</summary>
    private static readonly Duration CancelTerm = Duration.FromSeconds(30);

    /// <summary>When a client that was turned away may ask again.</summary>
    private static readonly Duration RetryAfter = Duration.FromSeconds(1);

    /// <summary>What all ended jobs that are kept may take together: 256 MiB.</summary>
    private const long EndedBytesMax = 256 * 1024 * 1024;

    private readonly Topology _topology;
    private readonly GateConfig _config;
    private readonly IReadOnlyList<NodeId>[] _members;
    private readonly int[] _ownGroups;

    // Of the groups that this gate keeps nothing of: which member is asked first.
    private readonly int[] _guesses;
    private readonly LedgerReplicas _replicas;
    private readonly Outbox<ReplicaEffect> _fromReplicas = new();
    private readonly NodeMembership _membership;

    // The groups that this gate leads, each with the view it leads it in: the fence of its commands.
    private readonly SortedDictionary<int, long> _led = [];

    private readonly StampClock _clock = new();
    private readonly DatacenterBoard _board;
    private readonly DatacenterRouting _routing;
    private readonly ArrivalTable<JobId, JobWork> _work = new();
    private readonly ArrivalTable<JobId, Creation> _creations = new();
    private readonly SortedSet<JobId> _changed = [];
    private readonly DeadlineQueue<JobId> _deadlines = new();
    private readonly SlotTimers _timers = new();
    private readonly WatchList _watches = new();
    private readonly ForwardedCalls _forwards = new();
    private readonly PostponedRequests _postponed;
    private readonly SubmissionCalls _submissions;
    private Rng _rng = new(0);
    private BootId _boot;
    private long _nextCallId;
    private int _cancelCallers;
    private bool _isSnapshotStoring;
    private bool _isLeadershipNews;
    private string? _fault;

    public GateNode(NodeId id, Topology topology, GateConfig config)
    {
        // A step carries out everything that is due, so what it sets must be due later.
        Invariant.Holds(config.ResendInterval > Duration.Zero);
        Id = id;
        _topology = topology;
        _config = config;
        _members = [.. Enumerable.Range(0, topology.LedgerGroups).Select(topology.ReplicasOfGroup)];
        _ownGroups = [.. Enumerable.Range(0, _members.Length).Where(group => _members[group].Contains(id))];
        _guesses = new int[_members.Length];
        _replicas = new LedgerReplicas(
            id, _ownGroups.Select(group => (group, _members[group])), config.ReplicaTimes)
        {
            LogBytesMax = config.LogBytesMax,
        };
        _membership = new NodeMembership(id, topology.Gates, _replicas, _fromReplicas);
        _postponed = new PostponedRequests(config.ResendInterval);
        _board = new DatacenterBoard(topology, config.ManagerStaleness);
        _routing = new DatacenterRouting(topology, config, _board);
        _submissions = new SubmissionCalls(config.WaitersMax);
        _keys = new GateIdempotencyCache<Caller>(config.Idempotency, config.WaitersMax);
        Ledger = new JobLedger(EndedPerGroupMax, EndedBytesPerGroupMax);
    }

    public NodeId Id { get; }

    /// <summary>The jobs of this gate's groups; for checkers and tests, never changed from outside.</summary>
    public JobLedger Ledger { get; }

    /// <summary>The groups that this gate leads.</summary>
    public IReadOnlyCollection<int> LedGroups => _led.Keys;

    /// <summary>Which gates are alive, as this one sees them; for reading.</summary>
    public Swim Membership => _membership.Swim;

    /// <summary>How other members are, as they told; for reading.</summary>
    public HealthPiggyback MemberHealth => _membership.Health;

    /// <inheritdoc/>
    public Instant NextDeadline => _fault is not null
        ? Instant.Never
        : Instant.Sooner(
            Instant.Sooner(KeyDeadline, Instant.Sooner(_deadlines.NextDeadline, _timers.NextDeadline)),
            Instant.Sooner(
                Instant.Sooner(_watches.NextDeadline, _forwards.NextDeadline),
                Instant.Sooner(
                    Instant.Sooner(_postponed.NextDeadline, _routing.NextDeadline),
                    Instant.Sooner(_replicas.NextDeadline, _membership.NextDeadline))));

    // Equal on every replica of a group, or their ledgers would differ.
    private int EndedPerGroupMax => Math.Max(1, _config.EndedJobsMax / _topology.LedgerGroups);

    private long EndedBytesPerGroupMax => EndedBytesMax / _topology.LedgerGroups;

    /// <summary>Callers that wait for an answer of this gate.</summary>
    private int Waiters =>
        _watches.Count + _forwards.Count + _creations.Count + _cancelCallers + _postponed.Count
        + _keys.WaiterCount;

    /// <summary>Jobs that have not ended, those included whose entry is on its way.</summary>
    private int LiveJobs => Ledger.LiveCount + _creations.Count + _reserving.Count;

    /// <summary>The fence of commands about the jobs of a group; 0 while this gate does not lead
    /// it.</summary>
    public long FenceOf(int group) => _led.GetValueOrDefault(group);

    /// <inheritdoc/>
    public NodeVerdict Step(NodeInput input, Instant now, Outbox<NodeEffect> outbox)
    {
        var turn = new Turn(now, outbox);
        if (_fault is not null) return RefuseAll(input, turn);
        var verdict = input switch
        {
            NodeInput.Started started => OnStarted(started, turn),
            NodeInput.Received received => OnReceived(received.From, received.Message, turn),
            NodeInput.Tick tick => OnTick(tick, turn),
            NodeInput.Durable durable => OnDurable(durable, turn),
            NodeInput.SnapshotDurable => OnSnapshotDurable(),
            NodeInput.ClientRequested asked =>
                OnAsked(Caller.Local(asked.RequestId), 0, asked.Request, turn),
            NodeInput.PeerLost lost => OnPeerLost(lost.Peer, turn),
            NodeInput.SendFailed failed => OnSendFailed(failed, turn),
            NodeInput.Shutdown => OnShutdown(turn),
            NodeInput.WorkloadReported or NodeInput.WorkloadExited => NodeVerdict.Misdirected,
            NodeInput.ResourcesSampled sampled => OnResourcesSampled(sampled, turn),
            _ => throw new UnreachableException($"unhandled {input}"),
        };
        if (_fault is null) Settle(turn);
        return _fault is null ? verdict : Fail(turn);
    }

    private NodeVerdict OnResourcesSampled(NodeInput.ResourcesSampled sampled, Turn turn)
    {
        if (sampled.Node is not { } reading) return NodeVerdict.Misdirected;
        _membership.Observe(reading, turn.Now);
        return NodeVerdict.Accepted;
    }

    private NodeVerdict OnStarted(NodeInput.Started started, Turn turn)
    {
        Invariant.Holds(_boot == default && Ledger.Count == 0);
        _boot = started.Boot;
        _rng = Rng.Stream(started.Seed, "submission-group", Id.Name);
        // Calls of another life never have the numbers of this one's.
        _nextCallId = (long)(Rng.Draw(started.Seed, "call-ids", Id.Name, started.Boot.Value) >> 2);
        _clock.Observe(started.Wall, turn.Now);

        var log = started.Recovered;
        var verdict = _replicas.Step(
            new ReplicaInput.Recovered(
                log.SnapshotLsn,
                log.Snapshot,
                [.. log.Records.Select(record => record.Payload)],
                started.Seed,
                log.NewLife),
            turn.Now, _fromReplicas);
        DrainReplicas(turn);
        if (verdict == ReplicaVerdict.Unreadable) _fault ??= "the log holds what this build cannot read";
        if (_fault is not null) return NodeVerdict.Refused;

        _clock.NotBefore(_replicas.NewestStamp);
        turn.Tell(new TelemetryEvent.Recovered(log.SnapshotLsn, log.Records.Count));
        _membership.Start(started, turn);
        _routing.Start(Id, _boot, started.Seed, turn.Now);
        return NodeVerdict.Accepted;
    }

    private NodeVerdict OnReceived(NodeId from, Message message, Turn turn) => message switch
    {
        Message.ClientCall call => OnAsked(
            new Caller(from, call.CallId), Math.Clamp(call.Hops, 0, HopsMax), call.Request, turn),
        Message.ClientAnswer answer => OnClientAnswer(from, answer, turn),
        Message.ManagerHeartbeat heartbeat => OnManagerHeartbeat(from, heartbeat, turn),
        Message.DebitsTold told => OnDebitsTold(from, told, turn),
        Message.SloTold told => OnSloTold(from, told, turn),
        Message.SlotReserved reserved => OnSlotReserved(from, reserved, turn),
        Message.SlotRefused refused => OnSlotRefused(from, refused, turn),
        Message.SlotDeferred deferred => OnSlotDeferred(from, deferred, turn),
        Message.SlotStarted started => OnSlotStarted(from, started, turn),
        Message.SlotProgressed progressed => OnSlotProgressed(from, progressed, turn),
        Message.SlotFinished finished => OnSlotFinished(from, finished, turn),
        Message.BudgetAsked budget => OnBudgetAsked(from, budget, turn),
        Message.SlotHeld held => OnSlotHeld(from, held, turn),
        Message.NotPrimary notPrimary => OnNotPrimary(from, notPrimary, turn),
        Message.Replication or Message.ReplicaHeartbeat or Message.ReplicaHeartbeatAnswered =>
            OnReplication(from, message, turn),
        Message.Membership membership => _membership.Receive(from, membership, turn),
        _ => turn.Ignore(from, message, NodeVerdict.Misdirected),
    };

    private NodeVerdict OnReplication(NodeId from, Message message, Turn turn)
    {
        var verdict = ReplicaTraffic.VerdictOf(
            _replicas.Step(ReplicaTraffic.InputOf(from, message), turn.Now, _fromReplicas));
        // Reads wait for the lease that an answer may have brought.
        if (message is Message.ReplicaHeartbeatAnswered) _isLeadershipNews = true;
        return verdict == NodeVerdict.Unknown ? turn.Ignore(from, message, verdict) : verdict;
    }

    private NodeVerdict OnTick(NodeInput.Tick tick, Turn turn)
    {
        _clock.Observe(tick.Wall, turn.Now);
        _membership.Tick(turn);
        _replicas.Step(new ReplicaInput.Tick(), turn.Now, _fromReplicas);
        return NodeVerdict.Accepted;
    }

    private NodeVerdict OnDurable(NodeInput.Durable durable, Turn turn)
    {
        if (durable.Lsn <= _replicas.PersistedLsn) return NodeVerdict.Duplicate;
        _replicas.Step(new ReplicaInput.Persisted(durable.Lsn), turn.Now, _fromReplicas);
        return NodeVerdict.Accepted;
    }

    private NodeVerdict OnSnapshotDurable()
    {
        _isSnapshotStoring = false;
        return NodeVerdict.Accepted;
    }

    private NodeVerdict OnPeerLost(NodeId peer, Turn turn)
    {
        foreach (var place in _timers.AskedOf(peer))
        {
            _work[place.Job].Slots[place.Slot].ForgetSendings();
            Drive(place, turn);
        }

        // A submission that did arrive must not arrive again; the others do no harm. Sent at once, they would
        // be lost at once where nobody can be reached.
        foreach (var asked in _forwards.TakeRepeatable(call => call.To == peer)) Postpone(asked, turn);
        return NodeVerdict.Accepted;
    }

    /// <summary>What a client can still be told is told; entries on their way to disk are answered when they
    /// are durable.</summary>
    private NodeVerdict OnShutdown(Turn turn)
    {
        while (_watches.TryPop(Instant.Never, out var caller, out var job))
            AnswerWatch(caller, job, turn);
        while (_forwards.TryPop(Instant.Never, out var call)) Abandon(call, "this gate is stopping", turn);
        while (_postponed.TryPop(Instant.Never, out var request))
            GiveUp(request, "this gate is stopping", turn);
        DismissWaiters(turn);
        return NodeVerdict.Accepted;
    }

    /// <summary>Carries out what the step made due: entries, deadlines, answers, a snapshot.</summary>
    private void Settle(Turn turn)
    {
        DrainReplicas(turn);
        FireDue(turn);
        TakeUpPostponed(turn);
        DrainReplicas(turn);
        AnswerWatches(turn);
        TakeSnapshot(turn);
    }

    private void DrainReplicas(Turn turn)
    {
        // Applying an entry may propose others, whose effects join the end of this list.
        for (var i = 0; i < _fromReplicas.Count; i++) Route(_fromReplicas[i], turn);
        _fromReplicas.Clear();
    }

    private void Route(ReplicaEffect effect, Turn turn)
    {
        if (ReplicaTraffic.EffectOf(effect) is { } carried)
        {
            turn.Outbox.Emit(carried);
            return;
        }

        switch (effect)
        {
            case ReplicaEffect.Apply apply:
                OnApplied(apply.Entry, turn);
                break;
            case ReplicaEffect.Restore restore:
                OnRestored(restore.Group, restore.State);
                break;
            case ReplicaEffect.Store store:
                OnStored(store, turn);
                break;
            case ReplicaEffect.CaptureGroup capture:
                var state = Ledger.Encode(capture.Group);
                _replicas.Step(
                    new ReplicaInput.GroupCaptured(capture.Group, capture.Asked, state),
                    turn.Now,
                    _fromReplicas);
                break;
            case ReplicaEffect.ViewStarted { IsPrimary: true } started:
                Lead(started.Group, started.View, turn);
                break;
            case ReplicaEffect.ViewStarted:
                _isLeadershipNews = true;
                break;
            case ReplicaEffect.ViewLeft left:
                StopLeading(left.Group, turn);
                break;
            default:
                throw new UnreachableException($"unrouted {effect}");
        }
    }

    private void FireDue(Turn turn)
    {
        while (_deadlines.TryPop(turn.Now, out var job)) OnJobDeadline(job, turn);
        while (_timers.TryPop(turn.Now, out var place)) Drive(place, turn);
        FireKeysDue(turn);
        while (_watches.TryPop(turn.Now, out var caller, out var job))
            AnswerWatch(caller, job, turn);
        while (_forwards.TryPop(turn.Now, out var call))
            Abandon(call, $"{call.To} did not answer within {_config.ForwardDeadline}", turn);
        while (_postponed.TryPop(turn.Now, out var request))
            GiveUp(request, $"nobody led its ledger group for {_config.ForwardDeadline}", turn);
        TellDebits(turn);
        TellSlo(turn);
    }

    private void TakeSnapshot(Turn turn)
    {
        var isDue = _replicas.IsSnapshotDue(_config.SnapshotEveryRecords);
        if (_isSnapshotStoring || !isDue) return;
        var states = new SortedDictionary<int, ReadOnlyMemory<byte>>();
        foreach (var group in _ownGroups) states.Add(group, Ledger.Encode(group));
        var verdict = _replicas.Step(new ReplicaInput.StateCaptured(states), turn.Now, _fromReplicas);
        if (verdict == ReplicaVerdict.TooLarge) turn.Tell(ReplicaTraffic.TooLarge(states.Values));
        DrainReplicas(turn);
    }

    private void OnStored(ReplicaEffect.Store store, Turn turn)
    {
        _isSnapshotStoring = true;
        turn.Outbox.Emit(new NodeEffect.Snapshot(store.Lsn, store.Snapshot));
    }

    /// <summary>Proposes an entry; false when too many are on their way to disk, or another gate has begun
    /// to lead.</summary>
    private bool Propose(int group, ReadOnlyMemory<byte> command, Turn turn) =>
        _replicas.Step(
            new ReplicaInput.Proposed(group, command, _clock.At(turn.Now)), turn.Now, _fromReplicas)
        == ReplicaVerdict.Accepted;

    private bool Propose(JobId job, JobCommand command, Turn turn) =>
        Propose(job.Group, JobCommandCodec.Encode(command), turn);

    private NodeVerdict Fail(Turn turn)
    {
        turn.Tell(new TelemetryEvent.Ignored(Id, "Recovered", _fault!));
        return NodeVerdict.Refused;
    }

    /// <summary>A gate that cannot read its log knows nothing of its jobs: it promises nothing and touches
    /// nothing.</summary>
    private NodeVerdict RefuseAll(NodeInput input, Turn turn)
    {
        var caller = input switch
        {
            NodeInput.ClientRequested asked => Caller.Local(asked.RequestId),
            NodeInput.Received { Message: Message.ClientCall call } received =>
                new Caller(received.From, call.CallId),
            _ => (Caller?)null,
        };
        if (caller is { } waiting) turn.Answer(waiting, new ClientResponse.Unavailable(_fault!, RetryAfter));
        return NodeVerdict.Refused;
    }

    /// <summary>A job whose entry is proposed and not committed.</summary>
    private readonly record struct Creation(Caller Caller);
}
