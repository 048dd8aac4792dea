using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Slo;

/// <summary>How hard a resource is pressed, as an estimate.</summary>
/// <param name="Pressure">0, idle, to 1, exhausted.</param>
/// <param name="RelativeUncertainty">Standard deviation by estimate; 0 and more.</param>
public readonly record struct ResourcePressure(double Pressure, double RelativeUncertainty)
{
    /// <param name="deviation">Standard deviation of the pressure.</param>
    public static ResourcePressure Of(double pressure, double deviation) =>
        new(pressure, pressure > 0 ? deviation / pressure : 0);

    /// <summary>How far the estimate can be trusted, from 0 to 1.</summary>
    public double Confidence => 1 / (1 + RelativeUncertainty);
}

/// <summary>Foresees by the pressure on cores and memory that latencies will grow (AD-42).</summary>
public sealed class ResourceAwareSloPredictor(SloConfig config)
{
    /// <summary>1 where nothing presses; each resource adds by its pressure, its correlation with latency and
    /// how far it can be trusted.</summary>
    public double Risk(ResourcePressure cpu, ResourcePressure memory) =>
        1 + (config.CpuLatencyCorrelation * Trusted(cpu))
        + (config.MemoryLatencyCorrelation * Trusted(memory));

    /// <summary>The score that is to be expected: what it is, blended with the risk.</summary>
    public double Predict(double score, ResourcePressure cpu, ResourcePressure memory)
    {
        if (!config.IsResourcePredictionEnabled) return score;
        var weight = config.PredictionBlendWeight;
        return ((1 - weight) * score) + (weight * Risk(cpu, memory));
    }

    private static double Trusted(ResourcePressure resource)
    {
        Invariant.Holds(resource.RelativeUncertainty >= 0);
        return Math.Clamp(resource.Pressure, 0, 1) * resource.Confidence;
    }
}
