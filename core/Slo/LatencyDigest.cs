using System.Collections.Immutable;
using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Slo;

/// <summary>Latencies as they are kept and sent: a <see cref="TDigest"/> that does not change, in whole
/// nanoseconds.</summary>
/// <remarks>Integers alone, so that ledgers can hold it. Latencies above <see cref="LatencyMax"/> count as
/// it. Merging never loses or adds a count; quantiles of up to <see cref="ExactMax"/> latencies are
/// exact.</remarks>
public sealed class LatencyDigest
{
    /// <summary>About 19 hours.</summary>
    public static readonly Duration LatencyMax = Duration.FromMicroseconds((1L << 36) - 1);

    /// <summary>Most latencies that are kept one by one, of a digest of the standard delta.</summary>
    public const int ExactMax = (2 * TDigest.DeltaStandard) - 1;

    /// <summary>Most centroids, whatever delta made them.</summary>
    public const int CentroidsMax = (2 * ScaleK1.DeltaMax) - 1;

    public static readonly LatencyDigest Empty = new([], 0, Duration.Zero, Duration.Zero);

    private LatencyDigest(ImmutableArray<Centroid> centroids, long count, Duration min, Duration max) =>
        (Centroids, Count, Min, Max) = (centroids, count, min, max);

    /// <summary>By rising mean.</summary>
    public ImmutableArray<Centroid> Centroids { get; }

    public long Count { get; }

    /// <summary>Zero when empty.</summary>
    public Duration Min { get; }

    /// <summary>Zero when empty.</summary>
    public Duration Max { get; }

    /// <summary>Of (microseconds, count) pairs in any order; negative latencies are refused.</summary>
    public static LatencyDigest From(IEnumerable<(long Microseconds, long Count)> latencies)
    {
        var digest = new TDigest();
        foreach (var (raw, count) in latencies)
        {
            var microseconds = Math.Min(raw, LatencyMax.Nanoseconds / 1_000);
            if (count > 0 && raw >= 0) digest.AddRepeated(microseconds * 1_000, count);
        }

        return Of(digest);
    }

    /// <summary>What a digest of latencies in nanoseconds holds now.</summary>
    public static LatencyDigest Of(TDigest digest)
    {
        if (digest.Count == 0) return Empty;
        var (min, max) = (Whole(digest.Min), Whole(digest.Max));
        var centroids = ImmutableArray.CreateBuilder<Centroid>();
        digest.CopyTo(centroids, Whole);
        return new LatencyDigest(centroids.DrainToImmutable(), digest.Count, new(min), new(max));
    }

    /// <summary>Rebuilds a digest from its parts; false when they contradict each other.</summary>
    public static bool TryCreate(
        ImmutableArray<Centroid> centroids, Duration min, Duration max, out LatencyDigest digest)
    {
        digest = Empty;
        if (centroids.Length == 0) return min == Duration.Zero && max == Duration.Zero;
        if (centroids.Length > CentroidsMax) return false;
        if (min < Duration.Zero || min > max || max > LatencyMax) return false;
        long count = 0;
        var last = min.Nanoseconds;
        foreach (var centroid in centroids)
        {
            if (centroid.Weight <= 0 || centroid.Weight > TDigest.CountMax - count) return false;
            if (centroid.MeanNanoseconds < last) return false;
            count += centroid.Weight;
            last = centroid.MeanNanoseconds;
        }

        if (last > max.Nanoseconds) return false;
        // Where each latency is kept as it is, the least and the largest are among them.
        var isEachKept = count == centroids.Length;
        if (isEachKept && (centroids[0].MeanNanoseconds != min.Nanoseconds || last != max.Nanoseconds))
            return false;
        digest = new LatencyDigest(centroids, count, min, max);
        return true;
    }

    /// <summary>All latencies of both: the count is the exact sum.</summary>
    public LatencyDigest Merge(LatencyDigest other)
    {
        if (other.Count == 0) return this;
        if (Count == 0) return other;
        var sum = ToDigest();
        sum.Merge(other.ToDigest());
        return Of(sum);
    }

    /// <summary>The latency that at least <paramref name="perMillion"/> of a million do not exceed, at the
    /// nearest rank; zero when empty.</summary>
    public Duration Quantile(int perMillion) => new(Whole(ToDigest().QuantilePerMillion(perMillion)));

    /// <summary>A digest in nanoseconds that can take more.</summary>
    public TDigest ToDigest()
    {
        var digest = new TDigest();
        AddTo(digest);
        return digest;
    }

    /// <summary>Adds everything to a digest in nanoseconds.</summary>
    public void AddTo(TDigest digest)
    {
        if (Count > 0) digest.Merge(Centroids, Min.Nanoseconds, Max.Nanoseconds);
    }

    public void AddTo(ref Fingerprint fingerprint)
    {
        fingerprint.Add(Count);
        fingerprint.Add(Min.Nanoseconds);
        fingerprint.Add(Max.Nanoseconds);
        foreach (var centroid in Centroids)
        {
            fingerprint.Add(centroid.MeanNanoseconds);
            fingerprint.Add(centroid.Weight);
        }
    }

    private static long Whole(double nanoseconds) =>
        (long)Math.Min(Math.Round(nanoseconds), LatencyMax.Nanoseconds);
}

/// <summary>Latencies that are counted as one.</summary>
public readonly record struct Centroid(long MeanNanoseconds, long Weight);
