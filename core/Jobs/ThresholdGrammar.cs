using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Hyperscale.Det.Jobs;

/// <summary>The text form of a threshold: <c>metric operator number</c>, for example
/// <c>p95Ms &lt; 200</c>.</summary>
/// <remarks>The number is a decimal of at most six places, never negative; that of <c>errorRate</c> is a
/// share from 0 to 1.</remarks>
public static class ThresholdGrammar
{
    private const decimal LimitMax = 1_000_000_000_000m;

    private static readonly ImmutableArray<(string Text, ThresholdMetric Metric)> Metrics =
    [
        ("p50Ms", ThresholdMetric.P50Ms), ("p95Ms", ThresholdMetric.P95Ms), ("p99Ms", ThresholdMetric.P99Ms),
        ("maxMs", ThresholdMetric.MaxMs), ("errorRate", ThresholdMetric.ErrorRate),
        ("requests", ThresholdMetric.Requests),
    ];

    // The longer of two that begin alike comes first.
    private static readonly ImmutableArray<(string Text, ThresholdOperator Operator)> Operators =
    [
        ("<=", ThresholdOperator.AtMost), (">=", ThresholdOperator.AtLeast),
        ("<", ThresholdOperator.Below), (">", ThresholdOperator.Above),
    ];

    private static ImmutableArray<string> MetricNames => [.. Metrics.Select(m => m.Text)];

    public static string NameOf(ThresholdMetric metric) => Metrics.First(m => m.Metric == metric).Text;

    /// <summary>Reads a threshold; false with what is allowed in its place.</summary>
    public static bool TryRead(string text, [NotNullWhen(true)] out Threshold? threshold, out string allowed)
    {
        threshold = null;
        var rest = text.AsSpan().Trim();
        var letters = 0;
        while (letters < rest.Length && char.IsAsciiLetterOrDigit(rest[letters])) letters++;
        var name = rest[..letters].ToString();
        rest = rest[letters..].TrimStart();
        allowed = "metric, operator and number, such as p95Ms < 200,";
        if (name.Length == 0 || rest.IsEmpty) return false;
        allowed = $"a condition on one of {FoundText.Listed(MetricNames)}";
        var metric = Metrics.FirstOrDefault(m => m.Text == name);
        if (metric.Text is null) return false;
        allowed = "a condition with <, <=, > or >=";
        if (!TryOperator(ref rest, out var comparison)) return false;
        allowed = LimitFault(rest.Trim(), metric.Metric, out var limit) ?? "";
        if (allowed != "") return false;
        threshold = new Threshold(metric.Metric, comparison, limit, text.Trim());
        return true;
    }

    private static bool TryOperator(ref ReadOnlySpan<char> text, out ThresholdOperator comparison)
    {
        foreach (var (symbol, candidate) in Operators)
        {
            if (!text.StartsWith(symbol)) continue;
            text = text[symbol.Length..];
            comparison = candidate;
            return true;
        }

        comparison = default;
        return false;
    }

    private static string? LimitFault(ReadOnlySpan<char> text, ThresholdMetric metric, out long millionths)
    {
        millionths = 0;
        var isNumber = decimal.TryParse(
            text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number);
        if (!isNumber) return "a number from 0 on, such as 200 or 0.01,";
        var point = text.IndexOf('.');
        if (point >= 0 && text.Length - point > 7) return "a number of at most six decimals";
        if (metric == ThresholdMetric.ErrorRate && number > 1)
            return "an errorRate from 0 to 1, such as 0.01 for one in a hundred,";
        if (number > LimitMax) return "a number of at most 1000000000000";
        millionths = (long)(number * 1_000_000);
        return null;
    }
}
