using Hyperscale.Det.Capacity;
using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Routing;

/// <summary>Predicted and observed latency of a datacenter, blended by how much the observed one can be
/// trusted.</summary>
/// <param name="Confidence">From 0, the prediction alone, to 1, the observation alone.</param>
/// <param name="BaselineMs">Part of the prediction beside the round trip.</param>
public readonly record struct BlendedLatency(
    double BlendedMs, double ObservedMs, double Confidence, double BaselineMs);

public enum ObservationVerdict : byte
{
    Accepted,

    /// <summary>A job that was dispatched later has been counted already.</summary>
    Older,
}

/// <summary>Where blended latencies come from.</summary>
public interface IBlendedLatencies
{
    /// <summary>Predicts the round trip and what jobs take beyond it wherever they run.</summary>
    /// <param name="rttMs">Upper confidence bound of the round trip.</param>
    BlendedLatency GetBlendedLatency(DatacenterName datacenter, double rttMs, Instant now);
}

/// <summary>Learns the overhead of datacenters: how much longer a job took than it was meant to run
/// (AD-45).</summary>
/// <remarks>Not how long jobs took: that would rank datacenters by what jobs they were given.</remarks>
public sealed class ObservedLatencyTracker(AdaptiveRoutingConfig config) : IBlendedLatencies
{
    /// <summary>Datacenters that are kept; the one that was updated least lately makes room.</summary>
    public const int DatacentersMax = 10_000;

    private readonly LaneTable<DatacenterName, ObservedLatencyState> _states = new(lanes: 1);
    private BaselineOverhead _baseline;

    /// <summary>What was learned of each datacenter, the least lately updated first.</summary>
    public IEnumerable<(DatacenterName Datacenter, ObservedLatencyState State)> States => _states.In(0);

    /// <summary>What jobs take beyond the round trip wherever they run.</summary>
    public double BaselineMs => config.IsEnabled ? _baseline.Ms : 0;

    /// <summary>Takes a job's result.</summary>
    /// <param name="sequence">Rises with every dispatch.</param>
    /// <param name="took">From the dispatch to the result.</param>
    /// <param name="meant">What its critical path was declared to take.</param>
    /// <param name="rttMs">Predicted round trip; null where there is no good prediction.</param>
    public ObservationVerdict Observe(
        DatacenterName datacenter, long sequence, Duration took, Duration meant, double? rttMs, Instant now)
    {
        var sampleMs = (took.Nanoseconds - meant.Nanoseconds) / 1_000_000.0;
        var verdict = Add(datacenter, sequence, sampleMs, now);
        if (verdict == ObservationVerdict.Accepted && rttMs is { } rtt)
            _baseline = _baseline.With(_states.ValueAt(_states.Find(datacenter)).EwmaMs - rtt);
        return verdict;
    }

    /// <summary>A job failed there or was not answered in time, which is not to look fast.</summary>
    public ObservationVerdict Penalize(DatacenterName datacenter, long sequence, Instant now) =>
        Add(datacenter, sequence, config.LatencyCapMs, now);

    /// <summary>How far what was observed can be trusted, from 0 to 1.</summary>
    public double ConfidenceIn(DatacenterName datacenter, Instant now) =>
        _states.Find(datacenter) is var slot and >= 0 ? ConfidenceIn(_states.ValueAt(slot), now) : 0;

    /// <summary>Samples that were taken in a datacenter.</summary>
    public long SamplesIn(DatacenterName datacenter) =>
        _states.Find(datacenter) is var slot and >= 0 ? _states.ValueAt(slot).SampleCount : 0;

    /// <inheritdoc/>
    public BlendedLatency GetBlendedLatency(DatacenterName datacenter, double rttMs, Instant now)
    {
        var baselineMs = BaselineMs;
        var predictedMs = rttMs + baselineMs;
        var slot = _states.Find(datacenter);
        if (slot < 0) return new BlendedLatency(predictedMs, 0, 0, baselineMs);
        ref readonly var state = ref _states.ValueAt(slot);
        var confidence = ConfidenceIn(state, now);
        var blended = (confidence * state.EwmaMs) + ((1 - confidence) * predictedMs);
        // Rounding must not carry it past either of the two.
        var (low, high) = state.EwmaMs < predictedMs
            ? (state.EwmaMs, predictedMs)
            : (predictedMs, state.EwmaMs);
        return new BlendedLatency(Math.Clamp(blended, low, high), state.EwmaMs, confidence, baselineMs);
    }

    public void CheckInvariants()
    {
        _states.CheckInvariants();
        Invariant.Holds(_states.Count <= DatacentersMax);
        Invariant.Holds(_baseline.Ms is >= 0 and <= BaselineOverhead.MaxMs);
        foreach (var (_, state) in _states.In(0))
        {
            Invariant.Holds(state.EwmaMs >= 0 && state.EwmaMs < config.LatencyCapMs + 1);
            Invariant.Holds(state.Variance >= 0 && state.SampleCount > 0);
        }
    }

    public void AddTo(ref Fingerprint fingerprint)
    {
        _baseline.AddTo(ref fingerprint);
        foreach (var (datacenter, state) in _states.In(0))
        {
            fingerprint.Add(datacenter.Text);
            state.AddTo(ref fingerprint);
        }
    }

    private ObservationVerdict Add(DatacenterName datacenter, long sequence, double sampleMs, Instant now)
    {
        var slot = _states.Find(datacenter);
        if (slot >= 0 && sequence <= _states.ValueAt(slot).LastSequence) return ObservationVerdict.Older;
        if (slot < 0)
        {
            if (_states.Count == DatacentersMax) _states.Remove(_states.OldestIn(0));
            slot = _states.Add(datacenter, default, 0);
        }

        var counted = Math.Clamp(sampleMs, 0, config.LatencyCapMs);
        _states.ValueAt(slot) = _states.ValueAt(slot).With(counted, config.EwmaAlpha, sequence, now);
        _states.Move(slot, 0);
        return ObservationVerdict.Accepted;
    }

    private double ConfidenceIn(in ObservedLatencyState state, Instant now)
    {
        if (!config.IsEnabled) return 0;
        var age = now - state.LastUpdate;
        if (age >= config.MaxStaleness) return 0;
        var freshness = 1 - ((double)Math.Max(0, age.Nanoseconds) / config.MaxStaleness.Nanoseconds);
        return Math.Min(1, (double)state.SampleCount / config.MinSamples) * freshness;
    }
}
