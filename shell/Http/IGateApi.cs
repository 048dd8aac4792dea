using Hyperscale.Det.Kernel;
using Hyperscale.Det.Nodes;
using Hyperscale.Det.Protocol;
using Hyperscale.Det.Shell.Hosting;
using Hyperscale.Det.Shell.Telemetry;

namespace Hyperscale.Det.Shell.Http;

/// <summary>A gate as its HTTP API sees it; called from many threads.</summary>
public interface IGateApi
{
    NodeId Id { get; }

    Topology Topology { get; }

    /// <summary>Why the gate takes no requests, in words; null while it takes them.</summary>
    string? WhyNotServing { get; }

    ClusterView Cluster { get; }

    MetricsRegistry Metrics { get; }

    /// <summary>Answers within the gate's own deadlines; cancelling gives up the answer and not the
    /// request.</summary>
    Task<ClientResponse> AskAsync(ClientRequest request, CancellationToken cancellation);
}

/// <summary>A gate that runs in this process.</summary>
public sealed class HostedGate : IGateApi
{
    private readonly RunningNode _node;

    public HostedGate(RunningNode node, Topology topology, MetricsRegistry metrics)
    {
        Invariant.Holds(node.View is not null);
        _node = node;
        Cluster = node.View;
        Topology = topology;
        Metrics = metrics;
    }

    public NodeId Id => _node.Id;

    public Topology Topology { get; }

    public ClusterView Cluster { get; }

    public MetricsRegistry Metrics { get; }

    public string? WhyNotServing => _node switch
    {
        { IsServing: true } => null,
        { Completion.IsFaulted: true } => $"{Id} has failed; its log says why",
        { Completion.IsCompleted: true } => $"{Id} has stopped",
        _ => $"{Id} is reading its log or about to stop",
    };

    public Task<ClientResponse> AskAsync(ClientRequest request, CancellationToken cancellation) =>
        _node.AskAsync(request, cancellation);
}
