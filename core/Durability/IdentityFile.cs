using System.Buffers.Binary;
using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Durability;

/// <summary>What the file <c>identity</c> says besides whose it is.</summary>
/// <param name="Boot">The last start that opened the directory.</param>
/// <param name="Incarnation">The disk's life, from 1; rises when a disk that lost promises is begun
/// anew.</param>
/// <param name="HasLog">Whether a log of this life exists: from the end of its first start on. Until then
/// nobody was promised anything in this life.</param>
public sealed record DiskLife(BootId Boot, long Incarnation, bool HasLog);

/// <summary>The file <c>identity</c>: whose directory this is, which life it is in and the last boot that
/// opened it.</summary>
/// <remarks>A boot is the directory's random 31 bits followed by a count of starts that is on disk before the
/// start answers anyone: two starts never share one, nor do two directories of one node (but for one chance
/// in two thousand million). Little endian: magic u32, version u16, flags u16, boot u64, incarnation u64,
/// both names of the identity, CRC32C u32 at the end of the file.</remarks>
public static class IdentityFile
{
    private const uint Magic = 0x4449_5348; // "HSID"
    private const ushort LogFlag = 1;
    private const int FileBytes = 512;
    private const int CrcAt = FileBytes - 4;
    private const int IdentityAt = 24;

    public static byte[] Encode(WalIdentity identity, DiskLife life)
    {
        Invariant.Holds(life.Incarnation >= 1);
        var bytes = new byte[FileBytes];
        var target = bytes.AsSpan();
        BinaryPrimitives.WriteUInt32LittleEndian(target, Magic);
        BinaryPrimitives.WriteUInt16LittleEndian(target[4..], WalFrame.Version);
        BinaryPrimitives.WriteUInt16LittleEndian(target[6..], life.HasLog ? LogFlag : (ushort)0);
        BinaryPrimitives.WriteUInt64LittleEndian(target[8..], life.Boot.Value);
        BinaryPrimitives.WriteInt64LittleEndian(target[16..], life.Incarnation);
        identity.Encode(target[IdentityAt..]);
        BinaryPrimitives.WriteUInt32LittleEndian(target[CrcAt..], Crc32C.Of(target[..CrcAt]));
        return bytes;
    }

    /// <summary>Reads the file; null where that fails, and <paramref name="fault"/> says why.</summary>
    public static DiskLife? Decode(DiskFile file, WalIdentity identity, out WalFault? fault)
    {
        var bytes = file.Bytes.Span;
        fault = new WalFault(
            WalVerdict.Corrupt,
            $"{file.Name} is damaged: {FileBytes} bytes with a valid checksum are expected");
        if (bytes.Length != FileBytes) return null;
        if (BinaryPrimitives.ReadUInt32LittleEndian(bytes) != Magic) return null;
        var crc = BinaryPrimitives.ReadUInt32LittleEndian(bytes[CrcAt..]);
        if (Crc32C.Of(bytes[..CrcAt]) != crc) return null;
        var version = BinaryPrimitives.ReadUInt16LittleEndian(bytes[4..]);
        if (version != WalFrame.Version)
        {
            fault = WalScan.UnreadableVersion(file.Name, 0, version);
            return null;
        }

        var found = WalIdentity.Decode(bytes[IdentityAt..CrcAt]);
        var incarnation = BinaryPrimitives.ReadInt64LittleEndian(bytes[16..]);
        if (found is null || incarnation < 1) return null;
        fault = identity.Refuse(found, file.Name);
        if (fault is not null) return null;
        return new DiskLife(
            new BootId(BinaryPrimitives.ReadUInt64LittleEndian(bytes[8..])),
            incarnation,
            (BinaryPrimitives.ReadUInt16LittleEndian(bytes[6..]) & LogFlag) != 0);
    }

    /// <summary>Replaces the file: at every instant the old one or the new one is there, whole.</summary>
    internal static void Replace(WalIdentity identity, DiskLife life, Outbox<DiskCommand> outbox)
    {
        outbox.Emit(new DiskCommand.CreateFile(WalFiles.IdentityTemporary, 0));
        outbox.Emit(new DiskCommand.Write(WalFiles.IdentityTemporary, 0, Encode(identity, life)));
        outbox.Emit(new DiskCommand.SyncFile(WalFiles.IdentityTemporary));
        outbox.Emit(new DiskCommand.Rename(WalFiles.IdentityTemporary, WalFiles.Identity));
        outbox.Emit(new DiskCommand.SyncDirectory());
    }

    /// <summary>The boot after <paramref name="last"/>; the first one of a directory where there is
    /// none.</summary>
    internal static BootId Next(BootId? last, ulong directoryNonce) =>
        last is { } boot
            ? new BootId(boot.Value + 1)
            : new BootId(((directoryNonce & 0x7FFF_FFFF) << 32) + 1);
}
