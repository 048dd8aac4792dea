namespace Hyperscale.Det.Shell.Processes;

/// <summary>The processes that this one started itself: every other child of it is an orphan that it
/// adopted.</summary>
internal static class OwnChildren
{
    private static readonly Lock Lock = new();
    private static readonly HashSet<int> Ids = [];

    /// <summary>Starts a process; nobody takes it for an orphan before it is known.</summary>
    /// <param name="start">Its id, or 0 when it could not be started.</param>
    public static int Start(Func<int> start)
    {
        lock (Lock)
        {
            var id = start();
            if (id > 0) Ids.Add(id);
            return id;
        }
    }

    /// <summary>Reaps a child. The next process that is started may have its id, and is not to be forgotten
    /// in its place.</summary>
    /// <param name="reap">The id of the child that was reaped, or 0 for none; it does not wait.</param>
    public static int Reap(Func<int> reap)
    {
        lock (Lock)
        {
            var id = reap();
            if (id > 0) Ids.Remove(id);
            return id;
        }
    }

    /// <param name="children">Seen before the call.</param>
    public static List<ProcessEntry> WithoutOwn(IEnumerable<ProcessEntry> children)
    {
        lock (Lock) return [.. children.Where(child => !Ids.Contains(child.Id))];
    }
}
