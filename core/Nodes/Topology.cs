using Hyperscale.Det.Idempotency;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Protocol;

namespace Hyperscale.Det.Nodes;

/// <summary>The configured members of a cluster. Quorums and owners come from here, never from live
/// membership.</summary>
/// <param name="ClusterId">1 to 64 characters; nodes of another cluster are refused.</param>
/// <param name="LedgerGroups">Number of ledger groups that jobs are spread over; 1 to 1024.</param>
/// <param name="ReplicasPerGroup">On how many gates each of them is kept, as far as there are so many; 1 to
/// 9.</param>
public sealed record Topology(
    string ClusterId,
    IReadOnlyList<NodeId> Gates,
    IReadOnlyList<DatacenterTopology> Datacenters,
    int LedgerGroups = 64,
    int ReplicasPerGroup = 3)
{
    /// <summary>Most replicas of one ledger.</summary>
    public const int ReplicasMax = 9;

    /// <summary>The gates that keep a ledger group, in the order of succession: the first ones in
    /// rendezvous-hash order, equal on every node.</summary>
    public IReadOnlyList<NodeId> ReplicasOfGroup(int group)
    {
        Invariant.Holds(Gates.Count > 0);
        return
        [
            .. Gates
                .OrderByDescending(gate => Rng.Draw((ulong)group, "ledger-group", gate.Name))
                .ThenBy(gate => gate)
                .Take(ReplicasPerGroup),
        ];
    }

    /// <summary>The ledger group whose primary decides about a key.</summary>
    public int GroupOfKey(IdempotencyKey key) =>
        // Mixed once more: the group's own table is ordered by the hash itself.
        (int)(Rng.Mix(key.Hash ^ 0xD1B5_4A32_D192_ED03UL) % (ulong)LedgerGroups);

    /// <summary>Who keeps a ledger group that this gate or manager takes part in.</summary>
    public IReadOnlyList<NodeId> ReplicasOf(NodeId member, int group) => Gates.Contains(member)
        ? ReplicasOfGroup(group)
        : Datacenters.First(datacenter => datacenter.Managers.Contains(member)).Managers;

    /// <summary>Who leads a ledger group of this gate or manager in a view.</summary>
    public NodeId PrimaryOf(NodeId member, int group, long view)
    {
        var replicas = ReplicasOf(member, group);
        return replicas[(int)(view % replicas.Count)];
    }

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

/// <summary>A datacenter and the managers that keep its ledger, in order of succession.</summary>
public sealed record DatacenterTopology(string Name, IReadOnlyList<NodeId> Managers);
