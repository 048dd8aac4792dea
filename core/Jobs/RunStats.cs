using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Jobs;

/// <summary>What a workload did so far: cumulative from its start, so a newer report replaces an older
/// one.</summary>
/// <param name="Requests">Requests that ended, errors included.</param>
/// <param name="Errors">Requests that failed, timed out or had an unexpected status.</param>
/// <param name="Dropped">Arrivals of an open model that were never sent.</param>
/// <param name="Latency">Latencies of the requests that got an answer, in microseconds.</param>
/// <param name="ErrorKinds">Errors by kind, sorted by name; at most
/// <see cref="JobLimits.ErrorKindsMax"/>.</param>
public sealed record RunStats(
    long Requests,
    long Errors,
    long Dropped,
    long BytesReceived,
    LatencyHistogram Latency,
    IReadOnlyList<ErrorCount> ErrorKinds)
{
    public static readonly RunStats None = new(0, 0, 0, 0, LatencyHistogram.Empty, []);

    /// <summary>The sum of both: every count of the result is the exact sum of the parts.</summary>
    public RunStats Merge(RunStats other) => new(
        Requests + other.Requests,
        Errors + other.Errors,
        Dropped + other.Dropped,
        BytesReceived + Math.Min(other.BytesReceived, long.MaxValue - BytesReceived),
        Latency.Merge(other.Latency),
        MergeKinds(ErrorKinds, other.ErrorKinds));

    public void AddTo(ref Fingerprint fingerprint)
    {
        fingerprint.Add(Requests);
        fingerprint.Add(Errors);
        fingerprint.Add(Dropped);
        fingerprint.Add(BytesReceived);
        Latency.AddTo(ref fingerprint);
        foreach (var kind in ErrorKinds)
        {
            fingerprint.Add(kind.Kind);
            fingerprint.Add(kind.Count);
        }
    }

    // Kinds beyond the bound are summed as "other", so the total stays exact.
    private static List<ErrorCount> MergeKinds(IReadOnlyList<ErrorCount> a, IReadOnlyList<ErrorCount> b)
    {
        var sums = new SortedDictionary<string, long>(StringComparer.Ordinal);
        foreach (var kind in a.Concat(b)) sums[kind.Kind] = sums.GetValueOrDefault(kind.Kind) + kind.Count;
        if (sums.Count <= JobLimits.ErrorKindsMax)
            return [.. sums.Select(s => new ErrorCount(s.Key, s.Value))];
        var kept = sums.Where(s => s.Key != OtherKind)
            .OrderByDescending(s => s.Value).ThenBy(s => s.Key, StringComparer.Ordinal)
            .Take(JobLimits.ErrorKindsMax - 1).ToList();
        var other = sums.Sum(s => s.Value) - kept.Sum(s => s.Value);
        return [.. kept.Append(new(OtherKind, other))
            .OrderBy(s => s.Key, StringComparer.Ordinal).Select(s => new ErrorCount(s.Key, s.Value))];
    }

    private const string OtherKind = "other";
}

public sealed record ErrorCount(string Kind, long Count);
