using System.Net;
using Hyperscale.Det.Idempotency;
using Hyperscale.Det.Shell.Cluster;
using Hyperscale.Det.Shell.Config;
using Hyperscale.Det.Shell.Http;

namespace Hyperscale.Det.Shell.Cli;

/// <summary>A whole cluster in this process whose gates serve HTTP.</summary>
internal sealed class ServedCluster : IAsyncDisposable
{
    private readonly EmbeddedCluster _cluster;
    private readonly bool _isTemporary;
    private readonly List<ApiServer> _apis = [];

    private ServedCluster(EmbeddedCluster cluster, bool isTemporary)
    {
        _cluster = cluster;
        _isTemporary = isTemporary;
    }

    /// <summary>Where the gates serve HTTP, the first one at the address that was asked for.</summary>
    public IReadOnlyList<Uri> Gates => [.. _apis.Select(api => new Uri(api.Url))];

    /// <summary>Fails with the first node that fails; ends with nothing else.</summary>
    public Task Failure => _cluster.Failure;

    /// <summary>From the start until every worker was known to every gate.</summary>
    public TimeSpan ReadyAfter => _cluster.ReadyAfter;

    public static async Task<ServedCluster> StartAsync(
        ClusterShape shape, ILogger logger, CancellationToken cancellation)
    {
        var options = new EmbeddedClusterOptions(
            shape.Gates, shape.Datacenters, shape.Managers, shape.Workers, shape.Cores, shape.DataDirectory)
        {
            // A signal first cancels a job or lets it end; who handles it disposes the cluster.
            EndsOnSignals = false,
            Settings = GivenSettings.OfEnvironment(GivenSettings.OfProcess()),
        };
        options.Settings.LogWarnings(logger);
        var cluster = await EmbeddedCluster.StartAsync(options, logger, cancellation);
        var served = new ServedCluster(cluster, isTemporary: shape.DataDirectory is null);
        try
        {
            await served.ServeAsync(shape.Http, options.Settings.Idempotency, logger, cancellation);
            return served;
        }
        catch
        {
            await served.DisposeAsync();
            throw;
        }
    }

    /// <summary>Removes data that nobody wants to keep; the nodes are not asked and may fail.</summary>
    public void DropData()
    {
        try
        {
            if (_isTemporary) Directory.Delete(_cluster.DataDirectory, recursive: true);
        }
        catch (IOException)
        {
            // Something wrote in between; the process ends all the same.
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Task.WhenAll([.. _apis.Select(api => api.DisposeAsync().AsTask())]);
        await _cluster.DisposeAsync();
    }

    private async Task ServeAsync(
        IPEndPoint first, IdempotencyConfig idempotency, ILogger logger, CancellationToken cancellation)
    {
        foreach (var gate in _cluster.Gates)
        {
            var endpoint = _apis.Count == 0 ? first : new IPEndPoint(first.Address, 0);
            _apis.Add(await ApiServer.StartAsync(
                ServedNode.OptionsOf(endpoint, idempotency),
                ServedNode.GateOf(gate, _cluster.Topology, _cluster.Metrics),
                logger,
                cancellation));
        }
    }
}
