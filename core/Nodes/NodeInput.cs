using Hyperscale.Det.Durability;
using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Protocol;
using Hyperscale.Det.Resources;
using Hyperscale.Det.Slo;

namespace Hyperscale.Det.Nodes;

/// <summary>Everything a host may tell a node; facts, in the past tense.</summary>
public abstract record NodeInput
{
    private NodeInput() { }

    /// <summary>The first input of every process.</summary>
    public sealed record Started(RecoveredLog Recovered, ulong Seed, BootId Boot, WallTime Wall) : NodeInput;

    public sealed record Received(NodeId From, Message Message) : NodeInput;

    /// <summary>Time passed; sent when <c>NextDeadline</c> is due. <paramref name="Wall"/> is the host's wall
    /// clock, which may jump.</summary>
    public sealed record Tick(WallTime Wall) : NodeInput;

    /// <summary>Every record up to and including <paramref name="Lsn"/> is on disk.</summary>
    public sealed record Durable(long Lsn) : NodeInput;

    /// <summary>The snapshot that covers all records up to <paramref name="Lsn"/> is on disk.</summary>
    public sealed record SnapshotDurable(long Lsn) : NodeInput;

    /// <summary>A running workload's cumulative numbers.</summary>
    public sealed record WorkloadReported(AttemptKey Attempt, RunStats Stats) : NodeInput
    {
        /// <summary>Latencies since the last report.</summary>
        public LatencyDigest Recent { get; init; } = LatencyDigest.Empty;
    }

    /// <summary>A workload and its whole process tree are gone. <paramref name="Fault"/> says what kept it
    /// from starting or from telling its numbers; null when nothing did.</summary>
    public sealed record WorkloadExited(
        AttemptKey Attempt, int? ExitCode, RunStats Stats, ReadOnlyMemory<byte> Output, string? Fault)
        : NodeInput
    {
        /// <summary>Latencies since the last report.</summary>
        public LatencyDigest Recent { get; init; } = LatencyDigest.Empty;
    }

    /// <summary>The host looked at what runs and at its machine.</summary>
    /// <param name="Workloads">Each attempt once; those that could not be read are left out.</param>
    /// <param name="Node">Null where the machine could not be read.</param>
    public sealed record ResourcesSampled(IReadOnlyList<WorkloadReading> Workloads, NodeReading? Node)
        : NodeInput
    {
        /// <summary>How the host looks at workloads and holds them back; empty where it runs none.</summary>
        public string Enforcer { get; init; } = "";
    }

    /// <summary>A client of this process asked; exactly one <see cref="NodeEffect.Reply"/> answers.</summary>
    public sealed record ClientRequested(long RequestId, ClientRequest Request) : NodeInput;

    /// <summary>What was sent to this peer since the last answer may not have arrived; resend what
    /// matters.</summary>
    public sealed record PeerLost(NodeId Peer) : NodeInput;

    /// <summary>This message never left the host and never will: the peer could not be reached. Told of a
    /// <see cref="Message.ClientCall"/> where the host knows it for certain; what may have left is
    /// <see cref="PeerLost"/>.</summary>
    /// <remarks>It names the message because a loss told for the peer alone could overtake a send that is
    /// already on its way into the next connection.</remarks>
    public sealed record SendFailed(NodeId Peer, Message Message) : NodeInput;

    /// <summary>The process is about to end; nothing but a last effort follows.</summary>
    public sealed record Shutdown : NodeInput;
}

/// <summary>One look at the process tree of a running attempt.</summary>
public sealed record WorkloadReading(AttemptKey Attempt, TreeReading Reading);
