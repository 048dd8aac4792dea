using Hyperscale.Det.Wire;

namespace Hyperscale.Det.Tests.Core.Wire;

/// <summary>Encoded fields, taken apart without knowing what they mean.</summary>
internal static class RawFields
{
    /// <summary>Each field with its tag, in order.</summary>
    public static List<(int Number, byte[] Bytes)> Split(ReadOnlySpan<byte> fields)
    {
        var parts = new List<(int, byte[])>();
        var rest = fields;
        while (!rest.IsEmpty)
        {
            var start = rest;
            Assert.True(Varint.TryRead(ref rest, out var tag));
            switch (tag & 3)
            {
                case 0: Assert.True(Varint.TryRead(ref rest, out _)); break;
                case 1:
                    Assert.True(Varint.TryRead(ref rest, out var length));
                    rest = rest[(int)length..];
                    break;
                case 2: rest = rest[sizeof(ulong)..]; break;
                default: Assert.Fail($"field {tag >> 2} is of no kind"); break;
            }

            parts.Add(((int)(tag >> 2), start[..^rest.Length].ToArray()));
        }

        return parts;
    }

    /// <summary>All fields but those with one number.</summary>
    public static byte[] Without(ReadOnlySpan<byte> fields, int number) =>
        [.. Split(fields).Where(field => field.Number != number).SelectMany(field => field.Bytes)];

    /// <summary>The bytes inside the one field with this number.</summary>
    public static byte[] Inside(ReadOnlySpan<byte> fields, int number)
    {
        ReadOnlySpan<byte> rest = Split(fields).Single(field => field.Number == number).Bytes;
        Assert.True(Varint.TryRead(ref rest, out _));
        Assert.True(Varint.TryRead(ref rest, out var length));
        Assert.Equal(rest.Length, (int)length);
        return rest.ToArray();
    }

    /// <summary>Fields of every kind whose numbers no version of this build knows.</summary>
    public static void WriteUnknown(FieldWriter writer)
    {
        writer.Number(61, -7);
        writer.Bits(62, ulong.MaxValue);
        writer.Text(63, "from a later version");
        writer.Nested(FieldWriter.FieldMax, "deep", (inner, text) => inner.Text(1, text));
    }
}
