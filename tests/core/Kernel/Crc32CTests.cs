using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Tests.Core.Kernel;

public sealed class Crc32CTests
{
    [Fact]
    public void The_published_check_value_comes_out() =>
        Assert.Equal(0xE306_9283U, Crc32C.Of("123456789"u8));

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(8)]
    [InlineData(17)]
    public void Parts_one_after_another_give_the_checksum_of_the_whole(int cut)
    {
        var bytes = "a text of some twenty characters"u8;
        Assert.Equal(Crc32C.Of(bytes), Crc32C.Extend(Crc32C.Of(bytes[..cut]), bytes[cut..]));
    }
}
