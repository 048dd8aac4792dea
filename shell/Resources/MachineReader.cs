using System.Globalization;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Resources;

namespace Hyperscale.Det.Shell.Resources;

/// <summary>Reads what this process uses, and the memory of the machine or of the container that it runs
/// in.</summary>
internal static class MachineReader
{
    private const string MachineMemory = "/proc/meminfo";

    // What a worker does with control groups leaves it below the same limits.
    private static readonly MemoryLimits Limits = MemoryLimits.Find();

    public static NodeReading Read(Instant at)
    {
        var (used, total) = Limits.Read(MachineMemory);
        return new NodeReading(at, Environment.CpuUsage.TotalTime.Ticks * 100, used, total);
    }
}

/// <summary>The control groups that may limit the memory of this process, by both versions.</summary>
/// <param name="groups">Each with the version it is of.</param>
internal sealed class MemoryLimits(IReadOnlyList<(string Directory, bool IsV2)> groups)
{
    public static MemoryLimits Find(string self = "/proc/self") => new(
    [
        .. (CgroupPlace.Find("", self)?.Upwards() ?? []).Select(directory => (directory, true)),
        .. (CgroupPlace.Find("memory", self)?.Upwards() ?? []).Select(directory => (directory, false)),
    ]);

    /// <summary>The memory of the machine, or of the group around this process that is limited to the
    /// least.</summary>
    /// <param name="machine"><c>/proc/meminfo</c>.</param>
    public (long Used, long Total) Read(string machine)
    {
        var (used, total) = ReadMachine(machine);
        foreach (var (directory, isV2) in groups)
        {
            if (LimitOf(directory, isV2) is not { } limit || limit >= total) continue;
            (used, total) = (UseOf(directory, isV2), limit);
        }

        return (used, total);
    }

    private static (long Used, long Total) ReadMachine(string machine)
    {
        long total = 0, available = 0;
        foreach (var line in File.ReadLines(machine))
        {
            if (line.StartsWith("MemTotal:", StringComparison.Ordinal)) total = Kilobytes(line) * 1024;
            if (line.StartsWith("MemAvailable:", StringComparison.Ordinal))
                available = Kilobytes(line) * 1024;
        }

        return (total - available, total);
    }

    /// <summary>Null where there is none.</summary>
    private static long? LimitOf(string directory, bool isV2)
    {
        var path = Path.Combine(directory, isV2 ? "memory.max" : "memory.limit_in_bytes");
        // The topmost group of version 2 has no limit, nor has one without the controller.
        if (!File.Exists(path)) return null;
        var text = File.ReadAllText(path).AsSpan().Trim();
        return long.TryParse(text, CultureInfo.InvariantCulture, out var limit) ? limit : null;
    }

    // What can be dropped at once is not used up.
    private static long UseOf(string directory, bool isV2)
    {
        var use = CgroupFiles.ReadNumber(
            Path.Combine(directory, isV2 ? "memory.current" : "memory.usage_in_bytes"));
        var cached = CgroupFiles.ReadNamed(
            Path.Combine(directory, "memory.stat"), isV2 ? "inactive_file" : "total_inactive_file");
        return Math.Max(0, use - cached);
    }

    private static long Kilobytes(string line) => long.Parse(
        line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture);
}
