using System.Diagnostics;
using System.Globalization;
using Hyperscale.Det.Shell.Processes;
using Hyperscale.Det.Shell.Resources;

namespace Hyperscale.Det.Tests.Shell.Resources;

/// <summary>What is read of groups and written to them, on files as the kernel writes them.</summary>
public sealed class CgroupFilesTests : IDisposable
{
    private const int Nobody = int.MaxValue;

    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("cgroup-");

    // Once there is one: the group that groups of trees are made in.
    private string? _group;

    private string Mount => Path.Combine(_root.FullName, "mount");

    private string Proc => Path.Combine(_root.FullName, "proc");

    public void Dispose() => _root.Delete(recursive: true);

    [Fact]
    public void A_group_of_version_2_is_read_without_what_looks_after_it()
    {
        using var root = Process.Start("sleep", "60");
        try
        {
            var groups = V2();
            groups.Create("1", root.Id);
            Assert.Equal(Text(root.Id), Read("1/cgroup.procs"));
            Assert.Equal("16384", Read("1/pids.max"));
            Write("1/cgroup.procs", $"{root.Id}\n{Nobody}\n");
            Write("1/cpu.stat", "usage_usec 1234567\nuser_usec 1000000\nsystem_usec 234567\nnr_periods 0\n");
            Write(
                "1/memory.stat",
                "anon 50000000\nfile 8192000\nkernel 1216512\nkernel_stack 16384\nshmem 4000000\n"
                + "file_mapped 4096000\ninactive_anon 9\n");

            var whole = groups.Read("1", leftOut: 0);
            var without = groups.Read("1", root.Id);

            Assert.Equal((1_234_567_000, 54_000_000, 2), (
                whole.CpuNanoseconds, whole.MemoryBytes, whole.Processes));
            Assert.True(whole.FileDescriptors >= 3);
            Assert.Equal(whole with { FileDescriptors = 0 }, without);
        }
        finally
        {
            root.Kill();
        }
    }

    [Theory]
    [InlineData(250, "250000 100000")]
    [InlineData(1, "1000 100000")]
    [InlineData(0, "1000 100000")]
    [InlineData(null, "max")]
    public void A_quota_of_version_2_is_time_of_a_period(int? percent, string written)
    {
        var groups = V2();
        groups.Create("1", Nobody);

        groups.SetQuota("1", percent);

        Assert.Equal(written, Read("1/cpu.max"));
    }

    [Fact]
    public void Memory_of_a_process_is_its_own_without_mapped_files()
    {
        Status(
            4,
            "Name:\ta\nVmRSS:\t   9000 kB\nRssAnon:\t    1200 kB\nRssFile:\t    7800 kB\n"
            + "RssShmem:\t     8 kB\n");
        // One that has ended has none.
        Status(5, "Name:\ta\nState:\tZ (zombie)\nThreads:\t1\n");
        Directory.CreateDirectory(Path.Combine(Proc, "6/status"));

        Assert.Equal(1208 * 1024, ProcessScan.OwnMemoryOf(4, Proc));
        Assert.Equal(0, ProcessScan.OwnMemoryOf(5, Proc));
        Assert.Equal(0, ProcessScan.OwnMemoryOf(7, Proc));
        Assert.Throws<IOException>(() => ProcessScan.OwnMemoryOf(6, Proc));
    }

    [Theory]
    [InlineData(true, true, true)]
    // It may have ended, and its id be somebody else's.
    [InlineData(true, false, false)]
    [InlineData(false, true, false)]
    public void Who_cannot_be_looked_at_is_killed_by_id_only_where_nobody_can_have_ended(
        bool isLost, bool isFrozen, bool isKilled)
    {
        using var sleep = Process.Start("sleep", "60");
        try
        {
            Directory.CreateDirectory(Proc);
            // Opens, and cannot be read.
            if (isLost) Directory.CreateDirectory(Path.Combine(Proc, $"{sleep.Id}/stat"));
            Write("tree/cgroup.procs", $"{sleep.Id}\n");
            var freezer = new FreezerFiles("state", "frozen", "thawed", _ => isFrozen, HoldsTheKilled: true);
            List<ProcessEntry> killed = [];

            Assert.Equal(1, CgroupFiles.KillFrozen(Path.Combine(Mount, "tree"), 0, freezer, killed, Proc));

            Assert.Empty(killed);
            Assert.Equal("thawed", Read("tree/state"));
            Assert.Equal(isKilled, sleep.WaitForExit(isKilled ? 5000 : 200));
        }
        finally
        {
            if (!sleep.HasExited) sleep.Kill();
        }
    }

    private CgroupV2 V2()
    {
        Write("cgroup.controllers", "cpu memory pids\n");
        var groups = new CgroupV2(() => new CgroupPlace(Mount, Mount), ["cpu", "memory", "pids"]);
        groups.Prepare();
        Directory.CreateDirectory(groups.DirectoryOf("1"));
        _group = groups.DirectoryOf("");
        return groups;
    }

    private void Status(int id, string text)
    {
        Directory.CreateDirectory(Path.Combine(Proc, Text(id)));
        File.WriteAllText(Path.Combine(Proc, $"{id}/status"), text);
    }

    private void Write(string path, string text)
    {
        var file = Path.Combine(_group ?? Mount, path);
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        File.WriteAllText(file, text);
    }

    private string Read(string path) => File.ReadAllText(Path.Combine(_group ?? Mount, path));

    private static string Text(int id) => id.ToString(CultureInfo.InvariantCulture);
}
