using CsCheck;
using Hyperscale.Det.Routing;

namespace Hyperscale.Det.Tests.Core.Routing;

public sealed class BaselineOverheadTests
{
    [Fact]
    public void It_is_nothing_until_something_is_known()
    {
        Assert.Equal(0, default(BaselineOverhead).Ms);
        Assert.Equal(80, default(BaselineOverhead).With(80).Ms);
    }

    [Fact]
    public void It_falls_by_a_fifth_of_the_way_and_rises_by_a_hundredth()
    {
        var baseline = default(BaselineOverhead).With(80);
        Assert.Equal(70, baseline.With(30).Ms, 1e-9);
        Assert.Equal(81, baseline.With(180).Ms, 1e-9);
        Assert.Equal(81.7, baseline.With(9000).Ms, 1e-9);
    }

    [Fact]
    public void A_round_trip_that_is_longer_than_all_the_overhead_says_nothing()
    {
        Assert.Equal(80, default(BaselineOverhead).With(80).With(-1).Ms);
        Assert.Equal(0, default(BaselineOverhead).With(-1).Ms);
        Assert.Equal(80, default(BaselineOverhead).With(-1).With(80).Ms);
    }

    [Fact]
    public void It_is_never_less_than_the_least_and_never_more_than_the_most_that_was_seen() =>
        Gen.Double[0, 2000].List[1, 50].Sample(all =>
        {
            var baseline = all.Aggregate(default(BaselineOverhead), (known, excess) => known.With(excess));
            var counted = all.Select(excess => Math.Min(excess, BaselineOverhead.MaxMs)).ToList();
            Assert.InRange(baseline.Ms, counted.Min() - 1e-9, counted.Max() + 1e-9);
        });
}
