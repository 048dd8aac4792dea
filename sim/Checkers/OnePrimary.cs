using Hyperscale.Det.Durability;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Nodes;
using Hyperscale.Det.Replication;
using Hyperscale.Det.Sim.Engine;

namespace Hyperscale.Det.Sim.Checkers;

/// <summary>In a view of a ledger group at most one process ever commits as its primary.</summary>
public sealed class OnePrimary() : ReplicaChecker("one-primary", CheckerViews.None)
{
    private readonly SortedDictionary<(string Home, int Group, long View), (NodeId Node, int Life)>
        _leaders = [];

    protected override void OnMoved(SimHost host, VsrReplica replica, Outbox<NodeEffect> effects)
    {
        // Whoever has not committed anything yet may have lost the view with its memory, and nobody knows.
        if (!replica.HasCommittedInView) return;
        var leader = (host.Id, host.Life);
        var key = (host.Place.Datacenter, replica.Group, replica.View);
        if (_leaders.TryAdd(key, leader)) return;
        var first = _leaders[key];
        Require(first == leader, () =>
            $"{host.Id} in its life {host.Life} leads group {replica.Group} in view {replica.View}; "
            + $"{first.Node} in its life {first.Life} did");
    }
}

/// <summary>Views and last normal views never fall on a node, restarts included, once they are on its disk;
/// commits never fall in a life, commit hints never from start to start.</summary>
public sealed class ReplicasRise() : ReplicaChecker("replicas-rise", CheckerViews.None)
{
    private readonly SortedDictionary<(int Place, int Group), Floor> _floors = [];
    private readonly SortedDictionary<int, long> _durable = [];
    private readonly SortedDictionary<int, long?> _lives = [];

    public override void OnStarted(SimHost host, RecoveredLog recovered)
    {
        if (!host.Place.HasDisk) return;
        var place = host.Place.Index;
        var isNewLife = recovered.NewLife != _lives.GetValueOrDefault(place);
        _lives[place] = recovered.NewLife;
        _durable[place] = recovered.LastLsn;
        foreach (var (key, floor) in _floors.Where(entry => entry.Key.Place == place).ToList())
        {
            if (isNewLife) _floors.Remove(key);
            else floor.BeginLife();
        }
    }

    public override void OnDurable(SimHost host, long lsn)
    {
        _durable[host.Place.Index] = lsn;
        foreach (var (key, floor) in _floors)
            if (key.Place == host.Place.Index) floor.OnDurable(lsn);
    }

    protected override void OnMoved(SimHost host, VsrReplica replica, Outbox<NodeEffect> effects)
    {
        var key = (host.Place.Index, replica.Group);
        if (!_floors.TryGetValue(key, out var floor)) _floors.Add(key, floor = new Floor());
        var at = new Height(replica.View, replica.LastNormalView, replica.Commit);
        var least = floor.Least;
        Require(at.View >= least.View && at.NormalView >= least.NormalView && at.Commit >= least.Commit, () =>
            $"{host.Id} has group {replica.Group} at {at} after {least}");
        var appends = effects.Effects.Count(effect => effect is NodeEffect.Append);
        floor.Reach(at, host.Gate!.AppendedLsn + appends);
        floor.OnDurable(_durable.GetValueOrDefault(host.Place.Index));
    }

    private readonly record struct Height(long View, long NormalView, long Commit);

    /// <summary>What a replica must not fall below: all that it reached in this life, and of earlier ones
    /// what was on disk.</summary>
    private sealed class Floor
    {
        private readonly Queue<(long Lsn, Height At)> _unsynced = new();
        private Height _durable;
        private Height _inLife;
        private long _startedAt;
        private bool _hasStarted;

        public Height Least => new(
            Math.Max(_durable.View, _inLife.View),
            Math.Max(_durable.NormalView, _inLife.NormalView),
            Math.Max(_startedAt, _inLife.Commit));

        public void Reach(Height at, long lsn)
        {
            if (!_hasStarted) _startedAt = at.Commit;
            _hasStarted = true;
            _inLife = at;
            _unsynced.Enqueue((lsn, at));
        }

        public void OnDurable(long lsn)
        {
            while (_unsynced.TryPeek(out var next) && next.Lsn <= lsn) _durable = _unsynced.Dequeue().At;
        }

        public void BeginLife()
        {
            _unsynced.Clear();
            _inLife = default;
            _hasStarted = false;
        }
    }
}
