using System.Buffers.Binary;
using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Durability;

/// <summary>The header of one batch of records: block-aligned, padded with zeros to whole blocks, written by
/// one write and never touched again.</summary>
/// <remarks>Its place (segment, boot, offset) and its chain (sequence, previous checksum) make a frame valid
/// in exactly one position: a stale frame of a reused segment or a write that went astray is never taken for
/// a batch. Little endian: magic u32, version u16, flags u16, cluster hash u64, node hash u64, boot u64,
/// sequence u64, segment u64, offset u64, previous frame's checksum u32, record count u32, first LSN u64,
/// body length u32, body CRC32C u32 (padding included), reserved u32, header CRC32C u32.</remarks>
/// <param name="Sequence">Dense from 1 over all segments of a chain.</param>
/// <param name="FirstLsn">LSN of the first record; of a seal, the LSN that comes next.</param>
/// <param name="BodyLength">Bytes of the records, without the padding.</param>
public readonly record struct WalFrame(
    ulong ClusterHash,
    ulong NodeHash,
    BootId Boot,
    long Sequence,
    long Segment,
    long Offset,
    uint PreviousCrc,
    int Count,
    long FirstLsn,
    int BodyLength,
    uint BodyCrc)
{
    public const int BlockBytes = 4096;
    public const int HeaderBytes = 88;
    public const int RecordHeaderBytes = 6;
    public const ushort Version = 2;

    internal const uint Magic = 0x4C41_5748; // "HWAL"
    private const ushort SealFlag = 1;
    private const int CrcAt = HeaderBytes - 4;

    /// <summary>An empty frame that shows that the frame before it was complete on disk.</summary>
    public bool IsSeal => Count == 0;

    public long PaddedBytes => Padded(BodyLength);

    public static long Padded(long bodyLength) =>
        (HeaderBytes + bodyLength + BlockBytes - 1) / BlockBytes * BlockBytes;

    public static int EncodedBytes(WalRecord record) => RecordHeaderBytes + record.Payload.Length;

    /// <summary>Encodes a frame; <paramref name="place"/> gives everything but what the records
    /// decide.</summary>
    /// <returns>The bytes, a whole number of blocks, and the header's checksum for the next frame.</returns>
    public static (byte[] Bytes, uint Crc) Encode(WalFrame place, ReadOnlySpan<WalRecord> records)
    {
        var bodyLength = 0;
        foreach (var record in records) bodyLength += EncodedBytes(record);
        var bytes = new byte[Padded(bodyLength)];
        var body = bytes.AsSpan(HeaderBytes);
        foreach (var record in records)
        {
            body[0] = (byte)record.Kind;
            BinaryPrimitives.WriteInt32LittleEndian(body[2..], record.Payload.Length);
            record.Payload.Span.CopyTo(body[RecordHeaderBytes..]);
            body = body[EncodedBytes(record)..];
        }

        var bodyCrc = Crc32C.Of(bytes.AsSpan(HeaderBytes));
        var frame = place with { Count = records.Length, BodyLength = bodyLength, BodyCrc = bodyCrc };
        return (bytes, frame.WriteHeader(bytes));
    }

    /// <summary>Reads the header at the start of <paramref name="block"/>; false when none is
    /// there.</summary>
    /// <param name="version">The version found, where it is not ours and the header's checksum holds.</param>
    public static bool TryReadHeader(
        ReadOnlySpan<byte> block, out WalFrame frame, out uint crc, out ushort version)
    {
        frame = default;
        crc = 0;
        version = Version;
        if (block.Length < HeaderBytes) return false;
        if (BinaryPrimitives.ReadUInt32LittleEndian(block) != Magic) return false;
        crc = BinaryPrimitives.ReadUInt32LittleEndian(block[CrcAt..]);
        if (Crc32C.Of(block[..CrcAt]) != crc) return false;
        version = BinaryPrimitives.ReadUInt16LittleEndian(block[4..]);
        if (version != Version) return false;
        frame = new WalFrame(
            BinaryPrimitives.ReadUInt64LittleEndian(block[8..]),
            BinaryPrimitives.ReadUInt64LittleEndian(block[16..]),
            new BootId(BinaryPrimitives.ReadUInt64LittleEndian(block[24..])),
            BinaryPrimitives.ReadInt64LittleEndian(block[32..]),
            BinaryPrimitives.ReadInt64LittleEndian(block[40..]),
            BinaryPrimitives.ReadInt64LittleEndian(block[48..]),
            BinaryPrimitives.ReadUInt32LittleEndian(block[56..]),
            BinaryPrimitives.ReadInt32LittleEndian(block[60..]),
            BinaryPrimitives.ReadInt64LittleEndian(block[64..]),
            BinaryPrimitives.ReadInt32LittleEndian(block[72..]),
            BinaryPrimitives.ReadUInt32LittleEndian(block[76..]));
        return frame.Count >= 0 && frame.BodyLength >= (long)frame.Count * RecordHeaderBytes
            && frame.Sequence > 0 && frame.FirstLsn > 0 && frame.Offset >= 0;
    }

    /// <summary>Reads the records behind a header whose body checksum holds; false when they do not add up.
    /// </summary>
    /// <remarks>The records are parts of <paramref name="body"/>, not copies: a log is read once, and a copy
    /// of every record is most of what that takes.</remarks>
    public bool TryReadRecords(ReadOnlyMemory<byte> body, List<WalRecord> records)
    {
        body = body[..BodyLength];
        for (var i = 0; i < Count; i++)
        {
            if (body.Length < RecordHeaderBytes) return false;
            var header = body.Span[..RecordHeaderBytes];
            var kind = (WalRecordKind)header[0];
            var length = BinaryPrimitives.ReadInt32LittleEndian(header[2..]);
            if (kind != WalRecordKind.LogEntry || header[1] != 0) return false;
            if (length < 0 || length > WalOptions.RecordBytesMax) return false;
            if (length > body.Length - RecordHeaderBytes) return false;
            records.Add(new WalRecord(kind, body.Slice(RecordHeaderBytes, length)));
            body = body[(RecordHeaderBytes + length)..];
        }

        return body.IsEmpty;
    }

    private uint WriteHeader(Span<byte> target)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(target, Magic);
        BinaryPrimitives.WriteUInt16LittleEndian(target[4..], Version);
        BinaryPrimitives.WriteUInt16LittleEndian(target[6..], IsSeal ? SealFlag : (ushort)0);
        BinaryPrimitives.WriteUInt64LittleEndian(target[8..], ClusterHash);
        BinaryPrimitives.WriteUInt64LittleEndian(target[16..], NodeHash);
        BinaryPrimitives.WriteUInt64LittleEndian(target[24..], Boot.Value);
        BinaryPrimitives.WriteInt64LittleEndian(target[32..], Sequence);
        BinaryPrimitives.WriteInt64LittleEndian(target[40..], Segment);
        BinaryPrimitives.WriteInt64LittleEndian(target[48..], Offset);
        BinaryPrimitives.WriteUInt32LittleEndian(target[56..], PreviousCrc);
        BinaryPrimitives.WriteInt32LittleEndian(target[60..], Count);
        BinaryPrimitives.WriteInt64LittleEndian(target[64..], FirstLsn);
        BinaryPrimitives.WriteInt32LittleEndian(target[72..], BodyLength);
        BinaryPrimitives.WriteUInt32LittleEndian(target[76..], BodyCrc);
        var crc = Crc32C.Of(target[..CrcAt]);
        BinaryPrimitives.WriteUInt32LittleEndian(target[CrcAt..], crc);
        return crc;
    }
}
