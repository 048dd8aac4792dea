using System.Runtime.InteropServices;
using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Resources;

/// <summary>Turns readings of a process tree into filtered numbers.</summary>
/// <remarks>CPU time is added up by differences of each process, told apart by id and start, so that new and
/// short-lived ones count: a process that ended and was waited for is counted where its parent got its time.
/// One that vanished otherwise takes what it used since the last reading with it. CPU noise is in percent of
/// a core, memory's in percent of the value. A gap between readings is one long interval.</remarks>
/// <param name="startedAt">When the tree was started: it had used nothing by then.</param>
public sealed class ProcessResourceMonitor(ResourceConfig config, Instant startedAt)
{
    /// <summary>Two readings that lie closer together say too little of a rate.</summary>
    public static readonly Duration IntervalMin = Duration.FromMilliseconds(20);

    private readonly AdaptiveKalmanFilter _cpu = new(config.ProcessNoise, config.MeasurementNoise);
    private readonly AdaptiveKalmanFilter _memory =
        new(config.ProcessNoise, config.MeasurementNoise, isRelative: true);

    // By id and start. The newest reading's, and room for the next one's.
    private List<ProcessReading> _last = [];
    private List<ProcessReading> _now = [];
    private long _groupCpu;

    /// <summary>The newest reading, unfiltered; before the first, nothing at the start.</summary>
    public ResourceSample Sample { get; private set; } = new(startedAt, 0, 0, 0, 0);

    public ResourceMetrics Metrics { get; private set; }

    /// <summary>Takes a reading; false when it is not later than the one before by
    /// <see cref="IntervalMin"/>.</summary>
    /// <param name="memoryTotalBytes">Of the machine; 0 where it is not known.</param>
    public bool Observe(TreeReading reading, long memoryTotalBytes)
    {
        var elapsed = reading.At - Sample.At;
        if (elapsed < IntervalMin) return false;
        var used = reading.Group is { } group ? UsedBy(group) : UsedBy(reading.Processes);
        var (memory, descriptors, processes) = reading.Group is { } sums
            ? (sums.MemoryBytes, sums.FileDescriptors, sums.Processes)
            : Sum(reading.Processes);
        Sample = new ResourceSample(
            reading.At, 100.0 * used / elapsed.Nanoseconds, memory, descriptors, processes);
        _cpu.Update(Sample.CpuPercent);
        _memory.Update(memory);
        Metrics = new ResourceMetrics(
            _cpu.Estimate,
            _cpu.Uncertainty,
            _memory.Estimate,
            _memory.Uncertainty,
            memoryTotalBytes > 0 ? 100 * _memory.Estimate / memoryTotalBytes : 0,
            descriptors,
            reading.At,
            _cpu.Samples,
            processes);
        return true;
    }

    public void CheckInvariants()
    {
        _cpu.CheckInvariants();
        _memory.CheckInvariants();
        Invariant.Holds(Sample.CpuPercent >= 0);
        for (var i = 1; i < _last.Count; i++) Invariant.Holds(Compare(_last[i - 1], _last[i]) < 0);
    }

    public void AddTo(ref Fingerprint fingerprint)
    {
        _cpu.AddTo(ref fingerprint);
        _memory.AddTo(ref fingerprint);
        fingerprint.Add(Sample.At);
        fingerprint.Add(Sample.CpuPercent);
        fingerprint.Add(Sample.MemoryBytes);
        fingerprint.Add((long)Sample.FileDescriptors);
        fingerprint.Add((long)Sample.Processes);
        fingerprint.Add(_groupCpu);
        fingerprint.Add((long)_last.Count);
        foreach (var process in _last)
        {
            fingerprint.Add((long)process.Pid);
            fingerprint.Add(process.StartTime);
            fingerprint.Add(process.CpuNanoseconds);
            fingerprint.Add(process.ReapedCpuNanoseconds);
        }
    }

    private long UsedBy(GroupReading group)
    {
        var used = Math.Max(0, group.CpuNanoseconds - _groupCpu);
        _groupCpu = Math.Max(_groupCpu, group.CpuNanoseconds);
        return used;
    }

    private long UsedBy(IReadOnlyList<ProcessReading> processes)
    {
        Sort(processes);
        long own = 0, reaped = 0, gone = 0;
        var at = 0;
        foreach (var process in CollectionsMarshal.AsSpan(_now))
        {
            while (at < _last.Count && Compare(_last[at], process) < 0) gone += TotalOf(_last[at++]);
            var isKnown = at < _last.Count && Compare(_last[at], process) == 0;
            var before = isKnown ? _last[at++] : default;
            own += Math.Max(0, process.CpuNanoseconds - before.CpuNanoseconds);
            reaped += Math.Max(0, process.ReapedCpuNanoseconds - before.ReapedCpuNanoseconds);
        }

        while (at < _last.Count) gone += TotalOf(_last[at++]);
        (_last, _now) = (_now, _last);
        // What the ended ones had used by the last reading was counted then.
        return own + Math.Max(0, reaped - gone);
    }

    private void Sort(IReadOnlyList<ProcessReading> processes)
    {
        _now.Clear();
        _now.AddRange(processes);
        _now.Sort(Compare);
        // A listing that was read while processes came and went can show one twice.
        var kept = 0;
        for (var i = 0; i < _now.Count; i++)
        {
            if (kept > 0 && Compare(_now[kept - 1], _now[i]) == 0) continue;
            _now[kept++] = _now[i];
        }

        _now.RemoveRange(kept, _now.Count - kept);
    }

    private (long Memory, int Descriptors, int Processes) Sum(IReadOnlyList<ProcessReading> processes)
    {
        Invariant.Holds(_last.Count <= processes.Count);
        var (memory, descriptors, living) = (0L, 0, 0);
        foreach (var process in CollectionsMarshal.AsSpan(_last))
        {
            if (process.IsZombie) continue;
            memory += process.MemoryBytes;
            descriptors += process.FileDescriptors;
            living++;
        }

        return (memory, descriptors, living);
    }

    private static long TotalOf(in ProcessReading process) =>
        process.CpuNanoseconds + process.ReapedCpuNanoseconds;

    private static int Compare(ProcessReading a, ProcessReading b) =>
        a.Pid != b.Pid ? a.Pid.CompareTo(b.Pid) : a.StartTime.CompareTo(b.StartTime);
}
