using System.Diagnostics;
using Hyperscale.Det.Durability;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Nodes;
using Hyperscale.Det.Protocol;
using Barrier = Hyperscale.Det.Nodes.Barrier;

namespace Hyperscale.Det.Tests.CoyoteShell;

/// <summary>The smallest node that promises: it records every cancellation asked for, and says so.</summary>
internal sealed class LedgerNode : INode
{
    public NodeId Id { get; } = NodeId.Of("gate-1");

    public Instant NextDeadline => Instant.Never;

    public NodeVerdict Step(NodeInput input, Instant now, Outbox<NodeEffect> outbox)
    {
        if (input is not NodeInput.ClientRequested asked) return NodeVerdict.Accepted;
        var job = asked.Request switch
        {
            ClientRequest.CancelJob cancel => cancel.Job,
            _ => throw new UnreachableException($"unhandled {asked.Request}"),
        };
        outbox.Emit(new NodeEffect.Append(new WalRecord(WalRecordKind.LogEntry, new[] { (byte)job.Op })));
        outbox.Emit(new NodeEffect.Reply(
            asked.RequestId, new ClientResponse.Accepted(new JobId(0, job.Op)), Barrier.Durable));
        return NodeVerdict.Accepted;
    }

    public void CheckInvariants()
    {
    }

    public void AddTo(ref Fingerprint fingerprint)
    {
    }
}
