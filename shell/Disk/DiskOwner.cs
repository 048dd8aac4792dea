using System.Security.Cryptography;
using Hyperscale.Det.Durability;
using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Shell.Disk;

/// <summary>The node that a data directory is for.</summary>
/// <param name="Replicas">How many nodes, this one included, keep each ledger of this node; of those that
/// fewest keep.</param>
/// <param name="Empty">What it means when the directory is empty.</param>
public sealed record DiskOwner(
    string ClusterId, NodeId Node, int Replicas, EmptyDisk Empty = EmptyDisk.Unknown)
{
    /// <summary>One start on the directory.</summary>
    public DiskStart NewStart() => new(
        new WalIdentity(ClusterId, Node),
        BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(sizeof(ulong))),
        new WallTime(DateTimeOffset.UtcNow.ToUnixTimeMilliseconds()),
        Replicas,
        Empty);
}
