using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Replication;

/// <summary>What a node tells the replicas of its ledger groups.</summary>
public abstract record ReplicaInput
{
    private ReplicaInput() { }

    /// <summary>The first input: the newest snapshot that <see cref="ReplicaEffect.Store"/> asked for, empty
    /// without one, and the records appended after it.</summary>
    /// <param name="NewLife">The disk lost what it had promised: the incarnation that is begun, above every
    /// earlier one of this node. Given at every start of that life; null in the first life.</param>
    public sealed record Recovered(
        long SnapshotLsn,
        ReadOnlyMemory<byte> Snapshot,
        IReadOnlyList<ReadOnlyMemory<byte>> Records,
        ulong Seed,
        long? NewLife) : ReplicaInput;

    /// <summary>The node wants a command in the group's log, stamped <paramref name="Stamp"/> at
    /// least.</summary>
    public sealed record Proposed(int Group, ReadOnlyMemory<byte> Command, WallTime Stamp) : ReplicaInput;

    public sealed record Received(NodeId From, IReadOnlyList<GroupMessage> Messages) : ReplicaInput;

    /// <summary>Every record up to this LSN is on disk.</summary>
    public sealed record Persisted(long Lsn) : ReplicaInput;

    public sealed record HeartbeatReceived(NodeId From, long Sequence) : ReplicaInput;

    /// <param name="Following">The groups in which the sender followed this node when it answered.</param>
    public sealed record HeartbeatAnswered(
        NodeId From, long Sequence, IReadOnlyList<FollowedView> Following) : ReplicaInput;

    /// <summary>Membership thinks that a node is dead, or does not any more.</summary>
    public sealed record Suspected(NodeId Node, bool IsSuspect) : ReplicaInput;

    /// <summary>One group's state as it was at its place among the effects: the answer to
    /// <see cref="ReplicaEffect.CaptureGroup"/>.</summary>
    public sealed record GroupCaptured(int Group, VsrEffect.CaptureState Asked, ReadOnlyMemory<byte> State)
        : ReplicaInput;

    /// <summary>Every group's state after everything applied so far, for a snapshot.</summary>
    public sealed record StateCaptured(IReadOnlyDictionary<int, ReadOnlyMemory<byte>> States) : ReplicaInput;

    public sealed record Tick : ReplicaInput;
}

/// <summary>What the replicas want of their node, in order.</summary>
public abstract record ReplicaEffect
{
    private ReplicaEffect() { }

    /// <summary>Promises nothing; may leave at once, as may its answer.</summary>
    public sealed record SendHeartbeat(NodeId To, long Sequence) : ReplicaEffect;

    public sealed record AnswerHeartbeat(
        NodeId To, long Sequence, IReadOnlyList<FollowedView> Following) : ReplicaEffect;

    /// <summary>Append this record to the node's log.</summary>
    public sealed record Append(ReadOnlyMemory<byte> Record) : ReplicaEffect;

    /// <param name="AfterPersist">May leave only when everything appended before it is on disk.</param>
    public sealed record Send(NodeId To, IReadOnlyList<GroupMessage> Messages, bool AfterPersist)
        : ReplicaEffect;

    /// <summary>The entry is committed: apply it to the ledger.</summary>
    public sealed record Apply(LogEntry Entry) : ReplicaEffect;

    /// <summary>Replace the group's state in the ledger by this one; empty for none.</summary>
    public sealed record Restore(int Group, ReadOnlyMemory<byte> State) : ReplicaEffect;

    /// <summary>Answer with <see cref="ReplicaInput.GroupCaptured"/> before anything else is
    /// applied.</summary>
    public sealed record CaptureGroup(int Group, VsrEffect.CaptureState Asked) : ReplicaEffect;

    /// <summary>Store a snapshot that covers all records up to <paramref name="Lsn"/>.</summary>
    public sealed record Store(long Lsn, ReadOnlyMemory<byte> Snapshot) : ReplicaEffect;

    /// <summary>The group is in normal operation in this view. The node that leads it has everything
    /// that was committed in earlier views; one that follows may still lack some of it.</summary>
    public sealed record ViewStarted(int Group, long View, bool IsPrimary) : ReplicaEffect;

    /// <summary>The group left this view: what this node proposed in it may be lost.</summary>
    public sealed record ViewLeft(int Group, long View) : ReplicaEffect;
}

public enum ReplicaVerdict : byte
{
    Accepted,

    /// <summary>Another node leads the group.</summary>
    NotPrimary,

    /// <summary>This node is no replica of the group.</summary>
    NotMember,

    /// <summary>Too many entries are not committed.</summary>
    Overloaded,

    /// <summary>More than a snapshot holds; none is stored.</summary>
    TooLarge,

    /// <summary>Older than what is known.</summary>
    Stale,

    /// <summary>An answer to nothing that was asked in this life.</summary>
    Unexpected,

    /// <summary>The log on disk cannot be read by this build; nothing was applied.</summary>
    Unreadable,
}
