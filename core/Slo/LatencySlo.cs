using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Slo;

/// <summary>What the latencies of a job are meant to be, in milliseconds: 1 to <see cref="TargetMsMax"/>,
/// none less than the one before.</summary>
public readonly record struct LatencySlo(int P50Ms, int P95Ms, int P99Ms)
{
    /// <summary>A day.</summary>
    public const int TargetMsMax = 24 * 3600 * 1000;

    /// <summary>Of a job that sets some of the targets: where the others would contradict them they
    /// follow.</summary>
    public LatencySlo With(int? p50Ms, int? p95Ms, int? p99Ms)
    {
        var p99 = p99Ms ?? Math.Max(P99Ms, p95Ms ?? p50Ms ?? 0);
        var p95 = p95Ms ?? Math.Min(p99, Math.Max(P95Ms, p50Ms ?? 0));
        var p50 = p50Ms ?? Math.Min(p95, P50Ms);
        return new LatencySlo(p50, p95, p99);
    }

    public void CheckInvariants()
    {
        Invariant.Holds(P50Ms is >= 1 and <= TargetMsMax);
        Invariant.Holds(P95Ms is >= 1 and <= TargetMsMax);
        Invariant.Holds(P99Ms is >= 1 and <= TargetMsMax);
    }
}

/// <summary>What the latencies of a target were lately.</summary>
/// <param name="Target">A job, or a datacenter.</param>
/// <param name="Samples">Latencies that it rests on.</param>
/// <param name="Window">How far back they reach.</param>
public sealed record LatencyObservation(
    string Target, double P50Ms, double P95Ms, double P99Ms, long Samples, Duration Window)
{
    private const double NanosecondsPerMs = 1e6;

    public static LatencyObservation Of(string target, TDigest nanoseconds, Duration window) => new(
        target,
        nanoseconds.QuantilePerMillion(500_000) / NanosecondsPerMs,
        nanoseconds.QuantilePerMillion(950_000) / NanosecondsPerMs,
        nanoseconds.QuantilePerMillion(990_000) / NanosecondsPerMs,
        nanoseconds.Count,
        window);
}
