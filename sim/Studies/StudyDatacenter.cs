using Hyperscale.Det.Capacity;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Membership;
using Hyperscale.Det.Nodes;
using Hyperscale.Det.Protocol;

namespace Hyperscale.Det.Sim.Studies;

/// <summary>A datacenter of the study: cores, a queue, and managers that send heartbeats.</summary>
/// <remarks>Its cores are one pool. What waits and fits starts, in the order of the queue.</remarks>
internal sealed class StudyDatacenter
{
    private const int Workers = 4;

    private static readonly Duration Soon = Duration.FromMilliseconds(100);

    private readonly StudyWorld _world;
    private readonly StudyPlace _place;
    private readonly StudyManager[] _managers;
    private readonly SortedDictionary<long, StudyAttempt> _reserved = [];
    private readonly List<StudyAttempt> _queue = [];
    private readonly SortedDictionary<long, (StudyAttempt Attempt, Instant Since)> _running = [];
    private readonly int _cores;
    private int _free;
    private bool _isDead;
    private bool _wasFull;
    private Instant _heartbeatAt;

    public StudyDatacenter(StudyWorld world, int index)
    {
        (_world, _place, Index) = (world, StudyModel.Places[index], index);
        (_cores, _free) = (world.Model.CoresOf(index), world.Model.CoresOf(index));
        _managers =
        [
            .. StudyModel.Cluster.Datacenters[index].Managers
                .Select(manager => new StudyManager(manager, world.Model.Seed)),
        ];
    }

    public int Index { get; }

    /// <summary>What its own overhead is multiplied by.</summary>
    public long OwnFactor { get; set; } = 1;

    public void Start()
    {
        var interval = ManagerConfig.Default.HeartbeatInterval.Nanoseconds;
        var phase = Rng.Stream(_world.Model.Seed, "study-heartbeat", _place.Name).Below(interval);
        HeartbeatNoLaterThan(Instant.Zero + new Duration(phase));
    }

    public void Die()
    {
        _isDead = true;
        foreach (var number in _running.Keys.ToList()) Leave(number);
    }

    public void OnReserve(StudyAttempt attempt)
    {
        if (_isDead) return;
        _reserved[attempt.Job.Number] = attempt;
        Answer(attempt, "reserved", StudyCall.Reserve);
    }

    public void OnStart(StudyAttempt attempt)
    {
        if (_isDead) return;
        if (_reserved.Remove(attempt.Job.Number)) _queue.Add(attempt);
        Answer(attempt, "started", StudyCall.Start);
        StartWhatFits();
    }

    public void OnCancel(StudyAttempt attempt)
    {
        if (_isDead) return;
        _reserved.Remove(attempt.Job.Number);
        _queue.Remove(attempt);
        if (_running.ContainsKey(attempt.Job.Number)) Leave(attempt.Job.Number);
        StartWhatFits();
    }

    private void Answer(StudyAttempt attempt, string name, StudyCall call)
    {
        var gate = _world.Gates[attempt.Job.Gate];
        var manager = _managers[0].Id;
        Send(attempt.Job.Gate, name, () => gate.OnAnswered(attempt, call, manager));
    }

    private void StartWhatFits()
    {
        for (var i = 0; i < _queue.Count && _free > 0;)
        {
            var attempt = _queue[i];
            if (attempt.Job.Cores > _free)
            {
                i++;
                continue;
            }

            _queue.RemoveAt(i);
            Begin(attempt);
        }

        // What the gates route by has changed: they are told soon, as managers do.
        if ((_free == 0) != _wasFull) HeartbeatNoLaterThan(_world.Now + Soon);
    }

    private void Begin(StudyAttempt attempt)
    {
        var job = attempt.Job;
        _free -= job.Cores;
        _running.Add(job.Number, (attempt, _world.Now));
        var percent = Rng.Stream(_world.Model.Seed, "study-own", _place.Name, (ulong)job.Number)
            .Between(80, 120);
        var own = StudyModel.OwnOverhead * (OwnFactor * percent) / 100;
        _world.At(_world.Now + own + job.Duration, "job ends", () => Finish(attempt));
    }

    private void Finish(StudyAttempt attempt)
    {
        // Dead, or cancelled, since it began.
        if (!_running.ContainsKey(attempt.Job.Number)) return;
        Leave(attempt.Job.Number);
        var (gate, manager) = (_world.Gates[attempt.Job.Gate], _managers[0].Id);
        Send(attempt.Job.Gate, "result", () => gate.OnResult(attempt, manager));
        StartWhatFits();
    }

    private void Leave(long number)
    {
        var (attempt, since) = _running[number];
        _running.Remove(number);
        _free += attempt.Job.Cores;
        _world.Log.Held(Index, attempt.Job.Cores, since, _world.Now);
    }

    private void HeartbeatNoLaterThan(Instant at)
    {
        if (_heartbeatAt > _world.Now && _heartbeatAt <= at) return;
        _heartbeatAt = at;
        _world.At(at, "heartbeat", () =>
        {
            // Another one may have been sent sooner, and the next one planned.
            if (_heartbeatAt == at && !_isDead) Heartbeat();
        });
    }

    private void Heartbeat()
    {
        _wasFull = _free == 0;
        foreach (var manager in _managers)
        {
            var isPrimary = manager == _managers[0];
            var heartbeat = manager.Next(_world.Now, new Message.ManagerHeartbeat(
                _place.Name, manager.Boot, 0, isPrimary, 0, Workers, _cores, _free,
                _cores / Workers, _queue.Count)
            {
                Capacity = isPrimary ? Capacity() : null,
            });
            for (var i = 0; i < _world.Gates.Count; i++) SendHeartbeat(manager, heartbeat, i);
        }

        HeartbeatNoLaterThan(_world.Now + ManagerConfig.Default.HeartbeatInterval);
    }

    private void SendHeartbeat(StudyManager manager, Message.ManagerHeartbeat heartbeat, int index)
    {
        var gate = _world.Gates[index];
        var told = manager.For(gate.Id, heartbeat);
        Send(index, "heartbeat", () =>
        {
            if (gate.OnHeartbeat(manager.Id, told) is not { } echo) return;
            Send(index, "echo", () => manager.OnEcho(gate.Id, echo, _world.Now));
        });
    }

    private HeartbeatCapacity Capacity() => HeartbeatCapacity.Of(
        _cores,
        [
            .. _running.Values.Select(run => new ActiveDispatch(
                run.Attempt.Work.Id, 0, _managers[0].Id, run.Attempt.Job.Cores, run.Since,
                run.Attempt.Job.Duration, StudyWork.Timeout)),
        ],
        [
            .. _queue.Concat(_reserved.Values)
                .Select(waiting => new PendingWorkflow(waiting.Job.Cores, waiting.Job.Duration)),
        ],
        _world.Now);

    private void Send(int gate, string name, Action arrive) =>
        _world.Send(StudyModel.RttMs(gate, Index), name, arrive);
}

/// <summary>What a manager of the study knows of the network, and counts.</summary>
internal sealed class StudyManager(NodeId id, ulong seed)
{
    private readonly Vivaldi _vivaldi = new(id, seed);
    private readonly SortedDictionary<NodeId, Duration> _rtts = [];
    private long _version;
    private Instant _sentAt;

    public NodeId Id => id;

    public BootId Boot { get; } = new(1);

    /// <summary>The next heartbeat, with where the manager stands.</summary>
    public Message.ManagerHeartbeat Next(Instant now, Message.ManagerHeartbeat heartbeat)
    {
        _sentAt = now;
        return heartbeat with { Version = ++_version, Coordinate = _vivaldi.Own };
    }

    /// <summary>The heartbeat as one gate gets it.</summary>
    public Message.ManagerHeartbeat For(NodeId gate, Message.ManagerHeartbeat heartbeat) =>
        _rtts.TryGetValue(gate, out var rtt) ? heartbeat with { Rtt = rtt } : heartbeat;

    public void OnEcho(NodeId gate, Message.HeartbeatEchoed echo, Instant now)
    {
        if (echo.Version != _version) return;
        var rtt = now - _sentAt;
        if (_vivaldi.Observe(gate, echo.Coordinate, rtt) == VivaldiVerdict.Accepted) _rtts[gate] = rtt;
    }
}
