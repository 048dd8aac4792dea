using Hyperscale.Det.Kernel;
using Hyperscale.Det.Slo;

namespace Hyperscale.Det.Jobs;

/// <summary>What a workload did so far: cumulative from its start, so a newer report replaces an older
/// one.</summary>
/// <param name="Requests">Requests that ended, errors included.</param>
/// <param name="Errors">Requests that failed, timed out or had an unexpected status.</param>
/// <param name="Dropped">Arrivals of an open model that were never sent.</param>
/// <param name="Latency">Of the requests that got an answer with an expected status, and of those that timed
/// out, which took at least what was waited. Other errors have no latency, so that none looks
/// fast.</param>
/// <param name="ErrorKinds">Errors by kind, sorted by name; at most
/// <see cref="JobLimits.ErrorKindsMax"/>.</param>
public sealed record RunStats(
    long Requests,
    long Errors,
    long Dropped,
    long BytesReceived,
    LatencyDigest Latency,
    IReadOnlyList<ErrorCount> ErrorKinds)
{
    public static readonly RunStats None = new(0, 0, 0, 0, LatencyDigest.Empty, []);

    /// <summary>The sum of many: every count of the result is the exact sum of the parts. Their latencies
    /// are merged in one digest, which is more accurate, and faster, than a sum of every two.</summary>
    public static RunStats Sum(IEnumerable<RunStats> parts)
    {
        var (sum, latency) = (None, new TDigest());
        foreach (var part in parts)
        {
            sum = sum.MergeCounts(part);
            part.Latency.AddTo(latency);
        }

        return sum with { Latency = LatencyDigest.Of(latency) };
    }

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

    private RunStats MergeCounts(RunStats other) => new(
        Requests + other.Requests,
        Errors + other.Errors,
        Dropped + other.Dropped,
        BytesReceived + Math.Min(other.BytesReceived, long.MaxValue - BytesReceived),
        Latency,
        MergeKinds(ErrorKinds, other.ErrorKinds));

    // Beyond the bound the first kinds by name stay and the rest is summed as one: which kinds stay does not
    // depend on the order of merging then, and their total is exact.
    private static List<ErrorCount> MergeKinds(IReadOnlyList<ErrorCount> a, IReadOnlyList<ErrorCount> b)
    {
        var sums = new SortedDictionary<string, long>(StringComparer.Ordinal);
        foreach (var kind in a.Concat(b)) Add(sums, kind.Kind, kind.Count);
        if (sums.Count > JobLimits.ErrorKindsMax)
        {
            var surplus = sums.Where(s => s.Key != OtherKind).Skip(JobLimits.ErrorKindsMax - 1).ToList();
            foreach (var (kind, count) in surplus)
            {
                sums.Remove(kind);
                Add(sums, OtherKind, count);
            }
        }

        return [.. sums.Select(s => new ErrorCount(s.Key, s.Value))];
    }

    // Counts by kind that a peer made up can be larger than any sum of real ones; they stop at the largest.
    private static void Add(SortedDictionary<string, long> sums, string kind, long count)
    {
        var sum = sums.GetValueOrDefault(kind);
        sums[kind] = sum + Math.Min(count, long.MaxValue - sum);
    }

    private const string OtherKind = "other";
}

public sealed record ErrorCount(string Kind, long Count);
