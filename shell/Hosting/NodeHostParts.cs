using Hyperscale.Det.Kernel;
using Hyperscale.Det.Nodes;
using Hyperscale.Det.Protocol;
using Hyperscale.Det.Shell.Workloads;

namespace Hyperscale.Det.Shell.Hosting;

/// <summary>Where a host sends to. Calls queue and return at once; what cannot be queued is lost, and the
/// node learns of it through <see cref="NodeInput.PeerLost"/>.</summary>
public interface IPeerTransport
{
    void Send(NodeId to, Message message);

    /// <summary>Sends in order; what goes to one peer leaves together.</summary>
    void SendAll(IReadOnlyList<(NodeId To, Message Message)> sends)
    {
        foreach (var (to, message) in sends) Send(to, message);
    }

    void SendDatagram(NodeId to, Message message);

    /// <summary>Drops everything queued and every connection: nothing more leaves.</summary>
    void Abort();
}

/// <summary>Takes a node's telemetry on the host's thread; must be quick.</summary>
public interface ITelemetrySink
{
    void On(NodeId node, TelemetryEvent telemetry);
}

/// <summary>Sizes of a node's host.</summary>
/// <param name="MailboxBound">Inputs that may wait before peers and clients are slowed down.</param>
/// <param name="BatchMax">Most inputs stepped between two writes to the log.</param>
/// <param name="StopWithin">How long a graceful stop may wait for the disk.</param>
public sealed record NodeHostOptions(int MailboxBound, int BatchMax, TimeSpan StopWithin)
{
    public static readonly NodeHostOptions Default = new(4096, 512, TimeSpan.FromSeconds(10));
}

/// <summary>What a host runs a node with.</summary>
/// <param name="OpenLog">Opens the node's log; its exceptions pass through the start of the host.</param>
/// <param name="Workloads">Makes the workload runner; null on nodes that run none.</param>
/// <param name="Observe">Sees every input on the host's thread once the node has taken it, and the node's
/// time then; null for nobody.</param>
public sealed record NodeHostParts(
    INode Node,
    IMailbox<NodeInput> Mailbox,
    IPeerTransport Transport,
    Func<INodeLogObserver, INodeLog> OpenLog,
    WorkloadRunnerFactory? Workloads,
    ITelemetrySink Telemetry,
    Action<NodeInput, Instant>? Observe,
    TimeProvider Time,
    NodeHostOptions Options,
    ILogger Logger)
{
    /// <summary>Between two looks at the machine and what runs on it; null for none.</summary>
    public Duration? SampleInterval { get; init; }
}
