using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Nodes;

/// <summary>The machine a host sees: one process of the cluster.</summary>
public interface INode : IMachine<NodeInput, NodeEffect, NodeVerdict>
{
    NodeId Id { get; }
}

/// <summary>What became of an input; counted by the simulator as coverage.</summary>
public enum NodeVerdict : byte
{
    Accepted,

    /// <summary>Already known; answered again where an answer is due.</summary>
    Duplicate,

    /// <summary>From an older fence, epoch, boot, revision or attempt than the newest known.</summary>
    Stale,

    /// <summary>Names something this node does not have.</summary>
    Unknown,

    /// <summary>Meant for another node: forwarded or answered with its name.</summary>
    Misdirected,

    /// <summary>Too early to say; the sender is told, and asks again.</summary>
    Unready,

    /// <summary>A bound was reached; the sender is told.</summary>
    Overloaded,

    /// <summary>Understood and refused for a reason that the answer names.</summary>
    Refused,
}
