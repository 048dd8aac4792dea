using Hyperscale.Det.Kernel;
using Hyperscale.Det.Resources;
using Hyperscale.Det.Sim.Processes;

namespace Hyperscale.Det.Tests.Sim.Processes;

/// <summary>What every kind of simulated enforcer holds to: as those of the shell do.</summary>
public sealed class SimEnforcerTests
{
    private static readonly ResourceLimits Limits = new(100, 1_000_000_000, 1000);

    private readonly SimMachine _machine = new(idsMax: 300);
    private Instant _now = Instant.Zero;

    public static TheoryData<bool, bool> Kinds =>
        new() { { false, false }, { false, true }, { true, false }, { true, true } };

    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_reading_has_all_of_the_tree_as_of_the_last_look(bool readsProcesses, bool pauses)
    {
        var (enforcer, tree) = Held(new EnforcerKind(readsProcesses, pauses), RunawayShape.Orphan);
        Assert.Null(tree.Read(_now));
        Pass(1000);
        enforcer.Refresh();
        var seen = tree.Family.Living.Count;
        Pass(1000);

        var reading = tree.Read(_now)!;
        Assert.Equal(readsProcesses, reading.Group is null);
        var monitor = new ProcessResourceMonitor(ResourceConfig.Default, Instant.Zero);
        Assert.True(monitor.Observe(reading, 0));
        Assert.Equal(seen, monitor.Sample.Processes);
        Assert.Equal(tree.TruthAt(_now).Group.MemoryBytes, monitor.Sample.MemoryBytes);
        Assert.Equal(tree.TruthAt(_now).Group.FileDescriptors, monitor.Sample.FileDescriptors);
    }

    [Theory]
    [InlineData(RunawayShape.None)]
    [InlineData(RunawayShape.Leak)]
    [InlineData(RunawayShape.Orphan)]
    [InlineData(RunawayShape.Hog)]
    [InlineData(RunawayShape.ShortLived)]
    public void Differences_of_all_processes_come_to_what_the_kernel_counts_of_the_group(RunawayShape shape)
    {
        var (enforcer, tree) = Held(new EnforcerKind(ReadsProcesses: true, Pauses: false), shape);
        var monitor = new ProcessResourceMonitor(ResourceConfig.Default, Instant.Zero);
        var counted = 0.0;
        for (var i = 0; i < 20; i++)
        {
            Pass(500);
            enforcer.Refresh();
            Assert.True(monitor.Observe(tree.Read(_now)!, 0));
            counted += monitor.Sample.CpuPercent * 5_000_000;
        }

        // Ticks of those that have ended, and what had no parent that waited.
        Assert.InRange(counted, tree.Family.CpuNanoseconds * 0.93, tree.Family.CpuNanoseconds * 1.01);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_throttle_holds_a_tree_by_its_quota_or_its_pauses_and_ends(bool readsProcesses, bool pauses)
    {
        var (enforcer, tree) = Held(new EnforcerKind(readsProcesses, pauses), RunawayShape.Hog);
        Pass(1000);
        enforcer.Refresh();
        var free = UsedIn(1000, tree);
        tree.Throttle(new ThrottleOrder(CpuPercent: 50, RunPermille: 100));
        var held = UsedIn(1000, tree);
        tree.Throttle(null);

        Assert.Equal(pauses ? free / 10 : 500_000_000, held, free / 1000);
        Assert.InRange(UsedIn(1000, tree), free * 0.99, free * 1.01);
    }

    [Theory]
    [InlineData(1000, 1.0)]
    [InlineData(500, 0.5)]
    public void A_host_that_throttles_loosely_or_not_at_all_lets_its_part_through(int leak, double part)
    {
        var (_, tree) = Held(new EnforcerKind(false, true, LeakPermille: leak), RunawayShape.Hog);
        Pass(1000);
        var free = UsedIn(1000, tree);
        tree.Throttle(new ThrottleOrder(CpuPercent: 1, RunPermille: 1));

        Assert.InRange(UsedIn(1000, tree), free * part, free * (part + 0.01));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_kill_ends_all_but_the_root_wherever_they_went(bool readsProcesses, bool pauses)
    {
        foreach (var shape in Enum.GetValues<RunawayShape>())
        {
            var (enforcer, tree) = Held(new EnforcerKind(readsProcesses, pauses), shape);
            Pass(1500);
            tree.Throttle(new ThrottleOrder(50, 100));
            var others = tree.Family.Living.Count - 1;

            Assert.Equal(others, tree.Kill());
            Assert.Equal([tree.Family.Root], tree.Family.Living);
            Assert.Equal(0, tree.Kill());
            _machine.End(tree.Family.Root);
            enforcer.Refresh();
            Assert.DoesNotContain(_machine.Entries, entry => entry.Family == tree.Family && !entry.IsZombie);
        }
    }

    [Fact]
    public void A_process_that_is_born_during_a_kill_lives_until_the_next_one_that_finds_it()
    {
        var (_, tree) = Held(
            new EnforcerKind(false, false, MissPerThousand: 1000), RunawayShape.ForkStorm);
        Pass(400);
        tree.Kill();
        Assert.Equal(1, tree.Missed);
        Assert.Equal(2, tree.Family.Living.Count);
        var born = tree.Family.Living[1];

        for (var passes = 0; tree.Family.Living.Count > 1; passes++)
        {
            Assert.True(passes < RunawayProcesses, "it never ends");
            Assert.True(tree.Kill() > 0);
        }

        Assert.True(born.IsZombie);
    }

    [Fact]
    public void A_root_that_only_looks_after_the_others_is_in_no_sum()
    {
        var supervisor = new ProcessProgram(0, MemoryCurve.Flat(7777), 5) { IsSubreaper = true };
        var family = _machine.Start(
            supervisor with { Births = [new Birth(Duration.Zero, new(10, MemoryCurve.Flat(1000), 3))] },
            _now)!;
        var enforcer = new SimEnforcer(_machine, new EnforcerKind(true, true), () => _now, new Rng(1));
        var tree = enforcer.Hold(family.Root.Id, holdsRoot: false);
        Pass(100);
        enforcer.Refresh();

        Assert.Equal((1000, 3, 2), (
            tree.Read(_now)!.Processes.Sum(process => process.MemoryBytes),
            tree.Read(_now)!.Processes.Sum(process => process.FileDescriptors),
            tree.Read(_now)!.Processes.Count));
        Assert.Equal((1000, 3), (
            tree.TruthAt(_now).Group.MemoryBytes, tree.TruthAt(_now).Group.FileDescriptors));
    }

    [Fact]
    public void What_is_let_go_of_is_not_looked_at_any_more()
    {
        var (enforcer, tree) = Held(new EnforcerKind(true, false), RunawayShape.Leak);
        Pass(500);
        enforcer.Refresh();
        tree.Dispose();
        var before = tree.Read(_now)!.Processes;
        Pass(500);
        enforcer.Refresh();

        Assert.Same(before, tree.Read(_now)!.Processes);
    }

    private const int RunawayProcesses = 1 << (ResourceShape.StormDoublings + 2);

    private (SimEnforcer Enforcer, SimHeldTree Tree) Held(EnforcerKind kind, RunawayShape shape)
    {
        var drawn = new ResourceShape(
            shape, Duration.FromMilliseconds(10), Duration.FromMilliseconds(400), 300, 20, 40);
        var family = _machine.Start(drawn.ProgramFor(Limits), _now)!;
        var enforcer = new SimEnforcer(_machine, kind, () => _now, new Rng(7));
        return (enforcer, enforcer.Hold(family.Root.Id, holdsRoot: true));
    }

    private double UsedIn(long milliseconds, SimHeldTree tree)
    {
        var before = tree.Family.CpuNanoseconds;
        Pass(milliseconds);
        return tree.Family.CpuNanoseconds - before;
    }

    private void Pass(long milliseconds) =>
        _machine.AdvanceTo(_now += Duration.FromMilliseconds(milliseconds));
}
