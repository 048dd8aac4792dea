using System.Diagnostics;
using System.Globalization;
using Hyperscale.Det.Shell.Resources;

namespace Hyperscale.Det.Tests.Shell.Resources;

/// <summary>What moves the process of the tests itself runs while nothing else does.</summary>
[CollectionDefinition(nameof(CgroupV2HostTests), DisableParallelization = true)]
public sealed class Alone;

/// <summary>A delegated group of a real hierarchy of version 2, with the one controller that also hosts with
/// version 1 leave there; skipped where there is none.</summary>
[Collection(nameof(CgroupV2HostTests))]
public sealed class CgroupV2HostTests
{
    private const string Controller = "hugetlb";

    [Fact]
    public void A_delegated_group_is_used_and_left_as_it_was()
    {
        var place = CgroupPlace.Find("");
        Assert.SkipWhen(place is null || !CanDelegate(place), "no hierarchy of version 2 is ours");
        var group = Path.Combine(place!.Mount, $"test-{Guid.NewGuid():N}");
        var wasGiven = File.ReadAllText(ControlOf(place)).Split().Contains(Controller);
        CgroupFiles.Write(ControlOf(place), $"+{Controller}");
        Directory.CreateDirectory(group);
        try
        {
            MoveTo(group);
            Use(new CgroupPlace(place.Mount, group), group);
            Assert.Equal([Environment.ProcessId], CgroupFiles.Processes(group));
            Assert.Empty(Directory.EnumerateDirectories(group));
        }
        finally
        {
            MoveTo(place.Own);
            Assert.True(CgroupNames.TryRemove(group));
            if (!wasGiven) CgroupFiles.Write(ControlOf(place), $"-{Controller}");
        }
    }

    private static void Use(CgroupPlace place, string group)
    {
        var kind = new CgroupV2(() => place, [Controller]);
        using var enforcer = CgroupEnforcer.TryCreate(kind, out var fault);
        Assert.Equal("", fault);
        Assert.Empty(CgroupFiles.Processes(group));
        string[] command = ["-c", "read held; sleep 60 & setsid sleep 60 & wait"];
        using var root = Process.Start(new ProcessStartInfo("sh", command) { RedirectStandardInput = true })!;
        using var tree = enforcer!.Hold(root.Id, holdsRoot: false);
        // What it started before would be in no group of its own.
        root.StandardInput.WriteLine();
        Assert.True(SpinWait.SpinUntil(
            () => CgroupFiles.Processes(kind.DirectoryOf("1")).Count == 3, TimeSpan.FromSeconds(5)));
        using var second = Process.Start("sleep", "60");
        File.WriteAllText(Path.Combine(kind.DirectoryOf("1"), "cgroup.procs"), Text(second.Id));

        Assert.True(kind.Kill("1", root.Id, []) > 0);
        Assert.True(second.WaitForExit(5000));
        root.Kill();
        root.WaitForExit();
        Assert.True(SpinWait.SpinUntil(() => kind.Kill("1", 0, []) == 0, TimeSpan.FromSeconds(5)));
    }

    private static bool CanDelegate(CgroupPlace place)
    {
        try
        {
            var controllers = File.ReadAllText(Path.Combine(place.Mount, "cgroup.controllers")).Split();
            if (!controllers.Contains(Controller) || File.Exists(Path.Combine(place.Mount, "cgroup.type")))
                return false;
            // Nothing is changed by what is written.
            CgroupFiles.Write(ControlOf(place), "");
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    private static string ControlOf(CgroupPlace place) => Path.Combine(place.Mount, "cgroup.subtree_control");

    private static void MoveTo(string group) =>
        CgroupFiles.Write(Path.Combine(group, "cgroup.procs"), Text(Environment.ProcessId));

    private static string Text(int id) => id.ToString(CultureInfo.InvariantCulture);
}
