using System.Diagnostics;
using System.Globalization;
using Hyperscale.Det.Shell.Processes;

namespace Hyperscale.Det.Shell.Resources;

/// <summary>The names of groups that workers make, which tell whose they are, and the removal of what nobody
/// owns any more.</summary>
internal static class CgroupNames
{
    public const string Prefix = "hyperscale-";

    private const string SelfSuffix = "self";

    // What ids are of: those of another namespace name nobody here.
    private static readonly string Space = NumberOf(new FileInfo("/proc/self/ns/pid").LinkTarget);

    private static readonly string Own =
        PrefixOf(Environment.ProcessId, ProcessScan.StartOf(Environment.ProcessId) ?? 0);

    /// <summary>The leaf that a process moves itself into where its group is to have groups.</summary>
    public static string Self => $"{Own}{SelfSuffix}";

    /// <summary>A group of this process's that no other one has.</summary>
    public static string Make() => $"{Own}{Guid.NewGuid():N}";

    public static bool IsSelf(string name) => name == Self;

    /// <summary>What the names of a process's groups begin with.</summary>
    /// <param name="start">Of the process, in clock ticks: a later one may have the same id.</param>
    public static string PrefixOf(int id, long start) =>
        string.Create(CultureInfo.InvariantCulture, $"{Prefix}{id}-{start}-{Space}-");

    /// <summary>Whether the process that made a group still runs; also where that cannot be told, as of
    /// another container's.</summary>
    public static bool IsOwned(string name)
    {
        var parts = name[Prefix.Length..].Split('-');
        // It is none of ours, whatever it is.
        if (parts.Length < 4 || parts[2] != Space) return true;
        if (!int.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out var id)
            || !long.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out var start))
            return true;
        var look = ProcessScan.Read(id, out var owner);
        return look == ProcessLook.Found
            ? owner.StartTicks == start && !owner.IsZombie
            : look != ProcessLook.Gone;
    }

    /// <summary>What workers left in a group that did not come to remove it themselves.</summary>
    public static List<string> Leftovers(string parent) => Directory.Exists(parent)
        ?
        [
            .. Directory.EnumerateDirectories(parent, $"{Prefix}*")
                .Where(group => !IsOwned(Path.GetFileName(group))),
        ]
        : [];

    /// <summary>Whether it is the leaf of a process that may have started other than workloads
    /// there.</summary>
    public static bool IsLeaf(string name) => name.EndsWith($"-{SelfSuffix}", StringComparison.Ordinal);

    // As in pid:[4026531836].
    private static string NumberOf(string? link) =>
        link is null ? "0" : string.Concat(link.Where(char.IsAsciiDigit));

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

    // What was killed is listed until it has ended, and what is stuck in the kernel does not end: no worker
    // waits for that before it starts.
    private static readonly TimeSpan KillWithin = TimeSpan.FromSeconds(5);

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

    /// <summary>Removes what workers left in a group that have ended.</summary>
    public void RemoveAll(string parent)
    {
        foreach (var directory in CgroupNames.Leftovers(parent)) Remove(directory);
    }

    /// <summary>Kills what still runs in groups of workers that have ended. One that was killed while it
    /// ended a tree has left that frozen, which hears of nothing until it is thawed.</summary>
    public static void Kill(string parent, FreezerFiles freezer)
    {
        var started = Stopwatch.GetTimestamp();
        foreach (var directory in CgroupNames.Leftovers(parent))
        {
            if (CgroupNames.IsLeaf(directory)) continue;
            try
            {
                while (CgroupFiles.KillFrozen(directory, root: 0, freezer, []) > 0
                    && Stopwatch.GetElapsedTime(started) < KillWithin) Thread.Sleep(10);
            }
            // Another worker has come to it first.
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
            }
        }
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
