using Hyperscale.Det.Durability;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Nodes;
using Hyperscale.Det.Sim.Engine;

namespace Hyperscale.Det.Sim.Checkers;

/// <summary>What a disk announced durable is there at every later start, record by record, and nothing that
/// was never appended is.</summary>
public sealed class LogSurvives() : Checker("log-survives", CheckerViews.Effects)
{
    private readonly SortedDictionary<int, History> _histories = [];

    public override void OnStarted(SimHost host, RecoveredLog recovered)
    {
        if (!host.Place.HasDisk) return;
        if (!_histories.TryGetValue(host.Place.Index, out var history))
            _histories.Add(host.Place.Index, history = new History());
        if (recovered.Incarnation != history.Incarnation) BeginLife(host, recovered, history);
        Require(recovered.LastLsn >= history.Durable, () =>
            $"{host.Id} recovers up to {recovered.LastLsn}; durable were {history.Durable}");
        Require(recovered.LastLsn <= history.Records.Count, () =>
            $"{host.Id} recovers up to {recovered.LastLsn}; it appended {history.Records.Count}");
        for (var i = 0; i < recovered.Records.Count; i++)
        {
            var lsn = recovered.SnapshotLsn + i + 1;
            Require(history.Records[(int)lsn - 1] == HashOf(recovered.Records[i].Payload), () =>
                $"{host.Id} recovers another record {lsn} than it appended");
        }

        if (recovered.SnapshotLsn > 0)
        {
            Require(
                history.Snapshots.TryGetValue(recovered.SnapshotLsn, out var hashes)
                    && hashes.Contains(HashOf(recovered.Snapshot)),
                () => $"{host.Id} recovers another snapshot at {recovered.SnapshotLsn} than it stored");
        }

        var lost = history.Records.Count - (int)recovered.LastLsn;
        history.Records.RemoveRange((int)recovered.LastLsn, lost);
        history.Durable = recovered.LastLsn;
    }

    public override void OnEffect(SimHost host, NodeEffect effect)
    {
        switch (effect)
        {
            case NodeEffect.Append append:
                _histories[host.Place.Index].Records.Add(HashOf(append.Record.Payload));
                break;
            case NodeEffect.Snapshot snapshot:
                var snapshots = _histories[host.Place.Index].Snapshots;
                if (!snapshots.TryGetValue(snapshot.Lsn, out var hashes))
                    snapshots[snapshot.Lsn] = hashes = [];
                hashes.Add(HashOf(snapshot.State));
                break;
            default:
                break;
        }
    }

    public override void OnDurable(SimHost host, long lsn)
    {
        var history = _histories[host.Place.Index];
        Require(lsn >= history.Durable && lsn <= history.Records.Count, () =>
            $"{host.Id}: durable up to {lsn}, before up to {history.Durable}, "
            + $"appended {history.Records.Count}");
        history.Durable = lsn;
    }

    /// <summary>A life begins only after a loss, and the earlier one's records before the damage are all that
    /// it may have.</summary>
    private void BeginLife(SimHost host, RecoveredLog recovered, History history)
    {
        Require(history.Lives.Add(recovered.Incarnation), () =>
            $"{host.Id} is in life {recovered.Incarnation} again, after life {history.Incarnation}");
        Require(host.DiskLosses > history.Losses, () =>
            $"{host.Id} begins life {recovered.Incarnation} though nothing of its disk was lost");
        (history.Incarnation, history.Losses) = (recovered.Incarnation, host.DiskLosses);
        history.Durable = 0;
    }

    private static ulong HashOf(ReadOnlyMemory<byte> bytes)
    {
        var hash = new Fingerprint();
        hash.Add(bytes.Span);
        return hash.Value;
    }

    private sealed class History
    {
        public List<ulong> Records { get; } = [];

        public SortedDictionary<long, SortedSet<ulong>> Snapshots { get; } = [];

        public SortedSet<long> Lives { get; } = [1];

        public long Durable { get; set; }

        public long Incarnation { get; set; } = 1;

        public int Losses { get; set; }
    }
}
