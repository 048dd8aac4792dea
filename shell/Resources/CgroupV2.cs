using System.Globalization;
using Hyperscale.Det.Resources;
using Hyperscale.Det.Shell.Processes;

namespace Hyperscale.Det.Shell.Resources;

/// <summary>Control groups of version 2, where the controllers cpu, memory and pids are this process's to
/// give on.</summary>
/// <remarks>A group that has processes cannot give controllers to groups below it, but for the topmost of
/// all. A process that is alone in the group that it was given moves itself into a leaf of it; with others it
/// leaves the group as it is.</remarks>
/// <param name="find">Where this process is; null in no hierarchy.</param>
/// <param name="controllers">That groups of trees are to have.</param>
internal sealed class CgroupV2(Func<CgroupPlace?> find, IReadOnlyList<string> controllers) : ICgroupKind
{
    private const int PeriodMicroseconds = 100_000;
    private const int TasksMax = 16_384;

    // Of one process, which can be in one group only.
    private static readonly Lock Moving = new();

    private readonly CgroupLeftovers _left = new();
    private string? _delegated;
    private string? _parent;

    public CgroupV2()
        : this(() => CgroupPlace.Find(""), ["cpu", "memory", "pids"])
    {
    }

    public string Name => "cgroup-v2";

    public void Prepare()
    {
        var place = find() ?? throw new IOException("there is no hierarchy of version 2");
        var own = CgroupNames.IsSelf(Path.GetFileName(place.Own))
            ? Path.GetDirectoryName(place.Own)!
            : place.Own;
        var offered = File.ReadAllText(Path.Combine(own, "cgroup.controllers"))
            .Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        List<string> missing = [.. controllers.Except(offered)];
        if (missing.Count > 0)
            throw new IOException($"{own} was not given the controllers {string.Join(", ", missing)}");
        _left.RemoveAll(own);
        try
        {
            lock (Moving)
            {
                _delegated = own;
                LeaveTo(own);
                CgroupFiles.Write(Path.Combine(own, "cgroup.subtree_control"), Control('+'));
            }

            _parent = Path.Combine(own, CgroupNames.Make());
            Directory.CreateDirectory(_parent);
            CgroupFiles.Write(Path.Combine(_parent, "cgroup.subtree_control"), Control('+'));
        }
        catch
        {
            Remove();
            throw;
        }
    }

    public void Create(string name, int root)
    {
        var group = DirectoryOf(name);
        Directory.CreateDirectory(group);
        if (controllers.Contains("pids"))
            CgroupFiles.Write(
                Path.Combine(group, "pids.max"), TasksMax.ToString(CultureInfo.InvariantCulture));
        CgroupFiles.Write(Path.Combine(group, "cgroup.procs"), root.ToString(CultureInfo.InvariantCulture));
    }

    public string DirectoryOf(string name) => Path.Combine(_parent!, name);

    public GroupReading Read(string name, int leftOut)
    {
        var group = DirectoryOf(name);
        var memory = Path.Combine(group, "memory.stat");
        return CgroupFiles.Reading(
            group,
            leftOut,
            CgroupFiles.ReadNamed(Path.Combine(group, "cpu.stat"), "usage_usec") * 1000,
            CgroupFiles.ReadNamed(memory, "anon") + CgroupFiles.ReadNamed(memory, "shmem"));
    }

    public void SetQuota(string name, int? cpuPercent) => CgroupFiles.Write(
        Path.Combine(DirectoryOf(name), "cpu.max"),
        cpuPercent is { } percent
            ? string.Create(
                CultureInfo.InvariantCulture,
                $"{Math.Max(1000, (long)percent * (PeriodMicroseconds / 100))} {PeriodMicroseconds}")
            : "max");

    public int Kill(string name, int root, List<ProcessEntry> killed) =>
        CgroupFiles.KillFrozen(DirectoryOf(name), root, FreezerFiles.OfV2, killed);

    public void Remove(string name) => _left.Remove(DirectoryOf(name));

    public void EndLeftovers()
    {
        CgroupLeftovers.Kill(_delegated!, FreezerFiles.OfV2);
        _left.TryAgain();
    }

    public int TryRemoveAgain() => _left.TryAgain();

    public void Remove()
    {
        if (_parent is not null) _left.Remove(_parent);
        if (_delegated is not null) Return(_delegated);
    }

    private string Control(char sign) => string.Join(' ', controllers.Select(name => $"{sign}{name}"));

    private static string Self => Environment.ProcessId.ToString(CultureInfo.InvariantCulture);

    /// <summary>Moves this process out of a group that is to have groups below it.</summary>
    private static void LeaveTo(string own)
    {
        // The topmost group of all has no type, and may have both.
        if (!File.Exists(Path.Combine(own, "cgroup.type"))) return;
        var others = CgroupFiles.Processes(own).Count(id => id != Environment.ProcessId);
        if (others > 0)
            throw new IOException(
                $"{own} has {others} other {(others == 1 ? "process" : "processes")}; a worker has to be "
                + "alone in the group that it is given, as a service of its own with Delegate=yes is");
        var leaf = Path.Combine(own, CgroupNames.Self);
        Directory.CreateDirectory(leaf);
        CgroupFiles.Write(Path.Combine(leaf, "cgroup.procs"), Self);
    }

    /// <summary>Moves this process back, unless groups of it are still in use there.</summary>
    private void Return(string own)
    {
        lock (Moving)
        {
            var leaf = Path.Combine(own, CgroupNames.Self);
            if (!Directory.Exists(leaf)) return;
            try
            {
                CgroupFiles.Write(Path.Combine(own, "cgroup.subtree_control"), Control('-'));
                CgroupFiles.Write(Path.Combine(own, "cgroup.procs"), Self);
                CgroupNames.TryRemove(leaf);
            }
            // Another enforcer of this process is at work there.
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
            }
        }
    }
}
