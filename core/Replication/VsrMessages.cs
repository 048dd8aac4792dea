using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Replication;

/// <summary>Settings of a group's replicas.</summary>
/// <param name="Group">The ledger group.</param>
/// <param name="Replicas">All members in the order of succession, from configuration; the primary of view v
/// is number v mod their count.</param>
/// <param name="Self">Which of them this is.</param>
/// <param name="Resend">How long an unanswered message waits before it is sent again; up to a quarter more is
/// drawn.</param>
/// <param name="Escalation">How long a view change or a catching up may take before this replica wants to
/// leave the view; doubles with every view that came to nothing, up to 8 times.</param>
/// <param name="CommitDelay">How long a commit waits for entries to ride on before it is told by
/// itself.</param>
/// <param name="InFlightMax">Most entries that are not committed.</param>
/// <param name="KeptEntries">Applied entries that stay for replicas that lag.</param>
public sealed record VsrConfig(
    int Group,
    IReadOnlyList<NodeId> Replicas,
    int Self,
    Duration Resend,
    Duration Escalation,
    Duration CommitDelay,
    int InFlightMax,
    int KeptEntries)
{
    /// <summary>Most entries of one message.</summary>
    public const int BatchEntriesMax = 256;

    /// <summary>Most command bytes of one message, and of one piece of a state.</summary>
    public const int BatchBytesMax = 1024 * 1024;

    /// <summary>Most command bytes that are not committed, but for a single larger command: what is not
    /// committed travels in one message when the view changes.</summary>
    public const long InFlightBytesMax = 8 * 1024 * 1024;

    /// <summary>Most messages with entries on their way to one backup.</summary>
    public const int WindowMax = 4;

    public int Quorum => (Replicas.Count / 2) + 1;

    public static VsrConfig Default(int group, IReadOnlyList<NodeId> replicas, int self) => new(
        group, replicas, self,
        Resend: Duration.FromMilliseconds(500),
        Escalation: Duration.FromMilliseconds(2500),
        CommitDelay: Duration.FromMilliseconds(25),
        InFlightMax: 4096,
        KeptEntries: 1024);

    public int PrimaryOf(long view) => (int)(view % Replicas.Count);
}

/// <summary>What a node tells the replica of one group.</summary>
public abstract record VsrInput
{
    private VsrInput() { }

    /// <summary>The first input: what the disk holds.</summary>
    /// <param name="Seed">For jitter and nonces.</param>
    /// <param name="NewLife">The disk lost what it had promised: the incarnation that is begun, above every
    /// earlier one. Given at every start of that life; the first one counts.</param>
    public sealed record Recovered(VsrDurable Durable, ulong Seed, long? NewLife) : VsrInput;

    /// <summary>The node wants a command in the log, stamped <paramref name="Stamp"/> at least.</summary>
    public sealed record Proposed(ReadOnlyMemory<byte> Command, WallTime Stamp) : VsrInput;

    public sealed record Received(NodeId From, VsrMessage Message) : VsrInput;

    /// <summary>The first <paramref name="Count"/> records of <see cref="VsrEffect.Persist"/> are on
    /// disk.</summary>
    public sealed record Persisted(long Count) : VsrInput;

    /// <summary>A node is thought to be dead, or not any more.</summary>
    public sealed record Suspected(NodeId Node, bool IsSuspect) : VsrInput;

    /// <summary>A node told, not long ago, in which view it follows this one and how far it has
    /// committed.</summary>
    public sealed record Followed(NodeId Node, FollowedView Told) : VsrInput;

    /// <summary>The group's state as the ledger had it where the effect stood.</summary>
    public sealed record StateCaptured(VsrEffect.CaptureState Asked, ReadOnlyMemory<byte> State) : VsrInput;

    public sealed record Tick : VsrInput;
}

/// <summary>What a replica wants of its node, in order.</summary>
public abstract record VsrEffect
{
    private VsrEffect() { }

    public sealed record Persist(VsrRecord Record) : VsrEffect;

    /// <param name="AfterPersist">May leave only when everything persisted before it is on disk.</param>
    public sealed record Send(NodeId To, VsrMessage Message, bool AfterPersist) : VsrEffect;

    /// <summary>The entry is committed: apply it to the ledger.</summary>
    public sealed record Apply(VsrEntry Entry) : VsrEffect;

    /// <summary>Replace the group's state in the ledger by this one; empty for none.</summary>
    public sealed record Restore(ReadOnlyMemory<byte> State) : VsrEffect;

    /// <summary>Answer with <see cref="VsrInput.StateCaptured"/>, captured before any effect behind this one
    /// is carried out: then it is the state at <paramref name="Position"/>.</summary>
    public sealed record CaptureState(NodeId For, LogPosition Position, WallTime Stamp) : VsrEffect;

    /// <summary>The replica is in normal operation in this view, as its primary or not.</summary>
    public sealed record ViewStarted(long View, bool IsPrimary) : VsrEffect;

    /// <summary>The replica is no longer in normal operation: what it proposed may be lost.</summary>
    public sealed record ViewLeft(long View) : VsrEffect;
}

public enum VsrVerdict : byte
{
    Accepted,

    /// <summary>Known already; answered again where an answer is due.</summary>
    Duplicate,

    /// <summary>Of an older view; the sender is told the newer one.</summary>
    StaleView,

    /// <summary>From a life of the sender whose promises are void.</summary>
    StaleIncarnation,

    /// <summary>Starts behind the end of this log.</summary>
    Gap,

    /// <summary>Only the primary of the view may do this.</summary>
    NotPrimary,

    /// <summary>Not in a state in which this may be done.</summary>
    NotNormal,

    /// <summary>Too many entries are not committed.</summary>
    Overloaded,

    /// <summary>Not of a member of the group.</summary>
    NotMember,

    /// <summary>An answer to nothing that is asked.</summary>
    Unexpected,
}

public enum VsrStatus : byte
{
    Normal,
    ViewChange,

    /// <summary>In a view whose log it does not have.</summary>
    CatchingUp,

    /// <summary>Its disk lost what it had promised; it takes part in nothing until it has caught
    /// up.</summary>
    LostDisk,
}
