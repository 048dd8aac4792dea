using Hyperscale.Det.Kernel;
using Hyperscale.Det.Protocol;

namespace Hyperscale.Det.Nodes;

/// <summary>A datacenter as a gate sees it: soft state that only makes placement better.</summary>
/// <param name="IsFresh">Whether its primary was heard of lately; the numbers mean nothing without.</param>
public sealed record DatacenterView(
    string Name, bool IsFresh, int Workers, int CoresFree, int LargestWorkerCores);

/// <summary>The newest heartbeat of every datacenter.</summary>
internal sealed class DatacenterBoard(Topology topology, Duration staleness)
{
    private readonly SortedDictionary<string, Heard> _heard = new(StringComparer.Ordinal);

    public NodeVerdict OnHeartbeat(NodeId from, Message.ManagerHeartbeat heartbeat, Instant now)
    {
        var datacenter = topology.Datacenter(heartbeat.Datacenter);
        if (datacenter is null || !datacenter.Managers.Contains(from)) return NodeVerdict.Unknown;
        // Those in waiting see less than the one that leads.
        if (!heartbeat.IsPrimary) return NodeVerdict.Accepted;
        if (!_heard.TryGetValue(heartbeat.Datacenter, out var heard))
            _heard.Add(heartbeat.Datacenter, heard = new Heard());
        if (!heard.Order.Accept(heartbeat.Boot, heartbeat.Version)) return NodeVerdict.Stale;

        heard.At = now;
        heard.Heartbeat = heartbeat;
        return NodeVerdict.Accepted;
    }

    public DatacenterView View(string name, Instant now) =>
        _heard.TryGetValue(name, out var heard) && now - heard.At <= staleness
            ? new(name, true, heard.Heartbeat!.Workers, heard.Heartbeat.CoresFree,
                heard.Heartbeat.LargestWorkerCores)
            : new(name, false, 0, 0, 0);

    public IReadOnlyList<DatacenterView> Views(Instant now) =>
        [.. topology.Datacenters.Select(datacenter => View(datacenter.Name, now))];

    public void AddTo(ref Fingerprint fingerprint)
    {
        foreach (var (name, heard) in _heard)
        {
            fingerprint.Add(name);
            fingerprint.Add(heard.At);
            heard.Order.AddTo(ref fingerprint);
            fingerprint.Add((long)heard.Heartbeat!.Workers);
            fingerprint.Add((long)heard.Heartbeat.CoresFree);
            fingerprint.Add((long)heard.Heartbeat.LargestWorkerCores);
        }
    }

    private sealed class Heard
    {
        public ReportOrder Order { get; } = new();

        public Instant At { get; set; }

        public Message.ManagerHeartbeat? Heartbeat { get; set; }
    }
}
