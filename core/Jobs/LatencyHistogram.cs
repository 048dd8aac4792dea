using System.Numerics;
using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Jobs;

/// <summary>Counts of latencies in log-linear buckets: integer-only, exactly mergeable, bounded.</summary>
/// <remarks>Values are microseconds. Each power of two is cut into 128 buckets, so a quantile is off by less
/// than 0.8%; minimum, maximum and count are exact. Values above <see cref="ValueMax"/> count as
/// it.</remarks>
public sealed class LatencyHistogram
{
    /// <summary>2^36 - 1 microseconds, about 19 hours.</summary>
    public const long ValueMax = (1L << 36) - 1;

    private const int SubBucketBits = 7;

    /// <summary>Number of distinct buckets.</summary>
    public const int BucketsMax = (36 - SubBucketBits + 1) << SubBucketBits;

    public static readonly LatencyHistogram Empty = new([], 0, 0, 0);

    private LatencyHistogram(IReadOnlyList<Bucket> buckets, long count, long min, long max)
    {
        Buckets = buckets;
        Count = count;
        Min = min;
        Max = max;
    }

    /// <summary>Buckets that are not empty, by rising index.</summary>
    public IReadOnlyList<Bucket> Buckets { get; }

    public long Count { get; }

    /// <summary>Smallest recorded value in microseconds; 0 when empty.</summary>
    public long Min { get; }

    /// <summary>Largest recorded value in microseconds; 0 when empty.</summary>
    public long Max { get; }

    /// <summary>Builds a histogram from (microseconds, count) pairs in any order; negative values count as
    /// 0.</summary>
    public static LatencyHistogram From(IEnumerable<(long Microseconds, long Count)> values)
    {
        var counts = new SortedDictionary<int, long>();
        long total = 0, min = long.MaxValue, max = 0;
        foreach (var (raw, count) in values)
        {
            if (count <= 0) continue;
            var value = Math.Clamp(raw, 0, ValueMax);
            var index = IndexOf(value);
            counts[index] = counts.GetValueOrDefault(index) + count;
            total += count;
            min = Math.Min(min, value);
            max = Math.Max(max, value);
        }

        return total == 0
            ? Empty
            : new LatencyHistogram([.. counts.Select(c => new Bucket(c.Key, c.Value))], total, min, max);
    }

    /// <summary>Rebuilds a histogram from its parts; false when they contradict each other.</summary>
    public static bool TryCreate(
        IReadOnlyList<Bucket> buckets, long min, long max, out LatencyHistogram histogram)
    {
        histogram = Empty;
        long total = 0;
        var last = -1;
        foreach (var bucket in buckets)
        {
            if (bucket.Index <= last || bucket.Index >= BucketsMax || bucket.Count <= 0) return false;
            if (bucket.Count > long.MaxValue - total) return false;
            last = bucket.Index;
            total += bucket.Count;
        }

        if (total == 0) return min == 0 && max == 0;
        if (min < 0 || min > max || max > ValueMax) return false;
        if (IndexOf(min) != buckets[0].Index || IndexOf(max) != last) return false;
        histogram = new LatencyHistogram(buckets, total, min, max);
        return true;
    }

    public LatencyHistogram Merge(LatencyHistogram other)
    {
        if (other.Count == 0) return this;
        if (Count == 0) return other;
        var merged = new List<Bucket>(Buckets.Count + other.Buckets.Count);
        int i = 0, j = 0;
        while (i < Buckets.Count || j < other.Buckets.Count)
        {
            if (j == other.Buckets.Count || (i < Buckets.Count && Buckets[i].Index < other.Buckets[j].Index))
                merged.Add(Buckets[i++]);
            else if (i == Buckets.Count || other.Buckets[j].Index < Buckets[i].Index)
                merged.Add(other.Buckets[j++]);
            else
                merged.Add(new Bucket(Buckets[i].Index, Buckets[i++].Count + other.Buckets[j++].Count));
        }

        return new LatencyHistogram(
            merged, Count + other.Count, Math.Min(Min, other.Min), Math.Max(Max, other.Max));
    }

    /// <summary>The value in microseconds below which <paramref name="perMillion"/> of a million values lie
    /// (nearest rank, the bucket's middle, clamped to what was recorded); 0 when empty.</summary>
    public long Quantile(int perMillion)
    {
        if (Count == 0) return 0;
        if (perMillion <= 0) return Min;
        if (perMillion >= 1_000_000) return Max;
        var rank = (long)((Int128)Count * perMillion / 1_000_000);
        if ((Int128)Count * perMillion % 1_000_000 != 0) rank++;
        var seen = 0L;
        foreach (var bucket in Buckets)
        {
            seen += bucket.Count;
            if (seen >= rank) return Math.Clamp(MiddleOf(bucket.Index), Min, Max);
        }

        return Max;
    }

    public void AddTo(ref Fingerprint fingerprint)
    {
        fingerprint.Add(Count);
        fingerprint.Add(Min);
        fingerprint.Add(Max);
        foreach (var bucket in Buckets)
        {
            fingerprint.Add((long)bucket.Index);
            fingerprint.Add(bucket.Count);
        }
    }

    private static int IndexOf(long value)
    {
        var magnitude = Math.Max(0, BitOperations.Log2((ulong)value | 1) - SubBucketBits);
        return (magnitude << SubBucketBits) + (int)(value >> magnitude);
    }

    private static long MiddleOf(int index)
    {
        if (index < 2 << SubBucketBits) return index;
        var magnitude = (index >> SubBucketBits) - 1;
        var low = (long)(index - (magnitude << SubBucketBits)) << magnitude;
        return low + ((1L << magnitude) / 2);
    }

    public readonly record struct Bucket(int Index, long Count);
}
