using Hyperscale.Det.Kernel;
using Hyperscale.Det.Protocol;

namespace Hyperscale.Det.Nodes;

/// <summary>The configured members of a cluster. Quorums and owners come from here, never from live
/// membership.</summary>
/// <param name="ClusterId">1 to 64 characters; nodes of another cluster are refused.</param>
/// <param name="LedgerGroups">Number of ledger groups that jobs are spread over; 1 to 1024.</param>
public sealed record Topology(
    string ClusterId,
    IReadOnlyList<NodeId> Gates,
    IReadOnlyList<DatacenterTopology> Datacenters,
    int LedgerGroups = 64)
{
    /// <summary>The replicas of a ledger group: the gates in rendezvous-hash order, equal on every
    /// node.</summary>
    /// <remarks>One replica a group: the group's log is that gate's alone.</remarks>
    public NodeId OwnerOfGroup(int group)
    {
        Invariant.Holds(Gates.Count > 0);
        return Gates
            .OrderByDescending(gate => Rng.Draw((ulong)group, "ledger-group", gate.Name))
            .ThenBy(gate => gate)
            .First();
    }

    /// <summary>Who leads a ledger group of this gate or manager in a view.</summary>
    public NodeId PrimaryOf(NodeId member, int group, long view) =>
        Gates.Contains(member) ? OwnerOfGroup(group) : member;

    /// <summary>How many nodes, that one included, keep each ledger of a gate or manager.</summary>
    public int CopiesOf(NodeId member) =>
        Enumerable.Range(0, Members.Count).Select(view => PrimaryOf(member, 0, view)).Distinct().Count();

    /// <summary>Every configured node.</summary>
    public IReadOnlyList<ClusterMember> Members =>
    [
        .. Gates.Select(gate => new ClusterMember(gate, NodeRole.Gate, "")),
        .. from datacenter in Datacenters
           from manager in datacenter.Managers
           select new ClusterMember(manager, NodeRole.Manager, datacenter.Name),
    ];

    public DatacenterTopology? Datacenter(string name) => Datacenters.FirstOrDefault(dc => dc.Name == name);
}

/// <summary>A datacenter and the managers that lead it, in order of succession.</summary>
public sealed record DatacenterTopology(string Name, IReadOnlyList<NodeId> Managers)
{
    /// <summary>The manager that holds the datacenter's ledger.</summary>
    public NodeId Primary => Managers[0];
}
