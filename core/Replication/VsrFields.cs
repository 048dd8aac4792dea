using System.Diagnostics;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Wire;

namespace Hyperscale.Det.Replication;

/// <summary>What replicas tell each other, as numbered fields. One set of fields serves all messages; the
/// kind says which of them must be there.</summary>
public static class VsrFields
{
    /// <summary>Most entries of one message: what a view change carries.</summary>
    public const int EntriesMax = 8192;

    /// <summary>Largest command of an entry: 4 MiB.</summary>
    public const int CommandBytesMax = 4 * 1024 * 1024;

    /// <summary>Highest number of a life, or op, that is believed: there is always a higher one.</summary>
    public const long NumberMax = long.MaxValue / 2;

    private const int Kind = 1;
    private const int View = 2;
    private const int Life = 3;
    private const int Position = 4;
    private const int Op = 5;
    private const int LastNormal = 6;
    private const int Entry = 7;
    private const int Piece = 8;
    private const int Stamp = 9;
    private const int Part = 10;
    private const int Flag = 11;
    private const int Nonce = 12;
    private const int Asker = 13;

    private enum MessageKind : byte
    {
        Prepare, PrepareOk, Commit, ExitView, DoViewChange, StartView, NewerView, GetState, NewState,
        Recovery, RecoveryResponse, LaterLife,
    }

    public static void Write(FieldWriter writer, VsrMessage message)
    {
        writer.Number(Kind, (long)KindOf(message));
        writer.Number(View, message.View);
        writer.Number(Life, message.Incarnation);
        switch (message)
        {
            case VsrMessage.Prepare prepare:
                WriteLog(writer, prepare.Previous, prepare.Entries);
                writer.Number(Op, prepare.CommitOp);
                break;
            case VsrMessage.PrepareOk ok:
                writer.Nested(Position, ok.End, Write);
                writer.Number(Op, ok.Committed);
                break;
            case VsrMessage.Commit commit:
                writer.Number(Op, commit.Op);
                break;
            case VsrMessage.DoViewChange change:
                WriteLog(writer, change.TailFrom, change.Tail);
                writer.Number(LastNormal, change.LastNormalView);
                break;
            case VsrMessage.StartView start:
                WriteLog(writer, start.TailFrom, start.Tail);
                break;
            case VsrMessage.GetState get:
                writer.Nested(Position, get.From, Write);
                writer.Number(Part, get.Part);
                break;
            case VsrMessage.NewState state:
                WriteState(writer, state);
                break;
            case VsrMessage.Recovery recovery:
                writer.Bits(Nonce, recovery.Nonce);
                break;
            case VsrMessage.RecoveryResponse response:
                writer.Bits(Nonce, response.Nonce);
                writer.Number(Op, response.Recovered);
                writer.Flag(Flag, response.IsPrimary);
                break;
            case VsrMessage.LaterLife later:
                writer.Number(Op, later.Known);
                break;
            case VsrMessage.ExitView or VsrMessage.NewerView:
                break;
            default:
                throw new UnreachableException($"unhandled {message}");
        }
    }

    public static VsrMessage? ReadMessage(ref FieldReader reader)
    {
        var kind = MessageKind.Prepare;
        long view = 0, life = 0, op = 0, lastNormal = 0, stamp = 0, asker = 0;
        var (part, flag) = (0, false);
        LogPosition position = default;
        ReadOnlyMemory<byte>? piece = null;
        ulong nonce = 0;
        var entries = new List<VsrEntry>();
        while (reader.Next(out var field))
        {
            switch (field)
            {
                case Kind: kind = reader.Choice("kind", MessageKind.LaterLife); break;
                case View: view = reader.Number("view", 0); break;
                case Life: life = reader.Number("incarnation", 0, NumberMax); break;
                case Position: position = reader.Nested("position", ReadPosition); break;
                case Op: op = reader.Number("op", 0, NumberMax); break;
                case LastNormal: lastNormal = reader.Number("lastNormalView", 0); break;
                case Entry: reader.Element("entries", entries, EntriesMax, ReadEntry); break;
                case Piece: piece = reader.Bytes("piece", VsrConfig.BatchBytesMax).ToArray(); break;
                case Stamp: stamp = reader.Number("stamp"); break;
                case Part: part = reader.Integer("part", 0); break;
                case Flag: flag = reader.Flag("flag"); break;
                case Nonce: nonce = reader.Bits("nonce"); break;
                case Asker: asker = reader.Number("asker", 0); break;
                default: break;
            }
        }

        Require(ref reader, kind);
        if (reader.Fault is not null) return null;
        return kind switch
        {
            MessageKind.Prepare => new VsrMessage.Prepare(view, life, position, op, entries),
            MessageKind.PrepareOk => new VsrMessage.PrepareOk(view, life, position, op),
            MessageKind.Commit => new VsrMessage.Commit(view, life, op),
            MessageKind.ExitView => new VsrMessage.ExitView(view, life),
            MessageKind.DoViewChange =>
                new VsrMessage.DoViewChange(view, life, lastNormal, position, entries),
            MessageKind.StartView => new VsrMessage.StartView(view, life, position, entries),
            MessageKind.NewerView => new VsrMessage.NewerView(view, life),
            MessageKind.GetState => new VsrMessage.GetState(view, life, position, part),
            MessageKind.NewState => new VsrMessage.NewState(
                view, life, part, lastNormal, op, position, new WallTime(stamp), piece, entries, flag, asker),
            MessageKind.Recovery => new VsrMessage.Recovery(view, life, nonce),
            MessageKind.RecoveryResponse => new VsrMessage.RecoveryResponse(view, life, nonce, op, flag),
            MessageKind.LaterLife => new VsrMessage.LaterLife(view, life, op),
        };
    }

    public static void Write(FieldWriter writer, LogPosition position)
    {
        writer.Number(1, position.Op);
        writer.Bits(2, position.Hash);
    }

    public static LogPosition ReadPosition(ref FieldReader reader)
    {
        long op = 0;
        ulong hash = 0;
        while (reader.Next(out var field))
        {
            switch (field)
            {
                case 1: op = reader.Number("op", 0); break;
                case 2: hash = reader.Bits("hash"); break;
                default: break;
            }
        }

        reader.Require(1, "op");
        reader.Require(2, "hash");
        return new LogPosition(op, hash);
    }

    public static void Write(FieldWriter writer, VsrEntry entry)
    {
        writer.Number(1, entry.Op);
        writer.Number(2, entry.View);
        writer.Number(3, entry.Stamp.UnixMilliseconds);
        writer.Bytes(4, entry.Command.Span);
        writer.Bits(5, entry.Hash);
    }

    public static VsrEntry? ReadEntry(ref FieldReader reader)
    {
        long op = 0, view = 0, stamp = 0;
        ulong hash = 0;
        byte[] command = [];
        while (reader.Next(out var field))
        {
            switch (field)
            {
                case 1: op = reader.Number("op", 1); break;
                case 2: view = reader.Number("view", 0); break;
                case 3: stamp = reader.Number("stamp"); break;
                case 4: command = reader.Bytes("command", CommandBytesMax).ToArray(); break;
                case 5: hash = reader.Bits("hash"); break;
                default: break;
            }
        }

        reader.Require(1, "op");
        reader.Require(2, "view");
        reader.Require(3, "stamp");
        reader.Require(4, "command");
        reader.Require(5, "hash");
        return reader.Fault is null ? new VsrEntry(op, view, new WallTime(stamp), command, hash) : null;
    }

    private static void WriteLog(FieldWriter writer, LogPosition from, IReadOnlyList<VsrEntry> entries)
    {
        writer.Nested(Position, from, Write);
        foreach (var entry in entries) writer.Nested(Entry, entry, Write);
    }

    private static void WriteState(FieldWriter writer, VsrMessage.NewState state)
    {
        WriteLog(writer, state.Previous, state.Entries);
        writer.Number(Op, state.CommitOp);
        writer.Number(LastNormal, state.LastNormalView);
        writer.Number(Stamp, state.PreviousStamp.UnixMilliseconds);
        writer.Number(Part, state.Part);
        writer.Flag(Flag, state.IsLast);
        writer.Number(Asker, state.Asker);
        if (state.Piece is { } piece) writer.Bytes(Piece, piece.Span);
    }

    private static MessageKind KindOf(VsrMessage message) => message switch
    {
        VsrMessage.Prepare => MessageKind.Prepare,
        VsrMessage.PrepareOk => MessageKind.PrepareOk,
        VsrMessage.Commit => MessageKind.Commit,
        VsrMessage.ExitView => MessageKind.ExitView,
        VsrMessage.DoViewChange => MessageKind.DoViewChange,
        VsrMessage.StartView => MessageKind.StartView,
        VsrMessage.NewerView => MessageKind.NewerView,
        VsrMessage.GetState => MessageKind.GetState,
        VsrMessage.NewState => MessageKind.NewState,
        VsrMessage.Recovery => MessageKind.Recovery,
        VsrMessage.RecoveryResponse => MessageKind.RecoveryResponse,
        VsrMessage.LaterLife => MessageKind.LaterLife,
        _ => throw new UnreachableException($"unhandled {message}"),
    };

    private static void Require(ref FieldReader reader, MessageKind kind)
    {
        reader.Require(Kind, "kind");
        reader.Require(View, "view");
        reader.Require(Life, "incarnation");
        if (kind is not (MessageKind.Commit or MessageKind.ExitView or MessageKind.NewerView
            or MessageKind.Recovery or MessageKind.RecoveryResponse or MessageKind.LaterLife))
            reader.Require(Position, "position");
        if (kind is MessageKind.Prepare or MessageKind.PrepareOk or MessageKind.Commit or MessageKind.NewState
            or MessageKind.RecoveryResponse or MessageKind.LaterLife)
            reader.Require(Op, "op");
        if (kind is MessageKind.DoViewChange or MessageKind.NewState)
            reader.Require(LastNormal, "lastNormalView");
        if (kind is MessageKind.GetState or MessageKind.NewState) reader.Require(Part, "part");
        if (kind is MessageKind.NewState) reader.Require(Stamp, "stamp");
        if (kind is MessageKind.NewState) reader.Require(Asker, "asker");
        if (kind is MessageKind.NewState or MessageKind.RecoveryResponse) reader.Require(Flag, "flag");
        if (kind is MessageKind.Recovery or MessageKind.RecoveryResponse) reader.Require(Nonce, "nonce");
    }
}
