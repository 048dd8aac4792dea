using Hyperscale.Det.Kernel;
using Hyperscale.Det.Wire;

namespace Hyperscale.Det.Replication;

/// <summary>A part of a record that is too large for one record of the node's log: the installed state of a
/// group.</summary>
/// <remarks>The parts of a record follow each other without anything between them, and the last one makes it
/// count: a log that ends before it never had the record. Whatever a crash leaves of one is passed
/// over.</remarks>
/// <param name="Part">From 0.</param>
/// <param name="Count">Of how many parts, at least 2.</param>
public readonly record struct RecordPiece(int Part, int Count, ReadOnlyMemory<byte> Bytes)
{
    /// <summary>Largest record that is not taken apart: 8 MiB, half of what the log takes.</summary>
    public const int WholeBytesMax = 8 * 1024 * 1024;

    public const int PieceBytesMax = 4 * 1024 * 1024;

    /// <summary>2 GiB of pieces: beyond every state that a snapshot can hold.</summary>
    private const int CountMax = 512;

    private const int PartField = 3;
    private const int CountField = 4;
    private const int BytesField = 5;

    /// <summary>The records of the log that <paramref name="whole"/> becomes, in order.</summary>
    public static IReadOnlyList<ReadOnlyMemory<byte>> Split(ReadOnlyMemory<byte> whole)
    {
        if (whole.Length <= WholeBytesMax) return [whole];
        var count = (whole.Length + PieceBytesMax - 1) / PieceBytesMax;
        Invariant.Holds(count <= CountMax);
        var pieces = new ReadOnlyMemory<byte>[count];
        var writer = new FieldWriter();
        for (var part = 0; part < count; part++)
        {
            var at = part * PieceBytesMax;
            writer.Clear();
            writer.Number(PartField, part);
            writer.Number(CountField, count);
            writer.Bytes(BytesField, whole.Span.Slice(at, Math.Min(PieceBytesMax, whole.Length - at)));
            pieces[part] = writer.ToArray();
        }

        return pieces;
    }

    /// <summary>Whether the record is a piece, whole or damaged.</summary>
    public static bool IsPiece(ReadOnlySpan<byte> record)
    {
        var reader = new FieldReader(record);
        return reader.Next(out var field) && field == PartField;
    }

    /// <summary>Reads a piece; null when the bytes hold none.</summary>
    public static RecordPiece? Decode(ReadOnlySpan<byte> record)
    {
        var reader = new FieldReader(record);
        int part = 0, count = 0;
        byte[] bytes = [];
        while (reader.Next(out var field))
        {
            switch (field)
            {
                case PartField: part = reader.Integer("part", 0, CountMax - 1); break;
                case CountField: count = reader.Integer("count", 2, CountMax); break;
                case BytesField: bytes = reader.Bytes("bytes", PieceBytesMax).ToArray(); break;
                default: break;
            }
        }

        for (var field = PartField; field <= BytesField; field++) reader.Require(field, $"field {field}");
        return reader.Fault is null && part < count ? new RecordPiece(part, count, bytes) : null;
    }
}

/// <summary>Reads the records of a node's log in order and puts together those that were taken
/// apart.</summary>
public sealed class RecordReader
{
    private readonly List<ReadOnlyMemory<byte>> _pieces = [];
    private int _count;

    /// <summary>Takes the next record of the log; false when it cannot be one. <paramref name="record"/> is
    /// null for a piece that others follow.</summary>
    public bool TryTake(ReadOnlySpan<byte> bytes, out GroupRecord? record)
    {
        record = null;
        if (!RecordPiece.IsPiece(bytes))
        {
            // Of a record before it only a part reached the disk: it never counted.
            _pieces.Clear();
            record = GroupRecord.Decode(bytes);
            return record is not null;
        }

        if (RecordPiece.Decode(bytes) is not { } piece) return false;
        if (piece.Part == 0) Begin(piece.Count);
        if (piece.Part != _pieces.Count || piece.Count != _count) return false;
        _pieces.Add(piece.Bytes);
        if (_pieces.Count < _count) return true;
        record = GroupRecord.Decode(Join());
        _pieces.Clear();
        return record is not null;
    }

    private void Begin(int count)
    {
        _pieces.Clear();
        _count = count;
    }

    private byte[] Join()
    {
        var whole = new byte[_pieces.Sum(piece => piece.Length)];
        var at = 0;
        foreach (var piece in _pieces)
        {
            piece.CopyTo(whole.AsMemory(at));
            at += piece.Length;
        }

        return whole;
    }
}
