using Hyperscale.Det.Kernel;
using Hyperscale.Det.Protocol;

namespace Hyperscale.Det.Nodes;

/// <summary>A datacenter as a gate sees it: soft state that only makes placement better.</summary>
/// <param name="IsFresh">Whether its primary was heard of lately; the numbers mean nothing without.</param>
/// <param name="IsGathering">Whether its primary leads too newly to know all its workers: there may be
/// more.</param>
public sealed record DatacenterView(
    string Name, bool IsFresh, bool IsGathering, int Workers, int LargestWorkerCores);

/// <summary>The newest heartbeat of every datacenter.</summary>
public sealed class DatacenterBoard(Topology topology, Duration staleness)
{
    private readonly SortedDictionary<string, Heard> _heard = new(StringComparer.Ordinal);

    // Whoever of the managers was heard of, leading or not.
    private readonly SortedDictionary<NodeId, Instant> _aliveAt = [];

    /// <summary>Whether any manager of the datacenter was ever heard of.</summary>
    public bool Knows(DatacenterTopology datacenter) => datacenter.Managers.Any(_aliveAt.ContainsKey);

    /// <summary>How many managers of the datacenter were heard of lately.</summary>
    public int AliveManagers(DatacenterTopology datacenter, Instant now) => datacenter.Managers.Count(
        manager => _aliveAt.TryGetValue(manager, out var at) && now - at <= staleness);

    /// <summary>Whether a manager was heard of later than that.</summary>
    public bool IsHeardSince(NodeId manager, Instant since) =>
        _aliveAt.TryGetValue(manager, out var at) && at > since;

    /// <summary>Whether any manager of a datacenter was heard of later than that.</summary>
    public bool IsAnyHeardSince(DatacenterTopology datacenter, Instant since) =>
        datacenter.Managers.Any(manager => IsHeardSince(manager, since));

    /// <summary>A manager was heard of by what it answered.</summary>
    public void OnAlive(NodeId manager, Instant now) => _aliveAt[manager] = now;

    public NodeVerdict OnHeartbeat(NodeId from, Message.ManagerHeartbeat heartbeat, Instant now)
    {
        var datacenter = topology.Datacenter(heartbeat.Datacenter);
        if (datacenter is null || !datacenter.Managers.Contains(from)) return NodeVerdict.Unknown;
        _aliveAt[from] = now;
        // Those in waiting see less than the one that leads.
        if (!heartbeat.IsPrimary) return NodeVerdict.Accepted;
        var heard = HeardOf(datacenter);
        if (heartbeat.View < heard.View) return NodeVerdict.Stale;
        if (heartbeat.View > heard.View || from != heard.Primary) heard.Follow(from, heartbeat.View);
        if (!heard.Order.Accept(heartbeat.Boot, heartbeat.Version)) return NodeVerdict.Stale;

        heard.At = now;
        heard.Heartbeat = heartbeat;
        return NodeVerdict.Accepted;
    }

    /// <summary>A manager said who leads its datacenter.</summary>
    public void OnPrimaryTold(DatacenterTopology datacenter, NodeId primary, long view)
    {
        var heard = HeardOf(datacenter);
        if (view > heard.View && datacenter.Managers.Contains(primary)) heard.Follow(primary, view);
    }

    /// <summary>Whom to tell what the datacenter is to do.</summary>
    /// <param name="silences">How often its primary was told and did not answer: it may not lead any more, so
    /// the others are asked in turn.</param>
    public NodeId ManagerFor(DatacenterTopology datacenter, int silences)
    {
        var managers = datacenter.Managers;
        var primary = _heard.TryGetValue(datacenter.Name, out var heard) ? heard.Primary : managers[0];
        if (silences < 2) return primary;
        var first = 0;
        while (managers[first] != primary) first++;
        return managers[(first + silences - 1) % managers.Count];
    }

    public DatacenterView View(string name, Instant now) =>
        _heard.TryGetValue(name, out var heard) && heard.Heartbeat is { } told && now - heard.At <= staleness
            ? new(name, true, told.Capacity is null, told.Workers, told.LargestWorkerCores)
            : new(name, false, false, 0, 0);

    public IReadOnlyList<DatacenterView> Views(Instant now) =>
        [.. topology.Datacenters.Select(datacenter => View(datacenter.Name, now))];

    public void AddTo(ref Fingerprint fingerprint)
    {
        foreach (var (manager, at) in _aliveAt)
        {
            fingerprint.Add(manager);
            fingerprint.Add(at);
        }

        foreach (var (name, heard) in _heard)
        {
            fingerprint.Add(name);
            fingerprint.Add(heard.At);
            fingerprint.Add(heard.Primary);
            fingerprint.Add(heard.View);
            heard.Order.AddTo(ref fingerprint);
            if (heard.Heartbeat is not { } told) continue;
            fingerprint.Add(told.Capacity is null);
            fingerprint.Add((long)told.Workers);
            fingerprint.Add((long)told.LargestWorkerCores);
        }
    }

    private Heard HeardOf(DatacenterTopology datacenter)
    {
        if (!_heard.TryGetValue(datacenter.Name, out var heard))
            _heard.Add(datacenter.Name, heard = new Heard(datacenter.Managers[0]));
        return heard;
    }

    private sealed class Heard(NodeId primary)
    {
        public NodeId Primary { get; private set; } = primary;

        /// <summary>In which it leads the datacenter's ledger.</summary>
        public long View { get; private set; }

        public ReportOrder Order { get; private set; } = new();

        public Instant At { get; set; }

        public Message.ManagerHeartbeat? Heartbeat { get; set; }

        public void Follow(NodeId primary, long view)
        {
            if (primary != Primary) Order = new ReportOrder();
            (Primary, View) = (primary, view);
        }
    }
}
