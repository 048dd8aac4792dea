using CsCheck;
using Hyperscale.Det.Wire;

namespace Hyperscale.Det.Tests.Core.Wire;

public sealed class FieldsTests
{
    [Fact]
    public void Values_of_every_kind_come_back() => Gen.Select(
        Gen.Long, Gen.ULong, Gen.Bool, Gen.String, Gen.Byte.Array[0, 300], Gen.Enum<DayOfWeek>()).Sample(
        (number, bits, flag, text, bytes, day) =>
        {
            var writer = new FieldWriter();
            writer.Number(1, number);
            writer.Bits(2, bits);
            writer.Flag(3, flag);
            writer.Text(4, text);
            writer.Bytes(5, bytes);
            writer.Number(FieldWriter.FieldMax, (long)day);

            var reader = new FieldReader(writer.Written);
            Assert.Equal(number, reader.Next(out _) ? reader.Number("number") : 0);
            Assert.Equal(bits, reader.Next(out _) ? reader.Bits("bits") : 0);
            Assert.Equal(flag, reader.Next(out _) && reader.Flag("flag"));
            Assert.Equal(text, reader.Next(out _) ? reader.Text("text", 1000) : "");
            Assert.Equal(bytes, reader.Next(out _) ? reader.Bytes("bytes", 1000).ToArray() : []);
            Assert.True(reader.Next(out var field));
            Assert.Equal(FieldWriter.FieldMax, field);
            Assert.Equal(day, reader.Choice("day", DayOfWeek.Saturday));
            Assert.False(reader.Next(out _));
            Assert.Null(reader.Fault);
        });

    [Fact]
    public void Fields_inside_fields_come_back_whatever_their_length() =>
        Gen.OneOf(Gen.Int[0, 300], Gen.Int[16_000, 17_000]).Select(Gen.Int[0, 200]).Sample((outer, deep) =>
        {
            var writer = new FieldWriter();
            var mark = writer.Begin(1);
            writer.Bytes(1, new byte[outer]);
            var inner = writer.Begin(2);
            writer.Bytes(1, new byte[deep]);
            writer.End(inner);
            writer.Number(3, 33);
            writer.End(mark);
            writer.Number(2, 22);

            var reader = new FieldReader(writer.Written);
            Assert.True(reader.Next(out _));
            Assert.Equal((outer, deep, 33L), reader.Nested("outer", Lengths));
            Assert.Equal(22, reader.Next(out _) ? reader.Number("after") : 0);
            Assert.Null(reader.Fault);
        });

    [Fact]
    public void What_is_not_read_is_skipped()
    {
        var writer = new FieldWriter();
        RawFields.WriteUnknown(writer);
        writer.Number(1, 11);
        RawFields.WriteUnknown(writer);

        var reader = new FieldReader(writer.Written);
        var sum = 0L;
        while (reader.Next(out var field))
            if (field == 1) sum += reader.Number("one");

        Assert.Null(reader.Fault);
        Assert.Equal(11, sum);
    }

    [Theory]
    [InlineData("00", "has a field numbered 0")]
    [InlineData("80800102", "has a field numbered 4096")]
    [InlineData("07", "field 1 is of an unknown kind")]
    [InlineData("04", "a number at field 1 is cut off or too long")]
    [InlineData("04FFFFFFFFFFFFFFFFFFFF", "a number at field 1 is cut off or too long")]
    [InlineData("0410", "number is 8; -5 to 5 is allowed")]
    [InlineData("0500", "number is of the wrong kind")]
    [InlineData("0802", "text is of the wrong kind", 2)]
    [InlineData("0905", "text is cut off", 2)]
    [InlineData("09056161616161", "text has 5 characters; at most 4 are allowed", 2)]
    [InlineData("090D61616161616161616161616161", "text has 13 bytes; at most 12 are allowed", 2)]
    [InlineData("0902C328", "text is not UTF-8", 2)]
    [InlineData("0EFFFF", "bits is cut off", 3)]
    public void Faults_name_the_field_and_what_is_allowed(string hex, string fault, int asked = 1)
    {
        var reader = new FieldReader(Convert.FromHexString(hex));
        while (reader.Next(out _))
        {
            switch (asked)
            {
                case 1: reader.Number("number", -5, 5); break;
                case 2: reader.Text("text", 4); break;
                default: reader.Bits("bits"); break;
            }
        }

        Assert.Equal(fault, reader.Fault);
    }

    [Fact]
    public void The_first_fault_stays_and_everything_after_it_is_a_default()
    {
        var writer = new FieldWriter();
        writer.Number(1, 100);
        writer.Text(2, "good");

        var reader = new FieldReader(writer.Written);
        Assert.True(reader.Next(out _));
        Assert.Equal(0, reader.Number("small", 0, 10));
        Assert.False(reader.Next(out var field));
        Assert.Equal(0, field);
        Assert.Equal("", reader.Text("good", 100));
        reader.Require(9, "nine");
        Assert.Equal("small is 100; 0 to 10 is allowed", reader.Fault);
    }

    [Fact]
    public void A_fault_inside_an_element_tells_which()
    {
        var writer = new FieldWriter();
        foreach (var value in new[] { 1, 2, 900 })
            writer.Nested(4, value, (inner, number) => inner.Number(1, number));

        var reader = new FieldReader(writer.Written);
        var list = new List<object>();
        while (reader.Next(out _)) reader.Element("list", list, 10, Small);

        Assert.Equal("list[2]: small is 900; 0 to 10 is allowed", reader.Fault);
        Assert.Equal([1L, 2L], list);
    }

    [Fact]
    public void A_list_over_its_bound_is_a_fault()
    {
        var writer = new FieldWriter();
        for (var i = 0; i < 4; i++) writer.Nested(4, i, (inner, number) => inner.Number(1, number));

        var reader = new FieldReader(writer.Written);
        var list = new List<object>();
        while (reader.Next(out _)) reader.Element("list", list, 3, Small);

        Assert.Equal("list has more than 3 elements", reader.Fault);
        Assert.Equal(3, list.Count);
    }

    [Fact]
    public void Any_bytes_are_read_to_an_end_without_an_exception() =>
        Gen.Select(Gen.Byte.Array[0, 60], Gen.Int).Sample((bytes, choice) =>
        {
            var reader = new FieldReader(bytes);
            var fields = 0;
            while (reader.Next(out var field))
            {
                Assert.InRange(field, 1, FieldWriter.FieldMax);
                Assert.InRange(++fields, 1, bytes.Length);
                ReadSomething(ref reader, choice, field);
            }
        });

    [Fact]
    public void A_writer_can_take_back_what_it_wrote_last()
    {
        var writer = new FieldWriter();
        writer.Number(1, 5);
        var kept = writer.ToArray();
        writer.Text(2, "not this");
        writer.CutTo(kept.Length);

        Assert.Equal(kept, writer.ToArray());
    }

    private static void ReadSomething(ref FieldReader reader, int choice, int field)
    {
        switch ((choice >> (field % 29)) & 7)
        {
            case 0: reader.Number("number", -100, 100); break;
            case 1: reader.Text("text", 10); break;
            case 2: reader.Bits("bits"); break;
            case 3: reader.Bytes("bytes", 10); break;
            case 4: reader.Nested("nested", Lengths); break;
            default: break;
        }
    }

    private static object? Small(ref FieldReader reader)
    {
        var value = 0L;
        while (reader.Next(out _)) value = reader.Number("small", 0, 10);
        return reader.Fault is null ? value : null;
    }

    private static (int Outer, int Deep, long Number) Lengths(ref FieldReader reader)
    {
        var (outer, deep, number) = (0, 0, 0L);
        while (reader.Next(out var field))
        {
            switch (field)
            {
                case 1: outer = reader.Bytes("outer", 100_000).Length; break;
                case 2: deep = reader.Nested("deep", Lengths).Outer; break;
                case 3: number = reader.Number("number"); break;
                default: break;
            }
        }

        return (outer, deep, number);
    }
}
