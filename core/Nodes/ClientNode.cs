using System.Diagnostics;
using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Nodes;

public sealed class ClientNode(NodeId id, Topology topology, ClientConfig config) : INode
{
    public NodeId Id { get; } = id;

    public Instant NextDeadline => Instant.Never;

    public NodeVerdict Step(NodeInput input, Instant now, Outbox<NodeEffect> outbox) =>
        throw new UnreachableException($"unhandled {input} {topology} {config}");

    public void CheckInvariants()
    {
    }

    public void AddTo(ref Fingerprint fingerprint) => fingerprint.Add(Id);
}
