namespace Hyperscale.Det.Resources;

/// <summary>Follows one number that drifts at random and is measured with noise: a Kalman filter of a random
/// walk (Kalman 1960, in one dimension).</summary>
/// <remarks>The first sample is the estimate and its variance the measurement's. Then, sample by sample,
/// P' = P + Q, K = P' / (P' + R), x += K (z - x), P = (1 - K) P'. It allocates nothing.</remarks>
/// <param name="processNoise">Q: variance of the drift from sample to sample, in the number's unit squared;
/// above 0.</param>
/// <param name="measurementNoise">R: variance of a measurement, in the same unit; above 0.</param>
public struct ScalarKalmanFilter(double processNoise, double measurementNoise)
{
    private readonly double _processNoise = processNoise;
    private readonly double _measurementNoise = measurementNoise;

    /// <summary>x; 0 before the first sample.</summary>
    public double Estimate { get; private set; }

    /// <summary>P: of the estimate; 0 before the first sample.</summary>
    public double Variance { get; private set; }

    /// <summary>Standard deviation of the estimate.</summary>
    public readonly double Uncertainty => Math.Sqrt(Variance);

    /// <summary>K of the newest sample: how much of its surprise was believed, above 0 to 1.</summary>
    public double Gain { get; private set; }

    /// <summary>z - x of the newest sample, x before it; 0 for the first.</summary>
    public double Innovation { get; private set; }

    /// <summary>P' + R of the newest sample: what the square of its innovation is expected to be.</summary>
    public double InnovationVariance { get; private set; }

    public long Samples { get; private set; }

    /// <summary>Takes a sample; false, and nothing changes, when it is no number of 0 or more.</summary>
    public bool Update(double sample)
    {
        if (!IsSample(sample)) return false;
        Step(sample, _processNoise, _measurementNoise);
        return true;
    }

    /// <summary>Whether a filter can take it: 0 to <see cref="SampleMax"/>.</summary>
    internal static bool IsSample(double sample) => sample is >= 0 and <= SampleMax;

    /// <summary>Larger ones would leave no room for their squares.</summary>
    internal const double SampleMax = 1e18;

    /// <summary>Takes a sample under noises that are given for it alone.</summary>
    internal void Step(double sample, double processNoise, double measurementNoise)
    {
        if (Samples++ == 0)
        {
            (Estimate, Variance, Gain) = (sample, measurementNoise, 1);
            InnovationVariance = measurementNoise;
            return;
        }

        var predicted = Variance + processNoise;
        InnovationVariance = predicted + measurementNoise;
        Gain = predicted / InnovationVariance;
        Innovation = sample - Estimate;
        Estimate += Gain * Innovation;
        Variance = (1 - Gain) * predicted;
    }
}
