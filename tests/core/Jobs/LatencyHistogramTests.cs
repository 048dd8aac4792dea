using CsCheck;
using Hyperscale.Det.Jobs;

namespace Hyperscale.Det.Tests.Core.Jobs;

public sealed class LatencyHistogramTests
{
    // As many small values as large ones: each order of magnitude alike.
    private static readonly Gen<long> Value =
        Gen.Select(Gen.Int[0, 36], Gen.Long[0, LatencyHistogram.ValueMax], (shift, raw) => raw >> shift);

    private static readonly Gen<long[]> Values = Gen.OneOf(
        Value.Array[1, 300],
        Gen.Select(Value, Gen.Long[0, 400].Array[1, 300], (near, steps) =>
            steps.Select(step => Math.Min(near + step, LatencyHistogram.ValueMax)).ToArray()));

    [Fact]
    public void A_quantile_is_within_its_error_of_the_value_at_its_rank() =>
        Gen.Select(Values, Gen.Int[0, 1_000_000]).Sample((values, perMillion) =>
        {
            var histogram = Of(values);
            Array.Sort(values);
            // Nearest rank: the smallest value that has at least this share of all at or below it.
            var rank = Math.Max(1, (((long)values.Length * perMillion) + 999_999) / 1_000_000);
            var exact = values[rank - 1];
            var found = histogram.Quantile(perMillion);

            Assert.True(
                Math.Abs(found - exact) * 1_000 <= exact * 8, $"{found} instead of {exact} at {perMillion}");
        });

    [Fact]
    public void A_quantile_of_values_below_256_microseconds_is_exact() =>
        Gen.Select(Gen.Long[0, 255].Array[1, 100], Gen.Int[0, 1_000_000]).Sample((values, perMillion) =>
        {
            var histogram = Of(values);
            Array.Sort(values);
            var rank = Math.Max(1, (((long)values.Length * perMillion) + 999_999) / 1_000_000);

            Assert.Equal(values[rank - 1], histogram.Quantile(perMillion));
        });

    [Fact]
    public void Quantiles_rise_from_the_least_to_the_largest_value() =>
        Gen.Select(Values, Gen.Int[0, 1_000_000].Array[2]).Sample((values, at) =>
        {
            var histogram = Of(values);
            Array.Sort(at);

            Assert.True(histogram.Quantile(at[0]) <= histogram.Quantile(at[1]));
            Assert.Equal(values.Min(), histogram.Quantile(0));
            Assert.Equal(values.Max(), histogram.Quantile(1_000_000));
        });

    [Fact]
    public void Merging_is_recording_everything_in_one() =>
        Gen.Select(Values, Values).Sample((a, b) =>
            Assert.Equal(Content.Of(Of([.. a, .. b])), Content.Of(Of(a).Merge(Of(b)))));

    [Fact]
    public void Merging_depends_on_no_order() =>
        Gen.Select(JobGens.Latency, JobGens.Latency, JobGens.Latency).Sample((a, b, c) =>
        {
            Assert.Equal(Content.Of(a.Merge(b)), Content.Of(b.Merge(a)));
            Assert.Equal(Content.Of(a.Merge(b).Merge(c)), Content.Of(a.Merge(b.Merge(c))));
            Assert.Equal(Content.Of(a), Content.Of(a.Merge(LatencyHistogram.Empty)));
        });

    [Fact]
    public void A_histogram_is_rebuilt_from_its_parts() =>
        JobGens.Latency.Sample(histogram =>
        {
            Assert.True(LatencyHistogram.TryCreate(
                histogram.Buckets, histogram.Min, histogram.Max, out var rebuilt));
            Assert.Equal(Content.Of(histogram), Content.Of(rebuilt));
        });

    [Theory]
    [InlineData(5, 4, 10, 10)]
    [InlineData(10, -1, 10, 10)]
    [InlineData(10, 1, 9, 10)]
    [InlineData(10, 1, 10, 11)]
    [InlineData(10, 1, 0, 0)]
    [InlineData(LatencyHistogram.BucketsMax, 1, LatencyHistogram.ValueMax, LatencyHistogram.ValueMax)]
    public void Parts_that_contradict_each_other_make_no_histogram(
        int index, long count, long min, long max) =>
        Assert.False(LatencyHistogram.TryCreate([new(index, count)], min, max, out _));

    [Fact]
    public void Values_beyond_the_range_count_as_its_ends()
    {
        var histogram = LatencyHistogram.From([(-5, 1), (long.MaxValue, 2), (7, 0), (7, -1)]);

        Assert.Equal((3, 0, LatencyHistogram.ValueMax), (histogram.Count, histogram.Min, histogram.Max));
    }

    [Fact]
    public void Nothing_has_quantiles_of_0() => Assert.Equal(0, LatencyHistogram.Empty.Quantile(500_000));

    private static LatencyHistogram Of(long[] values) =>
        LatencyHistogram.From(values.Select(value => (value, 1L)));
}
