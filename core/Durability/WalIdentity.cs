using System.Buffers.Binary;
using System.Text;
using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Durability;

/// <summary>Whose log it is. Every file carries both names, every frame a hash of each.</summary>
/// <param name="ClusterId">1 to 64 characters.</param>
public sealed record WalIdentity(string ClusterId, NodeId Node)
{
    /// <summary>Longest encoded form: two length prefixes, 64 characters of up to 4 bytes, 64 of 1.</summary>
    internal const int BytesMax = 2 + (64 * 4) + 2 + NodeId.LengthMax;

    public ulong ClusterHash { get; } = Rng.HashText(ClusterId);

    public ulong NodeHash { get; } = Rng.HashText(Node.Name);

    public bool Equals(WalIdentity? other) =>
        other is not null && Node == other.Node
        && string.Equals(ClusterId, other.ClusterId, StringComparison.Ordinal);

    public override int GetHashCode() => unchecked((int)(ClusterHash ^ NodeHash));

    public override string ToString() => $"node {Node} of cluster {ClusterId}";

    internal void Encode(Span<byte> target)
    {
        Invariant.Holds(ClusterId.Length is >= 1 and <= 64);
        Invariant.Holds(NodeId.IsValid(Node.Name));
        var cluster = Encoding.UTF8.GetBytes(ClusterId, target[2..]);
        BinaryPrimitives.WriteUInt16LittleEndian(target, (ushort)cluster);
        target = target[(2 + cluster)..];
        var node = Encoding.UTF8.GetBytes(Node.Name, target[2..]);
        BinaryPrimitives.WriteUInt16LittleEndian(target, (ushort)node);
    }

    internal static WalIdentity? Decode(ReadOnlySpan<byte> source)
    {
        var cluster = TakeText(ref source);
        var node = TakeText(ref source);
        if (cluster is not { Length: >= 1 and <= 64 }) return null;
        return NodeId.IsValid(node) ? new WalIdentity(cluster, NodeId.Of(node!)) : null;
    }

    /// <summary>Why a file of <paramref name="found"/> is not ours; null when it is.</summary>
    internal WalFault? Refuse(WalIdentity found, string file)
    {
        if (!string.Equals(found.ClusterId, ClusterId, StringComparison.Ordinal))
        {
            return new WalFault(
                WalVerdict.ForeignCluster,
                $"{file} belongs to cluster '{found.ClusterId}', this node to cluster '{ClusterId}'; "
                + "give the node its own data directory or the cluster id it was made with");
        }

        if (found.Node == Node) return null;
        return new WalFault(
            WalVerdict.ForeignNode,
            $"{file} belongs to node '{found.Node}', this node is '{Node}'; "
            + "give the node its own data directory or the node id it was made with");
    }

    private static string? TakeText(ref ReadOnlySpan<byte> source)
    {
        if (source.Length < 2) return null;
        var length = BinaryPrimitives.ReadUInt16LittleEndian(source);
        if (length > source.Length - 2) return null;
        var text = Encoding.UTF8.GetString(source.Slice(2, length));
        source = source[(2 + length)..];
        return text;
    }
}
