using Hyperscale.Det.Replication;

namespace Hyperscale.Det.Nodes;

/// <summary>A node that keeps replicas of ledger groups. For checkers and tests; never changed from
/// outside.</summary>
public interface IReplicaNode : INode
{
    IReadOnlyCollection<VsrReplica> Replicas { get; }

    /// <summary>The group's state in this node's ledger, as a snapshot keeps it.</summary>
    ReadOnlyMemory<byte> StateOf(int group);
}

/// <content>What checkers see of a gate's replicas.</content>
public sealed partial class GateNode : IReplicaNode
{
    /// <inheritdoc/>
    public IReadOnlyCollection<VsrReplica> Replicas => _replicas.Groups;

    /// <inheritdoc/>
    public ReadOnlyMemory<byte> StateOf(int group) => Ledger.Encode(group);
}

/// <content>What checkers see of a manager's replica.</content>
public sealed partial class ManagerNode : IReplicaNode
{
    /// <inheritdoc/>
    public IReadOnlyCollection<VsrReplica> Replicas => _replicas.Groups;

    /// <inheritdoc/>
    public ReadOnlyMemory<byte> StateOf(int group) => Ledger.Encode();
}
