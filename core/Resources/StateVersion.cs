using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Resources;

/// <summary>Which of two states of a node is newer: that of a later life, and of one life the higher
/// number.</summary>
/// <param name="Life">0 where the numbers go on over lives.</param>
public readonly record struct StateVersion(long Life, long Number) : IComparable<StateVersion>
{
    public int CompareTo(StateVersion other) =>
        Life != other.Life ? Life.CompareTo(other.Life) : Number.CompareTo(other.Number);

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
