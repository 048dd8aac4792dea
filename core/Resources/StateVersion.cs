using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Resources;

/// <summary>Which of two states of a node is newer: that of a later life, and of one life the higher
/// number.</summary>
/// <param name="Life">0 where the numbers go on over lives.</param>
public readonly record struct StateVersion(long Life, long Number) : IComparable<StateVersion>
{
    public const long LifeMax = uint.MaxValue;

    public int CompareTo(StateVersion other) =>
        Life != other.Life ? Life.CompareTo(other.Life) : Number.CompareTo(other.Number);

    /// <summary>What a node goes on with that others know in this version although it never was in it: it
    /// lost its disk and counts its lives from the start again.</summary>
    public StateVersion Over(StateVersion told) =>
        told > this && told.Life < LifeMax ? new StateVersion(told.Life + 1, 0) : this;

    public static bool operator <(StateVersion a, StateVersion b) => a.CompareTo(b) < 0;

    public static bool operator >(StateVersion a, StateVersion b) => a.CompareTo(b) > 0;

    public static bool operator <=(StateVersion a, StateVersion b) => a.CompareTo(b) <= 0;

    public static bool operator >=(StateVersion a, StateVersion b) => a.CompareTo(b) >= 0;

    public void AddTo(ref Fingerprint fingerprint)
    {
        fingerprint.Add(Life);
        fingerprint.Add(Number);
    }
}
