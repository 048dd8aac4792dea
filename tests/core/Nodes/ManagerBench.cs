using Hyperscale.Det.Durability;
using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Nodes;
using Hyperscale.Det.Protocol;
using Hyperscale.Det.Resources;
using static Hyperscale.Det.Tests.Core.Nodes.Dispatch;

namespace Hyperscale.Det.Tests.Core.Nodes;

/// <summary>A manager with a disk under it, stepped by hand; invariants are checked after every
/// step.</summary>
internal sealed class ManagerBench
{
    private readonly Outbox<NodeEffect> _outbox = new();
    private readonly List<WalRecord> _records = [];
    private readonly List<NodeEffect> _history = [];
    private readonly SortedDictionary<NodeId, (BootId Boot, int Cores, long Sequence)> _workers = [];
    private readonly ManagerConfig _config;
    private readonly NodeId _id;
    private RecoveredLog _snapshot = RecoveredLog.Nothing;
    private NodeEffect.Snapshot? _storing;
    private long _durable;
    private readonly Topology _topology;
    private ulong _lives;

    // How much of the history the gate has heard.
    private int _heard;

    public ManagerBench(ManagerConfig? config = null, NodeId? id = null, Topology? topology = null)
    {
        _topology = topology ?? Cluster;
        _config = config ?? ManagerConfig.Default;
        _id = id ?? Dispatch.Manager;
        Node = new ManagerNode(_id, Datacenter, _topology, _config);
        Restart();
        Forget();
    }

    public ManagerNode Node { get; private set; }

    public Instant Now { get; private set; } = Instant.Zero;

    public WallTime Wall { get; private set; } = new(1_000_000);

    /// <summary>Whether every record is on disk as soon as it is appended.</summary>
    public bool IsDiskFast { get; set; } = true;

    public NodeVerdict Verdict { get; private set; }

    /// <summary>Kinds of inputs that were given.</summary>
    public HashSet<Type> Given { get; } = [];

    /// <summary>This life of the manager, as workers see it.</summary>
    public long Fence => Node.Fence;

    public IEnumerable<TelemetryEvent> Told =>
        _history.OfType<NodeEffect.Emit>().Select(emit => emit.Event);

    public int Appended => _history.OfType<NodeEffect.Append>().Count();

    /// <summary>Whether a gate answers the manager's questions about its slots: each is wanted.</summary>
    public bool IsGateThere { get; set; } = true;

    /// <summary>What was sent to a node since the last <see cref="Forget"/>, heartbeats, progress and
    /// questions about slots left out.</summary>
    public IReadOnlyList<Message> SentTo(NodeId node) =>
    [
        .. SentAny(node).Where(message => message is not (Message.ManagerHeartbeat
            or Message.HeartbeatAnswered or Message.SlotProgressed or Message.SlotHeld)),
    ];

    public IReadOnlyList<T> SentTo<T>(NodeId node)
        where T : Message => [.. SentAny(node).OfType<T>()];

    public IReadOnlyList<NodeEffect> When(NodeInput input)
    {
        var before = _history.Count;
        if (input is NodeInput.Durable durable) _durable = durable.Lsn;
        Verdict = Step(input);
        if (IsDiskFast) Persist();
        AnswerQuestions();
        return _history[before..];
    }

    public NodeVerdict Receive(NodeId from, Message message)
    {
        When(new NodeInput.Received(from, message));
        return Verdict;
    }

    public void Persist()
    {
        while (_durable < _snapshot.SnapshotLsn + _records.Count)
        {
            _durable = _snapshot.SnapshotLsn + _records.Count;
            Step(new NodeInput.Durable(_durable));
        }

        AnswerQuestions();
    }

    /// <summary>The next record reaches the disk.</summary>
    public void PersistOne() => When(new NodeInput.Durable(_durable + 1));

    /// <summary>Lets time pass; the manager ticks whenever it wants to. The workers in
    /// <paramref name="heard"/> send a heartbeat every second.</summary>
    public void Pass(Duration time, params NodeId[] heard)
    {
        for (var end = Now + time; Now < end;)
        {
            var next = Instant.Sooner(end, Instant.Later(Node.NextDeadline, Now));
            var beat = new Instant((Now.Nanoseconds / 1_000_000_000 * 1_000_000_000) + 1_000_000_000);
            if (heard.Length > 0 && beat <= next)
            {
                MoveTo(beat);
                foreach (var worker in heard) Heartbeat(worker);
                continue;
            }

            MoveTo(next);
            When(new NodeInput.Tick(Wall));
        }

        When(new NodeInput.Tick(Wall));
    }

    /// <summary>Ends the process and starts it again with what is on disk.</summary>
    public void Restart()
    {
        var kept = (int)(_durable - _snapshot.SnapshotLsn);
        _records.RemoveRange(kept, _records.Count - kept);
        _storing = null;
        Now = Instant.Zero;
        Node = new ManagerNode(_id, Datacenter, _topology, _config);
        _lives++;
        When(new NodeInput.Started(
            _snapshot with { Records = [.. _records] }, 7, new BootId(_lives), Wall));
    }

    public void Forget()
    {
        _history.Clear();
        _heard = 0;
    }

    /// <summary>A worker's life begins: its first heartbeat, with an empty inventory.</summary>
    public void Join(NodeId worker, int cores = 1, ulong boot = 1)
    {
        _workers[worker] = (new BootId(boot), cores, (long)(boot * 1000));
        Heartbeat(worker, []);
    }

    /// <summary>A heartbeat whose inventory is what the manager was told the worker has, unless it is
    /// given.</summary>
    public NodeVerdict Heartbeat(NodeId worker, params AttemptInventory[]? inventory)
    {
        var (boot, cores, sequence) = _workers[worker];
        _workers[worker] = (boot, cores, sequence + 1);
        IReadOnlyList<AttemptInventory> attempts = inventory is { Length: > 0 }
            ? inventory
            : [.. Inventories.GetValueOrDefault(worker) ?? []];
        return Receive(worker, new Message.WorkerHeartbeat(boot, sequence + 1, cores, attempts)
        {
            Resources = Reports.GetValueOrDefault(worker),
        });
    }

    /// <summary>A heartbeat of a worker's present life, of its first if it has none.</summary>
    public NodeVerdict Beat(NodeId worker, AttemptInventory item)
    {
        if (!_workers.ContainsKey(worker)) Join(worker);
        return Heartbeat(worker, item);
    }

    public void SetDisk(bool isFast)
    {
        IsDiskFast = isFast;
        if (isFast) Persist();
    }

    /// <summary>What each worker's heartbeats tell of its resources.</summary>
    public Dictionary<NodeId, WorkerResourceReport> Reports { get; } = [];

    /// <summary>What each worker's heartbeats list.</summary>
    public Dictionary<NodeId, List<AttemptInventory>> Inventories { get; } = [];

    /// <summary>The worker says that it has the attempt, and lists it from here on.</summary>
    public void Accept(NodeId worker, AttemptKey attempt)
    {
        Inventories.TryAdd(worker, []);
        Inventories[worker].Add(new AttemptInventory(attempt, IsFinished: false));
        Receive(worker, new Message.AttemptAccepted(attempt));
    }

    public void Finish(NodeId worker, AttemptKey attempt, AttemptOutcome? outcome = null)
    {
        Inventories.GetValueOrDefault(worker)?.RemoveAll(item => item.Attempt == attempt);
        Receive(worker, new Message.AttemptFinished(attempt, outcome ?? Completed));
    }

    public NodeVerdict Reserve(
        JobSpec spec, long job = 1, int epoch = 1, long fence = 1, NodeId? gate = null) =>
        Receive(gate ?? Gate, new Message.ReserveSlot(Slot(job, epoch), fence, spec));

    public NodeVerdict Start(long job = 1, int epoch = 1, long fence = 1, NodeId? gate = null) =>
        Receive(gate ?? Gate, new Message.StartSlot(Slot(job, epoch), fence));

    /// <summary>A job that is reserved and started.</summary>
    public void Run(JobSpec spec, long job = 1)
    {
        Reserve(spec, job);
        Start(job);
    }

    private IEnumerable<Message> SentAny(NodeId node) => _history.OfType<NodeEffect.Send>()
        .Where(send => send.To == node)
        .Select(send => send.Message);

    private void AnswerQuestions()
    {
        while (_heard < _history.Count)
        {
            if (_history[_heard++] is not NodeEffect.Send { Message: Message.SlotHeld held } send) continue;
            if (!IsGateThere || send.To != Gate) continue;
            var fence = Node.Ledger.FenceOf(held.Slot.Job);
            var answer = new Message.SlotWanted(held.Slot, fence, held.Boot, held.Question);
            Step(new NodeInput.Received(Gate, answer));
            if (IsDiskFast) Persist();
        }
    }

    private void MoveTo(Instant instant)
    {
        Wall += instant - Now;
        Now = instant;
    }

    private NodeVerdict Step(NodeInput input)
    {
        Given.Add(input.GetType());
        _outbox.Clear();
        var verdict = Node.Step(input, Now, _outbox);
        foreach (var effect in _outbox.Effects)
        {
            _history.Add(effect);
            if (effect is NodeEffect.Append append) _records.Add(append.Record);
            if (effect is not NodeEffect.Snapshot snapshot) continue;
            _storing = snapshot;
        }

        Store();

        Node.CheckInvariants();
        return verdict;
    }

    /// <summary>A snapshot is written behind the records that it covers.</summary>
    private void Store()
    {
        if (_storing is not { } snapshot || snapshot.Lsn > _durable) return;
        _storing = null;
        _records.RemoveRange(0, (int)(snapshot.Lsn - _snapshot.SnapshotLsn));
        _snapshot = new RecoveredLog(snapshot.Lsn, snapshot.State, []);
    }
}
