namespace Hyperscale.Det.Kernel;

/// <summary>Milliseconds since 1970-01-01 UTC, for display and for stamping log entries; never decides
/// safety.</summary>
public readonly record struct WallTime(long UnixMilliseconds) : IComparable<WallTime>
{
    public static WallTime operator +(WallTime a, Duration d) => new(a.UnixMilliseconds + d.Milliseconds);

    public static Duration operator -(WallTime a, WallTime b) =>
        Duration.FromMilliseconds(a.UnixMilliseconds - b.UnixMilliseconds);

    public static bool operator <(WallTime a, WallTime b) => a.UnixMilliseconds < b.UnixMilliseconds;

    public static bool operator >(WallTime a, WallTime b) => a.UnixMilliseconds > b.UnixMilliseconds;

    public static bool operator <=(WallTime a, WallTime b) => a.UnixMilliseconds <= b.UnixMilliseconds;

    public static bool operator >=(WallTime a, WallTime b) => a.UnixMilliseconds >= b.UnixMilliseconds;

    public int CompareTo(WallTime other) => UnixMilliseconds.CompareTo(other.UnixMilliseconds);
}
