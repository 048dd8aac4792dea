using System.Globalization;
using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Resources;

/// <summary>Whether a worker takes work: not while its machine's memory is nearly used up, nor while its
/// workloads use more than the cores it offers.</summary>
/// <remarks>Judged as workloads are, with the grace and the hysteresis of <see cref="DimensionGuard"/>, of
/// which there is no kill: to take no work is the worst that becomes of a worker.</remarks>
public sealed class WorkerBudget
{
    /// <summary>Of the machine's memory.</summary>
    private const double MemoryShare = 0.95;

    /// <summary>Of the cores: all of them is what they are for.</summary>
    private const double CpuShare = 1.1;

    private readonly ResourceConfig _config;
    private readonly DimensionGuard _cpuGuard;
    private readonly AdaptiveKalmanFilter _memory;
    private DimensionGuard? _memoryGuard;
    private long _memoryTotal;
    private NodeReading? _last;

    public WorkerBudget(int cores, ResourceConfig config)
    {
        _config = config with { KillThreshold = double.MaxValue };
        _cpuGuard = GuardOf(cores * 100 * CpuShare);
        _memory = new AdaptiveKalmanFilter(config.ProcessNoise, config.MeasurementNoise, isRelative: true);
    }

    /// <summary>Why the worker takes no work; null when it does.</summary>
    public string? OverBudget { get; private set; }

    /// <summary>Processor time of the worker's own process and of its workloads; memory of its
    /// machine.</summary>
    public ResourceUsage Usage { get; private set; }

    public long MemoryTotalBytes => _memoryTotal;

    /// <summary>Whether anything was ever read.</summary>
    public bool IsKnown => _last is not null;

    /// <summary>Takes a reading of the machine; false when it is not later than the one before.</summary>
    /// <param name="workloads">What the workloads use together.</param>
    public bool Observe(NodeReading reading, ResourceUsage workloads)
    {
        var elapsed = _last is { } last ? reading.At - last.At : Duration.Zero;
        if (_last is not null && elapsed < ProcessResourceMonitor.IntervalMin) return false;
        var own = _last is { } before ? 100 * reading.CoresSince(before) : 0;
        _last = reading;
        _memory.Update(reading.MemoryUsedBytes);
        Usage = new ResourceUsage(
            workloads.CpuPercent + own, workloads.CpuDeviation, _memory.Estimate, _memory.Uncertainty);
        Judge(reading, elapsed);
        return true;
    }

    public void CheckInvariants()
    {
        _cpuGuard.CheckInvariants();
        _memoryGuard?.CheckInvariants();
        _memory.CheckInvariants();
        Invariant.Holds(OverBudget is null || IsKnown);
    }

    public void AddTo(ref Fingerprint fingerprint)
    {
        _cpuGuard.AddTo(ref fingerprint);
        _memoryGuard?.AddTo(ref fingerprint);
        _memory.AddTo(ref fingerprint);
        Usage.AddTo(ref fingerprint);
        fingerprint.Add(_memoryTotal);
        fingerprint.Add(OverBudget);
        fingerprint.Add(_last?.At ?? Instant.Never);
        fingerprint.Add(_last?.CpuNanoseconds ?? 0);
    }

    private void Judge(NodeReading reading, Duration passed)
    {
        if (reading.MemoryTotalBytes != _memoryTotal)
        {
            _memoryTotal = reading.MemoryTotalBytes;
            _memoryGuard = _memoryTotal > 0 ? GuardOf(_memoryTotal * MemoryShare) : null;
        }

        _cpuGuard.Observe(Usage.CpuPercent, Usage.CpuPercent, passed);
        while (_cpuGuard.Move(Usage.CpuPercent, Usage.CpuDeviation)) { }
        _memoryGuard?.Observe(reading.MemoryUsedBytes, Usage.MemoryBytes, passed);
        while (_memoryGuard?.Move(Usage.MemoryBytes, Usage.MemoryDeviation) == true) { }
        OverBudget = ReasonNow();
    }

    private string? ReasonNow()
    {
        if (_memoryGuard is { Level: >= GuardLevel.Throttle })
        {
            return string.Create(
                CultureInfo.InvariantCulture,
                $"memory of its machine is used to {100 * Usage.MemoryBytes / _memoryTotal:F0}%");
        }

        return _cpuGuard.Level >= GuardLevel.Throttle
            ? string.Create(
                CultureInfo.InvariantCulture, $"its workloads use {Usage.CpuPercent:F0}% of a core together")
            : null;
    }

    // The limit whose throttle lies at what is wanted.
    private DimensionGuard GuardOf(double throttleAt) =>
        new(throttleAt / _config.ThrottleThreshold, isCurable: false, _config);
}
