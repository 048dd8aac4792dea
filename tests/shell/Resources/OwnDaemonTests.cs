using System.Diagnostics;
using Hyperscale.Det.Shell.Processes;
using Hyperscale.Det.Tests.Shell.Workloads;

namespace Hyperscale.Det.Tests.Shell.Resources;

/// <summary>Processes of a program that has a worker in it; trees of other tests would take those that start
/// after them for theirs.</summary>
[Collection(nameof(CgroupV2HostTests))]
public sealed class OwnDaemonTests
{
    [Theory]
    [MemberData(nameof(EnforcerTests.Usable), MemberType = typeof(EnforcerTests))]
    public async Task What_had_started_before_a_workload_is_no_orphan_of_it(string name)
    {
        using var daemon = Process.Start("setsid", ["sleep", "60"]);
        try
        {
            await Attempts.UntilAsync(() => SessionOf(daemon.Id) == daemon.Id, "a session of its own");
            await using var attempts = new Attempts(enforcer: EnforcerTests.Make(name));
            var attempt = attempts.Start(Attempts.Shell(
                "(setsid sleep 59 &); sleep 0.3; kill -9 $PPID; sleep 59"));
            await attempts.EndOf(attempt);

            Assert.False(daemon.WaitForExit(200));
        }
        finally
        {
            if (!daemon.HasExited) daemon.Kill();
        }
    }

    private static int SessionOf(int id) =>
        ProcessScan.Read(id, out var process) == ProcessLook.Found ? process.Session : 0;
}
