using Hyperscale.Det.Kernel;
using Hyperscale.Det.Nodes;
using Hyperscale.Det.Replication;
using Hyperscale.Det.Sim.Engine;

namespace Hyperscale.Det.Sim.Checkers;

/// <summary>A rule about the replicas of ledger groups: looks at each one whenever it has moved.</summary>
public abstract class ReplicaChecker(string name, CheckerViews views)
    : Checker(name, views | CheckerViews.Steps)
{
    private readonly SortedDictionary<int, Watched[]> _watched = [];

    public override void OnStep(
        SimHost host, NodeInput input, NodeVerdict verdict, Outbox<NodeEffect> effects)
    {
        if (host.Node is not IReplicaNode node) return;
        var place = host.Place.Index;
        if (input is NodeInput.Started || !_watched.TryGetValue(place, out var all))
            _watched[place] = all = [.. node.Replicas.Select(replica => new Watched(replica))];
        foreach (var watched in all)
            if (watched.HasMoved()) OnMoved(host, watched.Replica, effects);
    }

    /// <summary>View, last normal view, commit or status of a replica changed in the step that had these
    /// effects; called for all replicas at the first step of a life.</summary>
    protected abstract void OnMoved(SimHost host, VsrReplica replica, Outbox<NodeEffect> effects);

    /// <summary>The ledger that a group belongs to: the gates' or a datacenter's.</summary>
    protected static (string Home, int Group) LedgerOf(SimHost host, int group) =>
        (host.Place.Datacenter, group);

    /// <summary>The hosts of all replicas of a ledger group.</summary>
    protected IEnumerable<SimHost> MembersOf(SimHost member, int group)
    {
        foreach (var id in World.Topology.ReplicasOf(member.Id, group))
            if (World.TryPlace(id, out var place)) yield return World.Hosts[place];
    }

    private sealed class Watched(VsrReplica replica)
    {
        private (long View, long Normal, long Commit, VsrStatus Status) _last = (-1, -1, -1, default);

        public VsrReplica Replica { get; } = replica;

        public bool HasMoved()
        {
            var at = (Replica.View, Replica.LastNormalView, Replica.Commit, Replica.Status);
            if (at == _last) return false;
            _last = at;
            return true;
        }
    }
}
