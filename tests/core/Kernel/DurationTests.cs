using CsCheck;
using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Tests.Core.Kernel;

public sealed class DurationTests
{
    [Theory]
    [InlineData("90s", 90_000)]
    [InlineData("1m30s", 90_000)]
    [InlineData("2h", 7_200_000)]
    [InlineData("1d", 86_400_000)]
    [InlineData("1w", 604_800_000)]
    [InlineData("250ms", 250)]
    [InlineData("1.5s", 1_500)]
    [InlineData("7", 7_000)]
    public void Text_of_the_grammar_is_read(string text, long milliseconds)
    {
        Assert.True(Duration.TryParse(text, out var duration));
        Assert.Equal(Duration.FromMilliseconds(milliseconds), duration);
    }

    [Theory]
    [InlineData("")]
    [InlineData("-1s")]
    [InlineData("1s1m")]
    [InlineData("1m1m")]
    [InlineData("5 s")]
    [InlineData("s")]
    [InlineData("1m30")]
    [InlineData("1..5s")]
    [InlineData("99999999w")]
    public void Any_other_text_is_refused(string text) => Assert.False(Duration.TryParse(text, out _));

    [Fact]
    public void Every_duration_reads_back_from_its_text() =>
        Gen.Long[0, 3_155_760_000_000_000_000].Sample(nanoseconds =>
            Duration.TryParse(new Duration(nanoseconds).ToString(), out var back)
            && back.Nanoseconds == nanoseconds);
}
