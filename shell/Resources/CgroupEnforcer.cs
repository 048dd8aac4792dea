using Hyperscale.Det.Kernel;
using Hyperscale.Det.Resources;
using Hyperscale.Det.Shell.Processes;

namespace Hyperscale.Det.Shell.Resources;

/// <summary>Puts each tree into a control group of its own, in which whatever it starts is, too.</summary>
/// <remarks>A process that may write to another group can move itself there: one that runs as root anywhere,
/// another one wherever its user was given a group. It is then neither counted nor held back; with its tree
/// it is ended nevertheless, by its descent or its session.</remarks>
internal sealed class CgroupEnforcer : IResourceEnforcer
{
    // What does not go within half a second is left to the next worker.
    private const int RemovalsMax = 50;

    private readonly ICgroupKind _kind;
    private int _count;

    private CgroupEnforcer(ICgroupKind kind)
    {
        _kind = kind;
        NativeProcess.AdoptOrphans();
    }

    public string Name => _kind.Name;

    /// <summary>Null, with the reason, where this kind cannot be used.</summary>
    public static CgroupEnforcer? TryCreate(ICgroupKind kind, out string fault)
    {
        try
        {
            kind.Prepare();
            fault = "";
            return new CgroupEnforcer(kind);
        }
        // Whatever of the hierarchy is missing, or not ours to write.
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            fault = e.Message;
            return null;
        }
    }

    public IHeldTree Hold(int root, bool holdsRoot)
    {
        var name = $"{Interlocked.Increment(ref _count)}";
        try
        {
            _kind.Create(name, root);
            return new CgroupTree(_kind, name, root, holdsRoot);
        }
        catch
        {
            _kind.Remove(name);
            throw;
        }
    }

    public void Refresh() => _kind.TryRemoveAgain();

    /// <summary>Kills what workers that have ended left running, frozen in the worst case, and removes its
    /// groups.</summary>
    public void EndLeftovers() => _kind.EndLeftovers();

    public void Dispose()
    {
        _kind.Remove();
        for (var i = 0; i < RemovalsMax && _kind.TryRemoveAgain() > 0; i++) Thread.Sleep(10);
    }
}

/// <summary>What the two versions of control groups do differently.</summary>
internal interface ICgroupKind
{
    string Name { get; }

    /// <summary>Makes the group that trees' groups are made in.</summary>
    /// <exception cref="IOException">The hierarchy does not allow it.</exception>
    void Prepare();

    void Create(string name, int root);

    /// <summary>Where the group's processes are listed.</summary>
    string DirectoryOf(string name);

    /// <param name="leftOut">Whose descriptors are not the workload's; 0 for nobody's.</param>
    GroupReading Read(string name, int leftOut);

    /// <param name="cpuPercent">Null for no quota.</param>
    void SetQuota(string name, int? cpuPercent);

    /// <summary>Sends SIGKILL to all but the root, none of which can start another one meanwhile; how many
    /// there were.</summary>
    /// <param name="killed">Receives them, but for those that could not be looked at.</param>
    int Kill(string name, int root, List<ProcessEntry> killed);

    /// <summary>Removes a tree's group, or tries again later while processes are ending in it.</summary>
    void Remove(string name);

    /// <summary>Kills what workers that have ended left in groups, and removes these.</summary>
    void EndLeftovers();

    /// <summary>Removes what could not be removed so far; how many are left.</summary>
    int TryRemoveAgain();

    /// <summary>Removes the group that trees' groups are in.</summary>
    void Remove();
}

/// <summary>A tree in a control group.</summary>
internal sealed class CgroupTree(ICgroupKind kind, string name, int root, bool holdsRoot) : IHeldTree
{
    // A group counts what its processes took while they were in it: to be read before anything else.
    private readonly long _rootsMemory = holdsRoot ? 0 : ProcessScan.OwnMemoryOf(root);
    private readonly long _start = ProcessScan.StartOf(root) ?? 0;
    private readonly Lock _lock = new();

    // All that were seen in the group and are not known to be gone, but for the root.
    private Dictionary<int, ProcessEntry> _members = [];

    private HashSet<int> _listed = [];

    // Of quotas, which are not to wait for a kill.
    private readonly Lock _quotas = new();
    private volatile bool _isDisposed;

    public TreeReading? Read(Instant at)
    {
        lock (_lock)
        {
            if (_isDisposed) return null;
            try
            {
                _ = Reap();
                var reading = kind.Read(name, holdsRoot ? 0 : root);
                return new TreeReading(
                    at, [], reading with { MemoryBytes = Math.Max(0, reading.MemoryBytes - RootsShare()) });
            }
            // Other trees can be read nevertheless.
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                return null;
            }
        }
    }

    public void Throttle(ThrottleOrder? order)
    {
        lock (_quotas)
        {
            if (_isDisposed) return;
            try
            {
                kind.SetQuota(name, order?.CpuPercent);
            }
            // A quota above that of a group around this one, or the group is gone: the last quota stays. What
            // is not held shows in its samples, and its guard kills it.
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
            }
        }
    }

    public int Kill()
    {
        lock (_lock)
        {
            if (_isDisposed) return 0;
            try
            {
                var ending = Reap();
                foreach (var member in _members.Values.Where(member => !_listed.Contains(member.Id)))
                    ProcessScan.Signal(member, NativeProcess.SignalKill);
                List<ProcessEntry> killed = [];
                var found = kind.Kill(name, root, killed);
                foreach (var process in killed) _members[process.Id] = process;
                return ending + found + ReapOrphans();
            }
            // Whoever removed the group found nobody in it.
            catch (DirectoryNotFoundException)
            {
                return 0;
            }
            // Nobody can be looked at, so that somebody may be left.
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                return 1;
            }
        }
    }

    public void Dispose()
    {
        lock (_lock)
        {
            _isDisposed = true;
            kind.Remove(name);
        }
    }

    /// <summary>What of the group's memory is that of a root which only looks after the workload.</summary>
    private long RootsShare() =>
        holdsRoot ? 0 : Math.Max(0, ProcessScan.OwnMemoryOf(root) - _rootsMemory);

    /// <summary>Reaps what this process adopted of the tree and has ended; whoever waits for the root reaps
    /// that. How many of those that were in the group and are not any more were still there.</summary>
    /// <remarks>What has ended is in no list of a group, nor is what is just ending, so it is known by having
    /// been there.</remarks>
    private int Reap()
    {
        _listed = [.. CgroupFiles.TreeProcesses(kind.DirectoryOf(name))];
        var (members, ending) = (new Dictionary<int, ProcessEntry>(_listed.Count), 0);
        foreach (var (id, member) in _members)
        {
            if (_listed.Contains(id)) continue;
            var look = ProcessScan.Read(id, out var now);
            if (look == ProcessLook.Gone || (look == ProcessLook.Found && !now.IsSame(member))) continue;
            members[id] = member;
            // One that somebody else has to wait for is nobody's concern here.
            if (look == ProcessLook.Found && now.IsZombie && now.Parent != Environment.ProcessId) continue;
            ProcessScan.ReapAdopted(member);
            ending++;
        }

        foreach (var id in _listed)
        {
            if (id == root) continue;
            if (_members.TryGetValue(id, out var known)
                || ProcessScan.Read(id, out known) == ProcessLook.Found) members[id] = known;
        }

        _members = members;
        return ending;
    }

    /// <summary>Reaps what was started and had ended before anybody looked, which nothing is known of but
    /// that this process adopted it once the root had ended; how many there were.</summary>
    private int ReapOrphans()
    {
        var all = ProcessScan.All();
        if (!all.HasEnded(root) || all.IsUnknown(root)) return 0;
        var ended = all.Adopted(_start).FindAll(orphan => orphan.IsZombie);
        foreach (var orphan in ended) ProcessScan.ReapAdopted(orphan);
        return ended.Count;
    }
}
