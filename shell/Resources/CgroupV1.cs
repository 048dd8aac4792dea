using System.Globalization;
using Hyperscale.Det.Resources;
using Hyperscale.Det.Shell.Processes;

namespace Hyperscale.Det.Shell.Resources;

/// <summary>Control groups of version 1: cpu for quotas, cpuacct and memory to count, freezer to kill at one
/// stroke, pids against fork storms.</summary>
internal sealed class CgroupV1 : ICgroupKind
{
    private const int PeriodMicroseconds = 100_000;

    /// <summary>Processes and threads of one tree.</summary>
    private const int TasksMax = 16_384;

    // Memory last: what a root takes from then on is its group's.
    private static readonly string[] Controllers = ["cpu", "cpuacct", "freezer", "pids", "memory"];

    private readonly string _own = CgroupNames.Make();
    private readonly CgroupLeftovers _left = new();
    private readonly SortedDictionary<string, string> _parents = new(StringComparer.Ordinal);

    public string Name => "cgroup-v1";

    public void Prepare()
    {
        try
        {
            foreach (var controller in Controllers)
            {
                var place = CgroupPlace.Find(controller)
                    ?? throw new IOException($"there is no hierarchy of {controller}");
                _left.RemoveAll(place.Own);
                _parents[controller] = Path.Combine(place.Own, _own);
                Directory.CreateDirectory(_parents[controller]);
            }

            if (!File.Exists(Path.Combine(_parents["cpu"], "cpu.cfs_quota_us")))
                throw new IOException("the kernel has no quotas of processor time");
        }
        catch
        {
            Remove();
            throw;
        }
    }

    public void Create(string name, int root)
    {
        foreach (var controller in Controllers)
        {
            var group = Path.Combine(_parents[controller], name);
            Directory.CreateDirectory(group);
            if (controller == "pids")
                CgroupFiles.Write(
                    Path.Combine(group, "pids.max"), TasksMax.ToString(CultureInfo.InvariantCulture));
            CgroupFiles.Write(
                Path.Combine(group, "cgroup.procs"), root.ToString(CultureInfo.InvariantCulture));
        }
    }

    public string DirectoryOf(string name) => Path.Combine(_parents["freezer"], name);

    public GroupReading Read(string name, int leftOut)
    {
        var memory = Path.Combine(_parents["memory"], name, "memory.stat");
        return CgroupFiles.Reading(
            DirectoryOf(name),
            leftOut,
            CgroupFiles.ReadNumber(Path.Combine(_parents["cpuacct"], name, "cpuacct.usage")),
            CgroupFiles.ReadNamed(memory, "total_rss") + CgroupFiles.ReadNamed(memory, "total_shmem"));
    }

    public void SetQuota(string name, int? cpuPercent)
    {
        var quota = cpuPercent is { } percent ? (long)percent * (PeriodMicroseconds / 100) : -1;
        CgroupFiles.Write(
            Path.Combine(_parents["cpu"], name, "cpu.cfs_quota_us"),
            // The kernel takes no less than a millisecond.
            (quota is >= 0 and < 1000 ? 1000 : quota).ToString(CultureInfo.InvariantCulture));
    }

    public int Kill(string name, int root, List<ProcessEntry> killed) =>
        CgroupFiles.KillFrozen(DirectoryOf(name), root, FreezerFiles.OfV1, killed);

    public void Remove(string name)
    {
        foreach (var parent in _parents.Values) _left.Remove(Path.Combine(parent, name));
    }

    public void EndLeftovers()
    {
        CgroupLeftovers.Kill(Path.GetDirectoryName(_parents["freezer"])!, FreezerFiles.OfV1);
        _left.TryAgain();
    }

    public int TryRemoveAgain() => _left.TryAgain();

    public void Remove()
    {
        foreach (var parent in _parents.Values) _left.Remove(parent);
    }
}
