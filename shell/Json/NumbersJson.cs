using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Shell.Json;

/// <summary>What was counted and measured.</summary>
/// <param name="Requests">Requests that ended, errors included.</param>
/// <param name="ErrorRate">Errors per request, 0 to 1, to six decimals.</param>
/// <param name="Dropped">Arrivals of an open model that were never sent.</param>
/// <param name="P50Ms">Latencies are those of the answered requests; null when nothing was answered.</param>
public sealed record NumbersJson(
    long Requests,
    long Errors,
    decimal ErrorRate,
    long Dropped,
    long BytesReceived,
    decimal? MinMs,
    decimal? P50Ms,
    decimal? P95Ms,
    decimal? P99Ms,
    decimal? MaxMs,
    IReadOnlyList<ErrorKindJson> ErrorKinds)
{
    public static NumbersJson Of(RunStats stats)
    {
        var latency = stats.Latency;
        decimal? Ms(Duration value) => latency.Count == 0 ? null : value.Nanoseconds / 1_000 / 1000m;
        return new NumbersJson(
            stats.Requests,
            stats.Errors,
            new ReportRow(null, null, null, stats).ErrorRateMillionths / 1_000_000m,
            stats.Dropped,
            stats.BytesReceived,
            Ms(latency.Min),
            Ms(latency.Quantile(500_000)),
            Ms(latency.Quantile(950_000)),
            Ms(latency.Quantile(990_000)),
            Ms(latency.Max),
            [.. stats.ErrorKinds.Select(kind => new ErrorKindJson(kind.Kind, kind.Count))]);
    }
}

public sealed record ErrorKindJson(string Kind, long Count);
