namespace Hyperscale.Det.Shell.Transport;

/// <summary>Waits between tries that double up to a bound, each shortened at random by up to a half so that
/// many nodes do not try in step.</summary>
internal sealed class Backoff
{
    private readonly object _gate = new();
    private readonly TimeSpan _min;
    private readonly TimeSpan _max;
    private readonly Func<double> _draw;
    private TaskCompletionSource _sleeper = NewSleeper();
    private TimeSpan _next;

    /// <param name="draw">A fraction in [0, 1).</param>
    public Backoff(TimeSpan min, TimeSpan max, Func<double> draw) =>
        (_min, _next, _max, _draw) = (min, min, max, draw);

    /// <summary>The next wait; the one after it is twice as long. A <see cref="Reset"/> from now on ends
    /// it.</summary>
    public TimeSpan Next()
    {
        lock (_gate)
        {
            _sleeper = NewSleeper();
            var wait = _next;
            _next = wait + wait > _max ? _max : wait + wait;
            return wait - (wait / 2 * _draw());
        }
    }

    /// <summary>The next wait is the shortest again, and one under way ends.</summary>
    public void Reset()
    {
        lock (_gate)
        {
            _next = _min;
            _sleeper.TrySetResult();
        }
    }

    /// <summary>Waits as long as <see cref="Next"/> said last.</summary>
    public async Task WaitAsync(TimeSpan wait, TimeProvider time, CancellationToken cancellation)
    {
        Task reset;
        lock (_gate) reset = _sleeper.Task;
        try
        {
            await reset.WaitAsync(wait, time, cancellation);
        }
        // The wait is over.
        catch (TimeoutException)
        {
        }
    }

    private static TaskCompletionSource NewSleeper() =>
        new(TaskCreationOptions.RunContinuationsAsynchronously);
}
