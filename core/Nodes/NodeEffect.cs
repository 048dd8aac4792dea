using Hyperscale.Det.Durability;
using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Protocol;
using Hyperscale.Det.Resources;

namespace Hyperscale.Det.Nodes;

/// <summary>Whether an effect may leave the node before what the node appended so far is on disk.</summary>
public enum Barrier : byte
{
    /// <summary>Promises nothing; may leave at once.</summary>
    None,

    /// <summary>Held back until every record appended before it is durable.</summary>
    Durable,
}

/// <summary>Everything a node may ask its host to do; imperatives.</summary>
public abstract record NodeEffect
{
    private NodeEffect() { }

    /// <summary>Sends over the peer's stream: in order, at most once, lost when the connection is.</summary>
    public sealed record Send(NodeId To, Message Message, Barrier Barrier) : NodeEffect;

    /// <summary>Sends one datagram: unordered, may be lost; the encoded message fits
    /// <see cref="Frame.DatagramBytesMax"/>.</summary>
    public sealed record SendDatagram(NodeId To, Message Message) : NodeEffect;

    /// <summary>Appends to the log; its LSN is one more than the last one's.</summary>
    public sealed record Append(WalRecord Record) : NodeEffect;

    /// <summary>Stores the state that covers all records up to <paramref name="Lsn"/>.</summary>
    public sealed record Snapshot(long Lsn, ReadOnlyMemory<byte> State) : NodeEffect;

    public sealed record Reply(long RequestId, ClientResponse Response, Barrier Barrier) : NodeEffect;

    public sealed record StartWorkload(AttemptKey Attempt, WorkflowSpec Workflow) : NodeEffect;

    /// <summary>Stops a workload's whole process tree; <see cref="NodeInput.WorkloadExited"/>
    /// follows.</summary>
    public sealed record StopWorkload(AttemptKey Attempt, WorkloadSignal Signal) : NodeEffect;

    /// <summary>Holds a workload's whole process tree back, in place of any order before; null lets it run
    /// freely.</summary>
    public sealed record ThrottleWorkload(AttemptKey Attempt, ThrottleOrder? Order) : NodeEffect;

    /// <summary>Lets a load generator start no further virtual user until it is let go on.</summary>
    public sealed record HoldRamp(AttemptKey Attempt, bool IsHeld) : NodeEffect;

    public sealed record Emit(TelemetryEvent Event) : NodeEffect;
}

public enum WorkloadSignal : byte { Terminate, Kill }
