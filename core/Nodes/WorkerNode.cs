using System.Diagnostics;
using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Protocol;
using Hyperscale.Det.Resources;

namespace Hyperscale.Det.Nodes;

/// <summary>Runs the attempts that the datacenter's managers give it, as long as they answer.</summary>
/// <remarks>A worker starts an attempt at most once in its life, runs nothing without a lease and keeps every
/// outcome until the manager has it. The lease counts from the instant at which the heartbeat that was
/// answered was sent, on the worker's own clock, so it ends before the manager gives the worker up.</remarks>
public sealed partial class WorkerNode : INode
{
    /// <summary>Heartbeats whose answer still counts; later answers to older ones renew nothing.</summary>
    private const int HeartbeatsMax = 1024;

    private const int RememberedAttemptsMax = 65_536;

    private readonly WorkerConfig _config;

    // Attempts that are known, running or finished; a heartbeat names them all.
    private readonly int _knownMax;
    private readonly DatacenterTopology _datacenter;
    private readonly WorkerMemory _memory = new(RememberedAttemptsMax);
    private readonly SortedDictionary<long, Instant> _heartbeats = [];

    // Where outcomes go: the manager that last answered a heartbeat.
    private NodeId _manager;
    private BootId _boot;
    private long _sequence;

    // The highest that a manager told: one that was primary before it has nothing to say any more.
    private long _fence;
    private Instant _heartbeatAt = Instant.Never;
    private Instant _leaseUntil = new(long.MinValue);
    private bool _hasLease;
    private bool _isStopping;

    // Set for the length of a step.
    private Instant _now;
    private Outbox<NodeEffect> _outbox = new();

    public WorkerNode(NodeId id, string datacenter, Topology topology, WorkerConfig config)
    {
        Invariant.Holds(topology.Datacenter(datacenter) is not null);
        // A step carries out everything that is due, so what it sets must be due later.
        Invariant.Holds(config.ResendInterval > Duration.Zero && config.HeartbeatInterval > Duration.Zero);
        Id = id;
        _config = config;
        _knownMax = Math.Min(config.FinishedMax, ProtocolLimits.InventoryMax);
        _budget = new WorkerBudget(config.Cores, config.Resources);
        _datacenter = topology.Datacenter(datacenter)!;
        _manager = _datacenter.Managers[0];
    }

    public NodeId Id { get; }

    /// <summary>Attempts whose workload runs or is being stopped.</summary>
    public IReadOnlyCollection<AttemptKey> Running => _running.Keys;

    /// <summary>Attempts whose outcome is kept until a manager has it.</summary>
    public IReadOnlyCollection<AttemptKey> Finished => _finished.Keys;

    /// <summary>Until when workloads may run; in the past without a lease.</summary>
    public Instant LeaseUntil => _leaseUntil;

    /// <inheritdoc/>
    public Instant NextDeadline
    {
        get
        {
            var next = Instant.Sooner(_heartbeatAt, _hasLease ? _leaseUntil : Instant.Never);
            next = Instant.Sooner(next, _stopAt.NextDeadline);
            next = Instant.Sooner(next, _reportAt.NextDeadline);
            return Instant.Sooner(next, _progressAt.NextDeadline);
        }
    }

    /// <inheritdoc/>
    public NodeVerdict Step(NodeInput input, Instant now, Outbox<NodeEffect> outbox)
    {
        (_now, _outbox) = (now, outbox);
        var verdict = input switch
        {
            NodeInput.Started started => OnStarted(started),
            NodeInput.Received received => OnReceived(received.From, received.Message),
            NodeInput.Tick => OnTick(),
            NodeInput.WorkloadReported reported => OnWorkloadReported(reported),
            NodeInput.WorkloadExited exited => OnWorkloadExited(exited),
            NodeInput.ResourcesSampled sampled => OnResourcesSampled(sampled),
            NodeInput.PeerLost lost => OnPeerLost(lost.Peer),
            NodeInput.Shutdown => OnShutdown(),
            NodeInput.ClientRequested requested => OnClientRequested(requested.RequestId),
            NodeInput.SendFailed => NodeVerdict.Accepted,
            NodeInput.Durable or NodeInput.SnapshotDurable => NodeVerdict.Misdirected,
            _ => throw new UnreachableException($"unhandled {input}"),
        };
        if (_hasLease && _leaseUntil <= _now) OnLeaseExpired();
        return verdict;
    }

    /// <inheritdoc/>
    public void CheckInvariants()
    {
        Invariant.Holds(CoresUsed <= _config.Cores);
        Invariant.Holds(CoresUsed == _running.Values.Sum(w => w.Spec.Cores));
        Invariant.Holds(_running.Count + _finished.Count <= _knownMax);
        Invariant.Holds(_heartbeats.Count <= HeartbeatsMax);
        // Without a lease whatever runs is being stopped.
        Invariant.Holds(_hasLease || _running.Values.All(w => w.Cause is not null));
        Invariant.Holds(!_hasLease || _leaseUntil > _now);
        foreach (var attempt in _running.Keys)
        {
            Invariant.Holds(!_finished.ContainsKey(attempt));
            Invariant.Holds(!_memory.Knows(attempt));
            Invariant.Holds(_stopAt.TryGet(attempt, out _));
        }

        foreach (var attempt in _finished.Keys)
        {
            Invariant.Holds(!_memory.Knows(attempt));
            Invariant.Holds(_reportAt.TryGet(attempt, out _));
        }

        _memory.CheckInvariants();
        CheckGuards();
    }

    /// <inheritdoc/>
    public void AddTo(ref Fingerprint fingerprint)
    {
        fingerprint.Add(Id);
        fingerprint.Add(_manager);
        fingerprint.Add(_boot.Value);
        fingerprint.Add(_sequence);
        fingerprint.Add(_fence);
        fingerprint.Add(_heartbeatAt);
        fingerprint.Add(_leaseUntil);
        fingerprint.Add(_hasLease);
        fingerprint.Add(_isStopping);
        foreach (var (sequence, sentAt) in _heartbeats)
        {
            fingerprint.Add(sequence);
            fingerprint.Add(sentAt);
        }

        _memory.AddTo(ref fingerprint);
        AddAttemptsTo(ref fingerprint);
        _budget.AddTo(ref fingerprint);
        fingerprint.Add(_enforcer);
    }

    private NodeVerdict OnStarted(NodeInput.Started started)
    {
        _boot = started.Boot;
        // Every life numbers its heartbeats from a place of its own, so that a late answer to an earlier life
        // renews nothing; and a later life from a higher place, so that its manager can tell which is which.
        var salt = Rng.Draw(started.Seed, "heartbeat", Id.Name, started.Boot.Value) >> 48;
        _sequence = (Math.Clamp(started.Wall.UnixMilliseconds, 0, 1L << 45) << 16) | (long)salt;
        Heartbeat();
        return NodeVerdict.Accepted;
    }

    private NodeVerdict OnReceived(NodeId from, Message message)
    {
        if (!_datacenter.Managers.Contains(from)) return Ignore(from, message, NodeVerdict.Misdirected);
        var verdict = message switch
        {
            Message.HeartbeatAnswered answered => OnHeartbeatAnswered(from, answered),
            Message.StartAttempt start => OnStartAttempt(from, start),
            Message.StopAttempt stop => OnStopAttempt(stop),
            Message.AttemptResultCommitted committed => OnAttemptResultCommitted(committed),
            _ => NodeVerdict.Misdirected,
        };
        return verdict is NodeVerdict.Accepted or NodeVerdict.Duplicate
            ? verdict
            : Ignore(from, message, verdict);
    }

    private NodeVerdict OnTick()
    {
        if (_heartbeatAt <= _now) Heartbeat();
        while (_stopAt.TryPop(_now, out var attempt)) OnStopDue(attempt);
        while (_reportAt.TryPop(_now, out var attempt)) SendOutcome(attempt);
        while (_progressAt.TryPop(_now, out var attempt)) SendProgress(attempt);
        return NodeVerdict.Accepted;
    }

    private NodeVerdict OnHeartbeatAnswered(NodeId from, Message.HeartbeatAnswered answered)
    {
        if (answered.Fence < _fence) return NodeVerdict.Stale;
        if (!_heartbeats.TryGetValue(answered.Sequence, out var sentAt)) return NodeVerdict.Stale;
        _fence = answered.Fence;
        while (_heartbeats.Count > 0 && _heartbeats.First().Key <= answered.Sequence)
            _heartbeats.Remove(_heartbeats.First().Key);
        _manager = from;
        if (sentAt + answered.LeaseTerm <= _leaseUntil) return NodeVerdict.Duplicate;
        _leaseUntil = sentAt + answered.LeaseTerm;
        // A lease that ran out on its way ends at the end of this step, and with it what runs.
        if (_leaseUntil <= _now) return NodeVerdict.Stale;
        _hasLease = true;
        return NodeVerdict.Accepted;
    }

    private NodeVerdict OnPeerLost(NodeId peer)
    {
        if (peer != _manager) return NodeVerdict.Accepted;
        // Sooner than usual, but never at once: a peer that cannot be reached is lost again with every try.
        var soon = _now + (_config.ResendInterval / 4);
        foreach (var attempt in _finished.Keys)
            if (_reportAt.TryGet(attempt, out var at) && at > soon) _reportAt.Set(attempt, soon);
        return NodeVerdict.Accepted;
    }

    private NodeVerdict OnShutdown()
    {
        _isStopping = true;
        foreach (var (attempt, workload) in _running) Stop(attempt, workload, StopCause.Shutdown, "");
        return NodeVerdict.Accepted;
    }

    private NodeVerdict OnClientRequested(long requestId)
    {
        var answer = new ClientResponse.Unavailable(
            $"{Id} is a worker; clients ask a gate", _config.HeartbeatInterval);
        _outbox.Emit(new NodeEffect.Reply(requestId, answer, Barrier.None));
        return NodeVerdict.Misdirected;
    }

    private void OnLeaseExpired()
    {
        _hasLease = false;
        var stopped = 0;
        foreach (var (attempt, workload) in _running)
        {
            if (Stop(attempt, workload, StopCause.LeaseExpired, "")) stopped++;
            else Hasten(attempt, workload);
        }

        Emit(new TelemetryEvent.LeaseExpired(Id, stopped));
    }

    private void Heartbeat()
    {
        _heartbeatAt = _now + _config.HeartbeatInterval;
        _heartbeats.Add(++_sequence, _now);
        if (_heartbeats.Count > HeartbeatsMax) _heartbeats.Remove(_heartbeats.First().Key);
        var inventory = _running.Keys.Select(attempt => new AttemptInventory(attempt, IsFinished: false))
            .Concat(_finished.Keys.Select(attempt => new AttemptInventory(attempt, IsFinished: true)))
            .ToList();
        var message = new Message.WorkerHeartbeat(_boot, _sequence, _config.Cores, inventory)
        {
            Resources = ReportNow(),
        };
        foreach (var manager in _datacenter.Managers) Send(manager, message);
    }

    private NodeVerdict Ignore(NodeId from, Message message, NodeVerdict verdict)
    {
        Emit(new TelemetryEvent.Ignored(from, message.GetType().Name, verdict.ToString()));
        return verdict;
    }

    // A worker keeps nothing on disk: what it says rests on nothing that could be lost.
    private void Send(NodeId to, Message message) =>
        _outbox.Emit(new NodeEffect.Send(to, message, Barrier.None));

    private void Emit(TelemetryEvent telemetry) => _outbox.Emit(new NodeEffect.Emit(telemetry));
}
