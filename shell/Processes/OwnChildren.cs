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

    public static void OnReaped(int id)
    {
        lock (Lock) Ids.Remove(id);
    }

    /// <param name="children">Seen before the call.</param>
    public static List<ProcessEntry> WithoutOwn(IEnumerable<ProcessEntry> children)
    {
        lock (Lock) return [.. children.Where(child => !Ids.Contains(child.Id))];
    }
}
