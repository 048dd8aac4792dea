using System.Globalization;
using Hyperscale.Det.Shell.Processes;

namespace Hyperscale.Det.Shell.Resources;

/// <summary>The names of groups that workers make, which tell whose they are, and the removal of what nobody
/// owns any more.</summary>
internal static class CgroupNames
{
    public const string Prefix = "hyperscale-";

    // By the id and the start of the process: a later one may have the same id.
    private static readonly string Own = string.Create(
        CultureInfo.InvariantCulture,
        $"{Prefix}{Environment.ProcessId}-{ProcessScan.StartOf(Environment.ProcessId) ?? 0}-");

    /// <summary>The leaf that a process moves itself into where its group is to have groups.</summary>
    public static string Self => $"{Own}self";

    /// <summary>A group of this process's that no other one has.</summary>
    public static string Make() => $"{Own}{Guid.NewGuid():N}";

    public static bool IsSelf(string name) => name == Self;

    /// <summary>Whether the process that made a group still runs; also where that cannot be told.</summary>
    public static bool IsOwned(string name)
    {
        var parts = name[Prefix.Length..].Split('-');
        if (!int.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out var id))
            return false;
        if (ProcessScan.Read(id, out var owner) is var look and not ProcessLook.Found)
            return look != ProcessLook.Gone;
        return parts.Length > 1
            && long.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out var start)
            && owner.StartTicks == start;
    }

    /// <summary>Removes what workers left behind that did not come to it themselves; what is still in
    /// use is returned.</summary>
    public static IEnumerable<string> RemoveLeftovers(string parent)
    {
        if (!Directory.Exists(parent)) return [];
        var left = Directory.EnumerateDirectories(parent, $"{Prefix}*")
            .Where(directory => !IsOwned(Path.GetFileName(directory))).ToList();
        return [.. left.Where(directory => !TryRemove(directory))];
    }

    /// <summary>Removes a group with those in it; false when it still has processes.</summary>
    public static bool TryRemove(string directory)
    {
        try
        {
            if (!Directory.Exists(directory)) return true;
            foreach (var inner in Directory.EnumerateDirectories(directory)) TryRemove(inner);
            NativeProcess.RemoveDirectory(directory);
            return true;
        }
        // Processes that have ended leave their group a moment later.
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return !Directory.Exists(directory);
        }
    }
}

/// <summary>Groups that could not be removed yet, each tried again from time to time.</summary>
internal sealed class CgroupLeftovers
{
    // A group with processes that cannot be ended stays for as long as they do.
    private const int DirectoriesMax = 10_000;

    private readonly Lock _lock = new();
    private readonly HashSet<string> _left = new(StringComparer.Ordinal);

    public void Remove(string directory)
    {
        if (CgroupNames.TryRemove(directory)) return;
        lock (_lock)
        {
            if (_left.Count < DirectoriesMax) _left.Add(directory);
        }
    }

    public void Add(IEnumerable<string> directories)
    {
        lock (_lock) _left.UnionWith(directories.Take(DirectoriesMax - _left.Count));
    }

    /// <summary>How many there still are.</summary>
    public int TryAgain()
    {
        lock (_lock)
        {
            _left.RemoveWhere(CgroupNames.TryRemove);
            return _left.Count;
        }
    }
}
