using Hyperscale.Det.Replication;

namespace Hyperscale.Det.Nodes;

/// <content>The replicas of this gate, as others may see them.</content>
public sealed partial class GateNode
{
    /// <summary>The replica of each group that this gate keeps; for reading.</summary>
    public IReadOnlyCollection<VsrReplica> Groups => _replicas.Groups;
}
