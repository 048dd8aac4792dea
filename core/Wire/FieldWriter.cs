using System.Buffers.Binary;
using System.Text;
using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Wire;

/// <summary>Writes numbered fields into a buffer of its own that is reused from message to message.</summary>
/// <remarks>A field is a tag (number and kind in one varint) and a value: a varint, or a length and that many
/// bytes. So a reader can skip what it does not know. Signed numbers are zigzag-coded. A list is its field
/// repeated. Varints are at most 10 bytes, least significant group first.</remarks>
public sealed class FieldWriter
{
    /// <summary>Largest field number.</summary>
    public const int FieldMax = 4095;

    /// <summary>Largest buffer that stays from message to message: 4 MiB.</summary>
    private const int KeptBytesMax = 4 * 1024 * 1024;

    private byte[] _buffer = new byte[512];
    private int _length;

    public ReadOnlySpan<byte> Written => _buffer.AsSpan(0, _length);

    public int Length => _length;

    /// <summary>A copy of what was written.</summary>
    public byte[] ToArray() => Written.ToArray();

    public void Clear()
    {
        _length = 0;
        if (_buffer.Length > KeptBytesMax) _buffer = new byte[KeptBytesMax];
    }

    /// <summary>Takes back everything after the first <paramref name="length"/> bytes.</summary>
    public void CutTo(int length)
    {
        Invariant.Holds(length >= 0 && length <= _length);
        _length = length;
    }

    public void Number(int field, long value)
    {
        Tag(field, FieldKind.Number);
        Packed(unchecked((ulong)((value << 1) ^ (value >> 63))));
    }

    /// <summary>A number whose bits mean no size, such as an identity: eight bytes.</summary>
    public void Bits(int field, ulong value)
    {
        Tag(field, FieldKind.Bits);
        var target = Room(sizeof(ulong));
        BinaryPrimitives.WriteUInt64LittleEndian(target, value);
        _length += sizeof(ulong);
    }

    public void Flag(int field, bool value) => Number(field, value ? 1 : 0);

    public void Text(int field, string value)
    {
        Tag(field, FieldKind.Bytes);
        var count = Encoding.UTF8.GetByteCount(value);
        Packed((ulong)count);
        _length += Encoding.UTF8.GetBytes(value, Room(count));
    }

    public void Bytes(int field, ReadOnlySpan<byte> value)
    {
        Tag(field, FieldKind.Bytes);
        Packed((ulong)value.Length);
        value.CopyTo(Room(value.Length));
        _length += value.Length;
    }

    /// <summary>A bare number: before the first field, read by <see cref="FieldReader.Leading"/>, or inside a
    /// field that holds no fields but numbers, read as bytes with <see cref="Varint.TryRead"/>.</summary>
    public void Packed(ulong value) => _length += Varint.Write(Room(Varint.BytesMax), value);

    /// <summary>A field that holds the fields of <paramref name="value"/>.</summary>
    public void Nested<T>(int field, T value, Action<FieldWriter, T> write)
    {
        var mark = Begin(field);
        write(this, value);
        End(mark);
    }

    /// <summary>Begins a field that holds fields of its own; <see cref="End"/> with the returned mark closes
    /// it.</summary>
    public int Begin(int field)
    {
        Tag(field, FieldKind.Bytes);
        // One byte for the length: most nested values are short, and longer ones are moved at the end.
        Room(1);
        return ++_length;
    }

    public void End(int mark)
    {
        var length = _length - mark;
        Invariant.Holds(length >= 0);
        var extra = Varint.LengthOf((ulong)length) - 1;
        if (extra > 0)
        {
            Room(extra);
            _buffer.AsSpan(mark, length).CopyTo(_buffer.AsSpan(mark + extra));
        }

        _length = mark - 1;
        Packed((ulong)length);
        _length += length;
    }

    private void Tag(int field, FieldKind kind)
    {
        Invariant.Holds(field is > 0 and <= FieldMax);
        Packed(((ulong)field << 2) | (byte)kind);
    }

    private Span<byte> Room(int bytes)
    {
        if (_buffer.Length - _length < bytes)
            Array.Resize(ref _buffer, Math.Max(_buffer.Length * 2, _length + bytes));
        return _buffer.AsSpan(_length);
    }
}

internal enum FieldKind : byte { Number = 0, Bytes = 1, Bits = 2 }
