using System.Globalization;
using System.Text;
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

    /// <summary>Sends SIGKILL to all processes of a group and of those below it but its
    /// root, frozen meanwhile so that none starts another one; how many there were.</summary>
    /// <param name="state">The file that freezes the group, with what to write there.</param>
    /// <param name="isFrozen">Whether it has come to that: the kernel takes its time.</param>
    public static int KillFrozen(
        string directory,
        int root,
        (string File, string Frozen, string Thawed) state,
        Func<string, bool> isFrozen)
    {
        if (TreeProcesses(directory).All(id => id == root)) return 0;
        var path = Path.Combine(directory, state.File);
        Write(path, state.Frozen);
        try
        {
            // What is stuck in the kernel does not freeze, nor does it start anything.
            for (var look = 0; look < FreezeLooksMax && !isFrozen(directory); look++) Thread.Sleep(1);
            List<int> others = [.. TreeProcesses(directory).Where(id => id != root)];
            foreach (var id in others) Kill(id);
            return others.Count;
        }
        finally
        {
            Write(path, state.Thawed);
        }
    }

    // Nobody of a frozen group ends, so its ids are nobody else's.
    private static void Kill(int id)
    {
        if (ProcessScan.Read(id, out var seen) == ProcessLook.Found)
            ProcessScan.Signal(seen, NativeProcess.SignalKill);
        // There is no descriptor left to look with.
        else if (id >= NativeProcess.IdMin) NativeProcess.Signal(id, NativeProcess.SignalKill);
    }
}
