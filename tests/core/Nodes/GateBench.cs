using Hyperscale.Det.Capacity;
using Hyperscale.Det.Durability;
using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Nodes;
using Hyperscale.Det.Protocol;
using Hyperscale.Det.Reliability;
using Barrier = Hyperscale.Det.Nodes.Barrier;

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
    private NodeEffect.Snapshot? _storing;
    private long _durable;
    private long _requests = 1000;
    private long _lives;
    private int _snapshots;
    private long _heartbeats;

    public GateBench(Topology? topology = null, GateConfig? config = null, NodeId? id = null)
    {
        Topology = topology ?? OneGate;
        Config = config ?? WithoutRetries;
        Id = id ?? GateA;
        Gate = new GateNode(Id, Topology, Config);
        Restart();
    }

    /// <summary>Jobs that do not ask for retries have none.</summary>
    public static GateConfig WithoutRetries => GateConfig.Default with
    {
        RetryBudget = RetryBudgetConfig.Standard with { Default = 0 },
    };

    public static Topology OneGate => new(
        "test", [GateA], [new("east", [East, EastSecond]), new("west", [West])], LedgerGroups: 1,
        ReplicasPerGroup: 1);

    public static Topology OneManagerEach => OneGate with
    {
        Datacenters = [new("east", [East]), new("west", [West])],
    };

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

    public int Snapshots => _snapshots;

    /// <summary>Every effect since the last <see cref="Forget"/>, but talk of who is alive and
    /// of how jobs are routed.</summary>
    public IReadOnlyList<NodeEffect> History => _history;

    /// <summary>Answers to heartbeats.</summary>
    public List<Message.HeartbeatEchoed> Echoes { get; } = [];

    public IEnumerable<(NodeId To, Message Message)> Sent => SentIn(_history);

    public IEnumerable<ClientResponse> Replies =>
        _history.OfType<NodeEffect.Reply>().Select(reply => reply.Response);

    public IEnumerable<TelemetryEvent> Told =>
        _history.OfType<NodeEffect.Emit>().Select(emit => emit.Event);

    public static NodeEffect.Send Send(NodeId to, Message message) => new(to, message, Barrier.None);

    public static NodeEffect.Reply Reply(long requestId, ClientResponse response) =>
        new(requestId, response, Barrier.None);

    public static NodeEffect.Emit Tell(TelemetryEvent telemetry) => new(telemetry);

    public static IEnumerable<(NodeId To, Message Message)> SentIn(IEnumerable<NodeEffect> effects) =>
        effects.OfType<NodeEffect.Send>().Select(send => (send.To, send.Message));

    public ulong Fingerprint
    {
        get
        {
            var fingerprint = default(Fingerprint);
            Gate.AddTo(ref fingerprint);
            return fingerprint.Value;
        }
    }

    /// <summary>Steps the gate; with a fast disk also tells it that what it appended is durable. Gives the
    /// effects, without what only the disk sees.</summary>
    public IReadOnlyList<NodeEffect> When(NodeInput input)
    {
        var before = _history.Count;
        Verdict = Step(input);
        if (IsDiskFast) Persist();
        return [.. _history[before..].Where(effect => effect is not NodeEffect.Append)];
    }

    public IReadOnlyList<NodeEffect> Receive(NodeId from, Message message) =>
        When(new NodeInput.Received(from, message));

    /// <summary>Asks as a client of the gate's process.</summary>
    public IReadOnlyList<NodeEffect> Ask(ClientRequest request, long requestId = 1) =>
        When(new NodeInput.ClientRequested(requestId, request));

    /// <summary>Tells the gate that everything it appended is on disk, until it appends no more.</summary>
    public IReadOnlyList<NodeEffect> Persist()
    {
        var before = _history.Count;
        while (_durable < _snapshot.SnapshotLsn + _records.Count)
        {
            Step(new NodeInput.Durable(_snapshot.SnapshotLsn + _records.Count));
        }

        return [.. _history[before..].Where(effect => effect is not NodeEffect.Append)];
    }

    /// <summary>Submits a job and gives its name.</summary>
    public JobId Submit(JobSpec spec)
    {
        var effects = Ask(new ClientRequest.SubmitJob(spec), ++_requests);
        return Assert.IsType<ClientResponse.Accepted>(
            Assert.Single(effects.OfType<NodeEffect.Reply>()).Response).Job;
    }

    /// <summary>The slot's present assignment, after checking that this manager was asked for it.</summary>
    public SlotKey Reserve(JobId job, int slot, NodeId manager)
    {
        var key = Job(job).Slots[slot].KeyIn(job);
        Assert.Contains(
            Sent, sent => sent.To == manager && sent.Message is Message.ReserveSlot r && r.Slot == key);
        return key;
    }

    /// <summary>Submits a job and brings its first slot to run in the east.</summary>
    public SlotKey Run(JobSpec spec)
    {
        var key = Reserve(Submit(spec), 0, East);
        Receive(East, new Message.SlotReserved(key, Duration.Zero));
        Receive(East, new Message.SlotStarted(key));
        return key;
    }

    public void Heartbeat(
        string datacenter, NodeId manager, int workers = 1, int coresFree = 4, int largest = 4) =>
        Receive(manager, new Message.ManagerHeartbeat(
            datacenter, new BootId(1), ++_heartbeats, true, 1, workers, 4, coresFree, largest, 0)
        {
            Capacity = HeartbeatCapacity.None,
        });

    public LedgerJob Job(JobId id)
    {
        Assert.True(Gate.Ledger.TryGet(id, out var job));
        return job;
    }

    /// <summary>What a client that asks is told of a job.</summary>
    public JobStatus Status(JobId id)
    {
        var effects = Ask(new ClientRequest.GetJob(id), ++_requests);
        return Assert.IsType<ClientResponse.Status>(
            Assert.Single(effects.OfType<NodeEffect.Reply>()).Response).Job;
    }

    /// <summary>The next record reaches the disk.</summary>
    public void PersistOne() => When(new NodeInput.Durable(_durable + 1));

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
        _storing = null;
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

    /// <summary>Submits so many jobs that the checks after every step would take too long.</summary>
    public void Flood(int jobs)
    {
        for (var i = 0; i < jobs; i++)
        {
            var submit = new ClientRequest.SubmitJob(Specs.Job());
            Step(new NodeInput.ClientRequested(i, submit), isChecked: false);
        }
    }

    private NodeVerdict Step(NodeInput input, bool isChecked = true)
    {
        if (input is NodeInput.Durable durable) _durable = durable.Lsn;
        _outbox.Clear();
        var verdict = Gate.Step(input, Now, _outbox);
        foreach (var effect in _outbox.Effects)
        {
            if (!IsMembership(effect)) _history.Add(effect);
            if (effect is NodeEffect.Send { Message: Message.HeartbeatEchoed echo }) Echoes.Add(echo);
            if (effect is NodeEffect.Append append) _records.Add(append.Record);
            if (effect is not NodeEffect.Snapshot snapshot) continue;
            _storing = snapshot;
            _snapshots++;
        }

        Store();

        if (isChecked) Gate.CheckInvariants();
        return verdict;
    }

    /// <summary>Talk of who is alive, which goes on beside everything.</summary>
    private static bool IsMembership(NodeEffect effect) =>
        effect is NodeEffect.SendDatagram
            or NodeEffect.Send { Message: Message.Membership or Message.HeartbeatEchoed }
            or NodeEffect.Emit { Event: TelemetryEvent.JobRouted or TelemetryEvent.LatencyObserved };

    /// <summary>A snapshot is written behind the records that it covers.</summary>
    private void Store()
    {
        if (_storing is not { } snapshot || snapshot.Lsn > _durable) return;
        _storing = null;
        _records.RemoveRange(0, (int)(snapshot.Lsn - _snapshot.SnapshotLsn));
        _snapshot = new RecoveredLog(snapshot.Lsn, snapshot.State, []);
    }
}
