using System.Globalization;
using System.Text;
using Hyperscale.Det.Resources;
using Hyperscale.Det.Shell.Processes;

namespace Hyperscale.Det.Shell.Resources;

/// <summary>Files of control groups. What the kernel does not allow is an <see cref="IOException"/> or an
/// <see cref="UnauthorizedAccessException"/>.</summary>
internal static class CgroupFiles
{
    /// <summary>Looks at a group that is to freeze, a millisecond or so apart.</summary>
    private const int FreezeLooksMax = 200;

    public static void Write(string path, string value) => File.WriteAllText(path, value);

    public static long ReadNumber(string path) =>
        long.Parse(File.ReadAllText(path).AsSpan().Trim(), CultureInfo.InvariantCulture);

    /// <summary>The number behind a name in a file of names and numbers; 0 when there is none.</summary>
    public static long ReadNamed(string path, string name)
    {
        Span<byte> text = stackalloc byte[4096];
        var length = NativeProcess.ReadFile(path, text);
        if (length <= 0) throw new IOException($"{path} cannot be read");
        foreach (var line in Encoding.ASCII.GetString(text[..length]).Split('\n'))
        {
            var space = line.IndexOf(' ', StringComparison.Ordinal);
            if (space > 0 && line.AsSpan(0, space).SequenceEqual(name))
                return long.Parse(line.AsSpan(space + 1), CultureInfo.InvariantCulture);
        }

        return 0;
    }

    /// <summary>The processes of a group, without those in groups below it.</summary>
    public static List<int> Processes(string directory) =>
    [
        .. File.ReadLines(Path.Combine(directory, "cgroup.procs"))
            .Select(line => int.Parse(line, CultureInfo.InvariantCulture)),
    ];

    /// <summary>The processes of a group and of those below it, which a workload may make.</summary>
    public static List<int> TreeProcesses(string directory)
    {
        var processes = Processes(directory);
        foreach (var inner in Directory.EnumerateDirectories(directory))
        {
            try
            {
                processes.AddRange(TreeProcesses(inner));
            }
            // It was removed, as an empty one can be; or it is one for threads, whose processes are listed
            // above it.
            catch (IOException)
            {
            }
        }

        return processes;
    }

    /// <summary>What a group uses, by its sums and by its processes.</summary>
    /// <param name="leftOut">Whose descriptors are not the workload's; 0 for nobody's.</param>
    public static GroupReading Reading(
        string directory, int leftOut, long cpuNanoseconds, long memoryBytes)
    {
        var processes = TreeProcesses(directory);
        return new GroupReading(
            cpuNanoseconds,
            memoryBytes,
            processes.Where(id => id != leftOut).Sum(ProcessScan.DescriptorsOf),
            processes.Count);
    }

    /// <summary>Sends SIGKILL to all processes of a group and of those below it but its
    /// root, frozen meanwhile so that none starts another one; how many there were.</summary>
    /// <param name="killed">Receives those that could be looked at.</param>
    /// <param name="proc">Where processes are looked at.</param>
    public static int KillFrozen(
        string directory, int root, FreezerFiles freezer, List<ProcessEntry> killed, string proc = "/proc")
    {
        if (TreeProcesses(directory).All(id => id == root)) return 0;
        Write(Path.Combine(directory, freezer.FileName), freezer.Frozen);
        try
        {
            // What is stuck in the kernel does not freeze, nor does it start anything.
            var isFrozen = freezer.IsFrozen(directory);
            for (var look = 0; look < FreezeLooksMax && !isFrozen; look++)
            {
                Thread.Sleep(1);
                isFrozen = freezer.IsFrozen(directory);
            }

            List<int> others = [.. TreeProcesses(directory).Where(id => id != root)];
            foreach (var id in others) Kill(id, isFrozen && freezer.HoldsTheKilled, killed, proc);
            return others.Count;
        }
        finally
        {
            Thaw(directory, freezer);
        }
    }

    private static void Kill(int id, bool areHeld, List<ProcessEntry> killed, string proc)
    {
        var look = ProcessScan.Read(id, out var seen, proc);
        if (look == ProcessLook.Found)
        {
            killed.Add(seen);
            ProcessScan.Signal(seen, NativeProcess.SignalKill);
        }

        // There is no descriptor left to look with. Where nobody of a frozen group ends, its ids are nobody
        // else's; else one may be.
        else if (look == ProcessLook.Lost && areHeld && id >= NativeProcess.IdMin)
            NativeProcess.Signal(id, NativeProcess.SignalKill);
    }

    // A workload may have frozen a group of its own within it, and a signal waits for that one, too.
    private static void Thaw(string directory, FreezerFiles freezer)
    {
        Write(Path.Combine(directory, freezer.FileName), freezer.Thawed);
        foreach (var inner in Directory.EnumerateDirectories(directory))
        {
            try
            {
                Thaw(inner, freezer);
            }
            // It was removed, as an empty one can be.
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
            }
        }
    }
}

/// <summary>How a version of control groups stops all that is in one.</summary>
/// <param name="FileName">What is written to, in the group's directory.</param>
/// <param name="IsFrozen">Whether the group of a directory has come to that: the kernel takes its
/// time.</param>
/// <param name="HoldsTheKilled">Who is killed in a frozen group ends only once that is thawed.</param>
internal sealed record FreezerFiles(
    string FileName, string Frozen, string Thawed, Func<string, bool> IsFrozen, bool HoldsTheKilled)
{
    public static readonly FreezerFiles OfV1 = new(
        "freezer.state", "FROZEN", "THAWED",
        group => File.ReadAllText(Path.Combine(group, "freezer.state")).Trim() == "FROZEN",
        HoldsTheKilled: true);

    public static readonly FreezerFiles OfV2 = new(
        "cgroup.freeze", "1", "0",
        group => CgroupFiles.ReadNamed(Path.Combine(group, "cgroup.events"), "frozen") == 1,
        HoldsTheKilled: false);
}
