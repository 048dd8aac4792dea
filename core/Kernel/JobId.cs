using System.Globalization;

namespace Hyperscale.Det.Kernel;

/// <summary>A job's name: its ledger group and the op that created it, unique without coordination.</summary>
public readonly record struct JobId(int Group, long Op) : IComparable<JobId>, IHashed
{
    /// <summary>Ledger groups are numbered from 0 to this.</summary>
    public const int GroupMax = (1 << 20) - 1;

    /// <inheritdoc/>
    public ulong Hash => unchecked(Rng.Mix(Rng.Mix((ulong)Group) ^ (ulong)Op));

    public int CompareTo(JobId other) =>
        Group != other.Group ? Group.CompareTo(other.Group) : Op.CompareTo(other.Op);

    public static bool operator <(JobId a, JobId b) => a.CompareTo(b) < 0;

    public static bool operator >(JobId a, JobId b) => a.CompareTo(b) > 0;

    public static bool operator <=(JobId a, JobId b) => a.CompareTo(b) <= 0;

    public static bool operator >=(JobId a, JobId b) => a.CompareTo(b) >= 0;

    /// <summary>The text form <c>group-op</c>, zero-padded so that it sorts as the value does.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Group:D3}-{Op:D10}");

    public static bool TryParse(string? text, out JobId id)
    {
        id = default;
        var dash = text?.IndexOf('-', StringComparison.Ordinal) ?? -1;
        if (dash <= 0 || text!.Length > 32) return false;
        var (left, right) = (text[..dash], text[(dash + 1)..]);
        if (!int.TryParse(left, NumberStyles.None, CultureInfo.InvariantCulture, out var group)) return false;
        if (!long.TryParse(right, NumberStyles.None, CultureInfo.InvariantCulture, out var op)) return false;
        id = new JobId(group, op);
        return true;
    }

    public void AddTo(ref Fingerprint fingerprint)
    {
        fingerprint.Add((long)Group);
        fingerprint.Add(Op);
    }
}
