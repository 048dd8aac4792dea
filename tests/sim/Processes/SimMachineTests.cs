using Hyperscale.Det.Kernel;
using Hyperscale.Det.Sim.Processes;

namespace Hyperscale.Det.Tests.Sim.Processes;

/// <summary>The simulated process table does what kernels do.</summary>
public sealed class SimMachineTests
{
    private static readonly ProcessProgram Idle = new(0, MemoryCurve.Flat(1000), 3);
    private static readonly ProcessProgram Busy = Idle with { CpuPercent = 100 };

    private readonly SimMachine _machine = new(idsMax: 64);
    private Instant _now = Instant.Zero;

    [Fact]
    public void A_child_is_in_its_parents_group_and_session_unless_it_begins_one()
    {
        var family = Start(Idle with
        {
            Births = [new Birth(Ms(1), Idle), new Birth(Ms(2), Idle with { LeadsSession = true })],
        });

        Pass(10);
        var (root, child, leader) = (family.Living[0], family.Living[1], family.Living[2]);
        Assert.Equal((SimMachine.Worker, root.Id, root.Id), (root.Parent, root.Session, root.Group));
        Assert.Equal((root.Id, root.Id, root.Id), (child.Parent, child.Session, child.Group));
        Assert.Equal((root.Id, leader.Id, leader.Id), (leader.Parent, leader.Session, leader.Group));
    }

    [Fact]
    public void What_a_process_forked_twice_leaves_behind_is_adopted_by_the_worker()
    {
        var family = Start(Idle with { Births = [new Birth(Ms(1), Middle)] });

        Pass(10);
        var orphan = family.Living.Single(entry => entry.Program.IgnoresTerm);
        Assert.Equal(SimMachine.Worker, orphan.Parent);
        Assert.Equal(1, _machine.Adopted);
        Assert.Equal(2, family.Living.Count);
    }

    [Fact]
    public void A_subreaper_above_adopts_before_the_worker_does()
    {
        var family = Start(Idle with { IsSubreaper = true, Births = [new Birth(Ms(1), Middle)] });

        Pass(10);
        Assert.Equal(family.Root.Id, family.Living.Single(entry => entry.Program.IgnoresTerm).Parent);
    }

    [Fact]
    public void Time_of_a_child_that_was_waited_for_is_its_parents()
    {
        var family = Start(Idle with { Births = [new Birth(Ms(0), Busy with { Length = Ms(40) })] });

        Pass(100);
        Assert.Equal(40_000_000, family.Root.ReapedCpuNanoseconds);
        Assert.Equal(40_000_000, family.CpuNanoseconds);
        Assert.Single(_machine.Entries);
    }

    [Fact]
    public void A_child_that_nobody_waits_for_is_a_zombie_without_memory_until_its_parent_ends()
    {
        var family = Start(
            Idle with { Waits = false, Births = [new Birth(Ms(0), Busy with { Length = Ms(5) })] });

        Pass(20);
        var zombie = _machine.Entries.Single(entry => entry.IsZombie);
        Assert.Equal((family.Root.Id, 0, 0), (zombie.Parent, zombie.MemoryBytes, zombie.Descriptors));
        Assert.Equal(0, family.Root.ReapedCpuNanoseconds);

        _machine.End(family.Root);
        Assert.Equal(SimMachine.Worker, zombie.Parent);
        _machine.Reap(zombie);
        Assert.DoesNotContain(zombie, _machine.Entries);
    }

    [Fact]
    public void Ids_are_used_again_and_never_by_two_at_a_time()
    {
        var births = Enumerable.Range(0, 200).Select(i => new Birth(Ms(2 * i), Idle with { Length = Ms(1) }));
        var family = Start(Idle with { Births = [.. births] });
        var seen = new HashSet<(int, long)>();

        foreach (var entry in _machine.Entries) seen.Add((entry.Id, entry.StartTicks));
        for (var ms = 1; ms <= 400; ms++)
        {
            Pass(1);
            foreach (var entry in _machine.Entries) seen.Add((entry.Id, entry.StartTicks));
        }

        Assert.True(_machine.IdsUsedAgain > 100, $"{_machine.IdsUsedAgain}");
        Assert.Equal(201, family.Started);
        Assert.InRange(seen.Count, 200, 201);
    }

    [Fact]
    public void A_full_table_takes_only_what_the_worker_starts()
    {
        var births = Enumerable.Range(1, 100).Select(i => new Birth(Ms(i), Idle));
        var family = Start(Idle with { Births = [.. births] });

        Pass(200);
        Assert.True(family.Living.Count < 64);
        Assert.True(_machine.RefusedStarts > 0);
        Assert.NotNull(_machine.Start(Idle, At(200)));
    }

    [Fact]
    public void What_is_held_back_does_everything_later_and_uses_less()
    {
        var family = Start(Busy with { Births = [new Birth(Ms(50), Busy)] });
        _machine.Hold(family, new Hold(250, null, 0), At(0));

        Pass(199);
        Assert.Single(family.Living);
        Pass(1);
        Assert.Equal(2, family.Living.Count);
        Assert.Equal(50_000_000, family.CpuNanoseconds);
    }

    [Fact]
    public void A_quota_is_shared_by_all_that_run()
    {
        var family = Start(Busy with { Births = [new Birth(Ms(0), Busy with { CpuPercent = 300 })] });
        _machine.Hold(family, new Hold(1000, 100, 0), At(0));

        Pass(1000);
        Assert.InRange(family.CpuNanoseconds, 999_000_000, 1_001_000_000);
        Assert.InRange(family.Root.CpuNanoseconds, 249_000_000, 251_000_000);
    }

    [Fact]
    public void What_comes_through_a_loose_hold_is_its_part_of_the_rest()
    {
        var family = Start(Busy);
        _machine.Hold(family, new Hold(500, null, 400), At(0));

        Pass(1000);
        Assert.InRange(family.CpuNanoseconds, 699_000_000, 701_000_000);
    }

    [Fact]
    public void One_that_is_paused_hears_that_it_is_to_end_once_it_goes_on()
    {
        var family = Start(Idle);
        _machine.Hold(family, new Hold(500, null, 0), At(0));
        _machine.Terminate(family.Root);
        Pass(10);
        Assert.Single(family.Living);

        _machine.Hold(family, Hold.None, At(20));
        Assert.Empty(family.Living);
    }

    [Fact]
    public void Two_tables_with_the_same_past_are_the_same()
    {
        Assert.Equal(Run(), Run());

        static List<string> Run()
        {
            var machine = new SimMachine(300);
            var shape = new ResourceShape(RunawayShape.ForkStorm, Ms(3), Ms(300), 200, 10, 50);
            machine.Start(shape.ProgramFor(new(100, 1 << 30, 1000)), Instant.Zero);
            machine.AdvanceTo(At(777));
            return [.. machine.Entries.Select(entry =>
                $"{entry.Id} {entry.Parent} {entry.StartTicks} {entry.CpuNanoseconds} {entry.IsZombie}")];
        }
    }

    private static ProcessProgram Middle => Idle with
    {
        Length = Ms(5),
        Births = [new Birth(Ms(1), Idle with { LeadsSession = true, IgnoresTerm = true })],
    };

    private ProcessFamily Start(ProcessProgram program) => _machine.Start(program, Instant.Zero)!;

    private void Pass(long milliseconds) => _machine.AdvanceTo(_now += Ms(milliseconds));

    private static Duration Ms(long milliseconds) => Duration.FromMilliseconds(milliseconds);

    private static Instant At(long milliseconds) => Instant.Zero + Ms(milliseconds);
}
