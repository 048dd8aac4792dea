using Hyperscale.Det.Capacity;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Nodes;
using Hyperscale.Det.Protocol;
using Hyperscale.Det.Routing;
using Hyperscale.Det.Slo;

namespace Hyperscale.Det.Tests.Core.Nodes;

/// <summary>What a gate makes of datacenters whose jobs miss their latency targets (AD-42).</summary>
public sealed class GateSloTests
{
    private static readonly SloSummary Slow = new(60, 600, 900, 5000, 2.2f, 1.48f, Duration.Zero);

    private static readonly SloHealth Degraded =
        new(DatacenterHealth.Degraded, SloRuleKind.P95Degraded);

    private readonly GateBench _bench = new(GateBench.OneManagerEach);
    private long _version;

    [Fact]
    public void A_datacenter_that_is_degraded_by_latencies_loses_its_jobs_and_says_why()
    {
        Beat(GateBench.East, Degraded, Slow);
        Beat(GateBench.West, SloHealth.Healthy, Slow with { Score = 6 });

        var decision = _bench.Gate.RoutingOf(_bench.Submit(Specs.Job()))!;

        Assert.Equal(["west", "east"], decision.Ranking.Select(score => score.Datacenter));
        var east = decision.View.Datacenters.Single(candidate => candidate.Name.Text == "east");
        Assert.Equal(
            (DatacenterHealth.Degraded, HealthReason.Slo, DatacenterHealth.Healthy),
            (east.Capacity.Health, east.HealthReason, east.HealthWithoutSlo));
    }

    [Fact]
    public void The_worse_signal_wins_and_keeps_its_reason()
    {
        Beat(GateBench.East, new SloHealth(DatacenterHealth.Busy, SloRuleKind.P50Busy), Slow, workers: 0);

        var decision = _bench.Gate.RoutingOf(_bench.Submit(Specs.Job()))!;
        var east = decision.View.Datacenters.Single(candidate => candidate.Name.Text == "east");
        Assert.Equal(
            (DatacenterHealth.Unhealthy, HealthReason.NoWorker), (east.Capacity.Health, east.HealthReason));
    }

    [Theory]
    [InlineData(1, DatacenterHealth.Unhealthy)]
    [InlineData(2, DatacenterHealth.Degraded)]
    public void Latencies_alone_leave_a_datacenter_out_only_while_there_are_enough_others(
        int datacenters, DatacenterHealth health)
    {
        Beat(GateBench.East, new SloHealth(DatacenterHealth.Unhealthy, SloRuleKind.P99Unhealthy), Slow);
        Beat(GateBench.West, SloHealth.Healthy, Slow with { Score = 1 });

        var decision = _bench.Gate.RoutingOf(_bench.Submit(Specs.Job(count: datacenters)))!;
        var east = decision.View.Datacenters.Single(candidate => candidate.Name.Text == "east");
        Assert.Equal((health, HealthReason.Slo), (east.Capacity.Health, east.HealthReason));
        Assert.Equal(datacenters, decision.PrimaryCount);
        Assert.Equal("west", decision.Ranking[0].Datacenter);
        Assert.Equal(datacenters == 1, decision.Excluded.Any(excluded => excluded.Datacenter == "east"));
    }

    [Fact]
    public void Within_a_bucket_the_factor_decides_which_the_gate_finds_by_the_score()
    {
        Beat(GateBench.East, SloHealth.Healthy, Slow with { Score = 1.19f, Factor = 0.5f });
        Beat(GateBench.West, SloHealth.Healthy, Slow with { Score = 0.5f, Factor = 3 });

        var ranking = _bench.Gate.RoutingOf(_bench.Submit(Specs.Job()))!.Ranking;
        Assert.Equal(["west", "east"], ranking.Select(score => score.Datacenter));
        Assert.Equal([0.8, 1.076], ranking.Select(score => Math.Round(score.SloFactor, 5)));
    }

    [Fact]
    public void The_factor_keeps_to_the_gates_own_bounds()
    {
        Beat(GateBench.East, SloHealth.Healthy, Slow with { Score = (float)SloLimits.RatioMax });

        var ranking = _bench.Gate.RoutingOf(_bench.Submit(Specs.Job()))!.Ranking;
        var east = ranking.Single(score => score.Datacenter == "east");
        Assert.Equal(SloConfig.Default.FactorMax, east.SloFactor);
    }

    [Fact]
    public void Jobs_leave_a_datacenter_that_violates_its_targets_without_breaking_a_rule()
    {
        Beat(GateBench.East, SloHealth.Healthy, Slow with { Score = 1, Factor = 1 });
        Beat(GateBench.West, SloHealth.Healthy, default(SloSummary) with { Score = 1, Factor = 1 });
        var before = _bench.Gate.RoutingOf(_bench.Submit(Specs.Job()))!;
        Beat(GateBench.East, SloHealth.Healthy, Slow with { Score = 1.45f });

        var after = _bench.Gate.RoutingOf(_bench.Submit(Specs.Job()))!;
        Assert.Equal("east", before.Ranking[0].Datacenter);
        Assert.Equal(
            ("west", RoutingReason.SloForced), (after.Ranking[0].Datacenter, after.Reason));
        Assert.Equal(
            [null, SloLevel.Violating], after.Ranking.Select(score => score.SloLevel));
    }

    [Fact]
    public void What_is_told_of_latencies_counts_for_thirty_seconds()
    {
        Beat(GateBench.East, Degraded, Slow);
        for (var i = 0; i < 6; i++)
        {
            _bench.Pass(Duration.FromSeconds(5));
            Beat(GateBench.East, null, default);
            Beat(GateBench.West, null, default);
        }

        Assert.Equal(DatacenterHealth.Degraded, HealthOf("east"));
        _bench.Pass(Duration.FromSeconds(1));
        Assert.Equal(DatacenterHealth.Healthy, HealthOf("east"));
    }

    [Fact]
    public void A_new_primary_hears_what_the_last_one_found_however_long_nobody_led_until_it_knows()
    {
        var before = new SloStanding(new SloMark(1, 1, 1), Degraded, Duration.FromSeconds(100));
        var few = default(SloSummary) with { Score = 1, Factor = 1 };
        Beat(GateBench.East, Degraded, Slow);
        _bench.Pass(Duration.FromSeconds(100));
        Beat(GateBench.East, null, default, view: 2);
        Beat(GateBench.East, SloHealth.Healthy, few, view: 2);
        Beat(GateBench.East, SloHealth.Healthy, few, view: 2);
        Beat(GateBench.East, Degraded, few, view: 2);
        Beat(GateBench.East, null, default, view: 2);

        Assert.Equal([null, before, before, before, before, null], _bench.Echoes.Select(echo => echo.Slo));
    }

    [Fact]
    public void What_the_last_primary_found_outlives_a_first_heartbeat_of_the_next_one_that_is_lost()
    {
        Beat(GateBench.East, Degraded, Slow);
        _bench.Pass(Duration.FromSeconds(100));
        // The one before it told of no latencies yet.
        Beat(GateBench.East, SloHealth.Healthy, default(SloSummary) with { Score = 1, Factor = 1 }, view: 2);

        Assert.Equal(
            new SloStanding(new SloMark(1, 1, 1), Degraded, Duration.FromSeconds(100)),
            _bench.Echoes.Last().Slo);
    }

    [Fact]
    public void Another_gate_is_told_what_it_does_not_hear_itself()
    {
        var topology = GateBench.TwoGates with { Datacenters = GateBench.OneManagerEach.Datacenters };
        var (first, second) = (
            new GateBench(topology, id: GateBench.GateA), new GateBench(topology, id: GateBench.GateB));
        Beat(GateBench.East, null, default, gates: [first, second]);
        Beat(GateBench.West, null, default, gates: [first, second]);
        Beat(GateBench.East, Degraded, Slow, gates: [first]);
        first.Pass(Duration.FromSeconds(5));
        var told = Assert.Single(first.Sent.Select(sent => sent.Message).OfType<Message.SloTold>());

        second.Receive(GateBench.East, told);
        Assert.Equal(NodeVerdict.Unknown, second.Verdict);
        Assert.Equal(DatacenterHealth.Healthy, HealthOf("east", second));
        second.Receive(GateBench.GateA, told);
        Assert.Equal(NodeVerdict.Accepted, second.Verdict);
        Assert.Equal(DatacenterHealth.Degraded, HealthOf("east", second));
        second.Receive(GateBench.GateA, told);
        Assert.Equal(NodeVerdict.Stale, second.Verdict);
        second.Receive(GateBench.GateA, new Message.SloTold([
            told.Datacenters[0] with { Datacenter = "nowhere", Mark = new SloMark(9, 9, 9) },
        ]));
        Assert.Equal(NodeVerdict.Stale, second.Verdict);
    }

    [Fact]
    public void A_status_and_an_explanation_tell_how_a_jobs_latencies_are_where_it_runs()
    {
        Beat(GateBench.East, SloHealth.Healthy, Slow with { Score = 1 });
        Beat(GateBench.West, SloHealth.Healthy, Slow with { Score = 6 });
        var job = _bench.Submit(Specs.Job());
        Beat(GateBench.East, Degraded, Slow, job: new JobSlo(job, Slow));

        var explained = Assert.IsType<ClientResponse.Explained>(Reply(new ClientRequest.ExplainJob(job)));
        var status = Assert.IsType<ClientResponse.Status>(Reply(new ClientRequest.GetJob(job)));

        const string Numbers =
            "p50 60.0 ms, p95 600.0 ms, p99 900.0 ms of 5000, score 2.20 (critical), 0 s ago";
        Assert.Equal(
            [$"east: {Numbers}", $"east, all jobs: {Numbers}, Degraded by p95"], status.Job.Slo);
        Assert.Equal(status.Job.Slo, explained.Job.Status.Slo);
    }

    [Fact]
    public void What_was_found_is_told_while_it_stands_though_no_latencies_come()
    {
        Beat(GateBench.East, null, default);
        Beat(GateBench.West, SloHealth.Healthy, Slow with { Score = 6 });
        var job = _bench.Submit(Specs.Job());
        Beat(GateBench.East, Degraded, default(SloSummary) with { Score = 1, Factor = 1 });

        var status = Assert.IsType<ClientResponse.Status>(Reply(new ClientRequest.GetJob(job)));
        Assert.Equal(
            ["east, all jobs: no latencies lately, Degraded by p95"], status.Job.Slo);
    }

    private ClientResponse Reply(ClientRequest request) =>
        Assert.Single(_bench.Ask(request, 9).OfType<NodeEffect.Reply>()).Response;

    private DatacenterHealth HealthOf(string datacenter, GateBench? bench = null)
    {
        var gate = bench ?? _bench;
        var decision = gate.Gate.RoutingOf(gate.Submit(Specs.Job()))!;
        return decision.View.Datacenters.Single(dc => dc.Name.Text == datacenter).Capacity.Health;
    }

    private void Beat(
        NodeId manager,
        SloHealth? health,
        SloSummary summary,
        int workers = 1,
        JobSlo? job = null,
        long view = 1,
        params GateBench[] gates)
    {
        var heartbeat = new Message.ManagerHeartbeat(
            manager == GateBench.East ? "east" : "west", new BootId(1), ++_version, IsPrimary: true, view,
            workers, CoresTotal: 4, CoresFree: 4, LargestWorkerCores: 4, QueuedWorkflows: 0)
        {
            Capacity = HeartbeatCapacity.None with
            {
                Freeing = FreeingSchedule.Of([new FreeingStep(Duration.Zero, 4)]),
            },
            Slo = health is { } told ? new DatacenterSlo(told, summary, job is { } one ? [one] : []) : null,
        };
        foreach (var gate in gates.Length == 0 ? [_bench] : gates) gate.Receive(manager, heartbeat);
    }
}
