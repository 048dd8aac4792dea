namespace Hyperscale.Det.Resources;

/// <summary>What a workload may use: its budget, with a default where its submission says nothing.</summary>
/// <param name="CpuPercent">100 is one core.</param>
/// <param name="MemoryBytes">Resident.</param>
/// <param name="FileDescriptors">Open at a time.</param>
public readonly record struct ResourceLimits(int CpuPercent, long MemoryBytes, int FileDescriptors)
{
    /// <summary>Eight cores, 16 GiB, 10,000 descriptors.</summary>
    public static readonly ResourceLimits Default = new(800, 16L * 1024 * 1024 * 1024, 10_000);

    public double Of(GuardDimension dimension) => dimension switch
    {
        GuardDimension.Cpu => CpuPercent,
        GuardDimension.Memory => MemoryBytes,
        GuardDimension.FileDescriptors => FileDescriptors,
    };
}
