using CsCheck;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Slo;

namespace Hyperscale.Det.Tests.Core.Slo;

public sealed class TDigestTests
{
    private static readonly Gen<double[]> Histories = Gen.Select(
        SloGens.SampleKind, Gen.Int[1, 30_000], Gen.ULong,
        (kind, count, seed) => Samples.Of(kind, count, seed));

    private static readonly Gen<int> Shares = Gen.Int[0, 1_000_000];

    public static TheoryData<string> Smooth => [.. Samples.Smooth];

    [Theory]
    [MemberData(nameof(Smooth))]
    public void Ranks_of_a_million_samples_are_off_by_less_than_the_targets(string kind)
    {
        var samples = Samples.Of(kind, 1_000_000);
        var digest = Of(samples);
        Array.Sort(samples);

        Assert.InRange(Samples.ErrorOfRank(samples, 0.5, digest.Quantile(0.5)), 0, 0.01);
        Assert.InRange(Samples.ErrorOfRank(samples, 0.99, digest.Quantile(0.99)), 0, 0.001);
        Assert.InRange(Samples.ErrorOfRank(samples, 0.999, digest.Quantile(0.999)), 0, 0.0001);
    }

    [Fact]
    public void Shards_merged_in_any_order_tell_ranks_that_are_off_by_less_than_two_centroids() =>
        Gen.Select(Histories, Gen.Int[1, 64], Gen.ULong, Shares).Sample((samples, shards, seed, perMillion) =>
        {
            var digest = Merged(samples, shards, seed);
            Array.Sort(samples);
            var q = perMillion / 1e6;
            // A centroid at q spans 1.2 pi / delta times the root of q (1 - q), or one sample.
            var width = (1.2 * Math.PI / 100 * Math.Sqrt(q * (1 - q))) + (2.0 / samples.Length) + 0.0003;

            Assert.InRange(Samples.ErrorOfRank(samples, q, digest.Quantile(q)), 0, 2 * width);
            Assert.Equal(samples.Length, digest.Count);
        });

    [Fact]
    public void As_many_samples_as_are_kept_one_by_one_have_exact_quantiles() =>
        Gen.Select(
            SloGens.SampleKind, Gen.Int[1, TDigest.MaxUnmergedStandard], Shares).Sample((kind, n, at) =>
        {
            var samples = Samples.Of(kind, n);
            var digest = Of(samples);
            Array.Sort(samples);

            Assert.Equal(Samples.AtNearestRank(samples, at), digest.QuantilePerMillion(at));
            Assert.Equal(Samples.AtNearestRank(samples, at), digest.Quantile(at / 1e6));
        });

    [Fact]
    public void Few_samples_have_exact_quantiles_in_however_many_shards_they_came() =>
        Gen.Select(SloGens.SampleKind, Gen.Int[1, LatencyDigest.ExactMax], Gen.Int[1, 64], Shares).Sample(
            (kind, n, shards, at) =>
            {
                var samples = Samples.Of(kind, n);
                var kept = samples.Chunk(Math.Max(1, n / shards)).Select(part => LatencyDigest.Of(Of(part)))
                    .Aggregate(LatencyDigest.Empty, (sum, part) => sum.Merge(part));
                Array.Sort(samples);

                Assert.Equal(Samples.AtNearestRank(samples, at), kept.Quantile(at).Nanoseconds);
            });

    [Fact]
    public void Quantiles_rise_from_the_least_to_the_largest_sample() =>
        Gen.Select(Histories, Shares.Array[2]).Sample((samples, at) =>
        {
            var digest = Of(samples);
            Array.Sort(at);

            Assert.True(digest.QuantilePerMillion(at[0]) <= digest.QuantilePerMillion(at[1]));
            Assert.Equal(samples.Min(), digest.Quantile(0));
            Assert.Equal(samples.Max(), digest.Quantile(1));
        });

    [Fact]
    public void The_share_up_to_a_quantile_is_about_what_it_is_the_quantile_of() =>
        Gen.Select(Histories, Shares).Sample((samples, at) =>
        {
            var digest = Of(samples);
            var value = digest.QuantilePerMillion(at);
            var share = digest.Cdf(value);
            Array.Sort(samples);

            Assert.InRange(share, (at / 1e6) - (2.0 / samples.Length), 1);
            var upTo = (double)Samples.CountBelow(samples, Math.BitIncrement(value)) / samples.Length;
            if (samples.Length <= TDigest.MaxUnmergedStandard) Assert.Equal(upTo, share);
            // Two of the widest centroids.
            Assert.InRange(share, 0, upTo + (2 * ((1.2 * Math.PI / 200) + (2.0 / samples.Length))));
            Assert.Equal(0, digest.Cdf(Math.BitDecrement(samples[0])));
            Assert.Equal(1, digest.Cdf(samples[^1]));
        });

    [Fact]
    public void Centroids_are_fewer_than_two_delta_whatever_comes() =>
        Gen.Select(Histories.Array[1, 4], Gen.Int[ScaleK1.DeltaMin, ScaleK1.DeltaMax], Gen.Int[1, 100_000])
            .Sample((parts, delta, repeated) =>
            {
                var digest = new TDigest(delta, TDigest.MaxUnmergedMin);
                foreach (var part in parts)
                {
                    digest.Merge(Of(part));
                    foreach (var sample in part) digest.Add(sample);
                    digest.AddRepeated(part[0], repeated);
                    digest.Settle();
                    digest.CheckInvariants();
                    Assert.InRange(digest.Centroids, 0, 2 * delta);
                }
            });

    [Fact]
    public void A_constant_stays_what_it_is() =>
        Gen.Select(Gen.Double[0, 1e15], Gen.Int[1, 10_000], Shares).Sample((value, count, at) =>
        {
            var digest = Of(Enumerable.Repeat(value, count));
            digest.Merge(Of(Enumerable.Repeat(value, 2 * count)));

            Assert.Equal(value, digest.QuantilePerMillion(at));
        });

    [Fact]
    public void Repeated_samples_count_as_if_they_had_come_one_by_one() =>
        Gen.Select(Gen.Int[1, 40_000], Gen.Int[1, 5_000], Gen.Int[1, 500]).Sample((low, middle, high) =>
        {
            var digest = new TDigest();
            digest.AddRepeated(100, high);
            digest.AddRepeated(1, low);
            digest.AddRepeated(10, middle);
            double[] sorted = [.. Enumerable.Repeat(1.0, low), .. Enumerable.Repeat(10.0, middle),
                .. Enumerable.Repeat(100.0, high)];

            Assert.Equal(sorted.Length, digest.Count);
            foreach (var q in new[] { 0.1, 0.5, 0.9, 0.95, 0.99 })
            {
                var width = (1.2 * Math.PI / 100 * Math.Sqrt(q * (1 - q))) + (2.0 / sorted.Length) + 0.0003;
                Assert.InRange(Samples.ErrorOfRank(sorted, q, digest.Quantile(q)), 0, 2 * width);
            }
        });

    [Theory]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    [InlineData(double.NegativeInfinity)]
    [InlineData(-1e-300)]
    public void What_is_no_latency_is_refused_and_counted(double sample)
    {
        var digest = Of([1, 2, 3]);

        Assert.False(digest.Add(sample));
        Assert.False(digest.AddRepeated(sample, 100));
        Assert.Equal((3, 101, 1, 3), (digest.Count, digest.Refused, digest.Min, digest.Max));
        var sum = Of([4]);
        sum.Merge(digest);
        Assert.Equal((4, 101), (sum.Count, sum.Refused));
    }

    [Fact]
    public void A_negative_zero_is_zero()
    {
        var digest = Of(Enumerable.Range(1, 1000).Select(i => (double)i).Append(-0.0));

        Assert.Equal(0.0, digest.Quantile(0.0005));
        Assert.False(double.IsNegative(digest.Min));
    }

    [Fact]
    public void Merging_adds_counts_exactly_and_leaves_the_other_as_it_was() =>
        Gen.Select(Histories, Histories).Sample((a, b) =>
        {
            var (sum, other) = (Of(a), Of(b));
            other.Settle();
            var before = Content.Of(LatencyDigest.Of(other));
            sum.Merge(other);

            Assert.Equal(a.Length + b.Length, sum.Count);
            Assert.Equal(Math.Min(a.Min(), b.Min()), sum.Min);
            Assert.Equal(Math.Max(a.Max(), b.Max()), sum.Max);
            Assert.Equal(before, Content.Of(LatencyDigest.Of(other)));
            sum.CheckInvariants();
        });

    [Fact]
    public void A_quantile_of_a_settled_digest_merges_and_allocates_nothing()
    {
        var digest = Of(Samples.Of("lognormal", 50_000));
        digest.Settle();
        var before = Content.Of(LatencyDigest.Of(digest));
        var sum = digest.Quantile(0.5);
        var allocated = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i <= 1000; i++) sum += digest.Quantile(i / 1000.0);

        Assert.Equal(allocated, GC.GetAllocatedBytesForCurrentThread());
        Assert.True(digest.IsSettled && sum > 0);
        Assert.Equal(before, Content.Of(LatencyDigest.Of(digest)));
    }

    [Fact]
    public void Nothing_has_quantiles_of_0()
    {
        var digest = new TDigest();

        Assert.Equal((0, 0, 0, 0), (digest.Quantile(0.5), digest.Cdf(1), digest.Min, digest.Max));
        Assert.Equal(0, digest.Cdf(double.PositiveInfinity));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(1_000)]
    public void As_many_samples_as_there_may_be_have_quantiles(int others)
    {
        var digest = Of(Enumerable.Range(6, others).Select(i => (double)i));
        digest.AddRepeated(5, TDigest.CountMax - others);
        digest.CheckInvariants();

        Assert.Equal(TDigest.CountMax, digest.Count);
        Assert.Equal(5, digest.QuantilePerMillion(500_000));
        Assert.InRange(digest.Quantile(0.999999999), 5, 5 + others);
        Assert.InRange(digest.QuantilePerMillion(999_999), 5, 5 + others);
        Assert.InRange(digest.Cdf(Math.BitDecrement(5.0 + others)), 0, 1);
    }

    private static TDigest Of(IEnumerable<double> samples)
    {
        var digest = new TDigest();
        foreach (var sample in samples) Assert.True(digest.Add(sample));
        return digest;
    }

    /// <summary>Shards of random sizes, merged two at a time in a random order.</summary>
    private static TDigest Merged(double[] samples, int shards, ulong seed)
    {
        var rng = new Rng(seed);
        var parts = Enumerable.Range(0, shards).Select(_ => new TDigest()).ToList();
        foreach (var sample in samples) parts[(int)rng.Below(shards)].Add(sample);
        while (parts.Count > 1)
        {
            var other = parts[(int)rng.Below(parts.Count)];
            parts.Remove(other);
            parts[(int)rng.Below(parts.Count)].Merge(other);
        }

        return parts[0];
    }
}
