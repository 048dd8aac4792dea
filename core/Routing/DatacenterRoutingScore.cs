using Hyperscale.Det.Capacity;
using Hyperscale.Det.Slo;

namespace Hyperscale.Det.Routing;

/// <summary>A datacenter's score with everything that it was made of; lower is better (AD-36).</summary>
/// <param name="Bucket">Decides before the score does.</param>
/// <param name="BlendedLatencyMs">Of prediction and observation; what the score rests on.</param>
/// <param name="ObservedLatencyMs">Mean overhead; 0 where nothing was observed.</param>
/// <param name="ObservedConfidence">From 0, the prediction alone, to 1.</param>
/// <param name="PredictedRttMs">Upper confidence bound of the round trip.</param>
/// <param name="Utilization">1 - available / total.</param>
/// <param name="QueueFactor">d / (d + 10), d workflows waiting.</param>
/// <param name="CircuitPressure">Open circuits / managers.</param>
/// <param name="LoadFactor">1 to 5, of the three.</param>
/// <param name="QualityPenalty">1 to 2: how little the coordinates can be trusted.</param>
/// <param name="SloFactor">Of AD-42, with what is added where targets are missed.</param>
/// <param name="PreferenceFactor">0.9 for a preferred datacenter.</param>
/// <param name="CooldownFactor">2 after a failed dispatch.</param>
/// <param name="Score">The product; without latency and quality while the gate has no coordinate.</param>
public readonly record struct DatacenterRoutingScore(
    string Datacenter,
    DatacenterHealth Bucket,
    double BlendedLatencyMs,
    double ObservedLatencyMs,
    double ObservedConfidence,
    double PredictedRttMs,
    double Utilization,
    double QueueFactor,
    double CircuitPressure,
    double LoadFactor,
    double QualityPenalty,
    double SloFactor,
    double PreferenceFactor,
    double CooldownFactor,
    double Score)
{
    /// <summary>Part of the prediction beside the round trip: what jobs take wherever they run.</summary>
    public double BaselineMs { get; init; }

    public double PredictedMs => PredictedRttMs + BaselineMs;

    /// <summary>Why the bucket is no better.</summary>
    public HealthReason Reason { get; init; }

    /// <summary>Whether it is busy for want of a free core, and for nothing else.</summary>
    public bool IsFull => Reason == HealthReason.NoFreeCore;

    /// <summary>How the latencies of its jobs keep to their targets; null where nothing is known.</summary>
    public SloLevel? SloLevel { get; init; }
}
