using Hyperscale.Det.Kernel;
using Hyperscale.Det.Slo;

namespace Hyperscale.Det.Jobs;

/// <summary>A threshold judged on a merged result.</summary>
/// <remarks>
/// Integers decide. Quantiles are those of <see cref="LatencyDigest"/>; an error rate is compared as the
/// fraction it is, not as a rounded number. A threshold on something that was not measured is crossed: a
/// result without one answered request shows no good latency, and one without requests no good error rate.
/// Otherwise a target that is down would pass. The number of requests is measured even when it is 0.
/// </remarks>
/// <param name="MeasuredMillionths">In millionths of the metric's unit, an error rate rounded down; null when
/// nothing was measured.</param>
public sealed record ThresholdVerdict(Threshold Threshold, Int128? MeasuredMillionths, bool IsCrossed)
{
    public static ThresholdVerdict Of(Threshold threshold, RunStats stats)
    {
        if (Measure(threshold.Metric, stats) is not { } measured)
            return new ThresholdVerdict(threshold, null, IsCrossed: true);
        var order = measured.Numerator.CompareTo(threshold.LimitMillionths * measured.Denominator);
        var holds = threshold.Operator switch
        {
            ThresholdOperator.Below => order < 0,
            ThresholdOperator.AtMost => order <= 0,
            ThresholdOperator.Above => order > 0,
            ThresholdOperator.AtLeast => order >= 0,
        };
        return new ThresholdVerdict(threshold, measured.Numerator / measured.Denominator, !holds);
    }

    /// <summary>The metric in millionths of its unit, as a fraction.</summary>
    private static (Int128 Numerator, Int128 Denominator)? Measure(ThresholdMetric metric, RunStats stats) =>
        metric switch
        {
            ThresholdMetric.P50Ms => Latency(stats, stats.Latency.Quantile(500_000)),
            ThresholdMetric.P95Ms => Latency(stats, stats.Latency.Quantile(950_000)),
            ThresholdMetric.P99Ms => Latency(stats, stats.Latency.Quantile(990_000)),
            ThresholdMetric.MaxMs => Latency(stats, stats.Latency.Max),
            ThresholdMetric.ErrorRate => stats.Requests == 0
                ? null
                : ((Int128)stats.Errors * 1_000_000, stats.Requests),
            ThresholdMetric.Requests => ((Int128)stats.Requests * 1_000_000, Int128.One),
        };

    // A nanosecond is a millionth of a millisecond.
    private static (Int128 Numerator, Int128 Denominator)? Latency(RunStats stats, Duration latency) =>
        stats.Latency.Count == 0 ? null : (latency.Nanoseconds, Int128.One);
}
