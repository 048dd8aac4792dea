using CsCheck;
using Hyperscale.Det.Capacity;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Routing;
using Hyperscale.Det.Slo;

namespace Hyperscale.Det.Tests.Core.Routing;

/// <summary>Datacenters and views for the tests of routing.</summary>
internal static class RoutingSamples
{
    public static readonly Gen<List<DatacenterCandidate>> Any = Gen.Select(
            Gen.Int[0, 7], Gen.Enum<DatacenterHealth>(), Gen.Int[1, 300], Gen.Int[0, 100], Gen.Int[0, 60],
            Gen.Int[0, 4], Gen.Bool, Gen.Int[5, 30])
        .Select((name, health, rtt, free, pending, managers, isStale, slo) => Dc(
            $"dc{name}", rtt, free, health, pending: pending, managers: managers, circuits: managers / 2,
            isHealthStale: isStale && rtt % 5 == 0, slo: slo / 10.0,
            level: pending % 6 == 5 ? null : (SloLevel)(pending % 6)))
        .Select(dc => dc.Capacity.Health == DatacenterHealth.Busy && !dc.IsHealthStale
            ? Full(dc.Name.Text, dc.RttMs) with { SloLevel = dc.SloLevel }
            : dc)
        .List[0, 8].Select(all => all.DistinctBy(dc => dc.Name.Text).ToList());

    public static DatacenterCandidate Dc(
        string name,
        double rtt = 20,
        int free = 50,
        DatacenterHealth health = DatacenterHealth.Healthy,
        DatacenterHealth? withoutSlo = null,
        int? wait = null,
        int pending = 0,
        int managers = 3,
        int circuits = 0,
        bool isHealthStale = false,
        bool isFresh = true,
        double slo = 1,
        PredictedLatency? predicted = null,
        bool hasCoordinates = true,
        SloLevel? level = null)
    {
        var exact = predicted ?? new PredictedLatency(rtt, 10, 1, Duration.Zero);
        return new DatacenterCandidate(
            DatacenterName.Of(name),
            new DatacenterCapacity(
                name, 100, free, pending, Duration.Zero, Duration.Zero,
                wait is { } seconds ? Duration.FromSeconds(seconds) : null,
                1 - (free / 100.0), health, Duration.Zero, isFresh),
            health == DatacenterHealth.Unhealthy ? HealthReason.NoWorker : HealthReason.None,
            withoutSlo ?? health,
            isHealthStale,
            managers,
            circuits,
            hasCoordinates ? exact : null,
            slo)
        {
            SloLevel = level,
        };
    }

    /// <summary>Without a free core, and well.</summary>
    public static DatacenterCandidate Full(string name, double rtt = 20) =>
        Dc(name, rtt, free: 0, health: DatacenterHealth.Busy) with { HealthReason = HealthReason.NoFreeCore };

    public static RoutingView View(params DatacenterCandidate[] datacenters) => new(datacenters, false);

    public static RoutingRequest Request(
        int count = 1, int cores = 1, string[]? preferred = null, string[]? only = null) =>
        new(count, cores, preferred ?? [], only ?? []);

    public static Instant At(double seconds) => new((long)(seconds * 1_000_000_000));
}

/// <summary>Latencies that are what was predicted; it counts how often it was asked.</summary>
internal sealed class PlainLatencies : IBlendedLatencies
{
    public double BaselineMs { get; set; }

    public List<string> Asked { get; } = [];

    public SortedDictionary<string, double> Observed { get; } = new(StringComparer.Ordinal);

    public BlendedLatency GetBlendedLatency(DatacenterName datacenter, double rttMs, Instant now)
    {
        Asked.Add(datacenter.Text);
        return Observed.TryGetValue(datacenter.Text, out var observed)
            ? new BlendedLatency(observed, observed, 1, BaselineMs)
            : new BlendedLatency(rttMs + BaselineMs, 0, 0, BaselineMs);
    }
}
