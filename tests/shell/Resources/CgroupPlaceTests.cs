using System.Diagnostics;
using System.Globalization;
using Hyperscale.Det.Shell.Processes;
using Hyperscale.Det.Shell.Resources;

namespace Hyperscale.Det.Tests.Shell.Resources;

/// <summary>Where a worker is among control groups, what of that limits it, and what it does there: on
/// directories with the kernel's files in them, and on a real hierarchy where there is one.</summary>
public sealed class CgroupPlaceTests : IDisposable
{
    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("cgroup-");

    private string Self => Path.Combine(_root.FullName, "self");

    private string Mount => Path.Combine(_root.FullName, "mount");

    public void Dispose() => _root.Delete(recursive: true);

    [Theory]
    [InlineData("/", "/a/b", "/a/b")]
    [InlineData("/", "/", "")]
    [InlineData("/docker/x", "/docker/x", "")]
    [InlineData("/docker/x", "/docker/x/b", "/b")]
    [InlineData("/docker/x", "/docker/xy", "")]
    [InlineData("/", "/not/there", "")]
    public void A_group_is_found_below_its_mount_as_far_as_that_shows_it(
        string mountRoot, string path, string own)
    {
        Place($"4:memory:{path}", $"35 31 0:32 {mountRoot} {Mount} rw - cgroup cgroup rw,memory");
        foreach (var inner in new[] { "a/b", "b" }) Directory.CreateDirectory(Path.Combine(Mount, inner));

        var place = CgroupPlace.Find("memory", Self)!;

        Assert.Equal((Mount, Mount + own), (place.Mount, place.Own));
        Assert.Null(CgroupPlace.Find("cpu", Self));
        Assert.Null(CgroupPlace.Find("", Self));
    }

    [Fact]
    public void The_memory_of_the_group_with_the_lowest_limit_is_the_nodes_in_version_2()
    {
        Place("0::/a/b", $"41 31 0:38 / {Mount} rw - cgroup2 cgroup2 rw");
        Write("a/b/memory.max", "max\n");
        Write("a/memory.max", "4000000\n");
        Write("a/memory.current", "3000000\n");
        Write("a/memory.stat", "anon 5\ninactive_file 1000000\n");

        Assert.Equal((2_000_000, 4_000_000), MemoryLimits.Find(Self).Read(Machine(10_000)));
        // Less than the machine has is what counts.
        Assert.Equal((0, 2_048_000), MemoryLimits.Find(Self).Read(Machine(2_000)));
    }

    [Fact]
    public void The_memory_of_the_group_with_the_lowest_limit_is_the_nodes_in_version_1()
    {
        Place("4:memory:/a/b", $"35 31 0:32 / {Mount} rw - cgroup cgroup rw,memory");
        Write("memory.limit_in_bytes", "9223372036854771712\n");
        Write("a/memory.limit_in_bytes", "8000000\n");
        Write("a/b/memory.limit_in_bytes", "5000000\n");
        Write("a/b/memory.usage_in_bytes", "4500000\n");
        Write("a/b/memory.stat", "cache 7\ntotal_inactive_file 500000\n");
        Write("a/memory.usage_in_bytes", "7000000\n");
        Write("a/memory.stat", "total_inactive_file 1\n");

        Assert.Equal((4_000_000, 5_000_000), MemoryLimits.Find(Self).Read(Machine(10_000)));
    }

    [Fact]
    public void A_process_that_is_alone_in_the_group_it_was_given_moves_into_a_leaf_of_it()
    {
        Write("cgroup.controllers", "cpuset cpu io memory pids\n");
        Write("cgroup.type", "domain\n");
        Write("cgroup.procs", $"{Environment.ProcessId}\n");
        var groups = new CgroupV2(() => new CgroupPlace(Mount, Mount), ["cpu", "memory", "pids"]);

        groups.Prepare();

        Assert.Equal($"{Environment.ProcessId}", Read($"{CgroupNames.Self}/cgroup.procs"));
        Assert.Equal("+cpu +memory +pids", Read("cgroup.subtree_control"));
        // Another one of this process finds it in the leaf.
        var leaf = Path.Combine(Mount, CgroupNames.Self);
        new CgroupV2(() => new CgroupPlace(Mount, leaf), ["cpu"]).Prepare();
        Assert.Empty(Directory.EnumerateDirectories(leaf));
    }

    [Fact]
    public void A_group_with_other_processes_is_left_as_it_is_and_the_reason_told()
    {
        Write("cgroup.controllers", "cpu memory pids\n");
        Write("cgroup.type", "domain\n");
        Write("cgroup.procs", $"{Environment.ProcessId}\n7\n8\n");

        Assert.Null(CgroupEnforcer.TryCreate(
            new CgroupV2(() => new CgroupPlace(Mount, Mount), ["cpu", "memory", "pids"]), out var fault));

        Assert.Equal(
            $"{Mount} has 2 other processes; a worker has to be alone in the group that it is given, as a "
                + "service of its own with Delegate=yes is",
            fault);
        Assert.False(File.Exists(Path.Combine(Mount, "cgroup.subtree_control")));
        Assert.Empty(Directory.EnumerateDirectories(Mount));
    }

    [Fact]
    public void A_group_without_the_controllers_cannot_be_used_and_the_reason_told()
    {
        Write("cgroup.controllers", "cpu\n");

        Assert.Null(CgroupEnforcer.TryCreate(
            new CgroupV2(() => new CgroupPlace(Mount, Mount), ["cpu", "memory", "pids"]), out var fault));

        Assert.Equal($"{Mount} was not given the controllers memory, pids", fault);
    }

    [Fact]
    public void What_a_worker_left_is_told_by_its_id_and_its_start()
    {
        var own = Environment.ProcessId;
        var start = ProcessScan.StartOf(own)!.Value;

        Assert.True(CgroupNames.IsOwned(Path.GetFileName(CgroupNames.Make())));
        Assert.True(CgroupNames.IsOwned($"{CgroupNames.PrefixOf(own, start)}a"));
        // The id is used again, by this process.
        Assert.False(CgroupNames.IsOwned($"{CgroupNames.PrefixOf(own, start - 1)}a"));
        Assert.False(CgroupNames.IsOwned($"{CgroupNames.PrefixOf(int.MaxValue, start)}a"));
        // The id of another container, and what was named by nobody here.
        Assert.True(CgroupNames.IsOwned($"{CgroupNames.Prefix}{int.MaxValue}-{start}-1-a"));
        Assert.True(CgroupNames.IsOwned($"{CgroupNames.Prefix}0123456789abcdef"));
    }

    [Fact]
    public void A_group_that_cannot_be_removed_yet_is_tried_again()
    {
        var left = new CgroupLeftovers();
        // Stands for a process: a directory with a file cannot be removed either.
        Write("group/inner/process", "");

        left.Remove(Path.Combine(Mount, "group"));
        Assert.Equal(1, left.TryAgain());
        File.Delete(Path.Combine(Mount, "group/inner/process"));

        Assert.Equal(0, left.TryAgain());
        Assert.False(Directory.Exists(Path.Combine(Mount, "group")));
    }

    [Fact]
    public void Processes_in_groups_that_a_workload_made_are_of_its_tree_and_end_with_it()
    {
        using var child = Process.Start("sleep", ["60"]);
        try
        {
            Write("tree/cgroup.procs", $"{Environment.ProcessId}\n");
            Write("tree/a/cgroup.procs", "");
            Write("tree/a/b/cgroup.procs", $"{child.Id}\n");
            // One that is being removed.
            Directory.CreateDirectory(Path.Combine(Mount, "tree/c"));
            var tree = Path.Combine(Mount, "tree");
            List<ProcessEntry> killed = [];

            Assert.Equal([Environment.ProcessId, child.Id], CgroupFiles.TreeProcesses(tree));
            Assert.Equal([Environment.ProcessId], CgroupFiles.Processes(tree));
            Assert.Equal(1, CgroupFiles.KillFrozen(
                tree, Environment.ProcessId, FreezerFiles.OfV2 with { IsFrozen = _ => true }, killed));
            Assert.Equal(child.Id, Assert.Single(killed).Id);
            Assert.Equal("0", Read("tree/a/cgroup.freeze"));
            Assert.True(child.WaitForExit(5000));
        }
        finally
        {
            if (!child.HasExited) child.Kill();
        }
    }

    private void Place(string cgroup, string mount)
    {
        Directory.CreateDirectory(Self);
        Directory.CreateDirectory(Mount);
        File.WriteAllText(Path.Combine(Self, "cgroup"), $"9:name=systemd:/x\n{cgroup}\n");
        File.WriteAllText(
            Path.Combine(Self, "mountinfo"),
            $"31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw\n{mount}\n");
    }

    private void Write(string path, string text)
    {
        var file = Path.Combine(Mount, path);
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        File.WriteAllText(file, text);
    }

    private string Read(string path) => File.ReadAllText(Path.Combine(Mount, path));

    private string Machine(int kilobytes)
    {
        var path = Path.Combine(_root.FullName, "meminfo");
        File.WriteAllText(path, string.Create(
            CultureInfo.InvariantCulture,
            $"MemTotal:       {kilobytes} kB\nMemFree:  1 kB\nMemAvailable:    {kilobytes} kB\n"));
        return path;
    }
}
