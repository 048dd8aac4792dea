using Hyperscale.Det.Durability;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Nodes;
using Hyperscale.Det.Replication;
using Hyperscale.Det.Sim.Engine;

namespace Hyperscale.Det.Sim.Checkers;

/// <summary>What a replica commits is on the disks of a quorum at that moment (I3), and stays there through
/// every view, restart and transfer.</summary>
/// <remarks>A disk that was lost is excused until its replica has learnt from the others again.</remarks>
public sealed class CommittedSurvives() : ReplicaChecker("committed-survives", CheckerViews.Effects)
{
    private readonly SortedDictionary<int, ReplicaDisk> _disks = [];
    private readonly SortedDictionary<(string Home, int Group), LogPosition> _committed = [];

    public override void OnStarted(SimHost host, RecoveredLog recovered)
    {
        if (!host.Place.HasDisk) return;
        _disks[host.Place.Index] = new ReplicaDisk(recovered);
        foreach (var (home, group) in _committed.Keys)
            if (home == host.Place.Datacenter) IsOnQuorum(host, group, "starts");
    }

    public override void OnEffect(SimHost host, NodeEffect effect)
    {
        if (effect is NodeEffect.Append append) _disks[host.Place.Index].Append(append.Record);
    }

    public override void OnDurable(SimHost host, long lsn)
    {
        foreach (var group in _disks[host.Place.Index].Sync(lsn)) IsOnQuorum(host, group, "replaced its log");
    }

    protected override void OnMoved(SimHost host, VsrReplica replica, Outbox<NodeEffect> effects)
    {
        var key = LedgerOf(host, replica.Group);
        if (_committed.TryGetValue(key, out var last) && last.Op >= replica.Commit) return;
        _committed[key] = replica.Log.At(replica.Commit);
        IsOnQuorum(host, replica.Group, "commits");
    }

    private void IsOnQuorum(SimHost host, int group, string why)
    {
        if (!_committed.TryGetValue(LedgerOf(host, group), out var position) || position.Op == 0) return;
        var (members, holding) = (0, 0);
        foreach (var member in MembersOf(host, group))
        {
            members++;
            if (!_disks.TryGetValue(member.Place.Index, out var disk)) continue;
            if (disk.IsLost(group) || disk.Holds(group, position)) holding++;
        }

        Require(holding > members / 2, () =>
            $"when {host.Id} {why}, {holding} of {members} disks hold op {position.Op} "
            + $"of group {group}, which is committed");
    }
}
