using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Resources;

/// <summary>What a guard saw and did lately: the evidence of a kill.</summary>
internal sealed class GuardRecord
{
    private readonly Queue<(ResourceSample Sample, ResourceMetrics Metrics)> _samples = new();
    private readonly Queue<(GuardDimension Dimension, GuardLevel From, GuardLevel To, Instant At)> _moves =
        new();

    public void Note(ResourceSample sample, ResourceMetrics metrics)
    {
        if (_samples.Count == ResourceKill.SamplesMax) _samples.Dequeue();
        _samples.Enqueue((sample, metrics));
    }

    public void Note(GuardDimension dimension, GuardLevel from, GuardLevel to, Instant at)
    {
        if (_moves.Count == ResourceKill.MovesMax) _moves.Dequeue();
        _moves.Enqueue((dimension, from, to, at));
    }

    public ResourceKill Evidence(
        GuardDimension cause, DimensionGuard guard, Instant killedAt, int processes, bool wasForced) => new(
        cause,
        (long)guard.Limit,
        (long)guard.ThresholdOf(GuardLevel.Warn),
        (long)guard.ThresholdOf(GuardLevel.Throttle),
        (long)guard.ThresholdOf(GuardLevel.Kill),
        [.. _samples.Select(seen => SampleOf(cause, seen.Sample, seen.Metrics, killedAt))],
        [.. _moves.Where(move => move.Dimension == cause)
            .Select(move => new GuardMove(move.From, move.To, Milliseconds(killedAt - move.At)))],
        processes,
        wasForced);

    public void CheckInvariants()
    {
        Invariant.Holds(_samples.Count <= ResourceKill.SamplesMax && _moves.Count <= ResourceKill.MovesMax);
        // No level is skipped.
        foreach (var (_, from, to, _) in _moves) Invariant.Holds(Math.Abs((int)to - (int)from) == 1);
    }

    public void AddTo(ref Fingerprint fingerprint)
    {
        fingerprint.Add((long)_samples.Count);
        foreach (var (sample, metrics) in _samples)
        {
            fingerprint.Add(sample.At);
            fingerprint.Add(sample.CpuPercent);
            fingerprint.Add(sample.MemoryBytes);
            fingerprint.Add((long)sample.FileDescriptors);
            fingerprint.Add(metrics.CpuPercent);
            fingerprint.Add(metrics.CpuUncertainty);
            fingerprint.Add(metrics.MemoryBytes);
            fingerprint.Add(metrics.MemoryUncertainty);
        }

        fingerprint.Add((long)_moves.Count);
        foreach (var (dimension, from, to, at) in _moves)
        {
            fingerprint.Add((ulong)dimension);
            fingerprint.Add((ulong)from);
            fingerprint.Add((ulong)to);
            fingerprint.Add(at);
        }
    }

    private static KillSample SampleOf(
        GuardDimension cause, in ResourceSample sample, in ResourceMetrics metrics, Instant killedAt)
    {
        var (raw, filtered, deviation) = cause switch
        {
            GuardDimension.Cpu => (sample.CpuPercent, metrics.CpuPercent, metrics.CpuUncertainty),
            GuardDimension.Memory =>
                (sample.MemoryBytes, metrics.MemoryBytes, metrics.MemoryUncertainty),
            GuardDimension.FileDescriptors =>
                ((double)sample.FileDescriptors, metrics.FileDescriptorCount, 0.0),
        };
        return new KillSample(
            Milliseconds(killedAt - sample.At), Whole(raw), Whole(filtered), Whole(deviation));
    }

    private static long Milliseconds(Duration duration) => duration.Milliseconds;

    private static long Whole(double value) => (long)Math.Round(Math.Min(value, ResourceKill.NumberMax));
}
