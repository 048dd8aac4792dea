using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Replication;

/// <summary>One entry of a group's replicated log.</summary>
/// <param name="Op">Dense from 1.</param>
/// <param name="View">The view whose primary made the entry.</param>
/// <param name="Stamp">That primary's wall time; never falls within a log.</param>
/// <param name="Command">Empty in the entry that a new primary begins its view with.</param>
/// <param name="Hash">Chains the entry to all before it: equal hashes at an op mean equal logs up to
/// it.</param>
public sealed record VsrEntry(
    long Op, long View, WallTime Stamp, ReadOnlyMemory<byte> Command, ulong Hash)
{
    public bool IsNoop => Command.IsEmpty;

    /// <summary>The entry that follows a log ending at <paramref name="previous"/>.</summary>
    public static VsrEntry After(
        LogPosition previous, long view, WallTime stamp, ReadOnlyMemory<byte> command) =>
        new(previous.Op + 1, view, stamp, command, HashOf(previous, view, stamp, command));

    /// <summary>Whether the entry is the one its hash says, right behind
    /// <paramref name="previous"/>.</summary>
    public bool Follows(LogPosition previous) =>
        Op == previous.Op + 1 && Hash == HashOf(previous, View, Stamp, Command);

    private static ulong HashOf(
        LogPosition previous, long view, WallTime stamp, ReadOnlyMemory<byte> command)
    {
        var fingerprint = default(Fingerprint);
        fingerprint.Add(previous.Hash);
        fingerprint.Add(previous.Op + 1);
        fingerprint.Add(view);
        fingerprint.Add(stamp.UnixMilliseconds);
        fingerprint.Add(command.Span);
        return fingerprint.Value;
    }
}

/// <summary>A place in a log: an op and the hash of the chain up to it.</summary>
public readonly record struct LogPosition(long Op, ulong Hash)
{
    /// <summary>Before the first entry.</summary>
    public static readonly LogPosition Start = new(0, 0);
}

/// <summary>A group's log in memory: everything behind <see cref="Base"/>, which the state covers.</summary>
public sealed class VsrLog
{
    private readonly List<VsrEntry> _entries = [];

    public VsrLog(LogPosition start, WallTime stamp)
    {
        Base = start;
        BaseStamp = stamp;
    }

    public LogPosition Base { get; private set; }

    /// <summary>Stamp of the entry at <see cref="Base"/>.</summary>
    public WallTime BaseStamp { get; private set; }

    public long Op => Base.Op + _entries.Count;

    public LogPosition End => At(Op);

    public WallTime LastStamp => _entries.Count == 0 ? BaseStamp : _entries[^1].Stamp;

    /// <summary>View of the newest entry; 0 when there is none behind the base.</summary>
    public long LastView => _entries.Count == 0 ? 0 : _entries[^1].View;

    public VsrEntry this[long op] => _entries[(int)(op - Base.Op - 1)];

    public LogPosition At(long op)
    {
        Invariant.Holds(op >= Base.Op && op <= Op);
        return op == Base.Op ? Base : new LogPosition(op, this[op].Hash);
    }

    /// <summary>Whether this log passes through the position.</summary>
    public bool Holds(LogPosition position) =>
        position.Op >= Base.Op && position.Op <= Op && At(position.Op) == position;

    /// <summary>Appends an entry that was made here or whose hash was checked when it came: that costs more
    /// than all the rest and is not done twice.</summary>
    public void Append(VsrEntry entry)
    {
        Invariant.Holds(entry.Op == Op + 1);
        Invariant.Holds(entry.Stamp >= LastStamp);
        _entries.Add(entry);
    }

    public void TruncateAfter(long op)
    {
        Invariant.Holds(op >= Base.Op && op <= Op);
        _entries.RemoveRange((int)(op - Base.Op), (int)(Op - op));
    }

    /// <summary>Forgets the entries up to <paramref name="op"/>: the state covers them.</summary>
    public void TrimTo(long op)
    {
        Invariant.Holds(op >= Base.Op && op <= Op);
        if (op == Base.Op) return;
        var (position, stamp) = (At(op), this[op].Stamp);
        _entries.RemoveRange(0, (int)(op - Base.Op));
        Base = position;
        BaseStamp = stamp;
    }

    /// <summary>The entries behind <paramref name="op"/>, at least one where there is one, and no more than
    /// fit both bounds.</summary>
    public IReadOnlyList<VsrEntry> After(long op, int countMax, int bytesMax)
    {
        var result = new List<VsrEntry>();
        var bytes = 0L;
        for (var next = op + 1; next <= Op && result.Count < countMax; next++)
        {
            bytes += this[next].Command.Length;
            if (result.Count > 0 && bytes > bytesMax) break;
            result.Add(this[next]);
        }

        return result;
    }

    public void AddTo(ref Fingerprint fingerprint)
    {
        fingerprint.Add(Base.Op);
        fingerprint.Add(Base.Hash);
        fingerprint.Add(Op);
        fingerprint.Add(End.Hash);
    }
}
