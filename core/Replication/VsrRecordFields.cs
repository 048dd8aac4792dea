using System.Collections.Immutable;
using System.Diagnostics;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Wire;

namespace Hyperscale.Det.Replication;

/// <summary>What a replica keeps on disk, as numbered fields: its records, and a snapshot of them.</summary>
public static class VsrRecordFields
{
    private const int Kind = 1;
    private const int View = 2;
    private const int Number = 3;
    private const int Position = 4;
    private const int Stamp = 5;
    private const int State = 6;
    private const int Entry = 7;
    private const int Peer = 8;
    private const int LastNormal = 9;
    private const int IsLost = 10;
    private const int DiskLife = 11;
    private const int StateBytesMax = int.MaxValue;
    private const int TailMax = 1 << 20;

    private enum RecordKind : byte
    {
        Appended, ViewJoined, LogInstalled, Committed, PeerIncarnation, DiskLost,
    }

    public static void Write(FieldWriter writer, VsrRecord record)
    {
        switch (record)
        {
            case VsrRecord.Appended appended:
                writer.Number(Kind, (long)RecordKind.Appended);
                foreach (var entry in appended.Entries) writer.Nested(Entry, entry, VsrFields.Write);
                break;
            case VsrRecord.ViewJoined joined:
                writer.Number(Kind, (long)RecordKind.ViewJoined);
                writer.Number(View, joined.View);
                break;
            case VsrRecord.LogInstalled installed:
                writer.Number(Kind, (long)RecordKind.LogInstalled);
                writer.Number(View, installed.View);
                writer.Number(Number, installed.Commit);
                writer.Nested(Position, installed.From, VsrFields.Write);
                writer.Number(Stamp, installed.FromStamp.UnixMilliseconds);
                if (installed.State is { } state) writer.Bytes(State, state.Span);
                foreach (var entry in installed.Tail) writer.Nested(Entry, entry, VsrFields.Write);
                break;
            case VsrRecord.Committed committed:
                writer.Number(Kind, (long)RecordKind.Committed);
                writer.Number(Number, committed.Op);
                break;
            case VsrRecord.PeerIncarnation peer:
                writer.Number(Kind, (long)RecordKind.PeerIncarnation);
                writer.Number(Peer, peer.Replica);
                writer.Number(Number, peer.Incarnation);
                break;
            case VsrRecord.DiskLost lost:
                writer.Number(Kind, (long)RecordKind.DiskLost);
                writer.Number(Number, lost.Incarnation);
                writer.Number(DiskLife, lost.DiskLife);
                break;
            default:
                throw new UnreachableException($"unhandled {record}");
        }
    }

    public static VsrRecord? ReadRecord(ref FieldReader reader)
    {
        var kind = RecordKind.Appended;
        long view = 0, number = 0, stamp = 0;
        long? diskLife = null;
        var peer = 0;
        LogPosition position = default;
        ReadOnlyMemory<byte>? state = null;
        var entries = new List<VsrEntry>();
        while (reader.Next(out var field))
        {
            switch (field)
            {
                case Kind: kind = reader.Choice("kind", RecordKind.DiskLost); break;
                case View: view = reader.Number("view", 0); break;
                case Number: number = reader.Number("number", 0); break;
                case Position: position = reader.Nested("position", VsrFields.ReadPosition); break;
                case Stamp: stamp = reader.Number("stamp"); break;
                case State: state = reader.Bytes("state", StateBytesMax).ToArray(); break;
                case Entry: reader.Element("entries", entries, TailMax, VsrFields.ReadEntry); break;
                case Peer: peer = reader.Integer("peer", 0); break;
                case DiskLife: diskLife = reader.Number("diskLife", 0); break;
                default: break;
            }
        }

        reader.Require(Kind, "kind");
        if (kind is RecordKind.ViewJoined or RecordKind.LogInstalled) reader.Require(View, "view");
        if (kind is not (RecordKind.Appended or RecordKind.ViewJoined)) reader.Require(Number, "number");
        if (kind is RecordKind.LogInstalled) reader.Require(Position, "position");
        if (kind is RecordKind.PeerIncarnation) reader.Require(Peer, "peer");
        if (reader.Fault is not null) return null;
        return kind switch
        {
            RecordKind.Appended => new VsrRecord.Appended(entries),
            RecordKind.ViewJoined => new VsrRecord.ViewJoined(view),
            RecordKind.LogInstalled => new VsrRecord.LogInstalled(
                view, position, new WallTime(stamp), state, entries, number),
            RecordKind.Committed => new VsrRecord.Committed(number),
            RecordKind.PeerIncarnation => new VsrRecord.PeerIncarnation(peer, number),
            RecordKind.DiskLost => new VsrRecord.DiskLost(number, diskLife ?? number),
        };
    }

    /// <summary>A replica and its group's state, whole.</summary>
    public static void WriteSnapshot(
        FieldWriter writer, VsrSnapshotHead head, ReadOnlySpan<byte> state, IReadOnlyList<VsrEntry> tail)
    {
        writer.Number(View, head.View);
        writer.Number(LastNormal, head.LastNormalView);
        writer.Number(Number, head.Incarnation);
        writer.Number(DiskLife, head.DiskLife);
        writer.Flag(IsLost, head.IsDiskLost);
        writer.Nested(Position, head.Position, VsrFields.Write);
        writer.Number(Stamp, head.Stamp.UnixMilliseconds);
        writer.Bytes(State, state);
        foreach (var (replica, life) in head.PeerIncarnations)
        {
            var mark = writer.Begin(Peer);
            writer.Number(1, replica);
            writer.Number(2, life);
            writer.End(mark);
        }

        foreach (var entry in tail) writer.Nested(Entry, entry, VsrFields.Write);
    }

    public static VsrDurable? ReadSnapshot(ref FieldReader reader)
    {
        long view = 0, lastNormal = 0, life = 0, stamp = 0;
        long? diskLife = null;
        var isLost = false;
        LogPosition position = default;
        byte[] state = [];
        var tail = new List<VsrEntry>();
        var peers = ImmutableSortedDictionary.CreateBuilder<int, long>();
        while (reader.Next(out var field))
        {
            switch (field)
            {
                case View: view = reader.Number("view", 0); break;
                case LastNormal: lastNormal = reader.Number("lastNormalView", 0); break;
                case Number: life = reader.Number("incarnation", 0); break;
                case DiskLife: diskLife = reader.Number("diskLife", 0); break;
                case IsLost: isLost = reader.Flag("isDiskLost"); break;
                case Position: position = reader.Nested("position", VsrFields.ReadPosition); break;
                case Stamp: stamp = reader.Number("stamp"); break;
                case State: state = reader.Bytes("state", StateBytesMax).ToArray(); break;
                case Entry: reader.Element("entries", tail, TailMax, VsrFields.ReadEntry); break;
                case Peer:
                    var (replica, known) = reader.Nested("peer", ReadPeer);
                    peers[replica] = known;
                    break;
                default: break;
            }
        }

        for (var field = View; field <= State; field++)
            reader.Require(field, $"field {field} of a snapshot");
        if (reader.Fault is not null) return null;
        var log = new VsrLog(position, new WallTime(stamp));
        foreach (var entry in tail)
        {
            if (!entry.Follows(log.End) || entry.Stamp < log.LastStamp)
            {
                reader.Fail($"entry {entry.Op} does not follow the one before it");
                return null;
            }

            log.Append(entry);
        }

        return new VsrDurable(
            view, lastNormal, life, diskLife ?? life, isLost, state, log, peers.ToImmutable());
    }

    private static (int Replica, long Life) ReadPeer(ref FieldReader reader)
    {
        var replica = 0;
        var life = 0L;
        while (reader.Next(out var field))
        {
            switch (field)
            {
                case 1: replica = reader.Integer("replica", 0); break;
                case 2: life = reader.Number("incarnation", 0); break;
                default: break;
            }
        }

        return (replica, life);
    }
}
