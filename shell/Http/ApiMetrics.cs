using System.Diagnostics.Metrics;
using Hyperscale.Det.Shell.Hosting;
using Hyperscale.Det.Shell.Telemetry;
using Hyperscale.Det.Slo;

namespace Hyperscale.Det.Shell.Http;

/// <summary>What the API counts itself, and what its gate sees of the cluster, as gauges.</summary>
/// <remarks>A registry of its own: several gates of one process may share theirs, and what one of them saw
/// must not outlive its server.</remarks>
internal sealed class ApiMetrics : IDisposable
{
    private readonly MetricsRegistry _registry = new();
    private readonly Counter<long> _requests;
    private readonly Counter<double> _seconds;
    private readonly IGateApi _gate;
    private int _streams;

    public ApiMetrics(IGateApi gate)
    {
        _gate = gate;
        var meter = _registry.Meter;
        _requests = meter.CreateCounter<long>("hyperscale.http.requests", null, "Requests answered");
        _seconds = meter.CreateCounter<double>(
            "hyperscale.http.request.time", "s", "Time that answering requests took, event streams left out");
        meter.CreateObservableGauge(
            "hyperscale.http.event.streams", () => Of(Volatile.Read(ref _streams)), null,
            "Readers of events");
        meter.CreateObservableGauge(
            "hyperscale.gate.serving", () => Of(gate.WhyNotServing is null ? 1 : 0), null,
            "1 while the gate takes requests");
        AddDatacenters(meter);
        AddPressure(meter);
        AddLatencies(meter);
        AddProcess(meter);
    }

    /// <summary>Everything of the gate and of its API in the Prometheus text format.</summary>
    public string Write() => _gate.Metrics.Write() + _registry.Write();

    /// <param name="route">Method and pattern of the route, or what stands for all unknown ones.</param>
    public void OnAnswered(string route, int status, TimeSpan? elapsed)
    {
        var label = new KeyValuePair<string, object?>("route", route);
        _requests.Add(1, Node, label, new("status", status));
        if (elapsed is { } time) _seconds.Add(time.TotalSeconds, Node, label);
    }

    /// <summary>Counts a reader of events until it is disposed.</summary>
    public EventStream OpenStream() => new(this, Interlocked.Increment(ref _streams));

    public void Dispose() => _registry.Dispose();

    private KeyValuePair<string, object?> Node => new("node", _gate.Id.Name);

    private Measurement<int> Of(int value) => new(value, Node);

    private void AddDatacenters(Meter meter)
    {
        void Add(string name, string help, Func<DatacenterView, double> value, string? unit = null) =>
            meter.CreateObservableGauge($"hyperscale.datacenter.{name}", () => Seen(value), unit, help);

        Add("workers", "Workers that the datacenter's primary manager counts", dc => dc.Heartbeat!.Workers);
        Add("cores", "Cores of these workers", dc => dc.Heartbeat!.CoresTotal);
        Add("cores.free", "Cores that are neither used nor set aside", dc => dc.Heartbeat!.CoresFree);
        Add("queued.workflows", "Workflows that wait for cores", dc => dc.Heartbeat!.QueuedWorkflows);
        Add("heartbeat.age", "Since the datacenter was last heard", dc => dc.Age.TotalSeconds, "s");
    }

    private void AddPressure(Meter meter) => meter.CreateObservableGauge(
        "datacenter_pressure",
        () => from dc in _gate.Cluster.Datacenters
              where dc.Heartbeat?.Resources is not null
              from used in (IEnumerable<(string Resource, double Share)>)
                  [
                      ("cpu", dc.Heartbeat!.Resources!.CpuPressure),
                      ("memory", dc.Heartbeat!.Resources!.MemoryPressure),
                  ]
              select new Measurement<double>(
                  used.Share, Node, new("datacenter", dc.Name), new("resource", used.Resource)),
        null, "Used of the cores and memory of a datacenter's workers, 0 to 1");

    private void AddLatencies(Meter meter)
    {
        void Add(string name, string help, Func<SloView, double> value) =>
            meter.CreateObservableGauge(
                $"slo_{name}",
                () => from dc in _gate.Cluster.Datacenters
                      where dc.Latencies is not null
                      select new Measurement<double>(
                          value(dc.Latencies!), Node, new("datacenter", dc.Name)),
                null, help);

        Add("p50_ms", "Median latency of the datacenter's jobs lately", slo => slo.Summary.P50Ms);
        Add("p95_ms", "95th percentile of the same", slo => slo.Summary.P95Ms);
        Add("p99_ms", "99th percentile of the same", slo => slo.Summary.P99Ms);
        Add("sample_count", "Latencies that these rest on", slo => slo.Summary.Samples);
        Add("score", "How they keep to their targets; 1 is as meant, lower is better",
            slo => slo.Summary.Score);
        Add("routing_factor", "What that does to the datacenter's routing score", slo => slo.Factor);
        Add("health", "0 healthy, 1 busy, 2 degraded, 3 unhealthy by latencies",
            slo => (double)slo.Health.Health);
    }

    private IEnumerable<Measurement<double>> Seen(Func<DatacenterView, double> value) =>
        from dc in _gate.Cluster.Datacenters
        where dc.Heartbeat is not null
        select new Measurement<double>(value(dc), Node, new("datacenter", dc.Name));

    private static void AddProcess(Meter meter)
    {
        meter.CreateObservableGauge(
            "process.resident.memory", () => Environment.WorkingSet, "By", "Resident memory of this process");
        meter.CreateObservableGauge(
            "dotnet.heap", () => GC.GetTotalMemory(false), "By", "Managed memory of this process");
        meter.CreateObservableCounter(
            "process.cpu", () => Environment.CpuUsage.TotalTime.TotalSeconds, "s",
            "Processor time of this process");
    }

    /// <summary>One reader of events.</summary>
    /// <param name="Number">How many there are with it.</param>
    public readonly record struct EventStream(ApiMetrics Metrics, int Number) : IDisposable
    {
        public void Dispose() => Interlocked.Decrement(ref Metrics._streams);
    }
}
