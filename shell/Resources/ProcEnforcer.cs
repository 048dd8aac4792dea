using Hyperscale.Det.Kernel;
using Hyperscale.Det.Resources;
using Hyperscale.Det.Shell.Processes;

namespace Hyperscale.Det.Shell.Resources;

/// <summary>Finds trees in <c>/proc</c> and holds them back by stopping and continuing them.</summary>
/// <remarks>This process is a subreaper, so that what outlives the root of its tree stays its descendant. A
/// process that was once seen in a tree stays in it, whoever adopts it and whatever session it makes. An
/// orphan that this process adopted belongs to a tree whose root has ended, as roots adopt what is theirs
/// while they live; where several have, to each of them, as each is to end. What had started before the root
/// belongs to whoever else is in this process, and what that starts in a session of its own while a tree is
/// there cannot be told from an orphan.</remarks>
internal sealed class ProcEnforcer : IResourceEnforcer
{
    private readonly Lock _lock = new();
    private readonly List<ProcTree> _trees = [];

    public ProcEnforcer() => NativeProcess.AdoptOrphans();

    public string Name => "proc";

    public IHeldTree Hold(int root, bool holdsRoot)
    {
        var tree = new ProcTree(root, holdsRoot, Forget);
        lock (_lock) _trees.Add(tree);
        return tree;
    }

    public void Refresh()
    {
        ProcTree[] trees;
        lock (_lock) trees = [.. _trees];
        if (trees.Length == 0) return;
        var all = ProcessScan.All();
        foreach (var tree in trees) tree.Find(all);
    }

    public void Dispose()
    {
    }

    private void Forget(ProcTree tree)
    {
        lock (_lock) _trees.Remove(tree);
    }
}

/// <summary>A tree whose members are found by looking at all processes.</summary>
internal sealed class ProcTree(int root, bool holdsRoot, Action<ProcTree> forget) : IHeldTree
{
    private static readonly TimeSpan Period = TimeSpan.FromMilliseconds(100);

    private readonly long _start = ProcessScan.StartOf(root) ?? 0;
    private readonly Lock _lock = new();
    private List<ProcessEntry> _members = [];
    private bool _isLost;
    private volatile int _runPermille = 1000;
    private volatile bool _isDisposed;
    private Thread? _pacer;

    public TreeReading? Read(Instant at)
    {
        List<ProcessEntry> members;
        lock (_lock)
        {
            if (_isLost) return null;
            members = _members;
        }

        if (members.Count == 0) return null;
        try
        {
            return new TreeReading(at, [.. members.Select(Reading)]);
        }
        // Its descriptors cannot be counted now. Other trees can be read nevertheless.
        catch (IOException)
        {
            return null;
        }
    }

    public void Throttle(ThrottleOrder? order)
    {
        lock (_lock)
        {
            _runPermille = order?.RunPermille ?? 1000;
            if (order is null)
            {
                SignalAll(NativeProcess.SignalContinue);
                return;
            }

            if (_pacer is not null || _isDisposed) return;
            _pacer = new Thread(Pace) { IsBackground = true, Name = $"throttle {root}" };
            _pacer.Start();
        }
    }

    public int Kill() => ProcessTree.Kill(root, Find);

    public void Dispose()
    {
        _isDisposed = true;
        forget(this);
    }

    /// <summary>Finds the members among all processes: the root, what descends from a member or is in the
    /// root's session, what was a member before, and once the root has ended the orphans. Members that ended
    /// and that this process adopted are reaped.</summary>
    internal List<ProcessEntry> Find(ProcessSnapshot all)
    {
        lock (_lock)
        {
            // What could not be looked at is not gone.
            List<ProcessEntry> unseen =
                [.. _members.Where(known => all.IsUnknown(known.Id) && !all.Has(known))];
            _isLost = all.IsPartial || unseen.Count > 0 || all.IsUnknown(root);
            var orphans = all.HasEnded(root) && !all.IsUnknown(root) ? all.Adopted(_start) : [];
            _members = all.Tree(root, _members.Concat(orphans));
            Reap();
            var found = _members;
            if (unseen.Count > 0) _members = [.. found, .. unseen];
            return found;
        }
    }

    // The root is reaped by whoever waits for it; others of this process's children are somebody else's.
    private void Reap()
    {
        foreach (var process in _members)
            if (process.IsZombie && process.Id != root) ProcessScan.ReapAdopted(process);
    }

    private void Pace()
    {
        while (!_isDisposed)
        {
            var share = _runPermille;
            if (share >= 1000)
            {
                lock (_lock)
                {
                    if (_runPermille < 1000) continue;
                    SignalAll(NativeProcess.SignalContinue);
                    _pacer = null;
                    return;
                }
            }

            var run = Period * share / 1000;
            SignalAll(NativeProcess.SignalContinue);
            Thread.Sleep(run);
            StopAll();
            Thread.Sleep(Period - run);
        }

        SignalAll(NativeProcess.SignalContinue);
    }

    private void StopAll()
    {
        // A throttle that was lifted meanwhile has let everything run.
        lock (_lock)
        {
            if (_runPermille < 1000 && !_isDisposed) SignalAll(NativeProcess.SignalStop);
        }
    }

    private void SignalAll(int signal)
    {
        lock (_lock)
        {
            // What started since the last look is in its parent's group, unless it made one. Of a group's
            // members some may have ended; one that has not is enough to reach it.
            foreach (var group in _members.Where(IsHeld).GroupBy(process => process.Group))
            {
                if (!holdsRoot && group.Key == root) continue;
                _ = group.Any(member => ProcessScan.SignalGroup(member, signal));
            }

            foreach (var process in _members)
                if (IsHeld(process)) ProcessScan.Signal(process, signal);
        }
    }

    private bool IsHeld(ProcessEntry process) => process.Id != root || holdsRoot;

    // A root that only looks after what runs below it takes nothing of that one's budget but its time.
    private ProcessReading Reading(ProcessEntry process) => new(
        process.Id,
        process.StartTicks,
        process.CpuTicks * ProcessScan.NanosecondsPerTick,
        process.ReapedTicks * ProcessScan.NanosecondsPerTick,
        IsHeld(process) ? process.ResidentPages * ProcessScan.PageBytes : 0,
        process.IsZombie || !IsHeld(process) ? 0 : ProcessScan.DescriptorsOf(process.Id),
        process.IsZombie);
}
