using System.Diagnostics;

namespace Hyperscale.Det.Benchmarks;

/// <summary>What clients saw.</summary>
/// <param name="Refusal">One of the answers that were none of an acceptance; null when all were.</param>
internal sealed record LoadResult(
    long Taken, long Refused, string? Refusal, double Seconds, double P50Ms, double P99Ms)
{
    public double PerSecond => Taken / Seconds;
}

/// <summary>Clients that submit one after another, each as soon as it has its answer.</summary>
internal sealed class SubmissionLoad(IReadOnlyList<ISubmitter> clients)
{
    private long _number;
    private long _refused;
    private string? _refusal;

    /// <summary>Submissions begun so far.</summary>
    public long Begun => Volatile.Read(ref _number);

    /// <summary>Submits for some time and waits for what is under way; at most <paramref name="most"/> in the
    /// life of this load.</summary>
    public LoadResult Run(TimeSpan time, long most)
    {
        _refused = 0;
        var start = Stopwatch.GetTimestamp();
        var end = start + (long)(time.TotalSeconds * Stopwatch.Frequency);
        var tasks = clients.Select(client => Task.Run(() => RunAsync(client, end, most))).ToArray();
        Task.WaitAll(tasks);
        var seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        var latencies = tasks.SelectMany(task => task.Result).ToArray();
        Array.Sort(latencies);
        return new LoadResult(
            latencies.Length, _refused, _refusal, seconds, At(latencies, 0.5), At(latencies, 0.99));
    }

    private async Task<List<long>> RunAsync(ISubmitter client, long end, long most)
    {
        var latencies = new List<long>();
        while (true)
        {
            var begin = Stopwatch.GetTimestamp();
            if (begin >= end) return latencies;
            var number = Interlocked.Increment(ref _number);
            if (number > most) return latencies;
            var refusal = await client.SubmitAsync(number);
            if (refusal is null)
            {
                latencies.Add(Stopwatch.GetTimestamp() - begin);
                continue;
            }

            Interlocked.Increment(ref _refused);
            _refusal = refusal;
        }
    }

    private static double At(long[] sorted, double part) => sorted.Length == 0
        ? double.NaN
        : sorted[(int)Math.Min(sorted.Length - 1, sorted.Length * part)] * 1000.0 / Stopwatch.Frequency;
}
