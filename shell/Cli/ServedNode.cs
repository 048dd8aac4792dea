using System.Net;
using Hyperscale.Det.Idempotency;
using Hyperscale.Det.Nodes;
using Hyperscale.Det.Shell.Config;
using Hyperscale.Det.Shell.Hosting;
using Hyperscale.Det.Shell.Http;
using Hyperscale.Det.Shell.Telemetry;

namespace Hyperscale.Det.Shell.Cli;

/// <summary>The one node of this process; a gate serves HTTP as well.</summary>
internal sealed class ServedNode : IAsyncDisposable
{
    private readonly MetricsRegistry _metrics;
    private readonly RunningNode _node;
    private readonly ApiServer? _api;

    private ServedNode(MetricsRegistry metrics, RunningNode node, ApiServer? api)
    {
        _metrics = metrics;
        _node = node;
        _api = api;
    }

    /// <summary>Where a gate serves HTTP; null on other nodes.</summary>
    public string? Url => _api?.Url;

    /// <summary>Ends with the node, faulted when it failed.</summary>
    public Task Completion => _node.Completion;

    public static async Task<ServedNode> StartAsync(NodeSettings settings, ILogger logger)
    {
        settings.Settings.LogWarnings(logger);
        var metrics = new MetricsRegistry();
        RunningNode? node = null;
        try
        {
            node = RunningNode.Start(settings, new NodeServices(metrics, TimeProvider.System, logger));
            var api = settings.HttpListen is { } endpoint
                ? await ApiServer.StartAsync(
                    OptionsOf(endpoint, settings.Settings.Idempotency),
                    GateOf(node, settings.Topology, metrics), logger,
                    CancellationToken.None)
                : null;
            return new ServedNode(metrics, node, api);
        }
        catch
        {
            if (node is not null) await node.DisposeAsync();
            metrics.Dispose();
            throw;
        }
    }

    public static ApiOptions OptionsOf(IPEndPoint endpoint, IdempotencyConfig idempotency) =>
        new(endpoint)
        {
            PendingWithin = TimeSpan.FromMilliseconds(idempotency.PendingWaitTimeout.Milliseconds),
        };

    /// <summary>A gate as its HTTP API sees it.</summary>
    public static IGateApi GateOf(RunningNode node, Topology topology, MetricsRegistry metrics) =>
        new HostedGate(node, topology, metrics);

    /// <summary>Ends the open requests, then the node.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_api is not null) await _api.DisposeAsync();
        await _node.DisposeAsync();
        _metrics.Dispose();
    }
}
