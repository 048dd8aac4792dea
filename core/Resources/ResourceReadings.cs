using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Resources;

/// <summary>One process as the kernel shows it. Its id and its start tell it apart from every other, as ids
/// are used again.</summary>
/// <param name="StartTime">In whatever unit the kernel counts starts.</param>
/// <param name="CpuNanoseconds">Used since it began.</param>
/// <param name="ReapedCpuNanoseconds">Used by those of its children, and theirs, that ended and were waited
/// for.</param>
/// <param name="MemoryBytes">Its share of what is resident; 0 of a zombie.</param>
/// <param name="FileDescriptors">Open; 0 of a zombie.</param>
public readonly record struct ProcessReading(
    int Pid,
    long StartTime,
    long CpuNanoseconds,
    long ReapedCpuNanoseconds,
    long MemoryBytes,
    int FileDescriptors,
    bool IsZombie);

/// <summary>A whole process tree as the kernel counts it where it does (control groups).</summary>
/// <param name="CpuNanoseconds">Used since the group was made.</param>
public readonly record struct GroupReading(
    long CpuNanoseconds, long MemoryBytes, int FileDescriptors, int Processes);

/// <summary>One look at a workload's process tree, orphans included.</summary>
/// <param name="At">When it was looked at, by the node's clock.</param>
/// <param name="Processes">In any order; empty where <paramref name="Group"/> has the sums.</param>
public sealed record TreeReading(
    Instant At, IReadOnlyList<ProcessReading> Processes, GroupReading? Group = null);

/// <summary>One look at a node's own process and its machine.</summary>
/// <param name="CpuNanoseconds">Used by the node's own process since it began.</param>
/// <param name="MemoryUsedBytes">Of the machine, or of the container, by everybody.</param>
/// <param name="MemoryTotalBytes">0 where it is not known.</param>
public sealed record NodeReading(
    Instant At, long CpuNanoseconds, long MemoryUsedBytes, long MemoryTotalBytes)
{
    /// <summary>Cores that the node's own process kept busy, in the mean, since an earlier reading.</summary>
    public double CoresSince(NodeReading earlier) =>
        (double)Math.Max(0, CpuNanoseconds - earlier.CpuNanoseconds) / (At - earlier.At).Nanoseconds;
}

/// <summary>What one reading says, unfiltered.</summary>
/// <param name="CpuPercent">Since the reading before; 100 is one core.</param>
public readonly record struct ResourceSample(
    Instant At, double CpuPercent, long MemoryBytes, int FileDescriptors, int Processes);
