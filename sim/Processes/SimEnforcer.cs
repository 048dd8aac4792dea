using Hyperscale.Det.Kernel;
using Hyperscale.Det.Resources;

namespace Hyperscale.Det.Sim.Processes;

/// <summary>What a host has to look at trees and to hold them back with.</summary>
/// <param name="ReadsProcesses">It lists processes; else it has the sums of a control group.</param>
/// <param name="Pauses">It stops and continues trees; else it has quotas.</param>
/// <param name="LeakPermille">Of what a throttle keeps a tree from, this part comes through: 1000 for a host
/// that throttles nothing.</param>
/// <param name="MissPerThousand">Passes of SIGKILL during which a process is born that they do not
/// find.</param>
public sealed record EnforcerKind(
    bool ReadsProcesses, bool Pauses, int LeakPermille = 0, int MissPerThousand = 0)
{
    public string Name =>
        $"simulated {(ReadsProcesses ? "processes" : "group")}, {(Pauses ? "pause" : "quota")}";
}

/// <summary>Looks at the trees of a simulated machine and holds them back.</summary>
public sealed class SimEnforcer(SimMachine machine, EnforcerKind kind, Func<Instant> now, Rng rng)
{
    private readonly List<SimHeldTree> _trees = [];

    public string Name => kind.Name;

    public EnforcerKind Kind => kind;

    /// <summary>Takes a tree whose root has started nothing so far.</summary>
    /// <param name="holdsRoot">Whether the root itself is held back, too; else it only looks after what runs
    /// below it.</param>
    public SimHeldTree Hold(int root, bool holdsRoot)
    {
        var tree = new SimHeldTree(this, machine.Find(root)!.Family, holdsRoot);
        _trees.Add(tree);
        return tree;
    }

    /// <summary>Looks at everything that all trees are then read from, and waits for what has ended of them
    /// and nobody else waits for.</summary>
    public void Refresh()
    {
        machine.AdvanceTo(now());
        foreach (var tree in _trees) tree.Look(machine);
        foreach (var entry in machine.Entries.Where(IsAdoptedZombie).ToList()) machine.Reap(entry);
    }

    internal void Throttle(SimHeldTree tree, ThrottleOrder? order)
    {
        var hold = Processes.Hold.None;
        if (order is { } given)
        {
            hold = kind.Pauses
                ? new Hold(given.RunPermille, null, kind.LeakPermille)
                : new Hold(1000, given.CpuPercent, kind.LeakPermille);
        }

        machine.Hold(tree.Family, hold, now());
    }

    internal int Kill(SimHeldTree tree)
    {
        machine.AdvanceTo(now());
        var (all, root) = (tree.Family.Living.ToList(), tree.Family.Root);
        if (rng.Chance(kind.MissPerThousand, 1000)
            && all.Find(entry => entry.StartsMore) is { } parent && machine.Fork(parent) is not null)
            tree.Missed++;
        var found = all.FindAll(entry => entry != root);
        foreach (var entry in found) machine.End(entry);
        return found.Count;
    }

    internal void Forget(SimHeldTree tree)
    {
        _trees.Remove(tree);
        // Its worker has waited for the root, and for what it adopted.
        var left = machine.Entries.Where(entry => entry.Family == tree.Family && entry.IsZombie).ToList();
        foreach (var entry in left) machine.Reap(entry);
    }

    private static bool IsAdoptedZombie(ProcessEntry entry) =>
        entry is { IsZombie: true, Parent: SimMachine.Worker } && entry != entry.Family.Root;
}

/// <summary>One process tree, from before its root starts anything until nothing of it is left.</summary>
public sealed class SimHeldTree(SimEnforcer enforcer, ProcessFamily family, bool holdsRoot) : IDisposable
{
    private const int LooksMax = 4096;

    private readonly SortedDictionary<Instant, TreeTruth> _looks = [];
    private IReadOnlyList<ProcessReading> _processes = [];
    private GroupReading _group;

    public ProcessFamily Family => family;

    /// <summary>Passes of SIGKILL that did not find everybody.</summary>
    public int Missed { get; internal set; }

    /// <summary>What the tree uses, as of the last refresh; null when it could not be read.</summary>
    public TreeReading? Read(Instant at)
    {
        if (_group.Processes == 0) return null;
        _looks[at] = new TreeTruth(_group, family.Started);
        if (_looks.Count > LooksMax) _looks.Remove(_looks.First().Key);
        return enforcer.Kind.ReadsProcesses
            ? new TreeReading(at, _processes)
            : new TreeReading(at, [], _group);
    }

    /// <summary>What the kernel knew of the tree when it was read at this moment, whatever was
    /// told.</summary>
    public TreeTruth TruthAt(Instant at) => _looks[at];

    /// <summary>Holds the tree back; null lets it run freely.</summary>
    public void Throttle(ThrottleOrder? order) => enforcer.Throttle(this, order);

    /// <summary>Sends SIGKILL to everything of the tree but its root; how many processes there
    /// were.</summary>
    public int Kill() => enforcer.Kill(this);

    public void Dispose() => enforcer.Forget(this);

    internal void Look(SimMachine machine)
    {
        var living = family.Living;
        // A root that only looks after what runs below it takes nothing of that one's budget but its time.
        var (memory, descriptors) = (family.MemoryBytes, family.Descriptors);
        if (!holdsRoot)
        {
            memory -= family.Root.MemoryBytes;
            descriptors -= family.Root.Descriptors;
        }

        _group = new GroupReading(family.CpuNanoseconds, memory, descriptors, living.Count);
        if (!enforcer.Kind.ReadsProcesses) return;
        _processes = [.. machine.Entries.Where(entry => entry.Family == family).Select(Reading)];
    }

    private ProcessReading Reading(ProcessEntry entry)
    {
        var isHeld = holdsRoot || entry != family.Root;
        return new ProcessReading(
            entry.Id,
            entry.StartTicks,
            SimMachine.WholeTicks(entry.CpuNanoseconds),
            SimMachine.WholeTicks(entry.ReapedCpuNanoseconds),
            isHeld ? entry.MemoryBytes : 0,
            isHeld ? entry.Descriptors : 0,
            entry.IsZombie);
    }
}

/// <summary>What the kernel knows of a tree.</summary>
/// <param name="Started">Processes that were ever started.</param>
public readonly record struct TreeTruth(GroupReading Group, int Started);
