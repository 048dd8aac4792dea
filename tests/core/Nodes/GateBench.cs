using Hyperscale.Det.Durability;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Nodes;
using Hyperscale.Det.Protocol;

namespace Hyperscale.Det.Tests.Core.Nodes;

/// <summary>A gate with a disk under it, stepped by hand; invariants are checked after every step.</summary>
internal sealed class GateBench
{
    public static readonly NodeId GateA = NodeId.Of("gate-a");
    public static readonly NodeId GateB = NodeId.Of("gate-b");
    public static readonly NodeId East = NodeId.Of("east/manager-1");
    public static readonly NodeId EastSecond = NodeId.Of("east/manager-2");
    public static readonly NodeId West = NodeId.Of("west/manager-1");
    public static readonly NodeId Client = NodeId.Of("client");

    private readonly Outbox<NodeEffect> _outbox = new();
    private readonly List<WalRecord> _records = [];
    private readonly List<NodeEffect> _history = [];
    private RecoveredLog _snapshot = RecoveredLog.Nothing;
    private long _durable;
    private long _lives;

    public GateBench(Topology? topology = null, GateConfig? config = null, NodeId? id = null)
    {
        Topology = topology ?? OneGate;
        Config = config ?? GateConfig.Default;
        Id = id ?? GateA;
        Gate = new GateNode(Id, Topology, Config);
        Restart();
    }

    public static Topology OneGate => new(
        "test", [GateA], [new("east", [East, EastSecond]), new("west", [West])], LedgerGroups: 1);

    public static Topology TwoGates => OneGate with { Gates = [GateA, GateB], LedgerGroups = 8 };

    public Topology Topology { get; }

    public GateConfig Config { get; }

    public NodeId Id { get; }

    public GateNode Gate { get; private set; }

    public Instant Now { get; private set; } = Instant.Zero;

    public WallTime Wall { get; set; } = new(1_000_000);

    /// <summary>Whether every record is on disk as soon as it is appended.</summary>
    public bool IsDiskFast { get; set; } = true;

    public NodeVerdict Verdict { get; private set; }

    /// <summary>Every effect since the last <see cref="Forget"/>.</summary>
    public IReadOnlyList<NodeEffect> History => _history;

    public IEnumerable<(NodeId To, Message Message)> Sent =>
        _history.OfType<NodeEffect.Send>().Select(send => (send.To, send.Message));

    public IEnumerable<ClientResponse> Replies =>
        _history.OfType<NodeEffect.Reply>().Select(reply => reply.Response);

    public IEnumerable<TelemetryEvent> Told =>
        _history.OfType<NodeEffect.Emit>().Select(emit => emit.Event);

    public ulong Fingerprint
    {
        get
        {
            var fingerprint = default(Fingerprint);
            Gate.AddTo(ref fingerprint);
            return fingerprint.Value;
        }
    }

    /// <summary>Steps the gate; with a fast disk also tells it that what it appended is durable.</summary>
    public IReadOnlyList<NodeEffect> When(NodeInput input)
    {
        var before = _history.Count;
        Verdict = Step(input);
        if (IsDiskFast) Persist();
        return _history[before..];
    }

    public IReadOnlyList<NodeEffect> Receive(NodeId from, Message message) =>
        When(new NodeInput.Received(from, message));

    /// <summary>Asks as a client of the gate's process.</summary>
    public IReadOnlyList<NodeEffect> Ask(ClientRequest request, long requestId = 1) =>
        When(new NodeInput.ClientRequested(requestId, request));

    /// <summary>Tells the gate that everything it appended is on disk, until it appends no more.</summary>
    public void Persist()
    {
        while (_durable < _snapshot.SnapshotLsn + _records.Count)
        {
            _durable = _snapshot.SnapshotLsn + _records.Count;
            Step(new NodeInput.Durable(_durable));
        }
    }

    /// <summary>Lets time pass; the gate ticks whenever it wants to.</summary>
    public void Pass(Duration time)
    {
        var end = Now + time;
        while (Gate.NextDeadline <= end)
        {
            MoveTo(Instant.Later(Gate.NextDeadline, Now));
            When(new NodeInput.Tick(Wall));
        }

        MoveTo(end);
        When(new NodeInput.Tick(Wall));
    }

    /// <summary>Ends the process and starts it again with what is on disk.</summary>
    public void Restart(Duration outage = default)
    {
        var kept = (int)(_durable - _snapshot.SnapshotLsn);
        _records.RemoveRange(kept, _records.Count - kept);
        Wall += outage;
        Now = Instant.Zero;
        Gate = new GateNode(Id, Topology, Config);
        var recovered = _snapshot with { Records = [.. _records] };
        When(new NodeInput.Started(recovered, 7, new BootId((ulong)++_lives), Wall));
    }

    public void Forget() => _history.Clear();

    private void MoveTo(Instant instant)
    {
        Wall += instant - Now;
        Now = instant;
    }

    private NodeVerdict Step(NodeInput input)
    {
        _outbox.Clear();
        var verdict = Gate.Step(input, Now, _outbox);
        foreach (var effect in _outbox.Effects)
        {
            _history.Add(effect);
            if (effect is NodeEffect.Append append) _records.Add(append.Record);
            if (effect is not NodeEffect.Snapshot snapshot) continue;
            _records.RemoveRange(0, (int)(snapshot.Lsn - _snapshot.SnapshotLsn));
            _snapshot = new RecoveredLog(snapshot.Lsn, snapshot.State, []);
        }

        Gate.CheckInvariants();
        return verdict;
    }
}
