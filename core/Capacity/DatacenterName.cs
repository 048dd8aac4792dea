using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Capacity;

/// <summary>A datacenter's configured name with its hash, so that tables find it without reading the text
/// again; ordered by ordinal comparison.</summary>
public readonly record struct DatacenterName : IComparable<DatacenterName>, IHashed
{
    private readonly string? _text;

    private DatacenterName(string text)
    {
        _text = text;
        Hash = Rng.Mix(Rng.HashText(text));
    }

    public string Text => _text ?? "";

    /// <inheritdoc/>
    public ulong Hash { get; }

    public static DatacenterName Of(string text) => new(text);

    public bool Equals(DatacenterName other) =>
        Hash == other.Hash && string.Equals(Text, other.Text, StringComparison.Ordinal);

    public override int GetHashCode() => unchecked((int)Hash);

    public int CompareTo(DatacenterName other) => string.CompareOrdinal(Text, other.Text);

    public static bool operator <(DatacenterName a, DatacenterName b) => a.CompareTo(b) < 0;

    public static bool operator >(DatacenterName a, DatacenterName b) => a.CompareTo(b) > 0;

    public static bool operator <=(DatacenterName a, DatacenterName b) => a.CompareTo(b) <= 0;

    public static bool operator >=(DatacenterName a, DatacenterName b) => a.CompareTo(b) >= 0;

    public override string ToString() => Text;
}
