using CsCheck;
using Hyperscale.Det.Wire;

namespace Hyperscale.Det.Tests.Core.Wire;

public sealed class VarintTests
{
    [Fact]
    public void Any_number_comes_back_and_takes_the_length_that_was_foretold() =>
        Gen.Select(Gen.ULong, Gen.Int[0, 63]).Sample((bits, shift) =>
        {
            var value = bits >> shift;
            var target = new byte[Varint.BytesMax];
            var length = Varint.Write(target, value);
            ReadOnlySpan<byte> rest = target;
            Assert.True(Varint.TryRead(ref rest, out var back));
            Assert.Equal(value, back);
            Assert.Equal(target.Length - length, rest.Length);
            Assert.Equal(length, Varint.LengthOf(value));
        });

    [Theory]
    [InlineData(0UL, "00")]
    [InlineData(127UL, "7F")]
    [InlineData(128UL, "8001")]
    [InlineData(16_384UL, "808001")]
    [InlineData(ulong.MaxValue, "FFFFFFFFFFFFFFFFFF01")]
    public void The_format_stays(ulong value, string hex)
    {
        var target = new byte[Varint.BytesMax];
        Assert.Equal(hex, Convert.ToHexString(target.AsSpan(0, Varint.Write(target, value))));
    }

    [Theory]
    [InlineData("")]
    [InlineData("80")]
    [InlineData("FFFFFFFFFFFFFFFFFF02")]
    [InlineData("FFFFFFFFFFFFFFFFFFFF01")]
    public void What_is_cut_off_or_too_long_is_no_number_and_takes_nothing(string hex)
    {
        ReadOnlySpan<byte> rest = Convert.FromHexString(hex);
        Assert.False(Varint.TryRead(ref rest, out _));
        Assert.Equal(hex.Length / 2, rest.Length);
    }
}
