using CsCheck;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Sim.Engine;

namespace Hyperscale.Det.Tests.Sim.Engine;

public sealed class NodeClockTests
{
    [Fact]
    public void A_process_starts_at_its_own_zero()
    {
        var clock = new NodeClock();

        clock.Restart(new Instant(5_000));

        Assert.Equal(Instant.Zero, clock.LocalAt(new Instant(5_000)));
    }

    [Fact]
    public void A_fast_clock_shows_more_time()
    {
        var clock = new NodeClock();
        clock.SetRate(Instant.Zero, 1050);

        Assert.Equal(new Instant(1_050_000), clock.LocalAt(new Instant(1_000_000)));
    }

    [Fact]
    public void A_change_of_rate_moves_no_hand()
    {
        var clock = new NodeClock();
        clock.SetRate(Instant.Zero, 950);
        var at = new Instant(1_000_000);
        var before = clock.LocalAt(at);

        clock.SetRate(at, 1050);

        Assert.Equal(before, clock.LocalAt(at));
    }

    [Fact]
    public void The_world_reaches_a_local_instant_neither_early_nor_late() =>
        Gen.Select(Gen.Int[900, 1100], Gen.Long[0, 1_000_000_000_000]).Sample((rate, local) =>
        {
            var clock = new NodeClock();
            clock.SetRate(Instant.Zero, rate);
            var due = new Instant(local);

            var world = clock.WorldAt(due);

            Assert.True(clock.LocalAt(world) >= due);
            Assert.True(world == Instant.Zero || clock.LocalAt(world - Duration.FromNanoseconds(1)) < due);
        });

    [Fact]
    public void A_deadline_that_never_comes_never_comes() =>
        Assert.Equal(Instant.Never, new NodeClock().WorldAt(Instant.Never));

    [Fact]
    public void The_wall_clock_can_be_set_back()
    {
        var clock = new NodeClock();
        var before = clock.WallAt(Instant.Zero);

        clock.SetWall(-1000);

        Assert.Equal(Duration.FromSeconds(-1), clock.WallAt(Instant.Zero) - before);
    }
}
