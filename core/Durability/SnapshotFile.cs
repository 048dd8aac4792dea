using System.Buffers.Binary;
using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Durability;

/// <summary>A snapshot file <c>snap-%016x.snp</c>: one header block, then the state.</summary>
/// <remarks>Little endian: magic u32, version u16, reserved u16, LSN u64, state length u64, state CRC32C u32,
/// both names of the identity, header CRC32C u32 at the end of the block.</remarks>
public static class SnapshotFile
{
    public const int HeaderBytes = WalFrame.BlockBytes;

    private const uint Magic = 0x504E_5348; // "HSNP"
    private const int CrcAt = HeaderBytes - 4;
    private const int IdentityAt = 32;

    public static byte[] EncodeHeader(WalIdentity identity, long lsn, ReadOnlySpan<byte> state)
    {
        Invariant.Holds(lsn > 0);
        Invariant.Holds(state.Length <= WalOptions.SnapshotBytesMax);
        var block = new byte[HeaderBytes];
        var target = block.AsSpan();
        BinaryPrimitives.WriteUInt32LittleEndian(target, Magic);
        BinaryPrimitives.WriteUInt16LittleEndian(target[4..], WalFrame.Version);
        BinaryPrimitives.WriteInt64LittleEndian(target[8..], lsn);
        BinaryPrimitives.WriteInt64LittleEndian(target[16..], state.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(target[24..], Crc32C.Of(state));
        identity.Encode(target[IdentityAt..]);
        BinaryPrimitives.WriteUInt32LittleEndian(target[CrcAt..], Crc32C.Of(target[..CrcAt]));
        return block;
    }

    /// <summary>Reads a snapshot; false when it is damaged, foreign or of another version.</summary>
    public static bool TryDecode(
        DiskFile file, WalIdentity identity, out ReadOnlyMemory<byte> state, out WalFault? fault)
    {
        state = default;
        var bytes = file.Bytes.Span;
        fault = new WalFault(
            WalVerdict.Corrupt, $"snapshot {file.Name} is damaged in its header at offset 0");
        if (bytes.Length < HeaderBytes) return false;
        if (BinaryPrimitives.ReadUInt32LittleEndian(bytes) != Magic) return false;
        var headerCrc = BinaryPrimitives.ReadUInt32LittleEndian(bytes[CrcAt..]);
        if (Crc32C.Of(bytes[..CrcAt]) != headerCrc) return false;
        var version = BinaryPrimitives.ReadUInt16LittleEndian(bytes[4..]);
        if (version != WalFrame.Version)
        {
            fault = WalScan.UnreadableVersion(file.Name, 0, version);
            return false;
        }

        var found = WalIdentity.Decode(bytes[IdentityAt..CrcAt]);
        if (found is null) return false;
        if (identity.Refuse(found, file.Name) is { } foreign)
        {
            fault = foreign;
            return false;
        }

        var lsn = BinaryPrimitives.ReadInt64LittleEndian(bytes[8..]);
        if (WalFiles.Snapshot(lsn) != file.Name)
        {
            fault = new WalFault(
                WalVerdict.Corrupt, $"{file.Name} holds the snapshot at LSN {lsn}: it was renamed");
            return false;
        }

        var body = bytes[HeaderBytes..];
        var length = BinaryPrimitives.ReadInt64LittleEndian(bytes[16..]);
        var crc = BinaryPrimitives.ReadUInt32LittleEndian(bytes[24..]);
        if (body.Length != length || Crc32C.Of(body) != crc)
        {
            fault = new WalFault(
                WalVerdict.Corrupt,
                $"snapshot {file.Name} is damaged: {length} bytes of state with checksum {crc:x8} expected, "
                + $"{body.Length} with {Crc32C.Of(body):x8} found");
            return false;
        }

        state = file.Bytes[HeaderBytes..];
        fault = null;
        return true;
    }
}
