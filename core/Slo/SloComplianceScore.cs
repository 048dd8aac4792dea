using System.Diagnostics;
using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Slo;

/// <summary>How well latencies keep to their targets, the best first.</summary>
public enum SloLevel : byte { Exceeding, Meeting, Warning, Violating, Critical }

/// <summary>Observed quantiles by their targets: below 1 is better than meant.</summary>
/// <param name="Samples">Latencies that they rest on.</param>
public readonly record struct SloRatios(double P50, double P95, double P99, long Samples)
{
    /// <summary>Without latencies everything is as it is meant to be.</summary>
    public static readonly SloRatios None = new(1, 1, 1, 0);

    public static SloRatios Of(LatencyObservation observed, LatencySlo target)
    {
        target.CheckInvariants();
        return observed.Samples == 0
            ? None
            : new SloRatios(
                Bounded(observed.P50Ms / target.P50Ms),
                Bounded(observed.P95Ms / target.P95Ms),
                Bounded(observed.P99Ms / target.P99Ms),
                observed.Samples);
    }

    /// <summary>Of jobs with different targets, each by its share of the latencies.</summary>
    public static SloRatios Mean(IEnumerable<SloRatios> parts)
    {
        double p50 = 0, p95 = 0, p99 = 0;
        var samples = 0L;
        foreach (var part in parts)
        {
            p50 += part.P50 * part.Samples;
            p95 += part.P95 * part.Samples;
            p99 += part.P99 * part.Samples;
            samples += part.Samples;
        }

        return samples == 0 ? None : new SloRatios(p50 / samples, p95 / samples, p99 / samples, samples);
    }

    /// <summary>With no ratio above a bound.</summary>
    public SloRatios AtMost(double bound) =>
        new(Math.Min(P50, bound), Math.Min(P95, bound), Math.Min(P99, bound), Samples);

    private static double Bounded(double ratio) => Math.Min(ratio, SloLimits.RatioMax);
}

/// <summary>Observed latencies by their targets as one number (AD-42).</summary>
/// <param name="Composite">The weighted sum of the three ratios.</param>
/// <param name="Confidence">0 to 1: how far there are enough samples.</param>
/// <param name="Score">The composite as far as it can be trusted, else 1.</param>
/// <param name="RoutingFactor">Of a datacenter's routing score.</param>
public readonly record struct SloComplianceScore(
    SloRatios Ratios,
    double Composite,
    double Confidence,
    double Score,
    SloLevel Level,
    double RoutingFactor)
{
    public static SloComplianceScore Of(SloRatios ratios, SloConfig config)
    {
        var composite = (config.P50Weight * ratios.P50) + (config.P95Weight * ratios.P95)
            + (config.P99Weight * ratios.P99);
        var confidence = Math.Min(1, (double)ratios.Samples / config.MinSampleCount);
        var score = (confidence * composite) + (1 - confidence);
        return new SloComplianceScore(
            ratios, composite, confidence, score, LevelOf(score, config.Levels), FactorOf(score, config));
    }

    public static SloLevel LevelOf(double score, SloLevelBounds bounds) =>
        score < bounds.Exceeding ? SloLevel.Exceeding
        : score < bounds.Meeting ? SloLevel.Meeting
        : score < bounds.Warning ? SloLevel.Warning
        : score < bounds.Violating ? SloLevel.Violating
        : SloLevel.Critical;

    public static double FactorOf(double score, SloConfig config)
    {
        Invariant.Holds(score >= 0);
        return Math.Clamp(1 + (config.ScoreWeight * (score - 1)), config.FactorMin, config.FactorMax);
    }

    public static string NameOf(SloLevel level) => level switch
    {
        SloLevel.Exceeding => "exceeding",
        SloLevel.Meeting => "meeting",
        SloLevel.Warning => "warning",
        SloLevel.Violating => "violating",
        SloLevel.Critical => "critical",
        _ => throw new UnreachableException($"unhandled {level}"),
    };
}
