using Hyperscale.Det.Capacity;
using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Tests.Core.Capacity;

public sealed class ActiveDispatchTests
{
    private static readonly ActiveDispatch Dispatch = new(
        new JobId(0, 1), 0, NodeId.Of("w"), Cores: 2, Instant.Zero + Duration.FromSeconds(100),
        Duration.FromSeconds(60), Timeout: Duration.FromSeconds(30));

    /// <summary>Seconds on the clock; left of the duration; expected to end in.</summary>
    [Theory]
    [InlineData(100, 60, 60)]
    [InlineData(130, 30, 30)]
    [InlineData(160, 0, 30)]
    [InlineData(175, 0, 15)]
    [InlineData(190, 0, 0)]
    [InlineData(10_000, 0, 0)]
    public void What_is_overdue_is_expected_to_end_with_its_timeout_and_after_that_now(
        int at, int remaining, int end)
    {
        var now = Instant.Zero + Duration.FromSeconds(at);

        Assert.Equal(Duration.FromSeconds(remaining), Dispatch.RemainingAt(now));
        Assert.Equal(Duration.FromSeconds(end), Dispatch.ExpectedEndAfter(now));
    }
}
