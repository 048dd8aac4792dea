using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Membership;

/// <summary>A member's claim to be alive, newer than all with a smaller number; only the member itself makes
/// one.</summary>
/// <param name="Number">0 to <see cref="NumberMax"/>.</param>
/// <param name="Boot">The start of the member that made the claim.</param>
public readonly record struct Incarnation(long Number, BootId Boot) : IComparable<Incarnation>
{
    /// <summary>Largest number. A peer that tells it of somebody silences that member until its next
    /// start; nobody reaches it by contradicting.</summary>
    public const long NumberMax = 1L << 62;

    /// <summary>The first claim of a start. It is above all claims of earlier starts as long as starts are
    /// counted on one disk, and no start contradicts 2^32 times. Where they are not counted, the member hears
    /// what is said of its earlier self and goes <see cref="Over"/> it.</summary>
    public static Incarnation First(BootId boot) => new((long)(boot.Starts & 0x3FFF_FFFF) << 32, boot);

    /// <summary>A claim of the same start above this one and above what was told.</summary>
    public Incarnation Over(Incarnation told) =>
        this with { Number = Math.Min(NumberMax, Math.Max(Number, told.Number) + 1) };

    public int CompareTo(Incarnation other)
    {
        var byNumber = Number.CompareTo(other.Number);
        return byNumber != 0 ? byNumber : Boot.Value.CompareTo(other.Boot.Value);
    }

    public static bool operator <(Incarnation a, Incarnation b) => a.CompareTo(b) < 0;

    public static bool operator >(Incarnation a, Incarnation b) => a.CompareTo(b) > 0;

    public static bool operator <=(Incarnation a, Incarnation b) => a.CompareTo(b) <= 0;

    public static bool operator >=(Incarnation a, Incarnation b) => a.CompareTo(b) >= 0;

    public void AddTo(ref Fingerprint fingerprint)
    {
        fingerprint.Add(Number);
        fingerprint.Add(Boot.Value);
    }

    public override string ToString() => $"{Number:x}@{Boot}";
}
