using Hyperscale.Det.Replication;

namespace Hyperscale.Det.Nodes;

/// <content>The replica of this manager, as others may see it.</content>
public sealed partial class ManagerNode
{
    /// <summary>The replica of each group that this manager keeps; for reading.</summary>
    public IReadOnlyCollection<VsrReplica> Groups => _replicas.Groups;
}
