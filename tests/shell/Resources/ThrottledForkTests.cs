using Hyperscale.Det.Resources;
using Hyperscale.Det.Shell.Processes;
using Hyperscale.Det.Shell.Resources;
using Hyperscale.Det.Tests.Shell.Workloads;

namespace Hyperscale.Det.Tests.Shell.Resources;

/// <summary>Throttles that meet processes which nobody has looked at.</summary>
public sealed class ThrottledForkTests
{
    private const int Rounds = 15;

    [Fact]
    public async Task What_was_started_between_a_look_and_a_throttle_runs_on_once_that_is_lifted()
    {
        var mark = $"{Random.Shared.Next(1, 1_000_000_000)}.{Random.Shared.Next(1, 1_000_000_000)}";
        await using var attempts = new Attempts(enforcer: new ProcEnforcer());
        var attempt = attempts.Start(Attempts.Shell(
            $"for i in 1 2 3; do (while :; do sh -c : {mark}; done) & done; wait"));
        await Attempts.UntilAsync(() => Attempts.Processes(mark).Count >= 4, "the loops");
        // Whatever they start from here on is in no list of members.
        Assert.Single(attempts.Sample());
        var group = GroupOf(Attempts.Processes(mark));

        for (var round = 0; round < Rounds; round++)
        {
            attempts.Throttle(attempt, new ThrottleOrder(CpuPercent: 10, RunPermille: 100));
            await Attempts.UntilAsync(() => AnyStopped(group), "the loops to be held");
            attempts.Throttle(attempt, null);
            await Attempts.UntilAsync(() => !AnyStopped(group), "all to run");
        }
    }

    private static bool AnyStopped(int group) =>
        ProcessScan.All().Entries.Any(each => each.Group == group && each.IsStopped);

    // The shell that was started first outlives its loops' children.
    private static int GroupOf(List<int> processes)
    {
        Assert.Equal(ProcessLook.Found, ProcessScan.Read(processes.Min(), out var shell));
        return shell.Group;
    }
}
