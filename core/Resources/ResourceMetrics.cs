using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Resources;

/// <summary>What a process tree uses, filtered.</summary>
/// <param name="CpuPercent">100 is one core.</param>
/// <param name="CpuUncertainty">Standard deviation, in the same unit.</param>
/// <param name="MemoryBytes">Resident.</param>
/// <param name="MemoryUncertainty">Standard deviation, in bytes.</param>
/// <param name="MemoryPercent">Of the machine's; 0 where that is not known.</param>
/// <param name="FileDescriptorCount">As last counted; counts have no noise.</param>
/// <param name="Timestamp">Of the newest sample, by the node's clock.</param>
/// <param name="SampleCount">Samples that were taken in.</param>
/// <param name="ProcessCount">Of the newest sample, zombies left out.</param>
public readonly record struct ResourceMetrics(
    double CpuPercent,
    double CpuUncertainty,
    double MemoryBytes,
    double MemoryUncertainty,
    double MemoryPercent,
    int FileDescriptorCount,
    Instant Timestamp,
    long SampleCount,
    int ProcessCount);
