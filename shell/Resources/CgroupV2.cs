using System.Globalization;
using Hyperscale.Det.Resources;

namespace Hyperscale.Det.Shell.Resources;

/// <summary>Control groups of version 2, where the controllers cpu, memory and pids are this process's to
/// give on.</summary>
internal sealed class CgroupV2 : ICgroupKind
{
    private const string Mount = "/sys/fs/cgroup";
    private const int PeriodMicroseconds = 100_000;
    private const int TasksMax = 16_384;

    private readonly string _own = $"{CgroupFiles.Prefix}{Environment.ProcessId}-{Guid.NewGuid():N}";
    private string? _parent;

    public string Name => "cgroup-v2";

    public void Prepare()
    {
        if (!File.Exists(Path.Combine(Mount, "cgroup.controllers")))
            throw new IOException($"{Mount} is no hierarchy of version 2");
        var path = CgroupFiles.OwnPath("") ?? throw new IOException("this process is in no hierarchy");
        var own = Mount + path.TrimEnd('/');
        CgroupFiles.RemoveLeftovers(own);
        try
        {
            CgroupFiles.Write(Path.Combine(own, "cgroup.subtree_control"), "+cpu +memory +pids");
            _parent = Path.Combine(own, _own);
            Directory.CreateDirectory(_parent);
            CgroupFiles.Write(Path.Combine(_parent, "cgroup.subtree_control"), "+cpu +memory +pids");
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
        CgroupFiles.Write(
            Path.Combine(group, "pids.max"), TasksMax.ToString(CultureInfo.InvariantCulture));
        CgroupFiles.Write(Path.Combine(group, "cgroup.procs"), root.ToString(CultureInfo.InvariantCulture));
    }

    public string DirectoryOf(string name) => Path.Combine(_parent!, name);

    public GroupReading Read(string name, int leftOut)
    {
        var group = DirectoryOf(name);
        var processes = CgroupFiles.Processes(group);
        var memory = Path.Combine(group, "memory.stat");
        return new GroupReading(
            CgroupFiles.ReadNamed(Path.Combine(group, "cpu.stat"), "usage_usec") * 1000,
            CgroupFiles.ReadNamed(memory, "anon") + CgroupFiles.ReadNamed(memory, "shmem"),
            processes.Where(id => id != leftOut).Sum(ProcessScan.DescriptorsOf),
            processes.Count);
    }

    public void SetQuota(string name, int? cpuPercent) => CgroupFiles.Write(
        Path.Combine(DirectoryOf(name), "cpu.max"),
        cpuPercent is { } percent
            ? string.Create(
                CultureInfo.InvariantCulture,
                $"{Math.Max(1000, (long)percent * (PeriodMicroseconds / 100))} {PeriodMicroseconds}")
            : "max");

    public int Kill(string name, int root) =>
        CgroupFiles.KillFrozen(DirectoryOf(name), root, ("cgroup.freeze", "1", "0"));

    public void Remove(string name) => CgroupFiles.TryRemove(DirectoryOf(name));

    public void Remove()
    {
        if (_parent is not null) CgroupFiles.TryRemove(_parent);
    }
}
