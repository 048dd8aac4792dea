namespace Hyperscale.Det.Shell.Target;

/// <summary>Waiting that never ends early.</summary>
internal static class Pause
{
    private static readonly TimeSpan Shortest = TimeSpan.FromMilliseconds(1);

    /// <summary>Waits for at least <paramref name="duration"/> on the precise clock.</summary>
    /// <remarks>The runtime's timers count whole ticks of the system's coarse clock, which stands still
    /// between its ticks and for longer on a busy machine. A timer that was set by a clock that lags fires
    /// early by as much.</remarks>
    public static async Task AtLeastAsync(TimeSpan duration, TimeProvider time)
    {
        var started = time.GetTimestamp();
        TimeSpan left;
        while ((left = duration - time.GetElapsedTime(started)) > TimeSpan.Zero)
        {
            // Below a millisecond a timer fires at once, and waiting would be spinning.
            await Task.Delay(left > Shortest ? left : Shortest, time);
        }
    }
}
