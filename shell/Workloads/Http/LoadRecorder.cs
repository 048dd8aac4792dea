using HdrHistogram;
using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Shell.Workloads.Http;

/// <summary>Counts what ended, from many threads.</summary>
internal sealed class LoadRecorder
{
    private readonly Shard[] _shards =
        [.. Enumerable.Range(0, Environment.ProcessorCount).Select(_ => new Shard())];

    private long _dropped;

    /// <summary>A request that was answered in full; <paramref name="error"/> is null for an expected status.
    /// </summary>
    public void Answer(long nanoseconds, long bytes, string? error)
    {
        var shard = Mine();
        var microseconds = Math.Clamp(nanoseconds / 1_000, 0, LatencyHistogram.ValueMax);
        lock (shard) shard.Answer(microseconds, bytes, error);
    }

    /// <summary>A request that got no answer.</summary>
    public void Fail(string error)
    {
        var shard = Mine();
        lock (shard) shard.Fail(error);
    }

    public void Drop(long arrivals) => Interlocked.Add(ref _dropped, arrivals);

    public RunStats Snapshot()
    {
        var sum = RunStats.None with { Dropped = Interlocked.Read(ref _dropped) };
        foreach (var shard in _shards)
        {
            lock (shard) sum = sum.Merge(shard.Snapshot());
        }

        return sum;
    }

    private Shard Mine() => _shards[(uint)Thread.GetCurrentProcessorId() % (uint)_shards.Length];

    private sealed class Shard
    {
        private readonly LongHistogram _latencies = new(1, LatencyHistogram.ValueMax, 3);
        private readonly SortedDictionary<string, long> _errorKinds = new(StringComparer.Ordinal);
        private long _requests;
        private long _errors;
        private long _bytes;
        private long _min = long.MaxValue;
        private long _max;

        public void Answer(long microseconds, long bytes, string? error)
        {
            _latencies.RecordValue(microseconds);
            _min = Math.Min(_min, microseconds);
            _max = Math.Max(_max, microseconds);
            _bytes += bytes;
            if (error is null) _requests++;
            else Fail(error);
        }

        public void Fail(string error)
        {
            _requests++;
            _errors++;
            _errorKinds[error] = _errorKinds.GetValueOrDefault(error) + 1;
        }

        public RunStats Snapshot()
        {
            var kinds = new List<ErrorCount>(_errorKinds.Select(k => new ErrorCount(k.Key, k.Value)));
            var stats = new RunStats(_requests, _errors, 0, _bytes, Latencies(), kinds);
            // Merging bounds the kinds of errors.
            return RunStats.None.Merge(stats);
        }

        private LatencyHistogram Latencies()
        {
            if (_latencies.TotalCount == 0) return LatencyHistogram.Empty;
            var coarse = LatencyHistogram.From(_latencies.RecordedValues()
                .Select(v => (v.ValueIteratedTo, v.CountAddedInThisIterationStep)));
            // The recorder's buckets lie within the result's, so that the exact extremes fit its outer ones.
            var fits = LatencyHistogram.TryCreate(coarse.Buckets, _min, _max, out var exact);
            Invariant.Holds(fits);
            return exact;
        }
    }
}
