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

/// <summary>The gate that a host of this process runs.</summary>
public sealed class HostedGate(NodeHost host, Topology topology, ClusterView cluster, MetricsRegistry metrics)
    : IGateApi
{
    public NodeId Id => host.Id;

    public Topology Topology { get; } = topology;

    public ClusterView Cluster { get; } = cluster;

    public MetricsRegistry Metrics { get; } = metrics;

    public string? WhyNotServing => host switch
    {
        { IsServing: true } => null,
        { Completion.IsFaulted: true } => $"{Id} has failed; its log says why",
        { Completion.IsCompleted: true } => $"{Id} has stopped",
        _ => $"{Id} is reading its log or about to stop",
    };

    public Task<ClientResponse> AskAsync(ClientRequest request, CancellationToken cancellation) =>
        host.AskAsync(request, cancellation);
}
