using System.Globalization;
using System.Text;
using Hyperscale.Det.Shell.Processes;

namespace Hyperscale.Det.Shell.Resources;

/// <summary>Files of control groups. What the kernel does not allow is an <see cref="IOException"/> or an
/// <see cref="UnauthorizedAccessException"/>.</summary>
internal static class CgroupFiles
{
    public const string Prefix = "hyperscale-";

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

    /// <summary>The processes of a group.</summary>
    public static List<int> Processes(string directory) =>
    [
        .. File.ReadLines(Path.Combine(directory, "cgroup.procs"))
            .Select(line => int.Parse(line, CultureInfo.InvariantCulture)),
    ];

    /// <summary>Sends SIGKILL to all processes of a group but its root, frozen meanwhile so that none starts
    /// another one; how many there were.</summary>
    /// <param name="state">The file that freezes the group, with what to write there.</param>
    public static int KillFrozen(
        string directory, int root, (string File, string Frozen, string Thawed) state)
    {
        if (Processes(directory).All(id => id == root)) return 0;
        var path = Path.Combine(directory, state.File);
        Write(path, state.Frozen);
        try
        {
            List<int> others = [.. Processes(directory).Where(id => id != root)];
            foreach (var id in others) NativeProcess.Signal(id, NativeProcess.SignalKill);
            return others.Count;
        }
        finally
        {
            Write(path, state.Thawed);
        }
    }

    /// <summary>Where this process is in a hierarchy: that of a controller, or the unified one for an empty
    /// name. Null when it is in none.</summary>
    public static string? OwnPath(string controller)
    {
        foreach (var line in File.ReadLines("/proc/self/cgroup"))
        {
            var parts = line.Split(':', 3);
            if (parts.Length == 3 && parts[1].Split(',').Contains(controller)) return parts[2];
        }

        return null;
    }

    /// <summary>Removes what workers left behind that did not come to it themselves.</summary>
    public static void RemoveLeftovers(string parent)
    {
        foreach (var directory in Directory.EnumerateDirectories(parent, $"{Prefix}*"))
        {
            var owner = Path.GetFileName(directory)[Prefix.Length..].Split('-')[0];
            var isOwned = int.TryParse(owner, NumberStyles.None, CultureInfo.InvariantCulture, out var id)
                && Directory.Exists($"/proc/{id}");
            if (!isOwned) TryRemove(directory);
        }
    }

    /// <summary>Removes a group with those in it; what still has processes stays.</summary>
    public static void TryRemove(string directory)
    {
        try
        {
            foreach (var inner in Directory.EnumerateDirectories(directory)) TryRemove(inner);
            NativeProcess.RemoveDirectory(directory);
        }
        // Somebody else removed it, or may.
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
        }
    }
}
