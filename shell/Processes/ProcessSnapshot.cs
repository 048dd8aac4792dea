namespace Hyperscale.Det.Shell.Processes;

/// <summary>All processes of the machine at about one moment, with who is whose child.</summary>
/// <param name="denied">Processes that are there and may not be read.</param>
/// <param name="isPartial">Others could not be read: what is not here need not be gone.</param>
internal sealed class ProcessSnapshot(
    List<ProcessEntry> entries, IReadOnlySet<int> denied, bool isPartial)
{
    private readonly Dictionary<int, int> _byId = IndexOf(entries);
    private readonly ILookup<int, int> _byParent =
        Enumerable.Range(0, entries.Count).ToLookup(at => entries[at].Parent);

    private readonly ILookup<int, int> _bySession =
        Enumerable.Range(0, entries.Count).ToLookup(at => entries[at].Session);

    public IReadOnlyList<ProcessEntry> Entries => entries;

    public bool IsPartial => isPartial;

    /// <summary>Whether nothing is known of a process though it may be there.</summary>
    public bool IsUnknown(int id) => denied.Contains(id) || (isPartial && !_byId.ContainsKey(id));

    public bool Has(in ProcessEntry seen) =>
        _byId.TryGetValue(seen.Id, out var at) && entries[at].IsSame(seen);

    /// <summary>Whether a process that was started and not waited for has ended.</summary>
    public bool HasEnded(int id) => !_byId.TryGetValue(id, out var at) || entries[at].IsZombie;

    /// <summary>A root, what is in its session, what was known to belong to it, and all that descends from
    /// any of these.</summary>
    /// <remarks>A process that changed its session is found as a descendant while its ancestors live or a
    /// subreaper adopted it; one that was orphaned, as a member of the session. It takes time in proportion
    /// to what is found.</remarks>
    public List<ProcessEntry> Tree(int root, IEnumerable<ProcessEntry> known)
    {
        var isFound = new bool[entries.Count];
        var found = new List<ProcessEntry>();
        if (_byId.TryGetValue(root, out var first)) Take(first);
        // The id of a root that was reaped by somebody else still names its children's former parent.
        TakeAll(_byParent[root]);
        TakeAll(_bySession[root]);
        foreach (var member in known)
            if (Has(member)) Take(_byId[member.Id]);
        for (var next = 0; next < found.Count; next++) TakeAll(_byParent[found[next].Id]);
        return found;

        void TakeAll(IEnumerable<int> places)
        {
            foreach (var at in places) Take(at);
        }

        void Take(int at)
        {
            if (isFound[at]) return;
            isFound[at] = true;
            found.Add(entries[at]);
        }
    }

    /// <summary>Children of this process that it did not start: orphans that it adopted.</summary>
    /// <remarks>Those in this process's own session were started in it by somebody else here.</remarks>
    /// <param name="after">Start of a tree's root, in clock ticks: those that did not start later are left
    /// out. A root of ours takes longer than a tick until it starts anything.</param>
    public List<ProcessEntry> Adopted(long after)
    {
        var self = Environment.ProcessId;
        var session = _byId.TryGetValue(self, out var at) ? entries[at].Session : self;
        return OwnChildren.WithoutOwn(
            _byParent[self].Select(child => entries[child])
                .Where(child => child.Session != session && child.StartTicks > after));
    }

    // A listing that was read while processes came and went can show one twice.
    private static Dictionary<int, int> IndexOf(List<ProcessEntry> entries)
    {
        var byId = new Dictionary<int, int>(entries.Count);
        for (var at = 0; at < entries.Count; at++) byId[entries[at].Id] = at;
        return byId;
    }
}
