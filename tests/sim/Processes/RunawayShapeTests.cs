using Hyperscale.Det.Kernel;
using Hyperscale.Det.Resources;
using Hyperscale.Det.Sim.Processes;

namespace Hyperscale.Det.Tests.Sim.Processes;

/// <summary>Each shape of a runaway does what it is named for.</summary>
public sealed class RunawayShapeTests
{
    private static readonly ResourceLimits Limits = new(800, 16L << 30, 10_000);

    private readonly SimMachine _machine = new(idsMax: 300);

    /// <summary>Percent of the budget's memory, descriptors and processor, and processes: the least and the
    /// most of ten seconds, without what only begins.</summary>
    [Theory]
    [InlineData(RunawayShape.None, 19, 21, 0, 1, 9, 13, 2, 4)]
    [InlineData(RunawayShape.Leak, 600, 1201, 0, 1, 9, 13, 2, 2)]
    [InlineData(RunawayShape.Spike, 19, 21, 0, 1, 9, 13, 2, 2)]
    [InlineData(RunawayShape.Sawtooth, 54, 96, 0, 1, 9, 13, 2, 2)]
    [InlineData(RunawayShape.ForkStorm, 19, 21, 270, 310, 9, 22, 33, 35)]
    [InlineData(RunawayShape.Orphan, 600, 1220, 0, 1, 9, 13, 2, 2)]
    [InlineData(RunawayShape.Hog, 19, 21, 0, 1, 300, 320, 3, 3)]
    [InlineData(RunawayShape.Deaf, 600, 1201, 0, 1, 9, 13, 2, 2)]
    [InlineData(RunawayShape.ShortLived, 19, 621, 0, 1, 9, 20, 1, 3)]
    [InlineData(RunawayShape.Plateau, 94, 96, 0, 1, 9, 13, 2, 2)]
    public void It_uses_what_it_is_named_for(
        RunawayShape shape, int memoryMin, int memoryMax, int filesMin, int filesMax, int cpuMin, int cpuMax,
        int processesMin, int processesMax)
    {
        var family = Start(shape);
        for (var second = 2; second <= 10; second++)
        {
            var before = family.CpuNanoseconds;
            _machine.AdvanceTo(At(second * 1000));
            if (second == 2) continue;
            var memory = 100.0 * family.MemoryBytes / Limits.MemoryBytes;
            Assert.InRange(memory, memoryMin, memoryMax);
            Assert.InRange(100 * family.Descriptors / Limits.FileDescriptors, filesMin, filesMax);
            var cpu = (family.CpuNanoseconds - before) / 10_000_000.0;
            Assert.InRange(100 * cpu / Limits.CpuPercent, cpuMin, cpuMax);
            Assert.InRange(family.Living.Count, processesMin, processesMax);
        }
    }

    [Fact]
    public void A_spike_is_far_over_the_budget_and_shorter_than_the_grace()
    {
        var grace = Duration.FromSeconds(2);
        for (var seed = 0UL; seed < 2000; seed++)
        {
            var shape = ResourceShape.Of(new Rng(seed), isRunaway: true, cores: 1, grace);
            if (shape.Shape != RunawayShape.Spike) continue;
            var program = shape.ProgramFor(Limits);
            Assert.True(shape.Step < grace);
            Assert.True(program.Memory.At(shape.Begins) > 2 * Limits.MemoryBytes);
            Assert.True(program.Memory.At(shape.Begins + shape.Step) < Limits.MemoryBytes / 2);
        }
    }

    [Fact]
    public void A_sawtooth_comes_near_its_budget_and_never_over_it()
    {
        var family = Start(RunawayShape.Sawtooth);
        var most = 0L;
        for (var ms = 20; ms < 5000; ms += 5)
        {
            _machine.AdvanceTo(At(ms));
            most = Math.Max(most, family.MemoryBytes);
        }

        Assert.InRange(100.0 * most / Limits.MemoryBytes, 93, 95.1);
    }

    [Fact]
    public void A_storm_doubles_is_bounded_and_goes_on_with_children_that_nobody_waits_for()
    {
        var family = Start(RunawayShape.ForkStorm);
        _machine.AdvanceTo(At(1900));

        Assert.InRange(
            family.Living.Count, 1 << ResourceShape.StormDoublings, (1 << ResourceShape.StormDoublings) + 3);
        Assert.Contains(_machine.Entries, entry => entry.IsZombie);
        _machine.AdvanceTo(At(60_000));
        Assert.InRange(
            family.Started, 0, (1 << ResourceShape.StormDoublings) + ResourceShape.ShortLivedMax + 1);
    }

    [Fact]
    public void An_orphan_left_its_parent_and_its_session_and_takes_no_term()
    {
        var family = Start(RunawayShape.Orphan);
        _machine.AdvanceTo(At(1000));
        var orphan = family.Living[^1];

        Assert.Equal((SimMachine.Worker, orphan.Id), (orphan.Parent, orphan.Session));
        Terminate(family);
        Assert.Equal([orphan], family.Living);
    }

    [Theory]
    [InlineData(RunawayShape.Deaf, 1)]
    [InlineData(RunawayShape.Leak, 0)]
    [InlineData(RunawayShape.ForkStorm, 0)]
    [InlineData(RunawayShape.ShortLived, 0)]
    public void Only_those_that_are_deaf_outlive_a_term(RunawayShape shape, int living)
    {
        var family = Start(shape);
        _machine.AdvanceTo(At(1000));
        Terminate(family);
        Assert.Equal(living, family.Living.Count);
    }

    [Fact]
    public void A_hog_is_a_grandchild()
    {
        var family = Start(RunawayShape.Hog);
        _machine.AdvanceTo(At(1000));
        var hog = family.Living.MaxBy(entry => entry.CpuNanoseconds)!;

        Assert.Equal(family.Root.Id, _machine.Find(hog.Parent)!.Parent);
    }

    [Fact]
    public void Children_that_allocate_end_and_are_waited_for_one_after_another()
    {
        var family = Start(RunawayShape.ShortLived);
        _machine.AdvanceTo(At(5000));

        Assert.InRange(family.Started, 10, 14);
        Assert.True(family.Root.ReapedCpuNanoseconds > 1_500_000_000);
        Assert.Single(_machine.Entries, entry => entry != family.Root);
    }

    [Fact]
    public void Every_shape_is_drawn_and_none_without_a_runaway()
    {
        var drawn = new SortedSet<RunawayShape>();
        for (var seed = 0UL; seed < 300; seed++)
        {
            var grace = Duration.FromSeconds(1);
            drawn.Add(ResourceShape.Of(new Rng(seed), isRunaway: true, cores: 2, grace).Shape);
            Assert.Equal(
                RunawayShape.None, ResourceShape.Of(new Rng(seed), isRunaway: false, cores: 2, grace).Shape);
        }

        Assert.Equal(Enum.GetValues<RunawayShape>().Where(shape => shape != RunawayShape.None), drawn);
    }

    private ProcessFamily Start(RunawayShape shape)
    {
        var drawn = new ResourceShape(
            shape, Duration.FromMilliseconds(10), Duration.FromMilliseconds(400), 300, 20, 80);
        return _machine.Start(drawn.ProgramFor(Limits), Instant.Zero)!;
    }

    private void Terminate(ProcessFamily family)
    {
        foreach (var entry in family.Living.ToList()) _machine.Terminate(entry);
    }

    private static Instant At(long milliseconds) => Instant.Zero + Duration.FromMilliseconds(milliseconds);
}
