using Hyperscale.Det.Kernel;
using Hyperscale.Det.Protocol;
using Hyperscale.Det.Replication;

namespace Hyperscale.Det.Nodes;

/// <content>The replicas of this gate, as others may see them.</content>
public sealed partial class GateNode
{
    /// <summary>The replica of each group that this gate keeps; for reading.</summary>
    public IReadOnlyCollection<VsrReplica> Groups => _replicas.Groups;

    private NodeVerdict OnGetCluster(Asked asked, ClientRequest.GetCluster cluster, Turn turn)
    {
        List<NodeId> others = cluster.LocalOnly ? [] : [.. _topology.Gates.Where(gate => gate != Id)];
        if (others.Count > 0 && Waiters + others.Count > _config.WaitersMax)
            return TurnAway(asked.Caller, "too many requests wait here", turn);

        var own = new GateReplicas(Id, [.. Groups.Select(replica => StateOf(replica, turn.Now))]);
        var gather = new ClusterGather(asked, own, others);
        if (gather.IsComplete) Conclude(gather, turn);
        var local = asked with { Request = new ClientRequest.GetCluster(LocalOnly: true) };
        foreach (var gate in others) Call(local, gate, gather, turn);
        return NodeVerdict.Accepted;
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
