using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Replication;

/// <summary>What the replicas of one group tell each other; the names are those of Viewstamped Replication
/// Revisited.</summary>
/// <param name="View">The sender's view, or the view the message is about.</param>
/// <param name="Incarnation">The sender's life: rises when its disk lost what it had promised.</param>
public abstract record VsrMessage(long View, long Incarnation)
{
    /// <summary>The primary's entries behind <paramref name="Previous"/>, and how far it has
    /// committed.</summary>
    public sealed record Prepare(
        long View, long Incarnation, LogPosition Previous, long CommitOp, IReadOnlyList<VsrEntry> Entries)
        : VsrMessage(View, Incarnation);

    /// <summary>Everything up to <paramref name="End"/> is on the sender's disk, and it has committed up to
    /// <paramref name="Committed"/>.</summary>
    public sealed record PrepareOk(long View, long Incarnation, LogPosition End, long Committed)
        : VsrMessage(View, Incarnation);

    /// <summary>The primary has committed up to here; sent when nothing else says so.</summary>
    public sealed record Commit(long View, long Incarnation, long Op) : VsrMessage(View, Incarnation);

    /// <summary>The sender wants to leave this view.</summary>
    public sealed record ExitView(long View, long Incarnation) : VsrMessage(View, Incarnation);

    /// <summary>The sender has joined the view. Its log is <paramref name="Tail"/> behind
    /// <paramref name="TailFrom"/>, up to which it has committed.</summary>
    public sealed record DoViewChange(
        long View, long Incarnation, long LastNormalView, LogPosition TailFrom, IReadOnlyList<VsrEntry> Tail)
        : VsrMessage(View, Incarnation)
    {
        public LogPosition End => Tail.Count == 0 ? TailFrom : new LogPosition(Tail[^1].Op, Tail[^1].Hash);
    }

    /// <summary>The view has begun with this log; everything up to <paramref name="TailFrom"/> is
    /// committed.</summary>
    public sealed record StartView(
        long View, long Incarnation, LogPosition TailFrom, IReadOnlyList<VsrEntry> Tail)
        : VsrMessage(View, Incarnation)
    {
        public LogPosition End => Tail.Count == 0 ? TailFrom : new LogPosition(Tail[^1].Op, Tail[^1].Hash);
    }

    /// <summary>The receiver is behind: this is the sender's view.</summary>
    public sealed record NewerView(long View, long Incarnation) : VsrMessage(View, Incarnation);

    /// <summary>The receiver spoke in an earlier life than <paramref name="Known"/>, which the sender knows
    /// of it: nobody listens to it before it is in a later one.</summary>
    public sealed record LaterLife(long View, long Incarnation, long Known) : VsrMessage(View, Incarnation);

    /// <summary>Asks for the log of this view behind <paramref name="From"/>, part by part.</summary>
    /// <param name="Part">0 first; then the number after the last one received.</param>
    public sealed record GetState(long View, long Incarnation, LogPosition From, int Part)
        : VsrMessage(View, Incarnation);

    /// <summary>One part of a log: entries behind <paramref name="Previous"/>, or where the log no longer
    /// reaches back so far, a piece of the state at <paramref name="Previous"/> first.</summary>
    /// <param name="LastNormalView">The view in which the sender's log was whole.</param>
    /// <param name="CommitOp">How far the sender has committed.</param>
    /// <param name="Piece">A piece of the state; null when the entries alone do.</param>
    /// <param name="IsLast">Nothing follows: with this part the log is whole.</param>
    /// <param name="Asker">The life of the receiver that asked.</param>
    public sealed record NewState(
        long View,
        long Incarnation,
        int Part,
        long LastNormalView,
        long CommitOp,
        LogPosition Previous,
        WallTime PreviousStamp,
        ReadOnlyMemory<byte>? Piece,
        IReadOnlyList<VsrEntry> Entries,
        bool IsLast,
        long Asker = 0)
        : VsrMessage(View, Incarnation);

    /// <summary>The sender's disk lost what it had promised; it is in this new life.</summary>
    public sealed record Recovery(long View, long Incarnation, ulong Nonce) : VsrMessage(View, Incarnation);

    /// <summary>Answers a recovery; the sender counts nothing any more of the receiver's earlier
    /// lives.</summary>
    public sealed record RecoveryResponse(
        long View, long Incarnation, ulong Nonce, long Recovered, bool IsPrimary)
        : VsrMessage(View, Incarnation);
}
