using Hyperscale.Det.Capacity;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Nodes;
using Hyperscale.Det.Protocol;
using Hyperscale.Det.Resources;
using Hyperscale.Det.Routing;
using Hyperscale.Det.Slo;

namespace Hyperscale.Det.Tests.Core.Nodes;

public sealed class DatacenterRoutingTests
{
    private static readonly NodeId[] East = [NodeId.Of("east/1"), NodeId.Of("east/2")];
    private static readonly NodeId[] West = [NodeId.Of("west/1")];
    private static readonly Topology Cluster = new(
        "c", [NodeId.Of("gate")], [new("east", East), new("west", West)]);

    private readonly DatacenterBoard _board = new(Cluster, GateConfig.Default.ManagerStaleness);
    private readonly DatacenterRouting _routing;
    private long _version;

    public DatacenterRoutingTests()
    {
        _routing = new DatacenterRouting(Cluster, GateConfig.Default, _board);
        _routing.Start(Cluster.Gates[0], new BootId(1), seed: 1, At(0));
        Hear("east", East, at: 0);
        Hear("west", West, at: 0);
    }

    [Fact]
    public void A_datacenter_whose_managers_do_not_answer_is_excluded_while_their_circuits_are_open()
    {
        FailAsks(at: 1);

        Assert.Equal(["east: all_circuits_open"], Excluded(at: 2));
    }

    [Fact]
    public void A_half_open_circuit_brings_no_new_jobs_to_a_manager_that_has_been_silent_since()
    {
        FailAsks(at: 1);

        Assert.Equal(CircuitState.HalfOpen, StateAfter(seconds: 12));
        Assert.Equal(["east: all_circuits_open"], Excluded(at: 13));
    }

    [Fact]
    public void A_half_open_circuit_brings_jobs_to_a_manager_that_is_heard_of_again()
    {
        FailAsks(at: 1);
        Hear("east", East[..1], at: 5);

        Assert.Equal(["east: all_circuits_open"], Excluded(at: 6));
        Assert.Empty(Excluded(at: 13));
    }

    [Fact]
    public void An_answer_closes_the_circuit_at_once()
    {
        FailAsks(at: 1);
        _routing.OnAnswered(East[1], At(2));

        Assert.Empty(Excluded(at: 3));
    }

    [Fact]
    public void A_datacenter_that_was_silent_for_two_heartbeats_comes_behind_those_that_were_not()
    {
        Hear("west", West, at: 9);

        Assert.Equal([DatacenterHealth.Healthy, DatacenterHealth.Healthy], Buckets(at: 9));
        Assert.Equal([DatacenterHealth.Healthy, DatacenterHealth.Degraded], Buckets(at: 10));
    }

    [Fact]
    public void A_datacenter_whose_primary_is_new_comes_behind_others_and_is_not_taken_for_empty()
    {
        Hear("east", East, at: 5, workers: 0, isGathering: true);
        Hear("west", West, at: 5);

        Assert.Equal([DatacenterHealth.Healthy, DatacenterHealth.Degraded], Buckets(at: 5));
        Assert.Empty(Excluded(at: 5));
        Hear("east", East, at: 7, workers: 0);
        Assert.Equal(["east: unhealthy: no_worker"], Excluded(at: 7));
    }

    [Fact]
    public void Pressure_on_resources_lets_slower_answers_be_expected_as_far_as_it_is_certain()
    {
        Assert.Equal([1, 1], Factors(at: 1));

        Press("east", cpu: 200, deviation: 0, at: 1);
        Press("west", cpu: 200, deviation: 200, at: 1);

        // 0.4 of the risk, which is 1 and 0.7 of half the cores; 0.4 of what the score then differs from 1.
        Assert.Equal([1 + (0.4 * 0.4 * 0.7 * 0.5), 1 + (0.4 * 0.4 * 0.7 * 0.5 / 2)], Factors(at: 2), Close);
    }

    [Fact]
    public void Where_resources_are_known_it_is_still_latencies_that_count_and_both_are_told()
    {
        var degraded = new SloHealth(DatacenterHealth.Degraded, SloRuleKind.P95Degraded);
        var slow = new SloSummary(60, 600, 900, 5000, 2.2f, 1.48f, Duration.Zero);
        Hear("east", East[..1], at: 1, slo: new DatacenterSlo(degraded, slow, []));
        Press("east", cpu: 0, deviation: 0, at: 1);

        const double Idle = 1 + (0.4 * ((0.6 * 2.2) + 0.4 - 1));
        var factors = _routing.Preview(new RoutingRequest(1, 4, [], []), At(2)).Ranking
            .ToDictionary(score => score.Datacenter, score => score.SloFactor);
        Assert.Equal(Idle, factors["east"], 5);
        Assert.Equal(1, factors["west"]);
        // A new primary that has heard too little to tell anything takes nothing of it back.
        Hear("east", East[..1], at: 3, isGathering: true);
        var told = _routing.SloOf("east", At(4))!;
        Assert.Equal(
            (degraded, SloLevel.Critical, Duration.FromSeconds(3)),
            (told.Health, told.Level, told.Summary.Age));
        Assert.Equal(Idle, told.Factor, 5);
        Assert.Null(_routing.SloOf("east", At(32)));
        Assert.Null(_routing.SloOf("west", At(4)));
    }

    [Fact]
    public void What_a_manager_told_that_is_silent_now_keeps_no_datacenter_pressed()
    {
        VersionVector Seen(NodeId manager, long version) => new([(manager, new StateVersion(1, version))]);
        Press(East[1], Seen(East[1], 1), cpu: 390, deviation: 0, at: 1);
        Assert.Equal(0.975, _routing.ResourcesOf("east", At(1))!.CpuPressure);

        for (var at = 2; at <= 40; at++) Press(East[0], Seen(East[0], at), cpu: 40, deviation: 0, at);

        Assert.Equal(0.1, _routing.ResourcesOf("east", At(40))!.CpuPressure);
    }

    [Fact]
    public void High_pressure_puts_a_datacenter_behind_until_it_is_well_below()
    {
        // As much of a slower answer is expected of both.
        Press("west", cpu: 280, deviation: 0, at: 1);
        Press("east", cpu: 280, deviation: 0, at: 1);
        var before = Ranked(at: 1);
        Assert.Equal(["east: Healthy", "west: Healthy"], before);

        foreach (var cpu in new[] { 360, 320 })
        {
            Press("east", cpu, deviation: 0, at: 2);
            Assert.Equal(["west: Healthy", "east: Busy"], Ranked(at: 2));
        }

        Press("east", cpu: 280, deviation: 0, at: 3);
        Assert.Equal(before, Ranked(at: 3));
        // What is not high yet is no reason.
        Press("east", cpu: 320, deviation: 0, at: 4);
        Assert.Contains("east: Healthy", Ranked(at: 4));
    }

    [Fact]
    public void Workers_that_take_no_work_are_no_healthy_ones()
    {
        Press("east", cpu: 0, deviation: 0, at: 1);
        Assert.Equal(["east: Healthy", "west: Healthy"], Ranked(at: 1));

        Press("east", cpu: 0, deviation: 0, at: 2, overBudget: 1);

        Assert.Equal(["west: Healthy", "east: Degraded"], Ranked(at: 2));
    }

    private static bool Close(double a, double b) => Math.Abs(a - b) < 1e-9;

    private double[] Factors(int at) =>
    [
        .. _routing.Preview(new RoutingRequest(1, 4, [], []), At(at)).Ranking
            .OrderBy(score => score.Datacenter).Select(score => score.SloFactor),
    ];

    private void Press(string datacenter, double cpu, double deviation, int at, int overBudget = 0) =>
        Press(NodeId.Of($"{datacenter}/1"), VersionVector.Empty, cpu, deviation, at, overBudget);

    private void Press(
        NodeId manager, VersionVector versions, double cpu, double deviation, int at, int overBudget = 0) =>
        _routing.TakePressure(
            manager,
            new Message.ManagerHeartbeat(
                manager.Name.Split('/')[0], new BootId(1), ++_version, true, 0, 1, 4, 4, 4, 0)
            {
                Resources = new ClusterResources(
                    versions, 2, overBudget, 4, new ResourceUsage(cpu, deviation, 0, 0), 1_000_000),
            },
            At(at));

    private static CircuitState StateAfter(int seconds)
    {
        var circuit = new ManagerCircuit();
        for (var i = 0; i < ManagerCircuit.ErrorsMax; i++) circuit.OnError(At(0));
        return circuit.StateAt(At(seconds));
    }

    private void FailAsks(int at)
    {
        foreach (var manager in East)
            for (var i = 0; i < ManagerCircuit.ErrorsMax; i++) _routing.OnUnanswered(manager, At(at));
    }

    private string[] Excluded(int at)
    {
        var decision = _routing.Preview(new RoutingRequest(1, 4, [], []), At(at));
        _routing.CheckInvariants();
        return [.. decision.Excluded.Select(excluded => $"{excluded.Datacenter}: {excluded.Text}")];
    }

    private DatacenterHealth[] Buckets(int at) =>
    [
        .. _routing.Preview(new RoutingRequest(1, 4, [], []), At(at)).Ranking.Select(score => score.Bucket),
    ];

    private string[] Ranked(int at) =>
    [
        .. _routing.Preview(new RoutingRequest(1, 4, [], []), At(at)).Ranking
            .Select(score => $"{score.Datacenter}: {score.Bucket}"),
    ];

    private void Hear(
        string datacenter, NodeId[] managers, int at, int workers = 2, bool isGathering = false,
        DatacenterSlo? slo = null)
    {
        foreach (var manager in managers)
        {
            var isPrimary = manager.Name.EndsWith('1');
            var heartbeat = new Message.ManagerHeartbeat(
                datacenter, new BootId(1), ++_version, isPrimary, 0, workers, 16, 16, 8, 0)
            {
                Capacity = isPrimary && !isGathering ? HeartbeatCapacity.Of(16, [], [], At(at)) : null,
                Slo = slo,
            };
            Assert.Equal(NodeVerdict.Accepted, _board.OnHeartbeat(manager, heartbeat, At(at)));
            _routing.OnHeartbeat(manager, heartbeat, At(at));
        }
    }

    private static Instant At(int seconds) => Instant.Zero + Duration.FromSeconds(seconds);
}
