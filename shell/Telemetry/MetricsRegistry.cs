using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Globalization;
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
    private readonly ConcurrentDictionary<string, Family> _families = new(StringComparer.Ordinal);

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
        ((Family)family!).Record(PrometheusText.Labels(tags), value);

    private Family FamilyOf(Instrument instrument)
    {
        var kind = instrument.GetType().GetGenericTypeDefinition();
        var isCounter = kind == typeof(Counter<>) || kind == typeof(ObservableCounter<>);
        var isSum = kind == typeof(Counter<>) || kind == typeof(UpDownCounter<>);
        return _families.GetOrAdd(
            PrometheusName(instrument, isCounter),
            _ => new Family(isCounter, isSum, instrument.Description ?? ""));
    }

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

    /// <summary>All series of one metric.</summary>
    private sealed class Family(bool isCounter, bool isSum, string help)
    {
        private readonly object _gate = new();
        private readonly SortedDictionary<string, double> _series = new(StringComparer.Ordinal);

        public void Record(string labels, double value)
        {
            lock (_gate) _series[labels] = isSum ? _series.GetValueOrDefault(labels) + value : value;
        }

        public void WriteTo(StringBuilder text, string name)
        {
            text.Append(CultureInfo.InvariantCulture, $"# HELP {name} {PrometheusText.Help(help)}\n");
            text.Append(CultureInfo.InvariantCulture, $"# TYPE {name} {(isCounter ? "counter" : "gauge")}\n");
            lock (_gate)
            {
                foreach (var (labels, value) in _series)
                {
                    text.Append(
                        CultureInfo.InvariantCulture, $"{name}{labels} {PrometheusText.Value(value)}\n");
                }
            }
        }
    }
}
