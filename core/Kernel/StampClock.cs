namespace Hyperscale.Det.Kernel;

/// <summary>Wall time for stamping log entries: follows what the host last told, advances with the monotonic
/// clock in between, and never goes back, whatever the host's clock does.</summary>
public sealed class StampClock
{
    private WallTime _told;
    private Instant _toldAt;
    private WallTime _last;

    /// <summary>The host's wall clock showed <paramref name="wall"/> at <paramref name="now"/>.</summary>
    public void Observe(WallTime wall, Instant now)
    {
        _told = wall;
        _toldAt = now;
    }

    /// <summary>A later stamp exists already, for example in a recovered log.</summary>
    public void NotBefore(WallTime stamp)
    {
        if (stamp > _last) _last = stamp;
    }

    public WallTime At(Instant now)
    {
        NotBefore(_told + (now - _toldAt));
        return _last;
    }

    public void AddTo(ref Fingerprint fingerprint)
    {
        fingerprint.Add(_told.UnixMilliseconds);
        fingerprint.Add(_toldAt);
        fingerprint.Add(_last.UnixMilliseconds);
    }
}
