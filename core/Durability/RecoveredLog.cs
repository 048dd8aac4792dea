namespace Hyperscale.Det.Durability;

/// <summary>What the disk held at start: the newest snapshot, then the records after it, in LSN
/// order.</summary>
/// <param name="SnapshotLsn">The last LSN the snapshot covers; 0 without one.</param>
public sealed record RecoveredLog(
    long SnapshotLsn, ReadOnlyMemory<byte> Snapshot, IReadOnlyList<WalRecord> Records)
{
    public static readonly RecoveredLog Nothing = new(0, default, []);

    /// <summary>Which life the disk is in: 1 for one that never lost anything, more for one that was begun
    /// anew after it had lost what it promised.</summary>
    public long Incarnation { get; init; } = 1;

    /// <summary>The life that whatever the log holds of an earlier one does not belong to; null in the first
    /// life.</summary>
    public long? NewLife => Incarnation > 1 ? Incarnation : null;

    /// <summary>The LSN of the last record; the next one appended is one more.</summary>
    public long LastLsn => SnapshotLsn + Records.Count;
}

/// <summary>One record of a node's log. LSNs are dense and counted from 1 by the order of appends.</summary>
public sealed record WalRecord(WalRecordKind Kind, ReadOnlyMemory<byte> Payload);

public enum WalRecordKind : byte { LogEntry = 1 }
