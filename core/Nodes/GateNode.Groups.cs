using Hyperscale.Det.Kernel;
using Hyperscale.Det.Protocol;
using Hyperscale.Det.Replication;

namespace Hyperscale.Det.Nodes;

/// <content>The replicas of this gate, as others may see them.</content>
public sealed partial class GateNode
{
    private NodeVerdict OnGetCluster(Asked asked, ClientRequest.GetCluster cluster, Turn turn)
    {
        List<NodeId> others = cluster.LocalOnly ? [] : [.. _topology.Gates.Where(gate => gate != Id)];
        if (!HasRoomFor(others)) return TurnAway(asked.Caller, "too many requests wait here", turn);

        var own = new GateReplicas(Id, [.. Replicas.Select(replica => StateOf(replica, turn.Now))]);
        return Ask(
            others,
            new ClientRequest.GetCluster(LocalOnly: true),
            new ClusterGather(asked, own, others),
            turn);
    }

    private ReplicaState StateOf(VsrReplica replica, Instant now) => new(
        replica.Group,
        replica.Status,
        replica.View,
        replica.Primary,
        _led.ContainsKey(replica.Group),
        _replicas.HasLease(replica.Group, now),
        replica.Commit,
        replica.Op,
        Math.Max(1, replica.Incarnation));
}
