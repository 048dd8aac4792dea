using System.Globalization;

namespace Hyperscale.Det.Shell.Processes;

/// <summary>Finds what belongs to a process: its descendants and the members of its session.</summary>
internal static class ProcessTree
{
    /// <summary>Living processes under a root, the root excluded, by rising id.</summary>
    /// <remarks>A process that changed its session is found as a descendant while its ancestors live or a
    /// subreaper adopted it; one that was orphaned, as a member of the session.</remarks>
    public static IReadOnlyList<int> Under(int root)
    {
        var processes = ReadAll();
        var found = new HashSet<int> { root };
        var grew = true;
        while (grew)
        {
            grew = false;
            foreach (var process in processes)
            {
                if (!found.Contains(process.Parent) && process.Session != root) continue;
                grew |= found.Add(process.Id);
            }
        }

        found.Remove(root);
        return [.. processes.Where(p => found.Contains(p.Id) && !p.IsGone).Select(p => p.Id).Order()];
    }

    /// <summary>Signals all that are <see cref="Under"/> a root; how many there were.</summary>
    public static int Signal(int root, int signal)
    {
        var members = Under(root);
        foreach (var member in members) NativeProcess.Signal(member, signal);
        return members.Count;
    }

    private static List<Entry> ReadAll()
    {
        var entries = new List<Entry>();
        foreach (var directory in Directory.EnumerateDirectories("/proc"))
        {
            var name = Path.GetFileName(directory.AsSpan());
            if (!int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out var id)) continue;
            if (TryRead(id, out var entry)) entries.Add(entry);
        }

        return entries;
    }

    private static bool TryRead(int id, out Entry entry)
    {
        entry = default;
        string stat;
        try
        {
            stat = File.ReadAllText($"/proc/{id}/stat");
        }
        // It ended since it was listed; the kernel says so when opening or when reading.
        catch (IOException)
        {
            return false;
        }
        catch (UnauthorizedAccessException)
        {
            return false;
        }

        // The name, in parentheses, may itself hold spaces and parentheses.
        var fields = stat[(stat.LastIndexOf(')') + 1)..].Split(' ', 6, StringSplitOptions.RemoveEmptyEntries);
        if (fields.Length < 5) return false;
        entry = new Entry(
            id,
            int.Parse(fields[1], CultureInfo.InvariantCulture),
            int.Parse(fields[3], CultureInfo.InvariantCulture),
            fields[0] is "Z" or "X");
        return true;
    }

    private readonly record struct Entry(int Id, int Parent, int Session, bool IsGone);
}
