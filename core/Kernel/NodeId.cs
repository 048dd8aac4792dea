namespace Hyperscale.Det.Kernel;

/// <summary>The configured, stable name of a node, for example <c>gate-1</c> or
/// <c>dc-a/manager-2</c>.</summary>
/// <remarks>1 to 64 characters of <c>a-z 0-9 - _ . /</c>; ordered by ordinal comparison, so every node orders
/// names alike.</remarks>
public readonly record struct NodeId : IComparable<NodeId>, IHashed
{
    public const int LengthMax = 64;

    private readonly string? _name;

    private NodeId(string name) => _name = name;

    public string Name => _name ?? "";

    /// <inheritdoc/>
    public ulong Hash => Rng.Mix(Rng.HashText(Name));

    public static bool IsValid(string? name) =>
        name is { Length: > 0 and <= LengthMax }
        && name.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c is '-' or '_' or '.' or '/');

    /// <exception cref="ArgumentException">The name is not valid; check outside input with
    /// <see cref="IsValid"/> first.</exception>
    public static NodeId Of(string name) => IsValid(name)
        ? new NodeId(name)
        : throw new ArgumentException(
            $"'{name}' is no node name: 1 to {LengthMax} characters of a-z 0-9 - _ . / are", nameof(name));

    public bool Equals(NodeId other) => string.Equals(Name, other.Name, StringComparison.Ordinal);

    public override int GetHashCode() => unchecked((int)Rng.HashText(Name));

    public int CompareTo(NodeId other) => string.CompareOrdinal(Name, other.Name);

    public static bool operator <(NodeId a, NodeId b) => a.CompareTo(b) < 0;

    public static bool operator >(NodeId a, NodeId b) => a.CompareTo(b) > 0;

    public static bool operator <=(NodeId a, NodeId b) => a.CompareTo(b) <= 0;

    public static bool operator >=(NodeId a, NodeId b) => a.CompareTo(b) >= 0;

    public override string ToString() => Name;
}
