namespace Hyperscale.Det.Durability;

/// <summary>What the disk held at start: the newest snapshot, then the records after it, in LSN
/// order.</summary>
/// <param name="SnapshotLsn">The last LSN the snapshot covers; 0 without one.</param>
public sealed record RecoveredLog(
    long SnapshotLsn, ReadOnlyMemory<byte> Snapshot, IReadOnlyList<WalRecord> Records)
{
    public static readonly RecoveredLog Nothing = new(0, default, []);

    /// <summary>The LSN of the last record; the next one appended is one more.</summary>
    public long LastLsn => SnapshotLsn + Records.Count;
}

/// <summary>One record of a node's log. LSNs are dense and counted from 1 by the order of appends.</summary>
public sealed record WalRecord(WalRecordKind Kind, ReadOnlyMemory<byte> Payload);

public enum WalRecordKind : byte { LogEntry = 1 }
