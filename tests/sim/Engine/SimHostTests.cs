using Hyperscale.Det.Kernel;
using Hyperscale.Det.Nodes;
using Hyperscale.Det.Protocol;
using Hyperscale.Det.Sim.Coverage;
using Hyperscale.Det.Sim.Engine;
using Hyperscale.Det.Sim.Plans;
using Barrier = Hyperscale.Det.Nodes.Barrier;

namespace Hyperscale.Det.Tests.Sim.Engine;

/// <summary>A process lives by the rules of the shell's host, and its faults really happen.</summary>
public sealed class SimHostTests
{
    private const string Gate = "gate-1";
    private const string Manager = "dc-a/manager-1";

    private static readonly NodeId ManagerId = NodeId.Of(Manager);
    private static readonly Duration Second = Duration.FromSeconds(1);

    [Fact]
    public void What_rests_on_a_record_leaves_once_the_record_is_durable()
    {
        // The record is written at a fifth of a second, and its sync takes one.
        var stall = new PlannedFault.DiskStall(Duration.FromMilliseconds(150), Second * 9, Gate, Second);
        var world = Appending([stall], [Number(1, Barrier.Durable), Number(2, Barrier.None)]);

        world.RunFor(Second);
        // What rests on nothing does not wait behind what does.
        Assert.Equal([2], world.At(Manager).Of<NodeInput.Received>().Select(FenceOf));
        world.RunFor(Second);

        Assert.Equal([2, 1], world.At(Manager).Of<NodeInput.Received>().Select(FenceOf));
    }

    [Fact]
    public void A_node_is_ticked_at_its_deadline_and_not_before()
    {
        var world = new ScriptedWorld(CalmPlan.Smallest);
        var due = Instant.Zero + Duration.FromMilliseconds(300);
        world.At(Gate).Deadline = now => now < due ? due : Instant.Never;

        world.RunFor(Second);

        var tick = Assert.Single(world.At(Gate).Inputs, entry => entry.Input is NodeInput.Tick);
        Assert.InRange(tick.At.Nanoseconds, due.Nanoseconds, due.Nanoseconds + 2_000_000);
    }

    [Fact]
    public void Inputs_that_come_while_a_batch_runs_make_the_next_batch()
    {
        var world = new ScriptedWorld(CalmPlan.Smallest.With(CalmPlan.Host with { BatchCost = Second }));
        world.RunFor(Second * 5);
        var host = world.World.HostOf(Gate);
        for (var i = 0; i < 3; i++) host.Post(new NodeInput.PeerLost(ManagerId));

        Assert.Equal(2, host.MailboxCount);
        world.RunFor(Second);
        Assert.Equal(0, host.MailboxCount);
    }

    [Fact]
    public void A_killed_process_finds_everything_that_it_wrote()
    {
        var world = Crashing(CrashPoint.DuringSync, CrashExtent.Process);

        world.RunFor(Second * 5);

        Assert.Equal(1, world.At(Gate).Of<NodeInput.Started>().Last().Recovered.LastLsn);
        Assert.True(world.World.Coverage.Count(Probe.CrashDuringSync) > 0);
        Assert.Empty(world.At(Gate).Of<NodeInput.Durable>());
    }

    [Fact]
    public void A_dead_machine_may_lose_or_tear_what_was_not_synced()
    {
        var found = new SortedSet<long>();
        var torn = 0L;
        for (var seed = 1UL; seed <= 60; seed++)
        {
            var world = Crashing(CrashPoint.DuringSync, CrashExtent.Machine, seed);
            world.RunFor(Second * 5);
            found.Add(world.At(Gate).Of<NodeInput.Started>().Last().Recovered.LastLsn);
            torn += world.World.Coverage.Count(Probe.TornTailCut);
        }

        Assert.Equal([0, 1], found);
        Assert.True(torn > 0);
    }

    [Fact]
    public void A_node_that_dies_between_its_effects_has_carried_out_only_the_first()
    {
        var world = Crashing(CrashPoint.BetweenEffects, CrashExtent.Process);

        world.RunFor(Second * 5);

        Assert.Equal(0, world.At(Gate).Of<NodeInput.Started>().Last().Recovered.LastLsn);
        Assert.True(world.World.Coverage.Count(Probe.CrashBetweenEffects) > 0);
    }

    [Fact]
    public void A_node_that_dies_with_effects_held_back_never_sends_them()
    {
        var world = Crashing(CrashPoint.WithEffectsHeld, CrashExtent.Process);

        world.RunFor(Second * 5);

        Assert.Empty(world.At(Manager).Of<NodeInput.Received>());
        Assert.True(world.World.Coverage.Count(Probe.CrashWithEffectsHeldBack) > 0);
    }

    [Fact]
    public void A_node_that_dies_after_a_decision_has_told_nobody_what_rests_on_it()
    {
        var granted = new TelemetryEvent.RetryGranted(
            new Jobs.AttemptKey(new Jobs.SlotKey(new JobId(0, 1), 0, 1), 0, 2), "it failed", Left: 1);
        PlannedFault[] faults =
        [
            new PlannedFault.Crash(
                Duration.FromMilliseconds(150), Gate, CrashPoint.RetryGranted, CrashExtent.Process, Second),
        ];
        var world = Appending(faults, [new NodeEffect.Emit(granted), Number(1, Barrier.Durable)]);

        world.RunFor(Second * 5);

        Assert.Equal(2, world.At(Gate).Of<NodeInput.Started>().Count());
        Assert.Empty(world.At(Manager).Of<NodeInput.Received>());
        Assert.Equal(1, world.World.Coverage.Count(FaultFamily.Handover));
    }

    [Fact]
    public void A_node_that_does_not_decide_what_a_crash_waits_for_lives_on()
    {
        foreach (var point in new[] { CrashPoint.RetryGranted, CrashPoint.LastResultProposed })
        {
            var world = Crashing(point, CrashExtent.Process);

            world.RunFor(Second * 5);

            Assert.Single(world.At(Gate).Of<NodeInput.Started>());
        }
    }

    [Fact]
    public void A_failed_sync_ends_the_node_and_the_next_life_reads_what_is_there()
    {
        var world = Appending(
            [new PlannedFault.DiskError(Duration.FromMilliseconds(150), Gate, Second)],
            Number(1, Barrier.Durable));

        world.RunFor(Second * 5);

        Assert.Equal(2, world.At(Gate).Of<NodeInput.Started>().Count());
        Assert.Empty(world.At(Gate).Of<NodeInput.Durable>());
        Assert.Empty(world.At(Manager).Of<NodeInput.Received>());
        Assert.True(world.World.Coverage.Count(FaultFamily.DiskError) > 0);
    }

    [Fact]
    public void A_stalled_disk_makes_syncs_late()
    {
        var stall = new PlannedFault.DiskStall(Duration.FromMilliseconds(150), Second * 9, Gate, Second);

        Assert.True(DurableAt(stall) > DurableAt() + (Duration.FromMilliseconds(900)));
    }

    [Fact]
    public void A_slow_process_takes_longer_between_batches()
    {
        Assert.True(TicksIn(new PlannedFault.SlowProcess(
            Duration.Zero, Second * 9, Gate, Duration.FromMilliseconds(100))) < TicksIn() / 5);
    }

    [Fact]
    public void A_batch_that_a_slow_process_began_hampers_it_to_its_end()
    {
        var end = Instant.Zero + (Second * 3 / 2);
        var world = Ticking(new PlannedFault.SlowProcess(Duration.Zero, Second * 3 / 2, Gate, Second));

        world.RunFor(Second * 3);

        var host = world.World.HostOf(Gate);
        // On the node's own clock, which begins with its process.
        var until = host.HamperedUntil + (host.LocalNow - world.World.Now);
        var next = world.At(Gate).Inputs.First(entry => entry.Input is NodeInput.Tick && entry.At > end).At;
        Assert.True(until > end + (Second / 4), $"hampered until {until}");
        Assert.InRange(next.Nanoseconds, until.Nanoseconds, until.Nanoseconds + 2_000_000);
    }

    [Fact]
    public void A_paused_process_misses_time_and_goes_on()
    {
        var world = Ticking(new PlannedFault.Pause(Second, Gate, Second * 3));

        world.RunFor(Second * 6);

        var ticks = world.At(Gate).Inputs.Where(entry => entry.Input is NodeInput.Tick).ToList();
        var gaps = ticks.Zip(ticks.Skip(1), (a, b) => b.At - a.At);
        Assert.Single(gaps, gap => gap > Duration.FromMilliseconds(2900));
    }

    [Fact]
    public void A_clock_that_is_fast_ticks_more_often()
    {
        Assert.True(TicksIn(new PlannedFault.ClockRate(Duration.Zero, Gate, 1050)) > TicksIn());
    }

    [Fact]
    public void A_wall_clock_that_jumps_shows_in_ticks()
    {
        var world = Ticking(new PlannedFault.WallJump(Second, Gate, -60_000));

        world.RunFor(Second * 2);

        var walls = world.At(Gate).Of<NodeInput.Tick>().Select(tick => tick.Wall).ToList();
        Assert.Contains(walls.Zip(walls.Skip(1)), pair => pair.Second < pair.First);
    }

    [Fact]
    public void A_client_that_dies_forgets_what_it_asked()
    {
        var plan = Checkers.CheckerPlans.OneSubmission.With(new PlannedFault.Crash(
            Second, "client-1", CrashPoint.Anywhere, CrashExtent.Process, Second));
        var world = new ScriptedWorld(plan);

        world.RunFor(Duration.FromMilliseconds(1500));

        Assert.Equal(0, world.World.Clients.OpenCount);
        Assert.True(world.World.Coverage.Count(FaultFamily.ClientCrash) > 0);
        Assert.True(world.World.Coverage.Count(Probe.ClientCrashedWithRequestOpen) > 0);
    }

    [Fact]
    public void A_healed_world_has_everyone_up()
    {
        var crash = new PlannedFault.Crash(
            Second, Gate, CrashPoint.Anywhere, CrashExtent.Machine, Duration.FromMinutes(60));
        var world = new ScriptedWorld(CalmPlan.Smallest.With(crash) with { FaultsEnd = Second * 3 });

        world.RunFor(Second * 2);
        Assert.Equal(HostState.Down, world.World.HostOf(Gate).State);
        world.RunFor(Second * 2);

        Assert.Equal(HostState.Running, world.World.HostOf(Gate).State);
    }

    private static ScriptedWorld Crashing(CrashPoint point, CrashExtent extent, ulong seed = 7) => Appending(
        [new PlannedFault.Crash(Duration.FromMilliseconds(150), Gate, point, extent, Second)],
        Number(1, Barrier.Durable),
        seed);

    private static ScriptedWorld Appending(PlannedFault[] faults, NodeEffect then, ulong seed = 7) =>
        Appending(faults, [then], seed);

    /// <summary>A gate that, at a fifth of a second, appends a record and does something more.</summary>
    private static ScriptedWorld Appending(PlannedFault[] faults, NodeEffect[] then, ulong seed = 7)
    {
        var world = new ScriptedWorld(CalmPlan.Smallest.With(faults) with { Seed = seed });
        var due = Instant.Zero + Duration.FromMilliseconds(200);
        var isDone = false;
        world.At(Gate).Deadline = _ => isDone ? Instant.Never : due;
        world.At(Gate).OnInput = (input, _, outbox) =>
        {
            if (input is not NodeInput.Tick) return;
            isDone = true;
            outbox.Emit(LogRecords.Append(LogRecords.After(null, view: 1, stamp: 1, bytes: 3000)));
            foreach (var effect in then) outbox.Emit(effect);
        };
        return world;
    }

    private static ScriptedWorld Ticking(params PlannedFault[] faults)
    {
        var world = new ScriptedWorld(CalmPlan.Smallest.With(faults));
        world.At(Gate).Deadline = now => now + Duration.FromMilliseconds(10);
        return world;
    }

    private static int TicksIn(params PlannedFault[] faults)
    {
        var world = Ticking(faults);
        world.RunFor(Second * 5);
        return world.At(Gate).Of<NodeInput.Tick>().Count();
    }

    private static Instant DurableAt(params PlannedFault[] faults)
    {
        var world = Appending(faults, []);
        world.RunFor(Second * 5);
        return world.At(Gate).Inputs.First(entry => entry.Input is NodeInput.Durable).At;
    }

    private static NodeEffect.Send Number(long number, Barrier barrier) => new(
        ManagerId, new Message.StartSlot(new Jobs.SlotKey(new JobId(0, 1), 0, 1), number), barrier);

    private static long FenceOf(NodeInput.Received received) => ((Message.StartSlot)received.Message).Fence;
}
