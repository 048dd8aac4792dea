using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Slo;

/// <content>How samples and centroids become centroids: one pass over two sorted sequences.</content>
public sealed partial class TDigest
{
    /// <summary>Makes room for a sample: the buffer grows to its bound, then it is merged.</summary>
    private void MakeRoom()
    {
        if (_buffered == _maxUnmerged)
        {
            MergeBuffer();
            return;
        }

        var length = Math.Min(_maxUnmerged, Math.Max(FirstBuffer, 2 * _buffer.Length));
        Array.Resize(ref _buffer, length);
    }

    private void SortBuffer()
    {
        if (_isSorted) return;
        if (_sorted.Length < _buffered) _sorted = new double[_buffer.Length];
        SampleSorter.Sort(_buffer.AsSpan(0, _buffered), _sorted);
        _isSorted = true;
    }

    private void MergeBuffer()
    {
        SortBuffer();
        var samples = _buffer.AsSpan(0, _buffered);
        var making = Begin(Count, _centroids + samples.Length);
        var from = 0;
        for (var i = 0; i < _centroids; i++)
        {
            var (mean, to) = (_means[i], from);
            while (to < samples.Length && samples[to] < mean) to++;
            making.TakeSamples(samples[from..to]);
            making.Take(mean, making.End + WeightOf(i));
            from = to;
        }

        making.TakeSamples(samples[from..]);
        _buffered = 0;
        Finish(ref making);
    }

    /// <param name="before">How many samples lie before each centroid, and at last how many there
    /// are.</param>
    private void MergeCentroids(ReadOnlySpan<double> means, ReadOnlySpan<long> before)
    {
        ReadOnlySpan<double> own = _means.AsSpan(0, _centroids);
        ReadOnlySpan<long> ownBefore = _before.AsSpan(0, _centroids + 1);
        var making = Begin(Merged + before[means.Length], own.Length + means.Length);
        int i = 0, j = 0;
        unchecked
        {
            // Which of the two is next cannot be foreseen: a branch would be taken wrongly every other time.
            while (i < own.Length && j < means.Length)
            {
                var (a, b) = (own[i], means[j]);
                var isOwn = a <= b ? 1 : 0;
                i += isOwn;
                j += 1 - isOwn;
                making.Take(Math.Min(a, b), ownBefore[i] + before[j]);
            }

            while (i < own.Length) making.Take(own[i], ownBefore[++i] + before[j]);
            while (j < means.Length) making.Take(means[j], ownBefore[i] + before[++j]);
        }

        Finish(ref making);
    }

    /// <remarks>Repeated samples fill centroids as if they had come one by one.</remarks>
    private void MergeRepeated(double sample, long count)
    {
        var points = (int)Math.Min(_centroids + count, int.MaxValue);
        var making = Begin(Merged + count, points);
        var at = CountUpTo(_means.AsSpan(0, _centroids), sample);
        for (var i = 0; i < at; i++) making.Take(_means[i], _before[i + 1]);
        making.TakeRepeated(sample, count);
        for (var i = at; i < _centroids; i++) making.Take(_means[i], _before[i + 1] + count);
        Finish(ref making);
    }

    private void Copy(TDigest other)
    {
        if (other._centroids > _scale.CentroidsMax)
        {
            MergeCentroids(other._means.AsSpan(0, other._centroids), other._before);
            return;
        }

        if (_means.Length == 0)
        {
            _means = new double[_scale.CentroidsMax];
            _before = new long[_scale.CentroidsMax + 1];
        }

        _centroids = other._centroids;
        other._means.AsSpan(0, _centroids).CopyTo(_means);
        other._before.AsSpan(0, _centroids + 1).CopyTo(_before);
    }

    /// <param name="total">Samples in all that is to be taken.</param>
    /// <param name="points">Centroids and samples that are to be taken: few are kept apart.</param>
    private Making Begin(long total, int points)
    {
        if (_nextMeans.Length == 0)
        {
            _nextMeans = new double[_scale.CentroidsMax];
            _nextBefore = new long[_scale.CentroidsMax + 1];
        }

        return new Making(_nextMeans, _nextBefore, _scale, total, points <= _scale.CentroidsMax);
    }

    private void Finish(ref Making making)
    {
        _centroids = making.Finish();
        (_means, _nextMeans) = (_nextMeans, _means);
        (_before, _nextBefore) = (_nextBefore, _before);
    }

    /// <summary>Takes points by rising mean and makes centroids of them.</summary>
    private ref struct Making(
        Span<double> means, Span<long> before, ScaleK1 scale, long total, bool isEachKept)
    {
        private readonly Span<double> _means = means;
        private readonly Span<long> _before = before;
        private readonly double _perSample = 1.0 / total;
        private int _made;

        // The centroid that is being made: where it began, how many samples may lie up to its end, the sum
        // of their values, and the first and the last of the points.
        private long _begin;
        private long _limit;
        private double _sum;
        private double _first;
        private double _last;

        /// <summary>Samples that were taken.</summary>
        public long End { get; private set; }

        /// <param name="end">Samples up to the end of this point.</param>
        public void Take(double mean, long end)
        {
            unchecked
            {
                if (end > _limit) Open(mean);
                _sum += mean * (end - End);
                End = end;
                _last = mean;
            }
        }

        public void TakeSamples(ReadOnlySpan<double> samples)
        {
            unchecked
            {
                while (!samples.IsEmpty)
                {
                    if (End >= _limit) Open(samples[0]);
                    // The first point of a centroid is taken however little room there is.
                    var room = Math.Max(_limit - End, 1);
                    var taken = samples.Length < room ? samples : samples[..(int)room];
                    var sum = _sum;
                    foreach (var sample in taken) sum += sample;
                    _sum = sum;
                    End += taken.Length;
                    _last = taken[^1];
                    samples = samples[taken.Length..];
                }
            }
        }

        public void TakeRepeated(double sample, long count)
        {
            while (count > 0)
            {
                if (End >= _limit) Open(sample);
                var taken = Math.Min(count, Math.Max(_limit - End, 1));
                Take(sample, End + taken);
                count -= taken;
            }
        }

        public int Finish()
        {
            Close();
            Invariant.Holds(End == total);
            return _made;
        }

        private void Open(double first)
        {
            Close();
            _begin = End;
            _limit = isEachKept ? End : scale.LimitAfter(End, total, _perSample);
            _sum = 0;
            _first = first;
        }

        private void Close()
        {
            if (End == _begin) return;
            // Rounding must not move a mean past its points: those of equal points are equal to them.
            _means[_made] = Math.Clamp(_sum / (End - _begin), _first, _last);
            _before[++_made] = End;
        }
    }
}
