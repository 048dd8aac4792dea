using Hyperscale.Det.Capacity;
using Hyperscale.Det.Durability;
using Hyperscale.Det.Idempotency;
using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Nodes;
using Hyperscale.Det.Protocol;

namespace Hyperscale.Det.Tests.Core.Nodes;

/// <summary>Three gates that keep every ledger group together, each with a disk, and a datacenter that
/// reserves what it is asked to.</summary>
internal sealed class GateTrio
{
    public static readonly NodeId[] Gates = [NodeId.Of("gate-a"), NodeId.Of("gate-b"), NodeId.Of("gate-c")];

    private static readonly NodeId East = NodeId.Of("east/manager-1");
    private static readonly Duration Beat = Duration.FromMilliseconds(50);

    private readonly SortedDictionary<NodeId, Life> _lives = [];
    private readonly Queue<(NodeId From, NodeId To, Message Message)> _network = new();
    private readonly List<(NodeId Gate, long Id, ClientResponse Response)> _replies = [];
    private Instant _now = Instant.Zero;
    private long _requests;
    private ulong _boots;
    private long _heartbeats;

    public GateTrio(GateConfig? config = null, int groups = 1)
    {
        Config = config ?? GateConfig.Default;
        Topology = new Topology("test", Gates, [new("east", [East])], groups);
        foreach (var gate in Gates) Start(gate);
        Pass(Duration.FromSeconds(1));
    }

    public GateConfig Config { get; }

    public Topology Topology { get; }

    /// <summary>Whether the datacenter answers reservations.</summary>
    public bool IsDatacenterSilent { get; set; }

    /// <summary>Whether the datacenter answers reservations alone.</summary>
    public bool StartsNothing { get; set; }

    /// <summary>A gate that nothing reaches and that reaches nobody.</summary>
    public NodeId? CutOff { get; set; }

    /// <summary>A gate that nothing reaches, though it still reaches the others.</summary>
    public NodeId? Deaf { get; set; }

    /// <summary>By how much a gate's wall clock is ahead of the others'.</summary>
    public SortedDictionary<NodeId, Duration> Ahead { get; } = [];

    /// <summary>What each gate told its operators, in order.</summary>
    public List<(NodeId Gate, TelemetryEvent Event)> Events { get; } = [];

    /// <summary>Every reply of this process's clients, in order.</summary>
    public IReadOnlyList<(NodeId Gate, long Id, ClientResponse Response)> Replies => _replies;

    /// <summary>What the datacenter was told, in order.</summary>
    public List<(NodeId Gate, Message Message)> Told { get; } = [];

    public NodeId PrimaryOf(int group) =>
        _lives.First(life => life.Value.Gate?.LedGroups.Contains(group) == true).Key;

    public NodeId AnotherThan(NodeId gate) =>
        Gates.First(other => other != gate && _lives[other].Gate is not null);

    public GateNode GateOf(NodeId gate) => _lives[gate].Gate!;

    public JobLedger LedgerOf(NodeId gate) => _lives[gate].Gate!.Ledger;

    /// <summary>Asks a gate as a client of its process; what follows at once has happened.</summary>
    public long Ask(NodeId gate, ClientRequest request)
    {
        Step(gate, new NodeInput.ClientRequested(++_requests, request));
        Settle();
        return _requests;
    }

    /// <summary>The datacenter tells a gate.</summary>
    public void Tell(NodeId gate, Message message)
    {
        Step(gate, new NodeInput.Received(East, message));
        Settle();
    }

    public long Submit(NodeId gate, IdempotencyKey key, JobSpec? spec = null) =>
        Ask(gate, new ClientRequest.SubmitJob(spec ?? Specs.Job(), key));

    public ClientResponse ReplyTo(long id) => Assert.Single(_replies, reply => reply.Id == id).Response;

    public void Crash(NodeId gate)
    {
        _lives[gate].Gate = null;
        foreach (var other in Gates)
            if (_lives[other].Gate is not null) Step(other, new NodeInput.PeerLost(gate));
        Settle();
    }

    public void Start(NodeId gate)
    {
        if (!_lives.TryGetValue(gate, out var life)) _lives.Add(gate, life = new Life());
        life.Gate = new GateNode(gate, Topology, Config);
        var recovered = RecoveredLog.Nothing with { Records = [.. life.Disk] };
        Step(gate, new NodeInput.Started(recovered, 7, new BootId(++_boots), WallOf(gate)));
        Settle();
    }

    /// <summary>Lets time pass in small steps, with heartbeats of the datacenter.</summary>
    public void Pass(Duration time)
    {
        for (var end = _now + time; _now < end;)
        {
            _now += Beat;
            foreach (var gate in Gates)
            {
                if (_lives[gate].Gate is not { } node) continue;
                for (var i = 0; i < 100 && node.NextDeadline <= _now; i++)
                    Step(gate, new NodeInput.Tick(WallOf(gate)));
                Step(gate, new NodeInput.Received(East, new Message.ManagerHeartbeat(
                    "east", new BootId(1), ++_heartbeats, true, 1, 1, 4, 4, 4, 0)
                {
                    Capacity = HeartbeatCapacity.None,
                }));
            }

            Settle();
        }
    }

    private WallTime WallOf(NodeId gate) =>
        new WallTime(1_000_000) + (_now - Instant.Zero) + Ahead.GetValueOrDefault(gate);

    private void Settle()
    {
        while (_network.TryDequeue(out var sent))
        {
            if (sent.To == CutOff || sent.From == CutOff || sent.To == Deaf) continue;
            if (sent.To == East) OnDatacenter(sent.From, sent.Message);
            else if (_lives.TryGetValue(sent.To, out var life) && life.Gate is not null)
                Step(sent.To, new NodeInput.Received(sent.From, sent.Message));
        }
    }

    private void OnDatacenter(NodeId gate, Message message)
    {
        Told.Add((gate, message));
        if (IsDatacenterSilent) return;
        switch (message)
        {
            case Message.ReserveSlot reserve:
                _network.Enqueue((East, gate, new Message.SlotReserved(reserve.Slot, Duration.Zero)));
                break;
            case Message.StartSlot start when !StartsNothing:
                _network.Enqueue((East, gate, new Message.SlotStarted(start.Slot)));
                break;
            case Message.CancelSlot cancel:
                _network.Enqueue((East, gate, new Message.SlotRefused(cancel.Slot, "cancelled")));
                break;
            default: break;
        }
    }

    private void Step(NodeId gate, NodeInput input)
    {
        var life = _lives[gate];
        var outbox = new Outbox<NodeEffect>();
        life.Gate!.Step(input, _now, outbox);
        life.Gate.CheckInvariants();
        var appended = life.Disk.Count;
        foreach (var effect in outbox.Effects)
        {
            if (effect is NodeEffect.Append append) life.Disk.Add(append.Record);
            if (effect is NodeEffect.Emit emit) Events.Add((gate, emit.Event));
            if (effect is NodeEffect.Reply reply) _replies.Add((gate, reply.RequestId, reply.Response));
            // The disk is as fast as the step, so nothing that waits for it is held back.
            if (effect is NodeEffect.Send send) _network.Enqueue((gate, send.To, send.Message));
        }

        if (life.Disk.Count > appended) Step(gate, new NodeInput.Durable(life.Disk.Count));
    }

    private sealed class Life
    {
        public GateNode? Gate { get; set; }

        public List<WalRecord> Disk { get; } = [];
    }
}
