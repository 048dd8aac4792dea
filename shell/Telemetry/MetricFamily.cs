using System.Globalization;
using System.Text;

namespace Hyperscale.Det.Shell.Telemetry;

/// <summary>All series of one metric, by their labels in Prometheus text.</summary>
/// <param name="type">The metric's type, as Prometheus calls it.</param>
internal abstract class MetricFamily(string type, string help)
{
    private readonly object _gate = new();

    public void Record(string labels, double value)
    {
        lock (_gate) Add(labels, value);
    }

    public void WriteTo(StringBuilder text, string name)
    {
        text.Append(CultureInfo.InvariantCulture, $"# HELP {name} {PrometheusText.Help(help)}\n");
        text.Append(CultureInfo.InvariantCulture, $"# TYPE {name} {type}\n");
        lock (_gate) WriteSeries(text, name);
    }

    protected abstract void Add(string labels, double value);

    protected abstract void WriteSeries(StringBuilder text, string name);

    protected static void WriteLine(StringBuilder text, string name, string labels, double value) =>
        text.Append(CultureInfo.InvariantCulture, $"{name}{labels} {PrometheusText.Value(value)}\n");
}

/// <summary>A counter or gauge.</summary>
internal sealed class ValueFamily(bool isCounter, bool isSum, string help)
    : MetricFamily(isCounter ? "counter" : "gauge", help)
{
    private readonly SortedDictionary<string, double> _series = new(StringComparer.Ordinal);

    protected override void Add(string labels, double value) =>
        _series[labels] = isSum ? _series.GetValueOrDefault(labels) + value : value;

    protected override void WriteSeries(StringBuilder text, string name)
    {
        foreach (var (labels, value) in _series) WriteLine(text, name, labels, value);
    }
}

/// <summary>A histogram: each bucket counts the values up to its bound, those of lower buckets
/// included.</summary>
/// <param name="bounds">Ascending; the bucket of all values comes after them.</param>
internal sealed class HistogramFamily(IReadOnlyList<double> bounds, string help)
    : MetricFamily("histogram", help)
{
    private readonly SortedDictionary<string, Series> _series = new(StringComparer.Ordinal);

    protected override void Add(string labels, double value)
    {
        if (!_series.TryGetValue(labels, out var series))
            _series.Add(labels, series = new Series(new long[bounds.Count]));
        for (var i = 0; i < bounds.Count; i++)
            if (value <= bounds[i]) series.UpTo[i]++;
        series.Count++;
        series.Sum += value;
    }

    protected override void WriteSeries(StringBuilder text, string name)
    {
        foreach (var (labels, series) in _series)
        {
            for (var i = 0; i < bounds.Count; i++)
                WriteLine(text, $"{name}_bucket", WithBound(labels, bounds[i]), series.UpTo[i]);
            WriteLine(text, $"{name}_bucket", WithBound(labels, double.PositiveInfinity), series.Count);
            WriteLine(text, $"{name}_sum", labels, series.Sum);
            WriteLine(text, $"{name}_count", labels, series.Count);
        }
    }

    private static string WithBound(string labels, double bound)
    {
        var added = $"le=\"{PrometheusText.Value(bound)}\"}}";
        return labels.Length == 0 ? "{" + added : $"{labels[..^1]},{added}";
    }

    private sealed class Series(long[] upTo)
    {
        public long[] UpTo { get; } = upTo;

        public long Count { get; set; }

        public double Sum { get; set; }
    }
}
