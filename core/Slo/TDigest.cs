using System.Collections.Immutable;
using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Slo;

/// <summary>Quantiles of any number of samples in bounded memory: a merging t-digest (AD-42).</summary>
/// <remarks>
/// Samples are numbers of 0 and more; what else comes is refused and counted. The first
/// <c>maxUnmerged</c> samples are kept as they are, so quantiles of so few are exact: the sample at the
/// nearest rank. From then on samples are sorted and merged into centroids (<see cref="ScaleK1"/>), of which
/// there are fewer than 2 delta; a quantile lies between the middles of the two that its rank is between.
/// Count, minimum and maximum are always exact. Nothing is allocated once the buffers have grown.
/// </remarks>
public sealed partial class TDigest
{
    public const int DeltaStandard = 100;
    public const int MaxUnmergedStandard = 2048;
    public const int MaxUnmergedMin = 256;
    public const int MaxUnmergedMax = 65_536;

    /// <summary>Most samples of a digest: as many are counted exactly by every processor.</summary>
    public const long CountMax = 1L << 62;

    private const int FirstBuffer = 32;
    private const int RepeatedOneByOne = 16;

    private readonly int _maxUnmerged;
    private readonly ScaleK1 _scale;

    // Samples that are in no centroid; all there are while there are no centroids.
    private double[] _buffer = [];
    private double[] _sorted = [];
    private int _buffered;
    private bool _isSorted = true;

    // Centroids by rising mean, and how many samples lie before each; one more for the end of the last.
    private double[] _means = [];
    private long[] _before = [0];
    private int _centroids;

    // Where the next centroids are made.
    private double[] _nextMeans = [];
    private long[] _nextBefore = [];

    private double _min = double.PositiveInfinity;
    private double _max;

    /// <param name="delta">Compression, <see cref="ScaleK1.DeltaMin"/> to
    /// <see cref="ScaleK1.DeltaMax"/>.</param>
    /// <param name="maxUnmerged">Samples that are merged at once, <see cref="MaxUnmergedMin"/> to
    /// <see cref="MaxUnmergedMax"/>.</param>
    public TDigest(int delta = DeltaStandard, int maxUnmerged = MaxUnmergedStandard)
    {
        Invariant.Holds(maxUnmerged is >= MaxUnmergedMin and <= MaxUnmergedMax);
        _scale = new ScaleK1(delta);
        _maxUnmerged = maxUnmerged;
    }

    /// <summary>A copy of a digest without centroids.</summary>
    private TDigest(TDigest other)
    {
        Invariant.Holds(other._centroids == 0 && other._isSorted);
        (_scale, _maxUnmerged) = (other._scale, other._maxUnmerged);
        (_buffer, _buffered) = (other._buffer[..other._buffered], other._buffered);
        (_min, _max) = (other._min, other._max);
    }

    /// <summary>Samples that were taken.</summary>
    public long Count => Merged + _buffered;

    /// <summary>Numbers that were refused: negative, infinite or none at all.</summary>
    public long Refused { get; private set; }

    /// <summary>Smallest sample; 0 without any.</summary>
    public double Min => Count == 0 ? 0 : _min;

    /// <summary>Largest sample; 0 without any.</summary>
    public double Max => _max;

    /// <summary>Centroids; 0 as long as all samples are kept as they are.</summary>
    public int Centroids => _centroids;

    /// <summary>Whether a quantile can be told without sorting and merging first.</summary>
    public bool IsSettled => _buffered == 0 || (_centroids == 0 && _isSorted);

    private long Merged => _before[_centroids];

    /// <summary>Takes a sample; false when it is refused.</summary>
    public bool Add(double sample)
    {
        // Also false for what is not a number.
        if (!(sample >= 0 && sample <= double.MaxValue))
        {
            Refused++;
            return false;
        }

        if (_buffered == _buffer.Length) MakeRoom();
        // Adding 0 turns the negative zero, whose bits sort last, into the other one.
        _buffer[_buffered++] = sample + 0.0;
        _isSorted = false;
        if (sample < _min) _min = sample + 0.0;
        if (sample > _max) _max = sample;
        return true;
    }

    /// <summary>Takes a sample that came <paramref name="count"/> times; false when it is refused.</summary>
    public bool AddRepeated(double sample, long count)
    {
        Invariant.Holds(count >= 1 && count <= CountMax - Count);
        if (count <= RepeatedOneByOne)
        {
            var isTaken = true;
            for (var i = 0L; i < count; i++) isTaken = Add(sample);
            return isTaken;
        }

        if (!(sample >= 0 && sample <= double.MaxValue))
        {
            Refused += count;
            return false;
        }

        if (_buffered > 0) MergeBuffer();
        MergeRepeated(sample + 0.0, count);
        _min = Math.Min(_min, sample + 0.0);
        _max = Math.Max(_max, sample);
        return true;
    }

    /// <summary>Takes everything that another digest holds, which stays as it is.</summary>
    public void Merge(TDigest other)
    {
        Invariant.Holds(!ReferenceEquals(this, other));
        Invariant.Holds(other.Count <= CountMax - Count);
        Refused += other.Refused;
        if (other.Count == 0) return;
        other.Settle();
        if (other._centroids == 0)
        {
            foreach (var sample in other._buffer.AsSpan(0, other._buffered)) Add(sample);
            return;
        }

        _min = Math.Min(_min, other._min);
        _max = Math.Max(_max, other._max);
        if (_centroids == 0) Copy(other);
        else
        {
            if (_buffered > 0) MergeBuffer();
            MergeCentroids(other._means.AsSpan(0, other._centroids), other._before);
        }
    }

    /// <summary>Takes centroids that were checked: rising means from min to max, weights of 1 and
    /// more.</summary>
    internal void Merge(ImmutableArray<Centroid> centroids, double min, double max)
    {
        if (_buffered > 0) MergeBuffer();
        _min = Math.Min(_min, min);
        _max = Math.Max(_max, max);
        var means = new double[centroids.Length];
        var before = new long[centroids.Length + 1];
        for (var i = 0; i < means.Length; i++)
        {
            means[i] = centroids[i].MeanNanoseconds;
            before[i + 1] = before[i] + centroids[i].Weight;
        }

        MergeCentroids(means, before);
    }

    /// <summary>Writes what it holds as centroids, as few as there may be; it stays as it is.</summary>
    internal void CopyTo(ImmutableArray<Centroid>.Builder centroids, Func<double, long> whole)
    {
        Settle();
        if (_centroids == 0 && _buffered > _scale.CentroidsMax)
        {
            var merged = new TDigest(this);
            merged.MergeBuffer();
            merged.CopyTo(centroids, whole);
            return;
        }

        for (var i = 0; i < _centroids; i++) centroids.Add(new Centroid(whole(_means[i]), WeightOf(i)));
        if (_centroids > 0) return;
        foreach (var sample in _buffer.AsSpan(0, _buffered)) centroids.Add(new Centroid(whole(sample), 1));
    }

    /// <summary>Sorts and merges what has come since the last time.</summary>
    public void Settle()
    {
        if (IsSettled) return;
        if (_centroids > 0) MergeBuffer();
        else SortBuffer();
    }

    /// <summary>The sample at the nearest rank: at least a share <paramref name="q"/> of all is at or below
    /// it; 0 without samples.</summary>
    /// <param name="q">0, the minimum, to 1, the maximum.</param>
    public double Quantile(double q)
    {
        Invariant.Holds(q is >= 0 and <= 1);
        if (q >= 1) return AtRank(Count);
        // A product of a decimal can come out a few units of its last place too large.
        var rank = Math.Ceiling(Count * q * (1 - 1e-15));
        return AtRank((long)Math.Min(rank, Count));
    }

    /// <inheritdoc cref="Quantile(double)"/>
    /// <param name="perMillion">0 to 1,000,000.</param>
    public double QuantilePerMillion(int perMillion)
    {
        Invariant.Holds(perMillion is >= 0 and <= 1_000_000);
        var (rank, rest) = Int128.DivRem((Int128)Count * perMillion, 1_000_000);
        return AtRank((long)rank + (rest == 0 ? 0 : 1));
    }

    /// <summary>The share of samples that are at or below a value; 0 without samples.</summary>
    public double Cdf(double value)
    {
        if (Count == 0 || !(value >= _min)) return 0;
        if (value >= _max) return 1;
        Settle();
        return (double)RankOf(value) / Count;
    }

    public void CheckInvariants()
    {
        Invariant.Holds(_buffered <= _maxUnmerged);
        Invariant.Holds(_centroids <= _scale.CentroidsMax);
        Invariant.Holds(Count == 0 || _min <= _max);
        for (var i = 0; i < _centroids; i++)
        {
            Invariant.Holds(_means[i] >= (i == 0 ? _min : _means[i - 1]));
            Invariant.Holds(_means[i] <= _max);
            Invariant.Holds(_before[i] < _before[i + 1]);
        }
    }

    private double AtRank(long rank)
    {
        if (Count == 0) return 0;
        if (rank <= 1) return _min;
        if (rank >= Count) return _max;
        Settle();
        if (_centroids == 0) return _buffer[rank - 1];

        // Places count in halves of samples: the sample of rank r is at 2r - 1, a centroid at its middle.
        var at = (2 * rank) - 1;
        var right = FirstWithMiddleFrom(at);
        var (leftAt, leftValue) = right == 0 ? (1, _min) : (MiddleOf(right - 1), _means[right - 1]);
        var (rightAt, rightValue) =
            right == _centroids ? (LastPlace, _max) : (MiddleOf(right), _means[right]);
        if (at >= rightAt || leftAt == rightAt) return rightValue;
        var share = (double)(at - leftAt) / (rightAt - leftAt);
        return Math.Min(rightValue, leftValue + ((rightValue - leftValue) * share));
    }

    /// <summary>The highest rank whose sample is at or below the value.</summary>
    private long RankOf(double value)
    {
        if (_centroids == 0) return CountUpTo(_buffer.AsSpan(0, _buffered), value);
        var left = CountUpTo(_means.AsSpan(0, _centroids), value) - 1;
        var (leftAt, leftValue) = left < 0 ? (1, _min) : (MiddleOf(left), _means[left]);
        var (rightAt, rightValue) = left + 1 == _centroids
            ? (LastPlace, _max)
            : (MiddleOf(left + 1), _means[left + 1]);
        if (rightAt <= leftAt || rightValue <= leftValue) return (leftAt + 1) / 2;
        var share = (value - leftValue) / (rightValue - leftValue);
        return (long)((leftAt + 1 + (Int128)(share * (rightAt - leftAt))) / 2);
    }

    // Of the highest rank; twice the count need not be a number.
    private long LastPlace => Count - 1 + Count;

    private long MiddleOf(int centroid) => _before[centroid] + _before[centroid + 1];

    private long WeightOf(int centroid) => _before[centroid + 1] - _before[centroid];

    private int FirstWithMiddleFrom(long at)
    {
        var (low, high) = (0, _centroids);
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (MiddleOf(middle) < at) low = middle + 1;
            else high = middle;
        }

        return low;
    }

    private static int CountUpTo(ReadOnlySpan<double> rising, double value)
    {
        var (low, high) = (0, rising.Length);
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (rising[middle] <= value) low = middle + 1;
            else high = middle;
        }

        return low;
    }
}
