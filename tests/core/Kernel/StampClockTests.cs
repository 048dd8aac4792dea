using CsCheck;
using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Tests.Core.Kernel;

public sealed class StampClockTests
{
    [Fact]
    public void It_shows_what_the_host_told_and_what_passed_since()
    {
        var clock = new StampClock();
        clock.Observe(new WallTime(1_000_000), At(50));

        Assert.Equal(new WallTime(1_000_000), clock.At(At(50)));
        Assert.Equal(new WallTime(1_000_250), clock.At(At(300)));
    }

    [Fact]
    public void A_host_clock_that_jumps_ahead_is_followed()
    {
        var clock = new StampClock();
        clock.Observe(new WallTime(1_000), At(0));
        clock.Observe(new WallTime(90_000), At(1));

        Assert.Equal(new WallTime(90_001), clock.At(At(2)));
    }

    [Fact]
    public void A_host_clock_that_jumps_back_is_waited_for()
    {
        var clock = new StampClock();
        clock.Observe(new WallTime(10_000), At(0));
        Assert.Equal(new WallTime(10_000), clock.At(At(0)));
        clock.Observe(new WallTime(4_000), At(1));

        Assert.Equal(new WallTime(10_000), clock.At(At(5_000)));
        Assert.Equal(new WallTime(10_001), clock.At(At(6_002)));
    }

    [Fact]
    public void No_stamp_is_before_one_that_exists_already()
    {
        var clock = new StampClock();
        clock.Observe(new WallTime(1_000), At(0));
        clock.NotBefore(new WallTime(7_000));

        Assert.Equal(new WallTime(7_000), clock.At(At(1)));
    }

    [Fact]
    public void It_never_goes_back_whatever_the_host_tells()
    {
        var steps = Gen.Select(Gen.Int[0, 2], Gen.Long[0, 100_000], Gen.Long[0, 1_000]).List[1, 30];
        steps.Sample(list =>
        {
            var clock = new StampClock();
            var now = Instant.Zero;
            var last = new WallTime(long.MinValue);
            foreach (var (kind, wall, passed) in list)
            {
                now += Duration.FromMilliseconds(passed);
                if (kind == 0) clock.Observe(new WallTime(wall), now);
                if (kind == 1) clock.NotBefore(new WallTime(wall));
                var shown = clock.At(now);
                Assert.True(shown >= last);
                if (kind == 1) Assert.True(shown >= new WallTime(wall));
                last = shown;
            }
        });
    }

    [Fact]
    public void What_later_stamps_depend_on_shows_in_the_fingerprint()
    {
        var clock = new StampClock();
        var values = new List<ulong> { Fingerprint(clock) };
        clock.Observe(new WallTime(5), At(1));
        values.Add(Fingerprint(clock));
        clock.Observe(new WallTime(5), At(2));
        values.Add(Fingerprint(clock));
        clock.NotBefore(new WallTime(9));
        values.Add(Fingerprint(clock));

        Assert.Equal(values.Count, values.Distinct().Count());
    }

    private static Instant At(long milliseconds) => Instant.Zero + Duration.FromMilliseconds(milliseconds);

    private static ulong Fingerprint(StampClock clock)
    {
        var fingerprint = new Fingerprint();
        clock.AddTo(ref fingerprint);
        return fingerprint.Value;
    }
}
