using System.Diagnostics;
using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Nodes;

public sealed class WorkerNode(NodeId id, string datacenter, Topology topology, WorkerConfig config) : INode
{
    public NodeId Id { get; } = id;

    public Instant NextDeadline => Instant.Never;

    public NodeVerdict Step(NodeInput input, Instant now, Outbox<NodeEffect> outbox) =>
        throw new UnreachableException($"unhandled {input} {datacenter} {topology} {config}");

    public void CheckInvariants()
    {
    }

    public void AddTo(ref Fingerprint fingerprint) => fingerprint.Add(Id);
}
