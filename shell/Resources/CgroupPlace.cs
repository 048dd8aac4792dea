namespace Hyperscale.Det.Shell.Resources;

/// <summary>Where this process is in one hierarchy of control groups, as files show it.</summary>
/// <param name="Mount">Top of what can be seen of the hierarchy.</param>
/// <param name="Own">This process's group, at or below <paramref name="Mount"/>.</param>
internal sealed record CgroupPlace(string Mount, string Own)
{
    /// <summary>The group and those around it, up to the top.</summary>
    public IEnumerable<string> Upwards()
    {
        var group = Own;
        while (group.Length > Mount.Length)
        {
            yield return group;
            group = Path.GetDirectoryName(group)!;
        }

        yield return Mount;
    }

    /// <summary>Finds the place in the hierarchy of a controller, or in that of version 2 for an empty name;
    /// null when there is none.</summary>
    /// <param name="self"><c>/proc/self</c>.</param>
    public static CgroupPlace? Find(string controller, string self = "/proc/self")
    {
        var path = PathOf(controller, Path.Combine(self, "cgroup"));
        if (path is null) return null;
        foreach (var line in File.ReadLines(Path.Combine(self, "mountinfo")))
        {
            // Id, parent, device, root, mount point, options, optional fields; a dash; type, source, options.
            var halves = line.Split(" - ", 2);
            if (halves.Length < 2) continue;
            var (left, right) = (halves[0].Split(' '), halves[1].Split(' '));
            if (left.Length < 5 || right.Length < 3) continue;
            var isIt = controller == ""
                ? right[0] == "cgroup2"
                : right[0] == "cgroup" && right[2].Split(',').Contains(controller);
            if (isIt) return Under(left[4], left[3], path);
        }

        return null;
    }

    // In a container the mount may show only the container's own group, while paths are told from the top of
    // the host's.
    private static CgroupPlace Under(string mount, string root, string path)
    {
        var inner = root == "/" ? path
            : path == root || path.StartsWith($"{root}/", StringComparison.Ordinal) ? path[root.Length..]
            : "";
        var own = mount + inner.TrimEnd('/');
        return new CgroupPlace(mount, Directory.Exists(own) ? own : mount);
    }

    private static string? PathOf(string controller, string file)
    {
        foreach (var line in File.ReadLines(file))
        {
            var parts = line.Split(':', 3);
            if (parts.Length == 3 && parts[1].Split(',').Contains(controller)) return parts[2];
        }

        return null;
    }
}
