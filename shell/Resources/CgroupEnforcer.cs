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
        }
        catch
        {
            _kind.Remove(name);
            throw;
        }

        return new CgroupTree(_kind, name, root, holdsRoot);
    }

    public void Refresh() => _kind.TryRemoveAgain();

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

    /// <summary>Sends SIGKILL to all but the root, none of which can start another one meanwhile.</summary>
    int Kill(string name, int root);

    /// <summary>Removes a tree's group, or tries again later while processes are ending in it.</summary>
    void Remove(string name);

    /// <summary>Removes what could not be removed so far; how many are left.</summary>
    int TryRemoveAgain();

    /// <summary>Removes the group that trees' groups are in.</summary>
    void Remove();
}

/// <summary>A tree in a control group.</summary>
internal sealed class CgroupTree(ICgroupKind kind, string name, int root, bool holdsRoot) : IHeldTree
{
    private readonly Lock _lock = new();
    private Dictionary<int, ProcessEntry> _members = [];

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
                Reap();
                return new TreeReading(at, [], kind.Read(name, holdsRoot ? 0 : root));
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
            Reap();
            return kind.Kill(name, root);
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

    // What this process adopted of the tree and has ended; whoever waits for the root reaps that. What has
    // ended is in no list of a group, so it is known by having been there.
    private void Reap()
    {
        var listed = CgroupFiles.TreeProcesses(kind.DirectoryOf(name)).ToHashSet();
        foreach (var (id, member) in _members)
            if (!listed.Contains(id)) ProcessScan.ReapAdopted(member);
        var members = new Dictionary<int, ProcessEntry>(listed.Count);
        foreach (var id in listed)
        {
            if (id == root) continue;
            if (_members.TryGetValue(id, out var known)
                || ProcessScan.Read(id, out known) == ProcessLook.Found) members[id] = known;
        }

        _members = members;
    }
}
