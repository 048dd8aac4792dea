namespace Hyperscale.Det.Wire;

/// <summary>Numbers in 1 to 10 bytes of seven bits each, least significant group first.</summary>
public static class Varint
{
    public const int BytesMax = 10;

    /// <summary>Writes <paramref name="value"/> to the start of <paramref name="target"/> and tells its
    /// length.</summary>
    public static int Write(Span<byte> target, ulong value)
    {
        var at = 0;
        while (value >= 0x80)
        {
            target[at++] = unchecked((byte)(value | 0x80));
            value >>= 7;
        }

        target[at] = (byte)value;
        return at + 1;
    }

    /// <summary>Takes a number off the front of <paramref name="rest"/>; false, and nothing taken, when there
    /// is none.</summary>
    public static bool TryRead(ref ReadOnlySpan<byte> rest, out ulong value)
    {
        value = 0;
        for (var at = 0; at < rest.Length && at < BytesMax; at++)
        {
            var b = rest[at];
            // The tenth byte has room for one bit.
            if (at == BytesMax - 1 && b > 1) return false;
            value |= (ulong)(b & 0x7F) << (at * 7);
            if (b >= 0x80) continue;
            rest = rest[(at + 1)..];
            return true;
        }

        return false;
    }

    public static int LengthOf(ulong value)
    {
        var bytes = 1;
        while ((value >>= 7) != 0) bytes++;
        return bytes;
    }
}
