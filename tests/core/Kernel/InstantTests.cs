using CsCheck;
using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Tests.Core.Kernel;

public sealed class InstantTests
{
    private static readonly Gen<Instant> Instants = Gen.Long[0, long.MaxValue].Select(n => new Instant(n));

    [Fact]
    public void What_would_pass_the_end_of_the_clock_is_never() =>
        Gen.Select(Instants, Gen.Long[0, long.MaxValue]).Sample((instant, length) =>
        {
            var sum = (Int128)instant.Nanoseconds + length;
            var expected = sum > long.MaxValue ? Instant.Never : new Instant((long)sum);
            Assert.Equal(expected, instant + new Duration(length));
        });

    [Fact]
    public void Never_stays_never_however_long_one_waits() =>
        Assert.Equal(Instant.Never, Instant.Never + Duration.FromSeconds(1));

    [Fact]
    public void A_difference_added_again_gives_the_instant_back() => Gen.Select(Instants, Instants)
        .Sample((a, b) => Assert.Equal(a, b + (a - b)));

    [Fact]
    public void Instants_order_as_their_nanoseconds() => Gen.Select(Instants, Instants).Sample((a, b) =>
    {
        Assert.Equal(a.Nanoseconds < b.Nanoseconds, a < b);
        Assert.Equal(a.Nanoseconds > b.Nanoseconds, a > b);
        Assert.Equal(a.Nanoseconds <= b.Nanoseconds, a <= b);
        Assert.Equal(a.Nanoseconds >= b.Nanoseconds, a >= b);
        Assert.Equal(Math.Min(a.Nanoseconds, b.Nanoseconds), Instant.Sooner(a, b).Nanoseconds);
        Assert.Equal(Math.Max(a.Nanoseconds, b.Nanoseconds), Instant.Later(a, b).Nanoseconds);
    });

    [Theory]
    [InlineData(0, "0.000000000s")]
    [InlineData(1_500_000_000, "1.500000000s")]
    [InlineData(long.MaxValue, "never")]
    public void An_instant_shows_its_seconds(long nanoseconds, string text) =>
        Assert.Equal(text, new Instant(nanoseconds).ToString());
}
