using Hyperscale.Det.Kernel;
using Hyperscale.Det.Nodes;
using Hyperscale.Det.Replication;
using Hyperscale.Det.Sim.Engine;

namespace Hyperscale.Det.Sim.Checkers;

/// <summary>A ledger group has one committed history (I1, I2): at every op the same entry, whichever replica
/// in whichever life commits it.</summary>
/// <remarks>Hashes chain, so equal ones at an op mean equal histories up to it.</remarks>
public sealed class OneHistory() : ReplicaChecker("one-history", CheckerViews.None)
{
    // The hash at each op that was ever committed; of op 0 the empty log's.
    private readonly SortedDictionary<(string Home, int Group), List<ulong>> _histories = [];

    protected override void OnMoved(SimHost host, VsrReplica replica, Outbox<NodeEffect> effects)
    {
        var key = LedgerOf(host, replica.Group);
        if (!_histories.TryGetValue(key, out var history))
            _histories.Add(key, history = [LogPosition.Start.Hash]);
        var log = replica.Log;
        Require(log.Base.Op < history.Count, () =>
            $"{host.Id} has a state of group {replica.Group} up to op {log.Base.Op}; "
            + $"committed were {history.Count - 1}");
        Same(host, replica, history, log.Base.Op);
        Same(host, replica, history, Math.Min(replica.Commit, history.Count - 1));
        for (long op = history.Count; op <= replica.Commit; op++) history.Add(log.At(op).Hash);
    }

    private void Same(SimHost host, VsrReplica replica, List<ulong> history, long op)
    {
        var known = history[(int)op];
        var found = replica.Log.At(op).Hash;
        Require(found == known, () =>
            $"{host.Id} committed {found:x16} at op {op} of group {replica.Group} in view {replica.View}; "
            + $"{known:x16} was committed there");
    }
}
