using System.Buffers.Binary;
using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Durability;

/// <summary>The first block of a segment file <c>wal-%016x.seg</c>; frames follow from the second block on.
/// </summary>
/// <remarks>A segment gets its name only after its header (and, at a start, everything copied into it) is
/// synced: a named segment whose header is not valid was damaged later.</remarks>
/// <param name="FirstSequence">Sequence of the first frame.</param>
/// <param name="FirstLsn">LSN of the first record.</param>
/// <param name="PreviousCrc">Checksum of the last frame of the segment before.</param>
/// <param name="Incarnation">The life of the disk that the segment belongs to.</param>
public sealed record WalSegment(
    WalIdentity Identity,
    BootId Boot,
    long Id,
    long FirstSequence,
    long FirstLsn,
    uint PreviousCrc,
    long Incarnation)
{
    public const int HeaderBytes = WalFrame.BlockBytes;

    private const uint Magic = 0x4745_5348; // "HSEG"
    private const int CrcAt = HeaderBytes - 4;
    private const int IdentityAt = 56;

    public string FileName => WalFiles.Segment(Id);

    public byte[] Encode()
    {
        var block = new byte[HeaderBytes];
        var target = block.AsSpan();
        BinaryPrimitives.WriteUInt32LittleEndian(target, Magic);
        BinaryPrimitives.WriteUInt16LittleEndian(target[4..], WalFrame.Version);
        BinaryPrimitives.WriteUInt64LittleEndian(target[8..], Boot.Value);
        BinaryPrimitives.WriteInt64LittleEndian(target[16..], Id);
        BinaryPrimitives.WriteInt64LittleEndian(target[24..], FirstSequence);
        BinaryPrimitives.WriteInt64LittleEndian(target[32..], FirstLsn);
        BinaryPrimitives.WriteUInt32LittleEndian(target[40..], PreviousCrc);
        BinaryPrimitives.WriteInt64LittleEndian(target[48..], Incarnation);
        Identity.Encode(target[IdentityAt..]);
        BinaryPrimitives.WriteUInt32LittleEndian(target[CrcAt..], Crc32C.Of(target[..CrcAt]));
        return block;
    }

    /// <summary>Reads a segment's header; where that fails, <paramref name="fault"/> says why.</summary>
    public static WalSegment? Decode(DiskFile file, out WalFault? fault)
    {
        var block = file.Bytes.Span;
        fault = new WalFault(WalVerdict.Corrupt, $"{file.Name} is damaged in its header at offset 0");
        if (block.Length < HeaderBytes) return null;
        if (BinaryPrimitives.ReadUInt32LittleEndian(block) != Magic) return null;
        if (Crc32C.Of(block[..CrcAt]) != BinaryPrimitives.ReadUInt32LittleEndian(block[CrcAt..])) return null;
        var version = BinaryPrimitives.ReadUInt16LittleEndian(block[4..]);
        if (version != WalFrame.Version)
        {
            fault = WalScan.UnreadableVersion(file.Name, 0, version);
            return null;
        }

        var identity = WalIdentity.Decode(block[IdentityAt..CrcAt]);
        if (identity is null) return null;
        var segment = new WalSegment(
            identity,
            new BootId(BinaryPrimitives.ReadUInt64LittleEndian(block[8..])),
            BinaryPrimitives.ReadInt64LittleEndian(block[16..]),
            BinaryPrimitives.ReadInt64LittleEndian(block[24..]),
            BinaryPrimitives.ReadInt64LittleEndian(block[32..]),
            BinaryPrimitives.ReadUInt32LittleEndian(block[40..]),
            BinaryPrimitives.ReadInt64LittleEndian(block[48..]));
        if (segment.FileName != file.Name)
        {
            fault = new WalFault(
                WalVerdict.Corrupt,
                $"{file.Name} holds segment {segment.Id:x16}: it was renamed or overwritten");
            return null;
        }

        fault = null;
        return segment;
    }
}
