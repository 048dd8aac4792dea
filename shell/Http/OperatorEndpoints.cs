using Hyperscale.Det.Kernel;
using Hyperscale.Det.Protocol;
using Hyperscale.Det.Shell.Hosting;
using Hyperscale.Det.Shell.Json;

namespace Hyperscale.Det.Shell.Http;

/// <summary>What those ask who run the cluster, and their tools.</summary>
internal sealed class OperatorEndpoints(
    IGateApi gate, GateCalls calls, ApiOptions options, ApiMetrics metrics)
{
    private readonly JsonAnswer _json = new(options.ReadWithin);

    public IReadOnlyList<ApiRoute> Routes =>
    [
        new("GET", "/v1/cluster", "the datacenters, and every gate's ledger groups", [], ClusterAsync),
        new("GET", "/livez", "200 as long as the process answers", [], LivezAsync),
        new("GET", "/readyz", "200 while this gate takes requests, else 503 and why", [], ReadyzAsync),
        new("GET", "/metrics", "counters and gauges for Prometheus", [], MetricsAsync),
    ];

    private async Task ClusterAsync(HttpContext context)
    {
        var gates = gate.Topology.Gates.Select(id => id.Name).ToList();
        var answer = await calls.AskAsync(
            new ClientRequest.GetCluster(LocalOnly: false), context.RequestAborted);
        // A gate that cannot tell of its groups still tells what it heard.
        var (replicas, missing) = answer is ClientResponse.Cluster cluster
            ? (ClusterReplicas.Of(cluster.Gates), cluster.Missing)
            : ([], gates);
        await _json.WriteAsync(
            context,
            new ClusterJson(
                gate.Topology.ClusterId, gate.Id.Name, gates,
                [.. gate.Cluster.Datacenters.Select(Datacenter)], replicas, missing),
            ApiJson.Compact.ClusterJson);
    }

    private DatacenterJson Datacenter(DatacenterView seen) => new(
        seen.Name,
        [.. gate.Topology.Datacenter(seen.Name)?.Managers.Select(id => id.Name) ?? []],
        seen.Heartbeat is not { } heartbeat
            ? null
            : new CapacityJson(
                Duration.FromMilliseconds((long)seen.Age.TotalMilliseconds),
                heartbeat.Workers,
                heartbeat.CoresTotal,
                heartbeat.CoresFree,
                heartbeat.LargestWorkerCores,
                heartbeat.QueuedWorkflows));

    private Task LivezAsync(HttpContext context) => TextAnswer.WriteAsync(context, "alive\n");

    private Task ReadyzAsync(HttpContext context) => gate.WhyNotServing is { } reason
        ? Problems.WriteAsync(context, Problems.NotReady(reason), RetryAfter.Soon)
        : TextAnswer.WriteAsync(context, "ready\n");

    private Task MetricsAsync(HttpContext context) =>
        TextAnswer.WriteAsync(context, metrics.Write(), "text/plain; version=0.0.4; charset=utf-8");
}
