using System.Buffers.Binary;
using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Durability;

/// <summary>The file <c>identity</c>: whose directory this is, and the last boot that opened it.</summary>
/// <remarks>A boot is the directory's random 31 bits followed by a count of starts that is on disk before the
/// start answers anyone: two starts never share one, nor do two directories of one node (but for one chance
/// in two thousand million).</remarks>
public static class IdentityFile
{
    private const uint Magic = 0x4449_5348; // "HSID"
    private const int FileBytes = 512;
    private const int CrcAt = FileBytes - 4;
    private const int IdentityAt = 16;

    public static byte[] Encode(WalIdentity identity, BootId boot)
    {
        var bytes = new byte[FileBytes];
        var target = bytes.AsSpan();
        BinaryPrimitives.WriteUInt32LittleEndian(target, Magic);
        BinaryPrimitives.WriteUInt16LittleEndian(target[4..], WalFrame.Version);
        BinaryPrimitives.WriteUInt64LittleEndian(target[8..], boot.Value);
        identity.Encode(target[IdentityAt..]);
        BinaryPrimitives.WriteUInt32LittleEndian(target[CrcAt..], Crc32C.Of(target[..CrcAt]));
        return bytes;
    }

    /// <summary>Reads the file; where that fails, <paramref name="fault"/> says why.</summary>
    public static bool TryDecode(DiskFile file, WalIdentity identity, out BootId boot, out WalFault? fault)
    {
        boot = default;
        var bytes = file.Bytes.Span;
        fault = new WalFault(
            WalVerdict.Corrupt,
            $"{file.Name} is damaged: {FileBytes} bytes with a valid checksum are expected");
        if (bytes.Length != FileBytes) return false;
        if (BinaryPrimitives.ReadUInt32LittleEndian(bytes) != Magic) return false;
        var crc = BinaryPrimitives.ReadUInt32LittleEndian(bytes[CrcAt..]);
        if (Crc32C.Of(bytes[..CrcAt]) != crc) return false;
        var version = BinaryPrimitives.ReadUInt16LittleEndian(bytes[4..]);
        if (version != WalFrame.Version)
        {
            fault = WalScan.UnreadableVersion(file.Name, 0, version);
            return false;
        }

        var found = WalIdentity.Decode(bytes[IdentityAt..CrcAt]);
        if (found is null) return false;
        fault = identity.Refuse(found, file.Name);
        if (fault is not null) return false;
        boot = new BootId(BinaryPrimitives.ReadUInt64LittleEndian(bytes[8..]));
        return true;
    }

    /// <summary>The boot after <paramref name="last"/>; the first one of a directory where there is
    /// none.</summary>
    internal static BootId Next(BootId? last, ulong directoryNonce) =>
        last is { } boot
            ? new BootId(boot.Value + 1)
            : new BootId(((directoryNonce & 0x7FFF_FFFF) << 32) + 1);
}
