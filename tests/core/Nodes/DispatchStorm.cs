using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Nodes;
using Hyperscale.Det.Protocol;
using Hyperscale.Det.Wire;

namespace Hyperscale.Det.Tests.Core.Nodes;

/// <summary>How badly a storm treats the nodes; chances are in a hundred.</summary>
internal sealed record Weather(
    int Lost, int Doubled, int Delayed, int Crashes, int Jobs, int Cancelled, int SlowDisk);

/// <summary>One datacenter under faults, from a seed: a manager, workers, a gate that keeps asking, messages
/// that get lost, doubled and overtaken, processes that end at any moment, a disk that forgets what was not
/// synced.</summary>
internal sealed class DispatchStorm
{
    private static readonly Duration StormLength = Duration.FromSeconds(60);

    private readonly Rng _rng;
    private readonly Weather _weather;
    private readonly SortedDictionary<(Instant At, long Sequence), Action> _events = [];
    private readonly SortedDictionary<NodeId, StormNode> _nodes = [];
    private readonly StormGate _gate;
    private long _sequence;
    private ulong _boots;

    public DispatchStorm(ulong seed, Weather weather)
    {
        _rng = new Rng(seed);
        _weather = weather;
        Checks = new StormChecks(this);
        _gate = new StormGate(this);
        AddNode(Dispatch.Manager, id => new ManagerNode(id, Dispatch.Datacenter, Dispatch.Cluster, Config));
        AddWorker(Dispatch.Worker1, cores: 2);
        AddWorker(Dispatch.Worker2, cores: 2);
        AddWorker(Dispatch.Worker3, cores: 4);
        for (var job = 1; job <= weather.Jobs; job++) _gate.Submit(job, Spec(), Within(StormLength / 2));
        for (var crash = 0; crash < weather.Crashes; crash++)
        {
            var node = _rng.Pick(_nodes.Keys.ToList());
            At(Within(StormLength), () => Crash(node));
        }
    }

    public static ManagerConfig Config { get; } = ManagerConfig.Default with
    {
        SnapshotEveryRecords = 20,
        ReservationTerm = Duration.FromSeconds(15),
    };

    public Instant Now { get; private set; } = Instant.Zero;

    public Rng Rng => _rng;

    public StormChecks Checks { get; }

    public ManagerNode Manager => (ManagerNode)_nodes[Dispatch.Manager].Node!;

    public StormGate Gate => _gate;

    private bool IsStormy => Now < Instant.Zero + StormLength;

    /// <summary>The storm, then calm weather in which everything has to come to its end.</summary>
    public void Run()
    {
        while (_events.Count > 0 && Now < Instant.Zero + Duration.FromMinutes(30))
        {
            var (key, action) = _events.First();
            _events.Remove(key);
            Now = key.At;
            action();
            if (!IsStormy && _gate.IsDone && IsIdle) break;
        }

        foreach (var node in _nodes.Values) node.CheckReplay();
    }

    public bool IsIdle => _nodes.Values.All(node => node.Node switch
    {
        ManagerNode manager => manager.Ledger.SlotCount == 0,
        WorkerNode worker => worker.Running.Count == 0 && worker.Finished.Count == 0,
        _ => false,
    });

    public void At(Instant at, Action action) => _events.Add((at, ++_sequence), action);

    public void After(Duration delay, Action action) => At(Now + delay, action);

    public Instant Within(Duration time) => Instant.Zero + _rng.Between(Duration.Zero, time);

    public bool Happens(int chance) => IsStormy && _rng.Chance(chance, 100);

    /// <summary>Carries a message as bytes, unless the weather has it otherwise.</summary>
    public void Deliver(NodeId from, NodeId to, Message message)
    {
        if (to != Dispatch.Gate && !_nodes.ContainsKey(to)) return;
        if (Happens(_weather.Lost)) return;
        var copies = Happens(_weather.Doubled) ? 2 : 1;
        var writer = new FieldWriter();
        MessageCodec.Encode(message, writer);
        var bytes = writer.ToArray();
        for (var copy = 0; copy < copies; copy++)
        {
            var delay = _rng.Between(Duration.FromMicroseconds(100), Duration.FromMilliseconds(3));
            if (Happens(_weather.Delayed)) delay = _rng.Between(delay, Duration.FromSeconds(20));
            After(delay, () => Arrive(from, to, bytes));
        }
    }

    private void Arrive(NodeId from, NodeId to, byte[] bytes)
    {
        Assert.True(MessageCodec.TryDecode(bytes, out var message, out var fault), fault);
        if (to == Dispatch.Gate) _gate.Receive(message);
        else _nodes[to].Step(new NodeInput.Received(from, message));
    }

    private JobSpec Spec() => (_rng.Below(5)) switch
    {
        0 => Dispatch.Job(),
        1 => Dispatch.Job(cores: 4),
        2 => Dispatch.Job(Dispatch.Workflow("a"), Dispatch.Workflow("b", 2, 0)),
        3 => Dispatch.Job(
            Dispatch.Workflow("a"), Dispatch.Workflow("b"), Dispatch.Workflow("c", 3, 0, 1)),
        _ => Dispatch.Job(Dispatch.Workflow("a", 2), Dispatch.Workflow("b", 2)),
    };

    private void AddWorker(NodeId id, int cores) => AddNode(
        id,
        worker => new WorkerNode(worker, Dispatch.Datacenter, Dispatch.Cluster, WorkerConfig.Default(cores)));

    private void AddNode(NodeId id, Func<NodeId, INode> make)
    {
        var node = new StormNode(this, id, make);
        _nodes.Add(id, node);
        node.Start(new BootId(++_boots));
    }

    private void Crash(NodeId id)
    {
        var node = _nodes[id];
        if (node.Node is null) return;
        node.Crash();
        var outage = _rng.Chance(1, 2) ? Duration.FromSeconds(1) : Duration.FromSeconds(30);
        After(_rng.Between(Duration.FromMilliseconds(1), outage), () => node.Start(new BootId(++_boots)));
    }

    /// <summary>How long the disk takes for what was just appended.</summary>
    public Duration SyncTime() => Happens(_weather.SlowDisk)
        ? _rng.Between(Duration.Zero, Duration.FromSeconds(2))
        : _rng.Between(Duration.FromMicroseconds(300), Duration.FromMilliseconds(2));

    /// <summary>Whether the gate takes a job back some time after it was submitted.</summary>
    public bool IsCancelled() => _rng.Chance(_weather.Cancelled, 100);
}
