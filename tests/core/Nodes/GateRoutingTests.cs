using System.Collections.Immutable;
using Hyperscale.Det.Capacity;
using Hyperscale.Det.Idempotency;
using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Membership;
using Hyperscale.Det.Nodes;
using Hyperscale.Det.Protocol;
using Hyperscale.Det.Routing;
using Hyperscale.Det.Tests.Core.Idempotency;

namespace Hyperscale.Det.Tests.Core.Nodes;

/// <summary>Where a gate sends jobs for what it hears, learns and is told (AD-36, AD-43, AD-45).</summary>
public sealed class GateRoutingTests
{
    private static readonly NodeId East = GateBench.East;
    private static readonly NodeId West = GateBench.West;
    private static readonly IdempotencyKey Key = KeyGens.Opaque("order-1");

    private readonly SortedDictionary<NodeId, long> _beats = [];
    private readonly GateBench _bench = new(GateBench.OneManagerEach);

    [Theory]
    [InlineData(60, SpilloverReason.ImprovesWaitTime, "west")]
    [InlineData(300, SpilloverReason.NoSpilloverWithCapacity, "east")]
    public void A_full_datacenter_is_left_for_one_that_is_not_too_far_away(
        int westRttMs, SpilloverReason reason, string place)
    {
        Locate(_bench, eastRttMs: 10, westRttMs);
        Heartbeat(East, free: 1, total: 4, restIn: Duration.FromMinutes(2));

        var job = _bench.Submit(Specs.Job(cores: 2));

        var decision = _bench.Gate.RoutingOf(job)!;
        var spillover = Assert.Single(decision.Spillovers);
        Assert.Equal(("east", reason), (spillover.PrimaryDatacenter, spillover.Reason));
        Assert.Equal(place, _bench.Job(job).Slots[0].Datacenter);
        Assert.Equal(["east", "west"], decision.Ranking.Select(score => score.Datacenter).Order());
        Assert.Equal(place, decision.Ranking[0].Datacenter);
    }

    [Fact]
    public void What_a_gate_dispatched_is_told_and_keeps_the_others_from_filling_a_datacenter_twice()
    {
        var (first, second) = TwoGates();
        Hear(first, second);
        Assert.Equal("east", Preview(second).Ranking[0].Datacenter);

        second.Receive(GateBench.GateA, ToldAfterTakingAll(first));

        Assert.Equal(NodeVerdict.Accepted, second.Verdict);
        Assert.Equal(DatacenterHealth.Busy, BucketIn(second, "east"));
        Assert.Equal("west", second.Job(second.Submit(Specs.Job(cores: 2))).Slots[0].Datacenter);
        // The heartbeat after the next one surely shows it, or that it did not come to be.
        Hear(second);
        Assert.Equal(DatacenterHealth.Busy, BucketIn(second, "east"));
        Hear(second);
        Assert.Equal(DatacenterHealth.Healthy, BucketIn(second, "east"));
    }

    [Fact]
    public void Of_what_was_dispatched_only_the_gate_itself_tells()
    {
        var (first, second) = TwoGates();
        Hear(first, second);
        var told = ToldAfterTakingAll(first);
        var before = second.Fingerprint;

        foreach (var (from, gate) in new[] { (East, East), (East, GateBench.GateA), (GateBench.GateA, East) })
        {
            second.Receive(from, new Message.DebitsTold(told.Debits with { Gate = gate }));
            Assert.Equal(NodeVerdict.Unknown, second.Verdict);
        }

        Assert.Equal(before, second.Fingerprint);
        Assert.Equal("east", second.Job(second.Submit(Specs.Job(cores: 2))).Slots[0].Datacenter);
    }

    [Fact]
    public void Cores_that_were_refused_are_taken_back()
    {
        Hear(_bench);
        var job = _bench.Submit(Specs.Job(cores: 2, only: ["east"]));
        Assert.Equal(DatacenterHealth.Busy, BucketIn(_bench, "east"));

        _bench.Receive(East, new Message.SlotRefused(new SlotKey(job, 0, 1), "no capacity now"));

        Assert.Equal(DatacenterHealth.Healthy, BucketIn(_bench, "east"));
        Assert.Equal(1, ScoreOf(_bench, "east").CooldownFactor);
    }

    [Fact]
    public void A_datacenter_that_answers_no_command_is_excluded_until_it_answers()
    {
        Hear(_bench);
        var job = _bench.Submit(Specs.Job());
        Assert.Empty(Preview(_bench).Excluded);

        _bench.Pass(Duration.FromSeconds(2));

        var excluded = Assert.Single(Preview(_bench).Excluded);
        Assert.Equal(("east", ExclusionReason.AllCircuitsOpen), (excluded.Datacenter, excluded.Reason));
        Assert.Equal("west", _bench.Job(_bench.Submit(Specs.Job(cores: 2))).Slots[0].Datacenter);

        _bench.Receive(East, new Message.SlotReserved(new SlotKey(job, 0, 1), Duration.Zero));

        Assert.Empty(Preview(_bench).Excluded);
    }

    [Fact]
    public void A_datacenter_that_defers_a_slot_answers_and_is_asked_again()
    {
        Hear(_bench);
        var key = _bench.Reserve(_bench.Submit(Specs.Job()), 0, East);
        for (var i = 0; i < 10; i++)
        {
            _bench.Pass(GateConfig.Default.ResendInterval);
            _bench.Receive(East, new Message.SlotDeferred(key));
            Assert.Equal(NodeVerdict.Accepted, _bench.Verdict);
        }

        Assert.Empty(Preview(_bench).Excluded);
        Assert.Equal(11, _bench.Sent.Count(sent => sent.Message is Message.ReserveSlot && sent.To == East));
        _bench.Receive(East, new Message.SlotDeferred(key with { Epoch = 0 }));
        Assert.Equal(NodeVerdict.Stale, _bench.Verdict);
    }

    [Fact]
    public void A_young_gate_takes_nobody_for_dead()
    {
        var decision = _bench.Gate.RoutingOf(_bench.Submit(Specs.Job()))!;

        Assert.Equal(RoutingOutcome.Degraded, decision.Outcome);
        Assert.All(decision.Ranking, score => Assert.Equal(DatacenterHealth.Degraded, score.Bucket));
        Assert.Equal(2, decision.Ranking.Count);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Where_all_are_silent_a_job_is_turned_away_with_the_reasons_and_its_key_is_free(bool wasHeard)
    {
        if (wasHeard) Hear(_bench);
        _bench.Pass(Duration.FromSeconds(31));
        var submit = new ClientRequest.SubmitJob(Specs.Job(), Key);

        var refused = Assert.IsType<ClientResponse.Unavailable>(
            Assert.Single(_bench.Ask(submit, 5).OfType<NodeEffect.Reply>()).Response);

        Assert.Equal(
            "no datacenter can take the job: east: unhealthy: no_alive_manager; west: unhealthy: "
            + "no_alive_manager",
            refused.Reason);
        Assert.Equal(0, _bench.Gate.Ledger.Count);
        Heartbeat(West, free: 4, total: 4);
        Assert.Empty(_bench.Ask(submit, 6).OfType<NodeEffect.Reply>());
        Assert.Equal("west", Assert.Single(_bench.Gate.Ledger.All).Slots[0].Datacenter);
    }

    [Theory]
    [InlineData(SlotState.Completed, 5000)]
    [InlineData(SlotState.Failed, 60_000)]
    public void What_results_teach_changes_the_order_until_it_is_too_old(SlotState state, int overheadMs)
    {
        var bench = new GateBench(GateBench.OneManagerEach, GateBench.WithoutRetries with
        {
            Routing = AdaptiveRoutingConfig.Default with { MinSamples = 1 },
        });
        Locate(bench, eastRttMs: 10, westRttMs: 60);
        Assert.Equal("east", Preview(bench, cores: 2).Ranking[0].Datacenter);
        var key = bench.Run(Specs.Job());
        // Ten seconds were meant.
        bench.Pass(Duration.FromSeconds(15));
        Locate(bench, eastRttMs: 10, westRttMs: 60, rounds: 1);

        bench.Receive(East, new Message.SlotFinished(key, Specs.Outcome(state)));

        var learned = Preview(bench, cores: 2).Ranking;
        Assert.Equal(["west", "east"], learned.Select(score => score.Datacenter));
        Assert.InRange(learned[1].ObservedLatencyMs, overheadMs - 1, overheadMs + 1);
        for (var i = 0; i < 15; i++)
        {
            bench.Pass(Duration.FromSeconds(20));
            Locate(bench, eastRttMs: 10, westRttMs: 60, rounds: 1);
        }

        Assert.Equal("east", Preview(bench, cores: 2).Ranking[0].Datacenter);
    }

    [Fact]
    public void An_explanation_says_why_a_job_is_where_it_is()
    {
        Hear(_bench);
        var job = _bench.Submit(Specs.Job());

        var reply = Assert.Single(
            _bench.Ask(new ClientRequest.ExplainJob(job), 9).OfType<NodeEffect.Reply>());
        var lines = Assert.IsType<ClientResponse.Explained>(reply.Response).Job.Routing;

        Assert.Equal("Routed: initial_selection", lines[0]);
        Assert.StartsWith("primary east", lines[1], StringComparison.Ordinal);
        Assert.StartsWith("fallback west", lines[2], StringComparison.Ordinal);
        Assert.Contains(lines, line => line.StartsWith("instead west: ", StringComparison.Ordinal));
    }

    [Fact]
    public void A_preview_decides_as_a_submission_would_and_changes_nothing()
    {
        var twin = new GateBench(GateBench.OneManagerEach);
        foreach (var gate in new[] { _bench, twin })
        {
            Locate(gate, eastRttMs: 60, westRttMs: 10);
            gate.Submit(Specs.Job(cores: 2));
        }

        var before = _bench.Fingerprint;

        var reports = Enumerable.Range(1, 4).Select(cores => Preview(_bench, cores)).ToList();

        Assert.Equal(before, _bench.Fingerprint);
        var decision = _bench.Gate.RoutingOf(_bench.Submit(Specs.Job()))!;
        Assert.Equal("west", reports[0].Ranking[0].Datacenter);
        Assert.Equal(reports[0].Ranking, decision.Ranking);
        Assert.Equal(decision.Ranking, twin.Gate.RoutingOf(twin.Submit(Specs.Job()))!.Ranking);
        Assert.Equal(RoutingReason.InitialSelection, decision.Reason);
    }

    [Fact]
    public void What_was_decided_about_a_job_that_may_never_be_is_forgotten_with_the_lead()
    {
        var trio = new GateTrio();
        var first = trio.PrimaryOf(0);
        trio.CutOff = first;
        var job = new JobId(0, 2);
        trio.Ask(first, new ClientRequest.SubmitJob(Specs.Job(name: "lost")));
        Assert.NotNull(trio.GateOf(first).RoutingOf(job));
        trio.Pass(Duration.FromSeconds(30));
        trio.CutOff = null;

        trio.Pass(Duration.FromSeconds(30));

        Assert.Contains(GateTrio.Gates, gate => gate != first && trio.GateOf(gate).LedGroups.Contains(0));
        Assert.Empty(trio.GateOf(first).LedGroups);
        Assert.Null(trio.GateOf(first).RoutingOf(job));
    }

    /// <summary>Two gates of one cluster, with a manager in each datacenter.</summary>
    private static (GateBench First, GateBench Second) TwoGates()
    {
        var topology = GateBench.TwoGates with { Datacenters = GateBench.OneManagerEach.Datacenters };
        return (new GateBench(topology, id: GateBench.GateA), new GateBench(topology, id: GateBench.GateB));
    }

    /// <summary>What a gate tells the others after it sent a job to the east that takes all cores
    /// there.</summary>
    private static Message.DebitsTold ToldAfterTakingAll(GateBench gate)
    {
        Assert.Equal("east", gate.Job(gate.Submit(Specs.Job(cores: 2))).Slots[0].Datacenter);
        gate.Pass(Duration.FromMilliseconds(500));
        return Assert.Single(gate.Sent.Select(sent => sent.Message).OfType<Message.DebitsTold>());
    }

    /// <summary>Two free cores in the east and four in the west: of two that are as free, the first by name
    /// is taken.</summary>
    private void Hear(params GateBench[] gates)
    {
        Heartbeat(East, free: 2, total: 2, gates: gates);
        Heartbeat(West, free: 4, total: 4, gates: gates);
    }

    /// <summary>Lets the gate learn how far away the datacenters are.</summary>
    private void Locate(GateBench bench, int eastRttMs, int westRttMs, int rounds = 40)
    {
        for (var i = 0; i < rounds; i++)
        {
            Heartbeat(East, free: 4, total: 4, place: At(0, eastRttMs), gates: bench);
            Heartbeat(West, free: 4, total: 4, place: At(eastRttMs + westRttMs, westRttMs), gates: bench);
        }
    }

    private static (NetworkCoordinate Place, Duration Rtt) At(double axis, int rttMs) => (
        new NetworkCoordinate(
            [axis, .. ImmutableArray.Create(new double[NetworkCoordinate.Dimensions - 1])], Height: 0,
            Adjustment: 0, NetworkCoordinate.ErrorMin),
        Duration.FromMilliseconds(rttMs));

    /// <param name="restIn">When the cores that are not free become it.</param>
    private void Heartbeat(
        NodeId manager,
        int free,
        int total,
        Duration? restIn = null,
        (NetworkCoordinate Place, Duration Rtt)? place = null,
        params GateBench[] gates)
    {
        _beats[manager] = _beats.GetValueOrDefault(manager) + 1;
        var heartbeat = new Message.ManagerHeartbeat(
            manager == East ? "east" : "west", new BootId(1), _beats[manager], IsPrimary: true, View: 1,
            Workers: 1, total, free, LargestWorkerCores: total, QueuedWorkflows: 0)
        {
            Capacity = HeartbeatCapacity.None with
            {
                Freeing = FreeingSchedule.Of(
                [
                    new FreeingStep(Duration.Zero, free),
                    new FreeingStep(restIn ?? Duration.FromSeconds(1), total - free),
                ]),
            },
            Coordinate = place?.Place,
            Rtt = place?.Rtt,
        };
        foreach (var gate in gates.Length == 0 ? [_bench] : gates) gate.Receive(manager, heartbeat);
    }

    private static DatacenterHealth BucketIn(GateBench gate, string datacenter) =>
        ScoreOf(gate, datacenter).Bucket;

    private static DatacenterRoutingScore ScoreOf(GateBench gate, string datacenter) =>
        Preview(gate).Ranking.Single(score => score.Datacenter == datacenter);

    private static RoutingReport Preview(GateBench gate, int cores = 1)
    {
        var effects = gate.Ask(
            new ClientRequest.PreviewRoute(new DatacenterChoice(1, [], []), cores), requestId: 99);
        var reply = Assert.Single(effects.OfType<NodeEffect.Reply>());
        return Assert.IsType<ClientResponse.Routed>(reply.Response).Report;
    }
}
