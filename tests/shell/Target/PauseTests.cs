using Hyperscale.Det.Shell.Target;

namespace Hyperscale.Det.Tests.Shell.Target;

public sealed class PauseTests
{
    [Fact]
    public async Task A_timer_that_fires_early_does_not_end_the_pause()
    {
        var clock = new HastyClock(early: TimeSpan.FromMilliseconds(4));
        await Pause.AtLeastAsync(TimeSpan.FromMilliseconds(10), clock);
        Assert.Equal(TimeSpan.FromMilliseconds(10), clock.Elapsed);
    }

    [Fact]
    public async Task No_pause_sets_no_timer()
    {
        var clock = new HastyClock(TimeSpan.Zero);
        await Pause.AtLeastAsync(TimeSpan.Zero, clock);
        Assert.Equal(0, clock.Timers);
    }

    /// <summary>Time that passes with its timers alone, each of which fires early but for the shortest.
    /// </summary>
    private sealed class HastyClock(TimeSpan early) : TimeProvider
    {
        public TimeSpan Elapsed { get; private set; }

        public int Timers { get; private set; }

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => Elapsed.Ticks;

        public override ITimer CreateTimer(
            TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            Timers++;
            Elapsed += dueTime > early ? dueTime - early : dueTime;
            return System.CreateTimer(callback, state, TimeSpan.Zero, period);
        }
    }
}
