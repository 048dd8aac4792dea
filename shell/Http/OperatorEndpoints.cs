using System.Globalization;
using Hyperscale.Det.Jobs;
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
        new("GET", "/v1/routing", "where a job would go and why; ?count=1&cores=1&prefer=a,b&only=c",
            ["count", "cores", "prefer", "only"], RoutingAsync),
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

    private async Task RoutingAsync(HttpContext context)
    {
        var query = context.Request.Query;
        if (!TryWhole(query, "count", JobLimits.DatacentersMax, out var count, out var fault)
            || !TryWhole(query, "cores", ProtocolLimits.DatacenterCoresMax, out var cores, out fault)
            || !TryNames(query, "prefer", out var preferred, out fault)
            || !TryNames(query, "only", out var only, out fault))
        {
            await Problems.WriteAsync(context, fault);
            return;
        }

        var answer = await calls.AskAsync(
            new ClientRequest.PreviewRoute(new DatacenterChoice(count, preferred, only), cores),
            context.RequestAborted);
        if (answer is ClientResponse.Routed { Report: var report })
            await _json.WriteAsync(context, RoutingJson.Of(report), ApiJson.Compact.RoutingJson);
        else
            await Refusals.WriteAsync(context, answer, Problems.Unanswered);
    }

    private static bool TryWhole(
        IQueryCollection query, string name, int max, out int value, out ProblemJson fault)
    {
        (value, fault) = (1, null!);
        if (!query.TryGetValue(name, out var texts)) return true;
        if (int.TryParse(texts[0], NumberStyles.None, CultureInfo.InvariantCulture, out value)
            && value >= 1 && value <= max)
            return true;
        fault = Problems.BadQuery(name, $"is '{texts[0]}'; a whole number from 1 to {max} is needed");
        return false;
    }

    private bool TryNames(
        IQueryCollection query, string name, out IReadOnlyList<string> names, out ProblemJson fault)
    {
        (names, fault) = ([], null!);
        if (!query.TryGetValue(name, out var texts)) return true;
        names = texts[0]!.Split(',', StringSplitOptions.RemoveEmptyEntries);
        var unknown = names.FirstOrDefault(known => gate.Topology.Datacenter(known) is null);
        if (unknown is null && names.Count <= JobLimits.DatacentersMax) return true;
        var all = string.Join(", ", gate.Topology.Datacenters.Select(datacenter => datacenter.Name));
        fault = Problems.BadQuery(name, $"names '{unknown}', which is no datacenter; there are {all}");
        return false;
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
                heartbeat.QueuedWorkflows),
        seen.Latencies is { } latencies ? LatenciesJson.Of(latencies) : null);

    private Task LivezAsync(HttpContext context) => TextAnswer.WriteAsync(context, "alive\n");

    private Task ReadyzAsync(HttpContext context) => gate.WhyNotServing is { } reason
        ? Problems.WriteAsync(context, Problems.NotReady(reason), RetryAfter.Soon)
        : TextAnswer.WriteAsync(context, "ready\n");

    private Task MetricsAsync(HttpContext context) =>
        TextAnswer.WriteAsync(context, metrics.Write(), "text/plain; version=0.0.4; charset=utf-8");
}
