using CsCheck;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Slo;
using Hyperscale.Det.Tests.Core.Jobs;
using Hyperscale.Det.Wire;

namespace Hyperscale.Det.Tests.Core.Slo;

public sealed class LatencyDigestTests
{
    private static readonly Duration Max = LatencyDigest.LatencyMax;

    // At p50, p99 and p99.9.
    private static readonly double[] MergedErrors = [0.01, 0.001, 0.0001];

    [Fact]
    public void A_digest_is_read_as_it_was_written() =>
        JobGens.Latency.Sample(digest =>
        {
            var bytes = Written(digest);
            var reader = new FieldReader(bytes);
            var read = LatencyDigestFields.Read(ref reader);

            Assert.Null(reader.Fault);
            Assert.Equal(Content.Of(digest), Content.Of(read));
        });

    [Fact]
    public void Bytes_of_anyone_make_a_sound_digest_or_a_fault() =>
        Gen.Select(JobGens.Latency, Gen.Int[0, 10_000], Gen.Byte).Sample((digest, at, value) =>
        {
            var bytes = Written(digest);
            bytes[at % bytes.Length] = value;
            var reader = new FieldReader(bytes.AsSpan(0, bytes.Length - (at % 2)));
            var read = LatencyDigestFields.Read(ref reader);

            Assert.Equal(reader.Fault is null, read is not null);
            if (read is null) return;
            var thawed = read.ToDigest();
            thawed.CheckInvariants();
            Assert.Equal(read.Count, thawed.Count);
            Assert.True(read.Min <= read.Quantile(990_000) && read.Quantile(990_000) <= read.Max);
        });

    [Fact]
    public void Thousands_of_latencies_take_less_than_a_kilobyte() =>
        SloGens.SampleKind.Sample(kind =>
            Assert.InRange(Written(LatencyDigest.Of(Taken(Samples.Of(kind, 100_000)))).Length, 1, 1024));

    [Theory]
    [InlineData(10, 5, 10, 10, "a mean out of order")]
    [InlineData(10, 20, 11, 20, "a mean below the minimum")]
    [InlineData(10, 20, 10, 19, "a mean above the maximum")]
    [InlineData(10, 20, -1, 20, "a negative minimum")]
    [InlineData(10, 20, 20, 10, "a minimum above the maximum")]
    public void Parts_that_contradict_each_other_make_no_digest(
        long first, long second, long min, long max, string what) =>
        Assert.False(
            LatencyDigest.TryCreate([new(first, 1), new(second, 1)], new(min), new(max), out _), what);

    [Fact]
    public void A_digest_is_made_of_few_centroids_of_at_least_one_latency_that_can_be_counted()
    {
        var many = Enumerable.Repeat(new Centroid(5, 1), LatencyDigest.CentroidsMax + 1);

        Assert.False(LatencyDigest.TryCreate([.. many], new(5), new(5), out _));
        Assert.True(LatencyDigest.TryCreate([.. many.Skip(1)], new(5), new(5), out _));
        Assert.False(LatencyDigest.TryCreate([new(5, 0)], new(5), new(5), out _));
        Assert.False(LatencyDigest.TryCreate([new(5, -1)], new(5), new(5), out _));
        Assert.False(LatencyDigest.TryCreate([new(5, 1)], new(4), new(5), out _));
        Assert.False(LatencyDigest.TryCreate([], new(4), new(5), out _));
        Assert.False(LatencyDigest.TryCreate([new(5, 1)], new(5), new(Max.Nanoseconds + 1), out _));
        Centroid[] tooMany = [new(5, TDigest.CountMax), new(5, 1)];
        Assert.False(LatencyDigest.TryCreate([.. tooMany], new(5), new(5), out _));
    }

    [Fact]
    public void Merging_counts_exactly_and_hardly_depends_on_the_order() =>
        Gen.Select(JobGens.Latency, JobGens.Latency, JobGens.Latency).Sample((a, b, c) =>
        {
            var (one, other) = (a.Merge(b).Merge(c), c.Merge(b.Merge(a)));

            Assert.Equal(a.Count + b.Count + c.Count, one.Count);
            Assert.Equal((one.Count, one.Min, one.Max), (other.Count, other.Min, other.Max));
            foreach (var perMillion in new[] { 500_000, 990_000 })
            {
                AssertIsAt(perMillion, one, other);
                AssertIsAt(perMillion, other, one);
            }

            Assert.Equal(one.Count, one.Centroids.Sum(centroid => centroid.Weight));
            Assert.Equal(Content.Of(a), Content.Of(a.Merge(LatencyDigest.Empty)));
            Assert.Equal(Content.Of(a), Content.Of(LatencyDigest.Empty.Merge(a)));
        });

    [Fact]
    public void Latencies_beyond_the_range_count_as_its_end_and_negative_ones_are_refused()
    {
        var digest = LatencyDigest.From(
            [(-5, 1), (0, 1), (long.MaxValue, 2), (7, 0), (7, -1)]);

        Assert.Equal((3, Duration.Zero, Max), (digest.Count, digest.Min, digest.Max));
        Assert.Equal(0, LatencyDigest.From([(-1, 5)]).Count);
    }

    [Theory]
    [InlineData(4, 20, false)]
    [InlineData(5, 21, false)]
    [InlineData(5, 20, true)]
    public void Where_each_latency_is_kept_the_least_and_the_largest_are_among_them(
        long min, long max, bool isSound) => Assert.Equal(
            isSound, LatencyDigest.TryCreate([new(5, 1), new(20, 1)], new(min), new(max), out _));

    // Merged from one whose least latency is in a centroid of several.
    [Fact]
    public void A_centroid_of_one_latency_at_an_end_need_not_be_the_least() => Assert.True(
        LatencyDigest.TryCreate([new(8, 1), new(10, 5)], new(2), new(12), out _));

    public static TheoryData<string> Kinds => [.. Samples.Kinds];

    /// <summary>As workers do, who merge what each report brings, and managers, who merge the workers of each
    /// window, and then the windows.</summary>
    [Theory]
    [MemberData(nameof(Kinds))]
    public void Ranks_of_many_workers_over_many_windows_are_off_by_little(string kind)
    {
        const int Shards = 64;
        const int Windows = 5;
        const int Reports = 60;
        var samples = Samples.Of(kind, 1_000_000);
        var windowed = new WindowedDigest<int>(SloConfig.Default);
        var now = Instant.Zero;
        foreach (var (i, told) in samples.Chunk(samples.Length / (Shards * Windows)).Index())
        {
            var (window, shard) = (i / Shards, i % Shards);
            now = Instant.Zero + (SloConfig.Default.WindowDuration * window);
            var kept = LatencyDigest.Empty;
            foreach (var report in told.Chunk(told.Length / Reports))
                kept = kept.Merge(LatencyDigest.Of(Taken(report)));
            var verdict = windowed.Put(
                shard, incarnation: 1, revision: window, new LatencyBucket(window, kept), samples.Length,
                now);
            Assert.Equal(BucketVerdict.Accepted, verdict);
        }

        var all = windowed.Recent(now);
        for (var i = 0; i < samples.Length; i++) samples[i] = Math.Min(samples[i], Max.Nanoseconds);
        Array.Sort(samples);

        Assert.Equal(samples.Length, all.Count);
        Assert.InRange(Samples.ErrorOfRank(samples, 0.5, all.Quantile(0.5)), 0, MergedErrors[0]);
        Assert.InRange(Samples.ErrorOfRank(samples, 0.99, all.Quantile(0.99)), 0, MergedErrors[1]);
        Assert.InRange(Samples.ErrorOfRank(samples, 0.999, all.Quantile(0.999)), 0, MergedErrors[2]);
    }

    [Fact]
    public void Nothing_has_quantiles_of_0() =>
        Assert.Equal(Duration.Zero, LatencyDigest.Empty.Quantile(500_000));

    /// <summary>Square roots and quotients are the only arithmetic beyond sums and products, and every
    /// processor rounds those alike.</summary>
    [Theory]
    [InlineData("lognormal")]
    [InlineData("two-point")]
    public void Digests_are_the_same_on_every_processor(string kind)
    {
        var rng = Rng.Stream(3, kind);
        var digest = new TDigest();
        for (var i = 0; i < 100_000; i++)
        {
            digest.Add(
                kind == "two-point" ? 1_000 * (1 + rng.Below(2)) : rng.Below(1L << (int)rng.Below(40)));
        }

        var fingerprint = new Fingerprint();
        LatencyDigest.Of(digest).AddTo(ref fingerprint);

        Assert.Equal(kind == "two-point" ? "8e2a3bef935b4494" : "5712a12d2ac2cc98", fingerprint.ToString());
    }

    /// <summary>What one digest tells as a quantile has about that rank in another.</summary>
    private static void AssertIsAt(int perMillion, LatencyDigest digest, LatencyDigest other)
    {
        if (digest.Count == 0) return;
        var (q, value, there) = (perMillion / 1e6, digest.Quantile(perMillion).Nanoseconds, other.ToDigest());
        var width = (1.2 * Math.PI / 100 * Math.Sqrt(q * (1 - q))) + (2.0 / digest.Count) + 0.0003;
        // Means are whole numbers.
        Assert.InRange(q, there.Cdf(value - 1) - (2 * width), there.Cdf(value + 1) + (2 * width));
    }

    private static TDigest Taken(double[] samples)
    {
        var digest = new TDigest();
        foreach (var sample in samples) digest.Add(Math.Min(sample, Max.Nanoseconds));
        return digest;
    }

    private static byte[] Written(LatencyDigest digest)
    {
        var writer = new FieldWriter();
        LatencyDigestFields.Write(writer, digest);
        return writer.ToArray();
    }
}
