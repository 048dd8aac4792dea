using System.Buffers.Binary;
using System.Globalization;
using System.Numerics;
using System.Runtime.CompilerServices;

namespace Hyperscale.Det.Kernel;

/// <summary>A 64-bit digest of state or history: equal sequences of additions give equal values on every
/// host.</summary>
public struct Fingerprint
{
    private ulong _state;
    private ulong _count;

    public readonly ulong Value => Rng.Mix(_state ^ Rng.Mix(_count + 0x9E3779B97F4A7C15UL));

    public void Add(ulong value)
    {
        unchecked
        {
            _state = (BitOperations.RotateLeft(_state, 27) ^ Rng.Mix(value)) * 0x9FB21C651E98DF25UL;
            _count++;
        }
    }

    public void Add(long value) => Add(unchecked((ulong)value));

    public void Add(bool value) => Add(value ? 1UL : 2UL);

    /// <summary>By its bits: values that differ in the last of them differ.</summary>
    public void Add(double value) => Add(Unsafe.BitCast<double, ulong>(value));

    public void Add(Instant instant) => Add(instant.Nanoseconds);

    public void Add(NodeId node) => Add(node.Name);

    public void Add(string? text)
    {
        if (text is null)
        {
            Add(ulong.MaxValue);
            return;
        }

        Add((ulong)text.Length);
        foreach (var c in text) Add((ulong)c);
    }

    public void Add(ReadOnlySpan<byte> bytes)
    {
        Add((ulong)bytes.Length);
        while (bytes.Length >= sizeof(ulong))
        {
            Add(BinaryPrimitives.ReadUInt64LittleEndian(bytes));
            bytes = bytes[sizeof(ulong)..];
        }

        foreach (var b in bytes) Add((ulong)b);
    }

    public override readonly string ToString() => Value.ToString("x16", CultureInfo.InvariantCulture);
}
