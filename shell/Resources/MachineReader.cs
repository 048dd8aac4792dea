using System.Globalization;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Resources;

namespace Hyperscale.Det.Shell.Resources;

/// <summary>Reads what this process uses, and the memory of the machine or of the container that it runs
/// in.</summary>
internal static class MachineReader
{
    private const string ContainerLimit = "/sys/fs/cgroup/memory.max";
    private const string ContainerUse = "/sys/fs/cgroup/memory.current";
    private const string ContainerStat = "/sys/fs/cgroup/memory.stat";

    public static NodeReading Read(Instant at)
    {
        var (used, total) = Memory();
        return new NodeReading(at, Environment.CpuUsage.TotalTime.Ticks * 100, used, total);
    }

    private static (long Used, long Total) Memory()
    {
        long total = 0, available = 0;
        foreach (var line in File.ReadLines("/proc/meminfo"))
        {
            if (line.StartsWith("MemTotal:", StringComparison.Ordinal)) total = Kilobytes(line) * 1024;
            if (line.StartsWith("MemAvailable:", StringComparison.Ordinal))
                available = Kilobytes(line) * 1024;
        }

        if (!File.Exists(ContainerLimit)) return (total - available, total);
        var isLimited = long.TryParse(
            File.ReadAllText(ContainerLimit).AsSpan().Trim(), CultureInfo.InvariantCulture, out var limit);
        if (!isLimited || limit >= total) return (total - available, total);
        // What can be dropped at once is not used up.
        var cached = CgroupFiles.ReadNamed(ContainerStat, "inactive_file");
        return (Math.Max(0, CgroupFiles.ReadNumber(ContainerUse) - cached), limit);
    }

    private static long Kilobytes(string line) => long.Parse(
        line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture);
}
