using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Replication;

/// <summary>What a node tells the replica of its ledger groups.</summary>
public abstract record ReplicaInput
{
    private ReplicaInput() { }

    /// <summary>The first input: the newest snapshot that <see cref="ReplicaEffect.Store"/> asked for, empty
    /// without one, and the records appended after it.</summary>
    /// <param name="Starts">How often the node was started, this time included.</param>
    public sealed record Recovered(
        long SnapshotLsn,
        ReadOnlyMemory<byte> Snapshot,
        IReadOnlyList<ReadOnlyMemory<byte>> Records,
        uint Starts) : ReplicaInput;

    /// <summary>The node wants a command in the group's log, stamped <paramref name="Stamp"/> at
    /// least.</summary>
    public sealed record Proposed(int Group, ReadOnlyMemory<byte> Command, WallTime Stamp) : ReplicaInput;

    /// <summary>Every record up to this LSN is on disk.</summary>
    public sealed record Persisted(long Lsn) : ReplicaInput;

    /// <summary>The node's state after everything applied so far.</summary>
    public sealed record StateCaptured(ReadOnlyMemory<byte> State) : ReplicaInput;
}

/// <summary>What a replica wants of its node, in order.</summary>
public abstract record ReplicaEffect
{
    private ReplicaEffect() { }

    /// <summary>Append this record to the node's log.</summary>
    public sealed record Append(ReadOnlyMemory<byte> Record) : ReplicaEffect;

    /// <summary>The entry is committed: apply it to the ledger.</summary>
    public sealed record Apply(LogEntry Entry) : ReplicaEffect;

    /// <summary>Replace the ledger's state by this one; only during recovery, before any
    /// <see cref="Apply"/>.</summary>
    public sealed record Restore(ReadOnlyMemory<byte> State) : ReplicaEffect;

    /// <summary>Store a snapshot that covers all records up to <paramref name="Lsn"/>.</summary>
    public sealed record Store(long Lsn, ReadOnlyMemory<byte> Snapshot) : ReplicaEffect;
}

public enum ReplicaVerdict : byte
{
    Accepted,

    /// <summary>Too many entries are on their way to disk.</summary>
    Overloaded,

    /// <summary>The log on disk cannot be read by this build; nothing was applied from there on.</summary>
    Unreadable,
}
