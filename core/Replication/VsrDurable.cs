using System.Collections.Immutable;
using System.Diagnostics;
using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Replication;

/// <summary>One change of what a replica keeps on disk; replayed in order at a start.</summary>
public abstract record VsrRecord
{
    private VsrRecord() { }

    public sealed record Appended(IReadOnlyList<VsrEntry> Entries) : VsrRecord;

    /// <summary>Joined a view; the log is still that of the last normal view.</summary>
    public sealed record ViewJoined(long View) : VsrRecord;

    /// <summary>Took over the log of a view, all at once: what follows <paramref name="From"/> is replaced.
    /// With <paramref name="State"/>, everything up to <paramref name="From"/> is replaced by it.</summary>
    public sealed record LogInstalled(
        long View,
        LogPosition From,
        WallTime FromStamp,
        ReadOnlyMemory<byte>? State,
        IReadOnlyList<VsrEntry> Tail,
        long Commit) : VsrRecord;

    /// <summary>Committed up to here. A hint: a smaller one is as safe.</summary>
    public sealed record Committed(long Op) : VsrRecord;

    /// <summary>A peer is in this life; earlier ones count for nothing.</summary>
    public sealed record PeerIncarnation(int Replica, long Incarnation) : VsrRecord;

    /// <summary>This replica began a life with an empty disk that had held promises.</summary>
    /// <param name="Incarnation">Of the replica, above every one that it or a peer knows.</param>
    /// <param name="DiskLife">The life of the disk that it belongs to.</param>
    public sealed record DiskLost(long Incarnation, long DiskLife) : VsrRecord;
}

/// <summary>What a replica's disk holds: the fold of its records.</summary>
public sealed class VsrDurable
{
    public long View { get; private set; }

    public long LastNormalView { get; private set; }

    public long Commit { get; private set; }

    public long Incarnation { get; private set; }

    /// <summary>The life of the disk that the replica's belongs to; 0 in the first.</summary>
    public long DiskLife { get; private set; }

    /// <summary>The promises of an earlier life are lost and not made good.</summary>
    public bool IsDiskLost { get; private set; }

    /// <summary>The group's state at the log's base; empty before the first snapshot.</summary>
    public ReadOnlyMemory<byte> State { get; private set; }

    public VsrLog Log { get; private set; } = new(LogPosition.Start, new WallTime(0));

    public SortedDictionary<int, long> PeerIncarnations { get; } = [];

    public VsrDurable()
    {
    }

    /// <summary>What a snapshot holds: a state and the log behind it.</summary>
    public VsrDurable(
        long view,
        long lastNormalView,
        long incarnation,
        long diskLife,
        bool isDiskLost,
        ReadOnlyMemory<byte> state,
        VsrLog log,
        ImmutableSortedDictionary<int, long> peerIncarnations)
    {
        View = view;
        LastNormalView = lastNormalView;
        Commit = log.Base.Op;
        Incarnation = incarnation;
        DiskLife = diskLife;
        IsDiskLost = isDiskLost;
        State = state;
        Log = log;
        foreach (var (replica, known) in peerIncarnations) PeerIncarnations[replica] = known;
    }

    /// <summary>Replays one record; false when it does not fit what came before.</summary>
    public bool TryReplay(VsrRecord record)
    {
        switch (record)
        {
            case VsrRecord.Appended appended:
                return TryAppend(appended.Entries);
            case VsrRecord.ViewJoined joined:
                if (joined.View < View) return false;
                View = joined.View;
                return true;
            case VsrRecord.LogInstalled installed:
                return TryInstall(installed);
            case VsrRecord.Committed committed:
                if (committed.Op < Commit || committed.Op > Log.Op) return false;
                Commit = committed.Op;
                return true;
            case VsrRecord.PeerIncarnation peer:
                PeerIncarnations[peer.Replica] = peer.Incarnation;
                return true;
            case VsrRecord.DiskLost lost:
                if (lost.Incarnation <= Incarnation) return false;
                Incarnation = lost.Incarnation;
                DiskLife = lost.DiskLife;
                IsDiskLost = true;
                return true;
            default:
                throw new UnreachableException($"unhandled {record}");
        }
    }

    private bool TryAppend(IReadOnlyList<VsrEntry> entries)
    {
        foreach (var entry in entries)
        {
            if (!entry.Follows(Log.End) || entry.Stamp < Log.LastStamp) return false;
            if (entry.View < Log.LastView) return false;
            Log.Append(entry);
        }

        return true;
    }

    private bool TryInstall(VsrRecord.LogInstalled installed)
    {
        if (installed.View < View || installed.View < LastNormalView) return false;
        if (installed.State is { } state)
        {
            if (installed.From.Op < Commit) return false;
            State = state;
            Log = new VsrLog(installed.From, installed.FromStamp);
        }
        else
        {
            if (!Log.Holds(installed.From)) return false;
            Log.TruncateAfter(installed.From.Op);
        }

        if (!TryAppend(installed.Tail)) return false;
        if (installed.Commit < Commit || installed.Commit > Log.Op) return false;
        View = installed.View;
        LastNormalView = installed.View;
        Commit = installed.Commit;
        IsDiskLost = false;
        return true;
    }
}
