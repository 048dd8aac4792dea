namespace Hyperscale.Det.Shell.Workloads.Http;

/// <summary>When the virtual users of a closed model start: evenly over the ramp, user i at i / users of it;
/// later by as long as the ramp was held meanwhile.</summary>
/// <remarks>Times are of <see cref="MonotonicClock"/>. It can be held before it begins, and from any
/// thread.</remarks>
/// <param name="nanoseconds">0 starts all users at once.</param>
internal sealed class VuRamp(long nanoseconds, int users)
{
    private readonly Lock _lock = new();
    private long? _heldSince;
    private long _start;

    public void Begin(long now)
    {
        lock (_lock)
        {
            _start = now;
            if (_heldSince is not null) _heldSince = now;
        }
    }

    /// <summary>No further user starts from now on.</summary>
    public void Hold(long now)
    {
        lock (_lock) _heldSince ??= now;
    }

    public void Resume(long now)
    {
        lock (_lock)
        {
            if (_heldSince is not { } since) return;
            _start += now - since;
            _heldSince = null;
        }
    }

    /// <summary>Users that are to have started by now.</summary>
    public int StartedAt(long now)
    {
        lock (_lock)
        {
            var passed = Math.Min(now, _heldSince ?? now) - _start;
            if (passed >= nanoseconds) return users;
            return passed < 0 ? 0 : (int)((Int128)passed * users / nanoseconds) + 1;
        }
    }
}
