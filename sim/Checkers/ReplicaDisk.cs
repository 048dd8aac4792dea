using Hyperscale.Det.Durability;
using Hyperscale.Det.Replication;

namespace Hyperscale.Det.Sim.Checkers;

/// <summary>What the disk of one node holds for sure of each of its replicas: its synced records,
/// folded.</summary>
internal sealed class ReplicaDisk
{
    private readonly SortedDictionary<int, VsrDurable> _groups;
    private readonly Queue<(long Lsn, GroupRecord Record)> _unsynced = new();
    private readonly long _life;
    private long _appended;

    public ReplicaDisk(RecoveredLog recovered)
    {
        _groups = ReplicaSnapshot.Decode(recovered.Snapshot.Span) ?? [];
        _life = recovered.NewLife ?? 0;
        _appended = recovered.LastLsn;
        foreach (var record in recovered.Records)
            if (GroupRecord.Decode(record.Payload.Span) is { } decoded) Fold(decoded);
    }

    public void Append(WalRecord record)
    {
        _appended++;
        if (GroupRecord.Decode(record.Payload.Span) is { } decoded) _unsynced.Enqueue((_appended, decoded));
    }

    /// <summary>The disk holds everything up to an LSN; returns the groups whose log was replaced by
    /// that.</summary>
    public IReadOnlyCollection<int> Sync(long lsn)
    {
        var replaced = new SortedSet<int>();
        while (_unsynced.TryPeek(out var next) && next.Lsn <= lsn)
        {
            Fold(_unsynced.Dequeue().Record);
            if (next.Record.Record is VsrRecord.LogInstalled) replaced.Add(next.Record.Group);
        }

        return replaced;
    }

    /// <summary>Whether the group's log or state on this disk has what is committed up to a
    /// position.</summary>
    public bool Holds(int group, LogPosition position) =>
        _groups.TryGetValue(group, out var durable)
        && (durable.Log.Base.Op > position.Op || durable.Log.Holds(position));

    /// <summary>Whether the group's log or state on this disk reaches up to an entry, whatever it
    /// says.</summary>
    public bool HasOp(int group, long op) =>
        _groups.TryGetValue(group, out var durable) && durable.Log.Op >= op;

    /// <summary>Whether this disk lost what it had promised of the group, and has not made it good.</summary>
    public bool IsLost(int group) => !_groups.TryGetValue(group, out var durable)
        ? _life > 0
        : durable.IsDiskLost || durable.DiskLife != _life;

    private void Fold(GroupRecord record)
    {
        if (!_groups.TryGetValue(record.Group, out var durable))
            _groups.Add(record.Group, durable = new VsrDurable());
        // A record that does not fit is what another checker is for.
        durable.TryReplay(record.Record);
    }
}
