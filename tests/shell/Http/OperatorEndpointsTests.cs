using System.Globalization;
using System.Net;
using Hyperscale.Det.Capacity;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Protocol;
using Hyperscale.Det.Replication;
using Hyperscale.Det.Routing;
using Hyperscale.Det.Shell.Json;
using Hyperscale.Det.Slo;

namespace Hyperscale.Det.Tests.Shell.Http;

public sealed class OperatorEndpointsTests
{
    [Fact]
    public async Task A_process_that_answers_is_alive_whether_its_gate_serves_or_not()
    {
        await using var api = await Api.StartAsync();
        foreach (var reason in new[] { null, "gate-1 has failed" })
        {
            api.Gate.WhyNotServing = reason;
            Assert.Equal("alive\n", await api.Client.GetStringAsync("/livez", Api.Cancellation));
        }
    }

    [Fact]
    public async Task A_gate_is_ready_once_it_serves_and_says_why_it_does_not()
    {
        await using var api = await Api.StartAsync();
        api.Gate.WhyNotServing = "gate-1 is reading its log";
        using (var early = await api.SendAsync("GET", "/readyz"))
        {
            var problem = await Api.ProblemAsync(early, HttpStatusCode.ServiceUnavailable);
            Assert.Equal("gate-1 is reading its log", problem.Detail);
            Assert.NotNull(early.Headers.RetryAfter?.Delta);
        }

        api.Gate.WhyNotServing = null;
        Assert.Equal("ready\n", await api.Client.GetStringAsync("/readyz", Api.Cancellation));
    }

    [Fact]
    public async Task Routing_shows_every_component_of_every_score()
    {
        await using var api = await Api.StartAsync();
        var score = new DatacenterRoutingScore(
            "dc-a", DatacenterHealth.Busy, 20.5, 30, 0.25, 18, 0.5, 0.1, 0, 1.3, 1.5, 1, 0.9, 1, 35.9)
        {
            BaselineMs = 7,
            Reason = HealthReason.Slo,
            SloLevel = SloLevel.Violating,
        };
        var spill = new SpilloverDecision(
            true, SpilloverReason.ImprovesWaitTime, "dc-b", "dc-a", Duration.FromSeconds(90),
            Duration.FromSeconds(5), 12);
        api.Gate.Answers(new ClientResponse.Routed(new RoutingReport(
            RoutingOutcome.Queued, RoutingReason.HoldDownRetained,
            [score, score with { Datacenter = "dc-b" }], 1,
            [new Exclusion("dc-c", ExclusionReason.Unhealthy, HealthReason.NoWorker)], [spill],
            ["dc-b: if it had cores"])));
        using var response = await api.SendAsync("GET", "/v1/routing?count=2&cores=4&only=dc-a");
        var routing = await Api.ReadAsync(response, ApiJson.Compact.RoutingJson);

        var asked = Assert.IsType<ClientRequest.PreviewRoute>(Assert.Single(api.Gate.Asked));
        Assert.Equal((2, 4, "dc-a", 0), (
            asked.Datacenters.Count, asked.CoresRequired, Assert.Single(asked.Datacenters.Only),
            asked.Datacenters.Preferred.Count));
        Assert.Equal((RoutingOutcome.Queued, "hold_down_retained"), (routing.Outcome, routing.Reason));
        Assert.Equal(
            new CandidateJson(
                "dc-a", true, DatacenterHealth.Busy, "slo", 35.9, 20.5, 30, 0.25, 18, 7, 0.5, 0.1, 0, 1.3,
                1.5, 1, "violating", 0.9, 1),
            routing.Datacenters[0]);
        Assert.Equal([true, false], routing.Datacenters.Select(candidate => candidate.IsPrimary));
        Assert.Equal([new ExclusionJson("dc-c", "unhealthy: no_worker")], routing.Excluded);
        Assert.Equal("spillover_improves_wait_time", Assert.Single(routing.Spillovers).Reason);
    }

    [Theory]
    [InlineData("count=0", "count")]
    [InlineData("cores=many", "cores")]
    [InlineData("only=nowhere", "only")]
    public async Task A_question_about_routing_that_means_nothing_is_400_and_is_named(
        string query, string name)
    {
        await using var api = await Api.StartAsync();
        using var response = await api.SendAsync("GET", $"/v1/routing?{query}");
        var problem = await Api.ProblemAsync(response, HttpStatusCode.BadRequest);
        Assert.Equal($"?{name}", Assert.Single(problem.Faults!).Path);
        Assert.Empty(api.Gate.Asked);
    }

    [Fact]
    public async Task Metrics_hold_the_counters_of_the_nodes_and_gauges_of_the_cluster()
    {
        await using var api = await Api.StartAsync();
        api.Gate.Answers(new ClientResponse.Cluster([], []));
        api.Gate.Metrics.Meter.CreateCounter<long>("hyperscale.jobs.accepted").Add(2);
        api.Gate.Slo = ScriptedGate.Slow;
        api.Gate.Hears("dc-a", workers: 3, coresTotal: 12, coresFree: 5);
        using (await api.SendAsync("GET", "/v1/cluster"))
        using (await api.SendAsync("GET", "/nowhere"))
        using (var response = await api.SendAsync("GET", "/metrics"))
        {
            Assert.Equal(
                "text/plain; version=0.0.4; charset=utf-8", response.Content.Headers.ContentType?.ToString());
            var text = await response.Content.ReadAsStringAsync(Api.Cancellation);
            foreach (var line in new[]
            {
                "hyperscale_jobs_accepted_total 2",
                "hyperscale_datacenter_workers{datacenter=\"dc-a\",node=\"gate-1\"} 3",
                "hyperscale_datacenter_cores{datacenter=\"dc-a\",node=\"gate-1\"} 12",
                "hyperscale_datacenter_cores_free{datacenter=\"dc-a\",node=\"gate-1\"} 5",
                "hyperscale_datacenter_queued_workflows{datacenter=\"dc-a\",node=\"gate-1\"} 3",
                "datacenter_pressure{datacenter=\"dc-a\",node=\"gate-1\",resource=\"cpu\"} 0.75",
                "datacenter_pressure{datacenter=\"dc-a\",node=\"gate-1\",resource=\"memory\"} 0.5",
                "slo_p95_ms{datacenter=\"dc-a\",node=\"gate-1\"} 390",
                "slo_health{datacenter=\"dc-a\",node=\"gate-1\"} 2",
                "slo_routing_factor{datacenter=\"dc-a\",node=\"gate-1\"} 1.2",
                "hyperscale_gate_serving{node=\"gate-1\"} 1",
                "hyperscale_http_requests_total{node=\"gate-1\",route=\"GET /v1/cluster\",status=\"200\"} 1",
                "hyperscale_http_requests_total{node=\"gate-1\",route=\"unknown\",status=\"404\"} 1",
            })
            {
                Assert.Contains($"{line}\n", text, StringComparison.Ordinal);
            }

            Assert.DoesNotContain("dc-b", text, StringComparison.Ordinal);
            var resident = text.Split('\n').Single(
                l => l.StartsWith("process_resident_memory_bytes ", StringComparison.Ordinal));
            Assert.True(long.Parse(resident.Split(' ')[1], CultureInfo.InvariantCulture) > 1_000_000);
        }
    }

    [Fact]
    public async Task The_cluster_shows_every_datacenter_heard_or_not()
    {
        await using var api = await Api.StartAsync();
        api.Gate.Answers(new ClientResponse.Cluster([], []));
        api.Gate.Slo = ScriptedGate.Slow;
        api.Gate.Hears("dc-b", workers: 3, coresTotal: 12, coresFree: 5);
        using var response = await api.SendAsync("GET", "/v1/cluster");
        var cluster = await Api.ReadAsync(response, ApiJson.Compact.ClusterJson);

        Assert.Equal(("cluster-1", "gate-1"), (cluster.ClusterId, cluster.Gate));
        Assert.Equal(["gate-1", "gate-2"], cluster.Gates);
        Assert.Equal(["dc-a", "dc-b"], cluster.Datacenters.Select(dc => dc.Name));
        Assert.Equal(["dc-b/manager-1"], cluster.Datacenters[1].Managers);
        Assert.Null(cluster.Datacenters[0].Heard);
        var latencies = cluster.Datacenters[0].Latencies!;
        Assert.Equal(
            ("Degraded", "p95", "violating", 1.2),
            (latencies.Health, latencies.Rule, latencies.Level, latencies.RoutingFactor));
        Assert.InRange(latencies.AgeSeconds, 0, 30);
        Assert.Null(cluster.Datacenters[1].Latencies);
        var heard = cluster.Datacenters[1].Heard!;
        Assert.Equal((3, 12, 5, 2, 3), (heard.Workers, heard.CoresTotal, heard.CoresFree,
            heard.LargestWorkerCores, heard.QueuedWorkflows));
        Assert.True(heard.Age >= Duration.Zero && heard.Age < Duration.FromMinutes(1));
    }

    [Fact]
    public async Task The_cluster_shows_the_groups_of_every_gate_that_answers()
    {
        await using var api = await Api.StartAsync();
        var backup = new ReplicaState(
            4, VsrStatus.Normal, 2, NodeId.Of("gate-2"), false, false, Commit: 7, Op: 9, Life: 1);
        api.Gate.Answers(new ClientResponse.Cluster(
            [
                new GateReplicas(NodeId.Of("gate-1"), [backup]),
                new GateReplicas(
                    NodeId.Of("gate-2"), [backup with { IsPrimary = true, HasLease = true, Commit = 9 }]),
            ],
            ["gate-3"]));
        using var response = await api.SendAsync("GET", "/v1/cluster");
        var cluster = await Api.ReadAsync(response, ApiJson.Compact.ClusterJson);

        Assert.Equal(new ClientRequest.GetCluster(LocalOnly: false), Assert.Single(api.Gate.Asked));
        Assert.Equal(["gate-3"], cluster.Missing);
        Assert.Equal(["gate-1", "gate-2"], cluster.Replicas.Select(gate => gate.Gate));
        Assert.Equal(
            new GroupJson(4, "backup", 2, "gate-2", null, false, 7, 9, 2, 1), cluster.Replicas[0].Groups[0]);
        Assert.Equal(
            new GroupJson(4, "primary", 2, "gate-2", 2, true, 9, 9, 0, 1), cluster.Replicas[1].Groups[0]);
    }

    [Fact]
    public async Task A_gate_that_cannot_tell_of_its_groups_still_shows_what_it_heard()
    {
        await using var api = await Api.StartAsync();
        api.Gate.Answers(new ClientResponse.Unavailable("no", Duration.FromSeconds(1)));
        using var response = await api.SendAsync("GET", "/v1/cluster");
        var cluster = await Api.ReadAsync(response, ApiJson.Compact.ClusterJson);

        Assert.Empty(cluster.Replicas);
        Assert.Equal(["gate-1", "gate-2"], cluster.Missing);
        Assert.Equal(2, cluster.Datacenters.Count);
    }

    [Fact]
    public async Task The_root_names_every_path()
    {
        await using var api = await Api.StartAsync();
        var text = await api.Client.GetStringAsync("/", Api.Cancellation);

        foreach (var path in new[]
        {
            "POST   /v1/jobs ", "GET    /v1/jobs ", "GET    /v1/jobs/{id} ", "GET    /v1/jobs/{id}/events ",
            "DELETE /v1/jobs/{id} ", "/v1/cluster ", "/livez ", "/readyz ", "/metrics ",
        })
        {
            Assert.Contains(path, text, StringComparison.Ordinal);
        }
    }
}
