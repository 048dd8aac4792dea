namespace Hyperscale.Det.Kernel;

/// <summary>A point on one node's monotonic clock, in nanoseconds; never compared between nodes.</summary>
public readonly record struct Instant(long Nanoseconds) : IComparable<Instant>
{
    /// <summary>The node's own origin.</summary>
    public static readonly Instant Zero = new(0);

    /// <summary>The deadline of a machine that waits for nothing.</summary>
    public static readonly Instant Never = new(long.MaxValue);

    public static Instant Sooner(Instant a, Instant b) => a.Nanoseconds <= b.Nanoseconds ? a : b;

    public static Instant Later(Instant a, Instant b) => a.Nanoseconds >= b.Nanoseconds ? a : b;

    public int CompareTo(Instant other) => Nanoseconds.CompareTo(other.Nanoseconds);

    public static bool operator <(Instant a, Instant b) => a.Nanoseconds < b.Nanoseconds;

    public static bool operator >(Instant a, Instant b) => a.Nanoseconds > b.Nanoseconds;

    public static bool operator <=(Instant a, Instant b) => a.Nanoseconds <= b.Nanoseconds;

    public static bool operator >=(Instant a, Instant b) => a.Nanoseconds >= b.Nanoseconds;

    public static Duration operator -(Instant a, Instant b) => new(a.Nanoseconds - b.Nanoseconds);

    /// <summary>Adds a duration; what would pass the end of the clock is <see cref="Never"/>.</summary>
    public static Instant operator +(Instant a, Duration d) =>
        d.Nanoseconds > 0 && a.Nanoseconds > long.MaxValue - d.Nanoseconds
            ? Never
            : new(a.Nanoseconds + d.Nanoseconds);

    public static Instant operator -(Instant a, Duration d) => new(a.Nanoseconds - d.Nanoseconds);

    public override string ToString() =>
        this == Never ? "never" : $"{Nanoseconds / 1_000_000_000}.{Nanoseconds % 1_000_000_000:D9}s";
}
