using Hyperscale.Det.Capacity;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Slo;

namespace Hyperscale.Det.Routing;

/// <summary>What a gate predicts of the network to a datacenter from coordinates (AD-35).</summary>
/// <param name="RttUcbMs">Upper confidence bound of the round trip in milliseconds, 1 to 10,000.</param>
/// <param name="Samples">That the coordinate rests on.</param>
/// <param name="ErrorMs">Standard error of the prediction.</param>
/// <param name="Age">Since the coordinate last changed.</param>
public readonly record struct PredictedLatency(double RttUcbMs, int Samples, double ErrorMs, Duration Age)
{
    /// <summary>Round trip to a datacenter without coordinates: 100 ms.</summary>
    public const double AbsentRttMs = 100;

    /// <summary>How far the prediction can be trusted, from 0 to 1.</summary>
    public double Quality
    {
        get
        {
            var bySamples = Math.Min(1, Samples / 10.0);
            var byError = ErrorMs > 20 ? 20 / ErrorMs : 1;
            var byAge = Age > FullAge ? (double)FullAge.Nanoseconds / Age.Nanoseconds : 1;
            return bySamples * byError * byAge;
        }
    }

    private static Duration FullAge => Duration.FromSeconds(300);
}

/// <summary>A datacenter as a gate sees it when it routes a job.</summary>
/// <param name="Capacity">Its health is the worst of all signals; its estimated wait is for the cores of the
/// job that is routed.</param>
/// <param name="HealthReason">Why it is not better.</param>
/// <param name="HealthWithoutSlo">As it would be if it were not for the latencies of its jobs.</param>
/// <param name="IsHealthStale">The health was not confirmed lately.</param>
/// <param name="Managers">Registered.</param>
/// <param name="OpenCircuits">Of those, the ones that nothing is sent to.</param>
/// <param name="Predicted">Null without coordinates.</param>
/// <param name="SloFactor">Of AD-42, before what routing adds where targets are missed; 1 where nothing is
/// known.</param>
public sealed record DatacenterCandidate(
    DatacenterName Name,
    DatacenterCapacity Capacity,
    HealthReason HealthReason,
    DatacenterHealth HealthWithoutSlo,
    bool IsHealthStale,
    int Managers,
    int OpenCircuits,
    PredictedLatency? Predicted,
    double SloFactor)
{
    /// <summary>How the latencies of its jobs keep to their targets; null where nothing is known.</summary>
    public SloLevel? SloLevel { get; init; }

    /// <summary>Whether its jobs are known to miss their targets.</summary>
    public bool MissesSlo => SloLevel >= Slo.SloLevel.Violating;

    /// <summary>Predicted round trip in milliseconds.</summary>
    public double RttMs => Predicted?.RttUcbMs ?? PredictedLatency.AbsentRttMs;
}

/// <summary>All datacenters as a gate sees them.</summary>
/// <param name="Datacenters">Each name once, in any order.</param>
/// <param name="IsBootstrap">The gate's own coordinate says nothing yet.</param>
public sealed record RoutingView(IReadOnlyList<DatacenterCandidate> Datacenters, bool IsBootstrap)
{
    /// <summary>Samples of round trips below which coordinates are not used.</summary>
    public const int BootstrapSamples = 10;

    /// <summary>Relative error of the gate's own coordinate above which it is not used.</summary>
    public const double BootstrapErrorMax = 0.8;

    /// <summary>Whether a gate whose coordinate is this good routes by load alone.</summary>
    public static bool IsBootstrapping(long samples, double error) =>
        samples < BootstrapSamples || error > BootstrapErrorMax;
}
