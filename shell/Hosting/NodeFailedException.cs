using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Shell.Hosting;

/// <summary>A node ended because a rule of ours was broken or its disk failed; the cause is inside.</summary>
public sealed class NodeFailedException(NodeId node, Exception cause)
    : Exception($"node {node} failed: {cause.Message}", cause);
