using Hyperscale.Det.Jobs;
using Hyperscale.Det.Slo;

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
        var latency = Math.Clamp(nanoseconds, 0, LatencyDigest.LatencyMax.Nanoseconds);
        lock (shard) shard.Answer(latency, bytes, error);
    }

    /// <summary>A request that got no answer.</summary>
    public void Fail(string error)
    {
        var shard = Mine();
        lock (shard) shard.Fail(error);
    }

    public void Drop(long arrivals) => Interlocked.Add(ref _dropped, arrivals);

    /// <summary>What was measured so far; what it tells as recent is not recent any more.</summary>
    public MeasuredLoad Snapshot()
    {
        var (parts, recent) = (new List<RunStats>(), new TDigest());
        foreach (var shard in _shards)
        {
            lock (shard) parts.Add(shard.Snapshot(recent));
        }

        var sum = RunStats.Sum(parts) with { Dropped = Interlocked.Read(ref _dropped) };
        return new MeasuredLoad(sum, LatencyDigest.Of(recent));
    }

    private Shard Mine() => _shards[(uint)Thread.GetCurrentProcessorId() % (uint)_shards.Length];

    private sealed class Shard
    {
        private readonly TDigest _latencies = new();
        private readonly SortedDictionary<string, long> _errorKinds = new(StringComparer.Ordinal);
        private TDigest _recent = new();
        private long _requests;
        private long _errors;
        private long _bytes;

        public void Answer(long nanoseconds, long bytes, string? error)
        {
            _latencies.Add(nanoseconds);
            _recent.Add(nanoseconds);
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

        /// <param name="recent">Takes the latencies since the last time.</param>
        public RunStats Snapshot(TDigest recent)
        {
            recent.Merge(_recent);
            _recent = new TDigest();
            var kinds = new List<ErrorCount>(_errorKinds.Select(k => new ErrorCount(k.Key, k.Value)));
            return new RunStats(_requests, _errors, 0, _bytes, LatencyDigest.Of(_latencies), kinds);
        }
    }
}
