using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Resources;
using Hyperscale.Det.Tests.Shell.Workloads;

namespace Hyperscale.Det.Tests.Shell.Resources;

/// <summary>What a guard makes of a real workload, by every enforcer that this host has.</summary>
public sealed class GuardedTreeTests
{
    private const long Mib = 1024 * 1024;

    private static readonly ResourceConfig Quick = ResourceConfig.Default with
    {
        SampleInterval = Duration.FromMilliseconds(100),
        GracePeriod = Duration.FromSeconds(3),
    };

    public static TheoryData<string> Usable => EnforcerTests.Usable;

    [Theory]
    [MemberData(nameof(Usable))]
    public async Task A_spike_that_was_seen_and_is_shorter_than_the_grace_kills_nothing(string name)
    {
        await using var tree = new GuardedTree(
            EnforcerTests.Make(name),
            Attempts.Shell("sleep 0.5; awk 'BEGIN{s=\"x\"; while(length(s)<60000000) s=s s; "
                + "system(\"sleep 1\")}'; sleep 1"),
            new ResourceLimits(800, 40 * Mib, 10_000), Quick);

        Assert.True(await tree.RunAsync(TimeSpan.FromSeconds(20), () => tree.HasEnded));

        Assert.Contains(tree.Samples, sample => sample.MemoryBytes >= 60 * Mib);
        Assert.DoesNotContain(tree.Effects, effect => effect is GuardEffect.Terminate);
        Assert.Equal(0, (await tree.EndAsync()).ExitCode);
    }

    [Theory]
    [MemberData(nameof(Usable))]
    public async Task What_ignores_SIGTERM_lives_for_another_five_seconds(string name)
    {
        await using var tree = new GuardedTree(
            EnforcerTests.Make(name),
            Attempts.Shell(
                "trap '' TERM; exec awk 'BEGIN{s=\"x\"; while(length(s)<60000000) s=s s; "
                + "while (1) system(\"sleep 1\")}'"),
            new ResourceLimits(800, 40 * Mib, 10_000), Quick with { GracePeriod = Duration.FromSeconds(1) });

        Assert.True(await tree.RunAsync(
            TimeSpan.FromSeconds(20), () => tree.Effects.Exists(effect => effect is GuardEffect.Terminate)));
        var asked = Environment.TickCount64;
        Assert.True(await tree.RunAsync(TimeSpan.FromSeconds(20), () => tree.HasEnded));
        var lived = Environment.TickCount64 - asked;

        TestContext.Current.TestOutputHelper!.WriteLine($"{name}: {lived} ms");
        // No less, whoever else uses the machine.
        Assert.InRange(lived, 4800, 12_000);
        Assert.Contains(tree.Effects, effect => effect is GuardEffect.Kill);
    }

    [Theory]
    [MemberData(nameof(Usable))]
    public async Task A_hog_is_held_at_its_budget_in_the_mean(string name)
    {
        var hog = Attempts.Shell("for i in 1 2 3 4; do sh -c 'while :; do :; done' & done; wait");
        // What others leave of the machine has to be more than the budget.
        var budget = Math.Clamp((int)(await UseAsync(name, hog) * 0.3), 10, 30);
        await using var tree = new GuardedTree(
            EnforcerTests.Make(name), hog, new ResourceLimits(budget, 1024 * Mib, 10_000), Quick);
        Assert.True(await tree.RunAsync(
            TimeSpan.FromSeconds(30), () => tree.Level == GuardLevel.Throttle));
        // The first orders follow what they achieve.
        Assert.False(await tree.RunAsync(TimeSpan.FromSeconds(2), () => tree.HasEnded));
        var first = tree.Samples.Count;
        Assert.False(await tree.RunAsync(TimeSpan.FromSeconds(6), () => tree.HasEnded));

        var mean = tree.Samples.Skip(first).Average(sample => sample.CpuPercent);
        TestContext.Current.TestOutputHelper!.WriteLine($"{name}: {mean:F1}% of {budget}%");
        // Others use the machine, too; pauses are met less exactly than quotas.
        Assert.InRange(mean, budget * 0.3, budget * (name == "proc" ? 1.6 : 1.15));
        Assert.DoesNotContain(tree.Effects, effect => effect is GuardEffect.Terminate);
    }

    /// <summary>Percent of a core that a workload uses where nothing holds it back.</summary>
    private static async Task<double> UseAsync(string name, WorkflowSpec workflow)
    {
        await using var tree = new GuardedTree(
            EnforcerTests.Make(name), workflow, ResourceLimits.Default, Quick);
        await tree.RunAsync(TimeSpan.FromSeconds(3), () => tree.HasEnded);
        return tree.Samples.TakeLast(15).Average(sample => sample.CpuPercent);
    }
}
