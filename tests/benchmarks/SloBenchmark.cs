using System.Diagnostics;
using HdrHistogram;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Slo;
using Hyperscale.Det.Tests.Core.Slo;

namespace Hyperscale.Det.Benchmarks;

/// <summary>The digest of latencies against HdrHistogram: speed, memory, and how far the ranks of its
/// quantiles are off; then its centroids at 10^8 samples.</summary>
internal sealed class SloBenchmark : IBenchmark
{
    private const long HighestNanoseconds = 3_600_000_000_000;
    private const int AddsMeasured = 1 << 20;
    private const int ErrorSamples = 10_000_000;
    private const int ManySamples = 100_000_000;
    private const int Shards = 64;
    private const ulong Seed = 7;
    private const double AddsPerSecondMin = 30e6;
    private const double QuantilesPerSecondMin = 5e6;
    private const double MergeMicrosecondsMax = 100;
    private const int Jobs = 100;
    private const int Rounds = 120;
    private static readonly double[] Shares = [0.5, 0.99, 0.999];

    // Of ranks, by share.
    private static readonly double[] ErrorsMax = [0.01, 0.001, 0.0001];

    public string Name => "slo";

    public string Summary =>
        "the digest of latencies against HdrHistogram: speed, memory, error of ranks; --strict: speed counts";

    public int Run(string[] options)
    {
        var goals = new Goals(options);
        var samples = Samples.Of("lognormal", AddsMeasured, Seed);
        CompareMemory(samples);
        CompareSpeed(samples, goals);
        MeasureReports();
        CompareErrors(goals);
        AddMany(samples, goals);
        return goals.ExitCode;
    }

    /// <summary>What a manager makes of its jobs' latencies with each heartbeat.</summary>
    private static void MeasureReports()
    {
        var latencies = new JobLatencies(SloConfig.Default);
        var digest = LatencyDigest.Of(DigestOf(Samples.Of("lognormal", 5_000, Seed)));
        var (put, reported) = (double.MaxValue, double.MaxValue);
        for (var round = 1; round <= Rounds; round++)
        {
            var now = Instant.Zero + Duration.FromSeconds(5 * round);
            var bucket = new LatencyBucket(5 * round / 60, digest);
            var start = Stopwatch.GetTimestamp();
            for (var job = 0; job < Jobs; job++)
            {
                for (var worker = 0; worker < Shards; worker++)
                {
                    latencies.Put(
                        new JobId(0, job), SloConfig.Default.Target, new LatencyOwner(0, 1, worker),
                        attempt: 1, revision: round, bucket, total: long.MaxValue, now);
                }
            }

            put = Math.Min(put, Stopwatch.GetElapsedTime(start).TotalMilliseconds);
            start = Stopwatch.GetTimestamp();
            latencies.Report(now);
            // The first ones have fewer buckets to merge.
            if (round > Rounds / 2)
                reported = Math.Min(reported, Stopwatch.GetElapsedTime(start).TotalMilliseconds);
        }

        Console.WriteLine(
            $"heartbeat of {Jobs} jobs on {Shards} workers, five windows each: "
            + $"{put:F1} ms to take a bucket of each, {reported:F1} ms to report");
    }

    private static void CompareSpeed(double[] samples, Goals goals)
    {
        var whole = Array.ConvertAll(samples, sample => (long)sample);
        var (digest, histogram) = (new TDigest(), NewHistogram());
        double sink = 0;
        var adds = Contest.Run(
            () =>
            {
                foreach (var sample in samples.AsSpan(0, 1 << 16)) digest.Add(sample);
            },
            () =>
            {
                foreach (var sample in whole.AsSpan(0, 1 << 16)) histogram.RecordValue(sample);
            });
        Row("add", 1 << 16, adds);
        goals.Speed(
            $"add >= {AddsPerSecondMin / 1e6:F0} million/s",
            (1 << 16) * 1e9 / adds[0].Nanoseconds >= AddsPerSecondMin);
        digest.Settle();
        var at = 0;
        var quantiles = Contest.Run(
            () => sink += digest.Quantile(Shares[at = (at + 1) % 3]),
            () => sink += histogram.GetValueAtPercentile(Shares[at = (at + 1) % 3] * 100));
        Row("quantile", 1, quantiles);
        goals.Speed(
            $"quantile >= {QuantilesPerSecondMin / 1e6:F0} million/s",
            1e9 / quantiles[0].Nanoseconds >= QuantilesPerSecondMin);
        CompareMerges(samples, goals);
        GC.KeepAlive(sink);
    }

    private static void CompareMerges(double[] samples, Goals goals)
    {
        double sink = 0;
        var parts = samples.Chunk(samples.Length / Shards).ToArray();
        var digests = Array.ConvertAll(parts, part => DigestOf(part));
        var histograms = Array.ConvertAll(parts, part => HistogramOf(part));
        var merges = Contest.Run(
            () =>
            {
                var sum = new TDigest();
                foreach (var part in digests) sum.Merge(part);
                sink += sum.Count;
            },
            () =>
            {
                var sum = NewHistogram();
                foreach (var part in histograms) sum.Add(part);
                sink += sum.TotalCount;
            });
        Row($"merge of {Shards}", 1, merges);
        goals.Speed(
            $"merge of {Shards} < {MergeMicrosecondsMax} us",
            merges[0].Nanoseconds < MergeMicrosecondsMax * 1e3);
        GC.KeepAlive(sink);
    }

    private static void CompareMemory(double[] samples)
    {
        var digest = DigestOf(samples);
        var kept = Bytes(() => LatencyDigest.Of(digest));
        GC.KeepAlive(digest);
        Console.WriteLine(
            $"{"bytes",-14}{Bytes(() => DigestOf(samples)),12}{Bytes(() => HistogramOf(samples)),12}"
            + $"   as it is kept and sent: {kept}");
    }

    private static void CompareErrors(Goals goals)
    {
        var isMet = true;
        Console.WriteLine($"error of ranks in millionths, {ErrorSamples} samples: digest | HdrHistogram");
        foreach (var kind in Samples.Smooth)
        {
            var samples = Samples.Of(kind, ErrorSamples, Seed);
            var (digest, histogram) = (DigestOf(samples), HistogramOf(samples));
            Array.Sort(samples);
            var own = Array.ConvertAll(Shares, q => Samples.ErrorOfRank(samples, q, digest.Quantile(q)));
            var other = Shares.Select(
                q => Samples.ErrorOfRank(samples, q, histogram.GetValueAtPercentile(q * 100)));
            Console.WriteLine(
                $"  {kind,-12}{string.Concat(own.Select(e => $"{e * 1e6,9:F1}"))}   |"
                + string.Concat(other.Select(e => $"{e * 1e6,9:F1}")));
            isMet &= own.Zip(ErrorsMax).All(error => error.First <= error.Second);
        }

        var most = string.Join(", ", ErrorsMax.Zip(Shares, (max, share) => $"{max * 1e6:F0} at {share}"));
        goals.Bound($"errors of ranks <= {most}", isMet);
    }

    private static void AddMany(double[] samples, Goals goals)
    {
        var digest = new TDigest();
        var most = 0;
        var start = Stopwatch.GetTimestamp();
        for (var added = 0; added < ManySamples; added += samples.Length)
        {
            foreach (var sample in samples) digest.Add(sample);
            most = Math.Max(most, digest.Centroids);
        }

        var seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        Console.WriteLine(
            $"{digest.Count} samples: at most {most} centroids, {digest.Count / seconds / 1e6:F1} million/s");
        goals.Bound(
            $"centroids <= {2 * TDigest.DeltaStandard}", most <= 2 * TDigest.DeltaStandard);
    }

    private static TDigest DigestOf(double[] samples)
    {
        var digest = new TDigest();
        foreach (var sample in samples) digest.Add(sample);
        digest.Settle();
        return digest;
    }

    private static LongHistogram HistogramOf(double[] samples)
    {
        var histogram = NewHistogram();
        foreach (var sample in samples) histogram.RecordValue((long)sample);
        return histogram;
    }

    private static LongHistogram NewHistogram() => new(1, HighestNanoseconds, 3);

    private static long Bytes(Func<object> make)
    {
        var before = GC.GetTotalMemory(forceFullCollection: true);
        var made = make();
        var after = GC.GetTotalMemory(forceFullCollection: true);
        GC.KeepAlive(made);
        return after - before;
    }

    private static void Row(string what, int each, Cost[] costs) => Console.WriteLine(
        $"{what,-14}{costs[0].Nanoseconds / each,10:F1}ns{costs[1].Nanoseconds / each,10:F1}ns"
        + $"   allocated {costs[0].AllocatedBytes:F0} {costs[1].AllocatedBytes:F0}");
}
