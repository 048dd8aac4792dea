using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Routing;

/// <summary>What was learned of one datacenter: an exponentially weighted mean of its overhead
/// (AD-45).</summary>
/// <param name="EwmaMs">In milliseconds.</param>
/// <param name="Variance">In square milliseconds.</param>
/// <param name="LastSequence">Dispatch sequence of the newest sample that counted.</param>
public readonly record struct ObservedLatencyState(
    double EwmaMs, double Variance, long SampleCount, Instant LastUpdate, long LastSequence)
{
    /// <summary>With one more sample; the first sets the mean.</summary>
    public ObservedLatencyState With(double sampleMs, double alpha, long sequence, Instant now)
    {
        if (SampleCount == 0) return new(sampleMs, 0, 1, now, sequence);
        var difference = sampleMs - EwmaMs;
        return new(
            EwmaMs + (alpha * difference),
            (1 - alpha) * (Variance + (alpha * difference * difference)),
            SampleCount + 1,
            now,
            sequence);
    }

    public void AddTo(ref Fingerprint fingerprint)
    {
        fingerprint.Add(EwmaMs);
        fingerprint.Add(Variance);
        fingerprint.Add(SampleCount);
        fingerprint.Add(LastUpdate);
        fingerprint.Add(LastSequence);
    }
}
