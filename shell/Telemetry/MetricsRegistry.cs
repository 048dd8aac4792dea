using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Text;

namespace Hyperscale.Det.Shell.Telemetry;

/// <summary>Sums what the meters of this process record and writes it as Prometheus text.</summary>
/// <remarks>Every exporter that listens to the same meters sees the same numbers. Series live as long as the
/// process: labels are node names, states and causes, whose number the configuration bounds.</remarks>
public sealed class MetricsRegistry : IDisposable
{
    public const string MeterName = "Hyperscale.Det";

    private readonly Meter _meter = new(MeterName);
    private readonly MeterListener _listener = new();
    private readonly ConcurrentDictionary<string, MetricFamily> _families = new(StringComparer.Ordinal);

    public MetricsRegistry()
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            // By reference: another cluster in this process has a meter of the same name.
            if (instrument.Meter != _meter) return;
            listener.EnableMeasurementEvents(instrument, FamilyOf(instrument));
        };
        _listener.SetMeasurementEventCallback<long>((_, value, tags, family) => Record(family, value, tags));
        _listener.SetMeasurementEventCallback<int>((_, value, tags, family) => Record(family, value, tags));
        _listener.SetMeasurementEventCallback<double>(
            (_, value, tags, family) => Record(family, value, tags));
        _listener.Start();
    }

    /// <summary>Where this process's instruments are made.</summary>
    public Meter Meter => _meter;

    /// <summary>Everything recorded so far, in the Prometheus text format 0.0.4.</summary>
    public string Write()
    {
        _listener.RecordObservableInstruments();
        var text = new StringBuilder();
        foreach (var (name, family) in _families.OrderBy(f => f.Key, StringComparer.Ordinal))
            family.WriteTo(text, name);
        return text.ToString();
    }

    public void Dispose()
    {
        _listener.Dispose();
        _meter.Dispose();
    }

    private static void Record(
        object? family, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags) =>
        ((MetricFamily)family!).Record(PrometheusText.Labels(tags), value);

    private MetricFamily FamilyOf(Instrument instrument)
    {
        var kind = instrument.GetType().GetGenericTypeDefinition();
        var isCounter = kind == typeof(Counter<>) || kind == typeof(ObservableCounter<>);
        var isSum = kind == typeof(Counter<>) || kind == typeof(UpDownCounter<>);
        var help = instrument.Description ?? "";
        return _families.GetOrAdd(
            PrometheusName(instrument, isCounter),
            _ => kind == typeof(Histogram<>)
                ? new HistogramFamily(BoundsOf(instrument), help)
                : new ValueFamily(isCounter, isSum, help));
    }

    // Without advice there is the one bucket that holds everything.
    private static IReadOnlyList<double> BoundsOf(Instrument instrument) => instrument switch
    {
        Histogram<double> histogram => histogram.Advice?.HistogramBucketBoundaries ?? [],
        Histogram<long> histogram =>
            [.. histogram.Advice?.HistogramBucketBoundaries?.Select(bound => (double)bound) ?? []],
        _ => [],
    };

    private static string PrometheusName(Instrument instrument, bool isCounter)
    {
        var unit = instrument.Unit switch
        {
            "By" => "_bytes",
            "s" => "_seconds",
            _ => "",
        };
        return PrometheusText.Name(instrument.Name) + unit + (isCounter ? "_total" : "");
    }
}
