using System.Diagnostics;
using System.Globalization;
using Hyperscale.Det.Shell.Processes;
using Hyperscale.Det.Shell.Resources;

namespace Hyperscale.Det.Tests.Shell.Resources;

/// <summary>Groups of workers that have ended, on the hierarchy of version 1; skipped where that is not
/// ours.</summary>
[Collection(nameof(CgroupV2HostTests))]
public sealed class CgroupLeftoverTests : IDisposable
{
    private readonly List<Process> _processes = [];
    private readonly List<string> _groups = [];
    private readonly List<string> _frozen = [];

    [Fact]
    public void What_a_worker_left_frozen_is_thawed_and_killed_and_its_group_removed()
    {
        var parent = ParentOrSkip();
        using var owner = Process.Start("sleep", "60");
        var prefix = CgroupNames.PrefixOf(owner.Id, ProcessScan.StartOf(owner.Id)!.Value);
        var group = Path.Combine(parent, $"{prefix}test");
        var victim = Freeze(group, "1");
        // Of a workload, which may make groups.
        var inner = Freeze(group, "1/inner");
        End();
        Assert.False(victim.HasExited);
        owner.Kill();
        owner.WaitForExit();

        End();

        Assert.True(victim.WaitForExit(5000));
        Assert.True(inner.WaitForExit(5000));
        Assert.True(SpinWait.SpinUntil(
            () =>
            {
                End();
                return !Directory.Exists(group);
            },
            TimeSpan.FromSeconds(5)));
    }

    [Fact]
    public void What_is_of_another_containers_worker_or_was_started_beside_workloads_is_left_alone()
    {
        var parent = ParentOrSkip();
        using var owner = Process.Start("sleep", "60");
        var prefix = CgroupNames.PrefixOf(owner.Id, ProcessScan.StartOf(owner.Id)!.Value);
        owner.Kill();
        owner.WaitForExit();
        var parts = prefix.Split('-');
        parts[3] = "1";
        var elsewhere = Freeze(Path.Combine(parent, $"{string.Join('-', parts)}test"), "1");
        var beside = Freeze(Path.Combine(parent, $"{prefix}self"), "");

        End();

        Assert.False(elsewhere.WaitForExit(300));
        Assert.False(beside.HasExited);
    }

    public void Dispose()
    {
        foreach (var process in _processes) process.Kill();
        foreach (var directory in _frozen.Where(Directory.Exists))
            CgroupFiles.Write(Path.Combine(directory, "freezer.state"), FreezerFiles.OfV1.Thawed);
        foreach (var process in _processes)
        {
            process.WaitForExit();
            process.Dispose();
        }

        foreach (var group in _groups)
            Assert.True(SpinWait.SpinUntil(() => CgroupNames.TryRemove(group), TimeSpan.FromSeconds(5)));
    }

    private static string ParentOrSkip()
    {
        using var enforcer = CgroupEnforcer.TryCreate(new CgroupV1(), out _);
        Assert.SkipWhen(enforcer is null, "no hierarchy of version 1 is ours");
        return CgroupPlace.Find("freezer")!.Own;
    }

    private static void End()
    {
        using var enforcer = CgroupEnforcer.TryCreate(new CgroupV1(), out var fault);
        Assert.Equal("", fault);
        enforcer!.EndLeftovers();
    }

    private Process Freeze(string group, string inner)
    {
        var process = Process.Start("sleep", "60");
        _processes.Add(process);
        var directory = Path.Combine(group, inner);
        Directory.CreateDirectory(directory);
        CgroupFiles.Write(
            Path.Combine(directory, "cgroup.procs"), process.Id.ToString(CultureInfo.InvariantCulture));
        CgroupFiles.Write(Path.Combine(directory, "freezer.state"), FreezerFiles.OfV1.Frozen);
        _groups.Add(group);
        _frozen.Add(directory);
        return process;
    }
}
