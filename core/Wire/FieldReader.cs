using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Unicode;
using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Wire;

/// <summary>Reads what <see cref="FieldWriter"/> wrote, from bytes that anyone may have sent.</summary>
/// <remarks>It never throws. The first fault stays, names the field, and makes every later read give a
/// default and <see cref="Next"/> end. Fields that nobody reads are skipped; of a field that comes twice
/// where one is meant, the last counts.</remarks>
public ref struct FieldReader(ReadOnlySpan<byte> bytes)
{
    private ReadOnlySpan<byte> _rest = bytes;
    private FieldKind _kind;
    private int _field;
    private bool _isUnread;
    private ulong _seen;

    /// <summary>What is wrong with the bytes; null while nothing is.</summary>
    public string? Fault { get; private set; }

    /// <summary>Moves to the next field; false at the end and after a fault.</summary>
    public bool Next(out int field)
    {
        Skip();
        field = 0;
        if (Fault is not null || _rest.IsEmpty) return false;
        var tag = TakeVarint();
        if (Fault is not null) return false;
        var number = tag >> 2;
        if (number is 0 or > FieldWriter.FieldMax) return Fail($"has a field numbered {number}");
        _field = field = (int)number;
        _kind = (FieldKind)(tag & 3);
        if (_kind > FieldKind.Bits) return Fail($"field {_field} is of an unknown kind");
        _isUnread = true;
        if (_field < 64) _seen |= 1UL << _field;
        return true;
    }

    /// <summary>The bare number before the first field, by which a closed set tells its cases
    /// apart.</summary>
    public int Leading(string name)
    {
        if (Fault is not null) return 0;
        if (Varint.TryRead(ref _rest, out var value) && value <= int.MaxValue) return (int)value;
        Fail($"{name} is missing or out of range");
        return 0;
    }

    /// <summary>A number from <paramref name="min"/> to <paramref name="max"/>.</summary>
    public long Number(string name, long min = long.MinValue, long max = long.MaxValue)
    {
        if (!Take(FieldKind.Number, name)) return 0;
        var raw = TakeVarint();
        var value = unchecked((long)(raw >> 1) ^ -(long)(raw & 1));
        if (Fault is not null) return 0;
        if (value >= min && value <= max) return value;
        Fail($"{name} is {value}; {min} to {max} is allowed");
        return 0;
    }

    public int Integer(string name, int min = int.MinValue, int max = int.MaxValue) =>
        (int)Number(name, min, max);

    public bool Flag(string name) => Number(name, 0, 1) == 1;

    public ulong Bits(string name)
    {
        if (!Take(FieldKind.Bits, name)) return 0;
        if (_rest.Length < sizeof(ulong))
        {
            Fail($"{name} is cut off");
            return 0;
        }

        var value = BinaryPrimitives.ReadUInt64LittleEndian(_rest);
        _rest = _rest[sizeof(ulong)..];
        return value;
    }

    /// <summary>A value of an enum whose values are dense from 0 to <paramref name="last"/>.</summary>
    public TEnum Choice<TEnum>(string name, TEnum last)
        where TEnum : struct, Enum
    {
        // Without boxes where it can: every record and every message of replicas has such a field.
        if (Unsafe.SizeOf<TEnum>() != sizeof(byte))
            return (TEnum)Enum.ToObject(typeof(TEnum), Number(name, 0, Convert.ToInt64(last, null)));
        var value = (byte)Number(name, 0, Unsafe.BitCast<TEnum, byte>(last));
        return Unsafe.BitCast<byte, TEnum>(value);
    }

    /// <summary>A text of at most <paramref name="charactersMax"/> UTF-16 code units.</summary>
    public string Text(string name, int charactersMax)
    {
        var bytes = Bytes(name, charactersMax * 3);
        if (Fault is not null) return "";
        if (!Utf8.IsValid(bytes))
        {
            Fail($"{name} is not UTF-8");
            return "";
        }

        var text = Encoding.UTF8.GetString(bytes);
        if (text.Length <= charactersMax) return text;
        Fail($"{name} has {text.Length} characters; at most {charactersMax} are allowed");
        return "";
    }

    /// <summary>A node's name.</summary>
    public NodeId Node(string name)
    {
        var text = Text(name, NodeId.LengthMax);
        if (NodeId.IsValid(text)) return NodeId.Of(text);
        Fail($"{name} is no node name: 1 to {NodeId.LengthMax} characters of a-z 0-9 - _ . / are");
        return default;
    }

    public ReadOnlySpan<byte> Bytes(string name, int bytesMax)
    {
        if (!Take(FieldKind.Bytes, name)) return default;
        var length = TakeVarint();
        if (Fault is not null) return default;
        if (length > (ulong)_rest.Length)
        {
            Fail($"{name} is cut off");
            return default;
        }

        if (length > (ulong)bytesMax)
        {
            Fail($"{name} has {length} bytes; at most {bytesMax} are allowed");
            return default;
        }

        var value = _rest[..(int)length];
        _rest = _rest[(int)length..];
        return value;
    }

    /// <summary>What <paramref name="read"/> makes of the fields inside a field.</summary>
    public T? Nested<T>(string name, FieldsReader<T> read)
    {
        var inner = Enter(name);
        var value = read(ref inner);
        Leave(inner, name);
        return Fault is null ? value : default;
    }

    /// <summary>Reads one element of a list whose elements are fields inside a field.</summary>
    public void Element<T>(string name, List<T> list, int countMax, FieldsReader<T?> read)
    {
        if (!HasRoom(name, list.Count, countMax)) return;
        var inner = Enter(name);
        var value = read(ref inner);
        if (inner.Fault is not null) Fail($"{name}[{list.Count}]: {inner.Fault}");
        if (Fault is null && value is not null) list.Add(value);
    }

    /// <summary>The fields inside a field; give it back to <see cref="Leave"/> once read.</summary>
    public FieldReader Enter(string name) => new(Bytes(name, int.MaxValue));

    /// <summary>Takes over what was wrong inside.</summary>
    public void Leave(in FieldReader inner, string name)
    {
        if (inner.Fault is not null) Fail($"{name}: {inner.Fault}");
    }

    /// <summary>Ends a list: false, with a fault, when one more would pass the bound.</summary>
    public bool HasRoom(string name, int count, int countMax) =>
        count < countMax || Fail($"{name} has more than {countMax} elements");

    /// <summary>Faults when this field, numbered 63 at most, has not come.</summary>
    public void Require(int field, string name) => Require((_seen & (1UL << field)) != 0, name);

    /// <summary>Faults when a field that must be there was not.</summary>
    public void Require(bool isPresent, string name)
    {
        if (!isPresent) Fail($"{name} is missing");
    }

    /// <summary>Records a fault of the reader's user; the first one stays.</summary>
    public bool Fail(string fault)
    {
        Fault ??= fault;
        return false;
    }

    private bool Take(FieldKind kind, string name)
    {
        if (Fault is not null) return false;
        _isUnread = false;
        return _kind == kind || Fail($"{name} is of the wrong kind");
    }

    private void Skip()
    {
        if (!_isUnread || Fault is not null) return;
        switch (_kind)
        {
            case FieldKind.Number:
                _isUnread = false;
                TakeVarint();
                break;
            case FieldKind.Bytes:
                Bytes($"field {_field}", int.MaxValue);
                break;
            case FieldKind.Bits:
                Bits($"field {_field}");
                break;
            default:
                throw new System.Diagnostics.UnreachableException($"unhandled {_kind}");
        }
    }

    private ulong TakeVarint()
    {
        if (Varint.TryRead(ref _rest, out var value)) return value;
        Fail($"a number at field {_field} is cut off or too long");
        return 0;
    }
}

/// <summary>Makes a value of the fields it is given; what is wrong with them it leaves as the reader's
/// fault.</summary>
public delegate T FieldsReader<out T>(ref FieldReader reader);
