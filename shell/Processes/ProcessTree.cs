namespace Hyperscale.Det.Shell.Processes;

/// <summary>Signals what belongs to a process: its descendants and the members of its session.</summary>
internal static class ProcessTree
{
    /// <summary>Looks for somebody who still runs before those that were stopped are killed. Each takes a
    /// step of a storm that starts processes faster than they are found; the next round goes on.</summary>
    private const int LooksMax = 50;

    /// <summary>Signals all that live under a root once; how many there were.</summary>
    /// <exception cref="IOException">Processes cannot be listed.</exception>
    public static int Signal(int root, int signal)
    {
        var members = ProcessScan.All().Tree(root, [])
            .FindAll(member => !member.IsZombie && member.Id != root);
        foreach (var member in members) ProcessScan.Signal(member, signal);
        return members.Count;
    }

    /// <summary>Ends all that live under a root; how many there were. Nobody is left only when it says
    /// 0.</summary>
    public static int Kill(int root) => Kill(root, all => all.Tree(root, []));

    /// <summary>As <see cref="Kill(int)"/>; what ended of it and was adopted by this process is reaped, which
    /// nobody else may wait for.</summary>
    public static int KillAndReap(int root) => Kill(root, all =>
    {
        var members = all.Tree(root, []);
        foreach (var member in members)
            if (member.IsZombie && member.Id != root) ProcessScan.ReapAdopted(member);
        return members;
    });

    /// <summary>Ends all that is found but the root; how many there were, at least 1 while they cannot be
    /// looked at.</summary>
    /// <remarks>All are stopped first, until nobody is found running: what is stopped starts nobody else, and
    /// leaves no orphan behind. What has just ended may have started another one that is not found yet, so
    /// as long as this process has somebody new to wait for, there may be more.</remarks>
    public static int Kill(int root, Func<ProcessSnapshot, List<ProcessEntry>> find)
    {
        var stopped = new Dictionary<int, ProcessEntry>();
        try
        {
            for (var look = 0; look < LooksMax; look++)
            {
                var all = ProcessScan.All();
                var members = find(all).FindAll(member => member.Id != root);
                var running = members.FindAll(member => !member.IsZombie && !member.IsStopped);
                if (members.Count == 0 && stopped.Count == 0) return all.IsPartial ? 1 : 0;
                foreach (var member in members)
                    if (!member.IsZombie) stopped[member.Id] = member;
                if (running.Count == 0) break;
                foreach (var member in running) ProcessScan.Signal(member, NativeProcess.SignalStop);
            }
        }
        // There are no descriptors left to look with: those that were seen are ended, the rest by and by.
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
        }

        foreach (var member in stopped.Values) ProcessScan.Signal(member, NativeProcess.SignalKill);
        return Math.Max(1, stopped.Count);
    }
}
