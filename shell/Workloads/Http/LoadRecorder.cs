using Hyperscale.Det.Jobs;
using Hyperscale.Det.Slo;

namespace Hyperscale.Det.Shell.Workloads.Http;

/// <summary>Counts what ended, from many threads.</summary>
/// <remarks>A latency is that of an answer with an expected status, or what was waited for one that did not
/// come in time. Other errors have none: however soon they come, they make nothing look faster.</remarks>
internal sealed class LoadRecorder
{
    private readonly Shard[] _shards =
        [.. Enumerable.Range(0, Environment.ProcessorCount).Select(_ => new Shard())];

    private long _dropped;

    /// <summary>A request that was answered in full with an expected status.</summary>
    public void Answer(long nanoseconds, long bytes)
    {
        var shard = Mine();
        lock (shard) shard.Answer(Bounded(nanoseconds), bytes);
    }

    /// <summary>A request that got no answer in time.</summary>
    /// <param name="nanoseconds">That were waited.</param>
    public void TimeOut(long nanoseconds)
    {
        var shard = Mine();
        lock (shard) shard.TimeOut(Bounded(nanoseconds));
    }

    /// <summary>A request that got no answer, or one with another status.</summary>
    public void Fail(string error, long bytes = 0)
    {
        var shard = Mine();
        lock (shard) shard.Fail(error, bytes);
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

    private static long Bounded(long nanoseconds) =>
        Math.Clamp(nanoseconds, 0, LatencyDigest.LatencyMax.Nanoseconds);

    private Shard Mine() => _shards[(uint)Thread.GetCurrentProcessorId() % (uint)_shards.Length];

    private sealed class Shard
    {
        private readonly TDigest _latencies = new();
        private readonly SortedDictionary<string, long> _errorKinds = new(StringComparer.Ordinal);
        private TDigest _recent = new();
        private long _requests;
        private long _errors;
        private long _bytes;

        public void Answer(long nanoseconds, long bytes)
        {
            _requests++;
            _bytes += bytes;
            Take(nanoseconds);
        }

        public void TimeOut(long nanoseconds)
        {
            Fail("timeout", 0);
            Take(nanoseconds);
        }

        public void Fail(string error, long bytes)
        {
            _requests++;
            _errors++;
            _bytes += bytes;
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

        private void Take(long nanoseconds)
        {
            _latencies.Add(nanoseconds);
            _recent.Add(nanoseconds);
        }
    }
}
