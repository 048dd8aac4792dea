using System.Net;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Nodes;
using Hyperscale.Det.Protocol;
using Hyperscale.Det.Shell.Config;
using Hyperscale.Det.Shell.Transport;

namespace Hyperscale.Det.Shell.Cluster;

/// <summary>The nodes of an embedded cluster, each with its address on loopback already taken, so that nobody
/// dials one that is not there.</summary>
internal sealed class ClusterPlan
{
    private const string ClusterId = "embedded";

    private readonly Dictionary<NodeId, PeerAddress> _addresses = [];
    private readonly ReadSettings _settings;

    private ClusterPlan(Topology topology, ReadSettings settings) =>
        (Topology, _settings) = (topology, settings);

    public Topology Topology { get; }

    public IReadOnlyDictionary<NodeId, PeerAddress> Addresses => _addresses;

    public List<PlannedNode> Nodes { get; } = [];

    public static ClusterPlan Of(EmbeddedClusterOptions options, string dataDirectory)
    {
        var gates = Names("gate", options.Gates);
        var datacenters = Enumerable.Range(0, options.Datacenters)
            .Select(i => $"dc-{(char)('a' + i)}")
            .Select(name => new DatacenterTopology(name, Names($"{name}/manager", options.Managers)))
            .ToList();
        var plan = new ClusterPlan(new Topology(ClusterId, gates, datacenters), options.Settings);
        try
        {
            foreach (var gate in gates) plan.Add(gate, NodeRole.Gate, "", dataDirectory);
            foreach (var datacenter in datacenters)
            {
                foreach (var manager in datacenter.Managers)
                    plan.Add(manager, NodeRole.Manager, datacenter.Name, dataDirectory);
                foreach (var worker in Names($"{datacenter.Name}/worker", options.Workers))
                    plan.Add(worker, NodeRole.Worker, datacenter.Name, "", options.Cores);
            }
        }
        catch
        {
            foreach (var node in plan.Nodes) node.Listener?.Dispose();
            throw;
        }

        return plan;
    }

    private void Add(NodeId id, NodeRole role, string datacenter, string dataDirectory, int cores = 0)
    {
        var listener = role == NodeRole.Worker ? null : PeerListener.BindLasting(IPAddress.Loopback);
        if (listener is not null) _addresses.Add(id, PeerAddress.Of(listener.Address));
        var directory = listener is null ? "" : Path.Combine(dataDirectory, id.Name);
        Nodes.Add(new PlannedNode(
            new NodeSettings(
                id, role, datacenter, listener?.Address, null, directory, cores, Topology, _addresses,
                _settings),
            listener));
    }

    private static List<NodeId> Names(string prefix, int count) =>
        [.. Enumerable.Range(1, count).Select(i => NodeId.Of($"{prefix}-{i}"))];
}

/// <param name="Listener">The node's address, taken; null for one that only dials.</param>
internal sealed record PlannedNode(NodeSettings Settings, PeerListener? Listener);
