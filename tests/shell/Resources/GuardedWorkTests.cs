using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Resources;
using Hyperscale.Det.Shell.Cluster;
using Hyperscale.Det.Shell.Config;
using Hyperscale.Det.Shell.Processes;
using Hyperscale.Det.Tests.Shell.Cluster;
using Hyperscale.Det.Tests.Shell.Workloads;

namespace Hyperscale.Det.Tests.Shell.Resources;

/// <summary>Guards at work in a cluster, on real processes: quicker than by default, so that a test need not
/// wait for the default grace.</summary>
public sealed class GuardedWorkTests
{
    private const long Mib = 1024 * 1024;

    private static readonly ResourceConfig Quick = ResourceConfig.Default with
    {
        SampleInterval = Duration.FromMilliseconds(200),
        GracePeriod = Duration.FromSeconds(1),
    };

    private static readonly EmbeddedClusterOptions Guarded = TestCluster.Small with
    {
        Gates = 1,
        Datacenters = 1,
        Workers = 1,
        Settings = ReadSettings.Default with { Resources = Quick },
    };

    // A throttle has a grace to show that it holds, and a spike of a second to be over, on a busy machine,
    // too.
    private static readonly EmbeddedClusterOptions Patient = Guarded with
    {
        Settings = ReadSettings.Default with
        {
            Resources = Quick with { GracePeriod = Duration.FromSeconds(3) },
        },
    };

    [Fact]
    public async Task A_leak_is_warned_throttled_and_killed_with_all_that_broke_away_and_nothing_else_is()
    {
        var mark = Mark();
        await using var cluster = await TestCluster.StartAsync(Guarded);
        var job = await cluster.SubmitAsync(TestCluster.Job(
            1,
            Leak($"trap '' TERM; (setsid sleep {mark} &) ; ", mebibytes: 48),
            Attempts.Shell("sleep 4; echo undisturbed") with { Name = "neighbour" }));

        await cluster.Log.NextAsync("is at level kill of memory");
        var asked = Environment.TickCount64;
        var status = await cluster.EndOf(job);
        var lived = Environment.TickCount64 - asked;

        var results = status.Slots[0].Outcome!.Workflows;
        var kill = results[0].Outcome.Kill!;
        Assert.Equal(AttemptState.KilledByGuard, results[0].Outcome.State);
        Assert.Equal(
            [GuardLevel.Warn, GuardLevel.Throttle, GuardLevel.Kill], kill.Moves.Select(move => move.To));
        Assert.Equal(48 * Mib, kill.KillAt);
        // The grace is five intervals long, and three samples more are allowed; those that are left out on a
        // busy machine count for nothing.
        var (samples, ageMs) = FirstOver(kill);
        Assert.InRange(samples, 6, 9);
        Assert.InRange(ageMs, 1000, 10_000);
        Assert.True(kill.ProcessesKilled >= 4, $"{kill.ProcessesKilled} processes");
        // Nothing of it takes a SIGTERM, and it has five seconds to.
        Assert.True(kill.WasForced);
        Assert.InRange(lived, 4500, 12_000);
        Assert.Equal(0, Attempts.Living(mark));
        Assert.Equal(AttemptState.Completed, results[1].Outcome.State);
        await cluster.Log.NextAsync("ResourceKill");
        var counted = cluster.Cluster.Metrics.Write();
        Assert.Matches("resource_guard_kills_total{node=\"[^\"]*\",violation=\"memory\"} 1\n", counted);
        Assert.Matches(
            "resource_guard_level_changes_total{dimension=\"memory\",level=\"kill\",node=\"[^\"]*\"} 1\n",
            counted);
    }

    [Fact]
    public async Task A_spike_shorter_than_the_grace_kills_nothing()
    {
        var mark = Mark();
        await using var cluster = await TestCluster.StartAsync(Patient);
        var job = await cluster.SubmitAsync(TestCluster.Job(
            1,
            Within(42, "sleep 0.5; awk 'BEGIN{s=\"x\"; while(length(s)<60000000) s=s s; "
                + $"system(\"sleep 1\")}}' {mark}; sleep 2; echo alive")));

        var end = cluster.EndOf(job);
        var over = 0;
        // As often as the guard looks, and by the same numbers.
        for (; !end.IsCompleted; await Task.Delay(200, TestContext.Current.CancellationToken))
            if (Attempts.Processes(mark).Any(id => ResidentOf(id) > 42 * Mib)) over++;
        Assert.True(over >= 2, $"{over} looks over the budget");
        Assert.Equal(JobState.Completed, (await end).State);
    }

    [Fact]
    public async Task A_processor_hog_is_held_near_its_budget_and_completes()
    {
        await using var cluster = await TestCluster.StartAsync(Patient);
        var job = await cluster.SubmitAsync(TestCluster.Job(
            1,
            Attempts.Shell(
                "for i in 1 2 3 4; do sh -c 'while :; do :; done' & done; sleep 12; echo done") with
            {
                Budget = new ResourceBudget(15, null, null),
                Duration = Duration.FromSeconds(20),
            }));

        var status = await cluster.EndOf(job);

        Assert.True(status.State == JobState.Completed, status.Reason);
        await cluster.Log.NextAsync("is held to");
    }

    /// <summary>The last samples that were all over the budget, and how long before the kill the first of
    /// them was, in milliseconds.</summary>
    private static (int Samples, long AgeMs) FirstOver(ResourceKill kill)
    {
        var first = kill.Samples.Count - 1;
        while (first > 0 && kill.Samples[first - 1].Raw >= kill.KillAt) first--;
        return (kill.Samples.Count - first, kill.Samples[first].AgeMs);
    }

    private static long ResidentOf(int id) =>
        ProcessScan.Read(id, out var process) == ProcessLook.Found
            ? process.ResidentPages * ProcessScan.PageBytes
            : 0;

    private static string Mark() => $"{71 + Random.Shared.Next(20)}.{Random.Shared.Next(1, 1_000_000_000)}";

    // Grows to 250 MB in steps of 4 and stays there.
    private static WorkflowSpec Leak(string before, int mebibytes) => Within(
        mebibytes,
        before + "exec awk 'BEGIN{s=\"x\"; while(length(s)<4000000) s=s s; "
            + "for(i=0;i<50;i++){a[i]=s i; system(\"sleep 0.1\")}; system(\"sleep 20\")}'");

    private static WorkflowSpec Within(int mebibytes, string script) => Attempts.Shell(script) with
    {
        Budget = new ResourceBudget(100, mebibytes * Mib, 1000),
        Duration = Duration.FromSeconds(30),
    };
}
