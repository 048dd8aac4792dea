using System.Net;
using System.Text;
using Hyperscale.Det.Shell.Cluster;
using Hyperscale.Det.Shell.Http;
using Hyperscale.Det.Shell.Json;
using Microsoft.Extensions.Logging.Abstractions;

namespace Hyperscale.Det.Tests.Shell.Http;

/// <summary>An embedded cluster of three gates and one datacenter, each gate with its API.</summary>
internal sealed class ServedCluster : IAsyncDisposable
{
    private static readonly EmbeddedClusterOptions Options = EmbeddedClusterOptions.Default with
    {
        Datacenters = 1,
        Managers = 1,
        Workers = 1,
        EndsOnSignals = false,
    };

    private readonly List<ApiServer> _servers = [];

    private ServedCluster(EmbeddedCluster cluster) => Cluster = cluster;

    public EmbeddedCluster Cluster { get; }

    /// <summary>A client of each gate.</summary>
    public List<HttpClient> Gates { get; } = [];

    public static async Task<ServedCluster> StartAsync()
    {
        var cluster = new ServedCluster(
            await EmbeddedCluster.StartAsync(Options, NullLogger.Instance, Api.Cancellation));
        for (var gate = 0; gate < Options.Gates; gate++) cluster.Gates.Add(await cluster.ServeAsync(gate));
        return cluster;
    }

    /// <summary>Puts a new API before a gate, for example after its restart.</summary>
    public async Task<HttpClient> ServeAsync(int gate)
    {
        var hosted = new HostedGate(Cluster.Gates[gate], Cluster.Topology, Cluster.Metrics);
        _servers.Add(await ApiServer.StartAsync(Api.Options, hosted, NullLogger.Instance, Api.Cancellation));
        return new HttpClient { BaseAddress = new Uri(_servers[^1].Url), Timeout = Api.Patience };
    }

    public static async Task<AcceptedJson> SubmitAsync(HttpClient gate, params string[] command)
    {
        using var response = await gate.PostAsync("/v1/jobs", Job(1, command), Api.Cancellation);
        Assert.Equal(HttpStatusCode.Accepted, response.StatusCode);
        return await Api.ReadAsync(response, ApiJson.Compact.AcceptedJson);
    }

    /// <summary>Submits under a key at one gate after the other until one says what became of it.</summary>
    public static async Task<AcceptedJson> SubmitUntilTakenAsync(ServedCluster cluster, int gate, string key)
    {
        for (; ; gate++)
        {
            using var body = Job(1, "sleep", "60");
            body.Headers.Add(SubmissionKey.Header, key);
            try
            {
                using var response = await cluster.Gates[gate % Options.Gates]
                    .PostAsync("/v1/jobs", body, Api.Cancellation);
                if (response.StatusCode == HttpStatusCode.Accepted)
                    return await Api.ReadAsync(response, ApiJson.Compact.AcceptedJson);
                Assert.True(
                    response.StatusCode is HttpStatusCode.Conflict or HttpStatusCode.ServiceUnavailable
                        or HttpStatusCode.GatewayTimeout,
                    $"{response.StatusCode}");
            }
            catch (HttpRequestException)
            {
                // That gate is gone for the moment.
            }

            await Task.Delay(20, Api.Cancellation);
        }
    }

    public static HttpContent Job(int datacenters, params string[] command) =>
        Api.Json(Encoding.UTF8.GetBytes($$"""
            { "name": "checkout", "datacenters": { "count": {{datacenters}} },
              "workflows": [ { "name": "custom", "kind": "exec", "cores": 1, "duration": "60s",
                "exec": { "command": [{{string.Join(", ", command.Select(part => $"\"{part}\""))}}] } } ] }
            """));

    public static async Task<EventReader> FollowAsync(HttpClient gate, AcceptedJson job) => new(
        await gate.GetAsync(job.Events, HttpCompletionOption.ResponseHeadersRead, Api.Cancellation));

    public static async Task<StatusJson> StatusAsync(HttpClient gate, AcceptedJson job)
    {
        using var response = await gate.GetAsync(job.Status, Api.Cancellation);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        return await Api.ReadAsync(response, ApiJson.Compact.StatusJson);
    }

    public static async Task<JobListJson> ListAsync(HttpClient gate)
    {
        using var response = await gate.GetAsync("/v1/jobs?limit=1000", Api.Cancellation);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        return await Api.ReadAsync(response, ApiJson.Compact.JobListJson);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var gate in Gates) gate.Dispose();
        foreach (var server in _servers) await server.DisposeAsync();
        await Cluster.DisposeAsync();
    }
}
