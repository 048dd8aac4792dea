using CsCheck;
using Hyperscale.Det.Shell.Workloads.Http;

namespace Hyperscale.Det.Tests.Shell.Workloads;

public sealed class VuRampTests
{
    private const long Second = 1_000_000_000;

    [Fact]
    public void Users_start_evenly_over_the_ramp_the_first_at_once()
    {
        var ramp = new VuRamp(10 * Second, 5);
        ramp.Begin(100 * Second);

        Assert.Equal(0, ramp.StartedAt((100 * Second) - 1));
        Assert.Equal(
            [1, 1, 2, 2, 3, 5, 5, 5],
            new[] { 0, 1, 2, 3, 4, 8, 10, 1000 }.Select(at => ramp.StartedAt((100 + at) * Second)));
    }

    [Fact]
    public void Without_a_ramp_all_start_at_once()
    {
        var ramp = new VuRamp(0, 1000);
        ramp.Begin(7);
        Assert.Equal(1000, ramp.StartedAt(7));
    }

    [Fact]
    public void While_it_is_held_nobody_starts_and_afterwards_it_goes_on_where_it_was()
    {
        var ramp = new VuRamp(10 * Second, 10);
        ramp.Begin(0);
        ramp.Hold(3 * Second);
        ramp.Hold(5 * Second);
        Assert.Equal(4, ramp.StartedAt(9 * Second));

        ramp.Resume(9 * Second);
        ramp.Resume(11 * Second);

        Assert.Equal(4, ramp.StartedAt(9 * Second));
        Assert.Equal(5, ramp.StartedAt(10 * Second));
        Assert.Equal(10, ramp.StartedAt(16 * Second));
    }

    [Fact]
    public void What_was_held_before_it_began_does_not_count()
    {
        var ramp = new VuRamp(10 * Second, 10);
        ramp.Hold(0);
        ramp.Begin(50 * Second);
        Assert.Equal(1, ramp.StartedAt(55 * Second));

        ramp.Resume(55 * Second);

        Assert.Equal(2, ramp.StartedAt(56 * Second));
    }

    [Fact]
    public void However_it_is_held_users_only_come_and_never_faster_than_the_ramp() => Gen.Select(
            Gen.Int[1, 100], Gen.Long[0, 20], Gen.Select(Gen.Long[0, 5], Gen.Bool).List[0, 30])
        .Sample((users, seconds, moves) =>
        {
            var ramp = new VuRamp(seconds * Second, users);
            ramp.Begin(0);
            var (now, free, before, isHeld) = (0L, 0L, 0, false);
            foreach (var (wait, hold) in moves)
            {
                now += wait * Second;
                if (!isHeld) free += wait * Second;
                var started = ramp.StartedAt(now);
                Assert.InRange(started, before, users);
                Assert.Equal(
                    free >= seconds * Second ? users : (int)(free * users / (seconds * Second)) + 1, started);
                before = started;
                if (hold) ramp.Hold(now);
                else ramp.Resume(now);
                isHeld = hold;
            }
        });
}
