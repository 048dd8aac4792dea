using System.Buffers.Binary;
using System.Numerics;

namespace Hyperscale.Det.Kernel;

/// <summary>CRC-32C (Castagnoli): reflected polynomial 0x82F63B78, initial value and final complement all
/// ones; the checksum of "123456789" is 0xE3069283.</summary>
public static class Crc32C
{
    public static uint Of(ReadOnlySpan<byte> bytes) => Extend(0, bytes);

    /// <summary>The checksum of what <paramref name="crc"/> covers followed by
    /// <paramref name="bytes"/>.</summary>
    public static uint Extend(uint crc, ReadOnlySpan<byte> bytes)
    {
        var state = ~crc;
        while (bytes.Length >= sizeof(ulong))
        {
            state = BitOperations.Crc32C(state, BinaryPrimitives.ReadUInt64LittleEndian(bytes));
            bytes = bytes[sizeof(ulong)..];
        }

        foreach (var b in bytes) state = BitOperations.Crc32C(state, b);
        return ~state;
    }
}
