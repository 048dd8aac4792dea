using Hyperscale.Det.Capacity;
using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Nodes;
using Hyperscale.Det.Protocol;
using Hyperscale.Det.Routing;
using Hyperscale.Det.Sim.Checkers;
using Hyperscale.Det.Slo;
using Barrier = Hyperscale.Det.Nodes.Barrier;

namespace Hyperscale.Det.Tests.Sim.Checkers;

/// <summary>The checkers of cores and of routing notice what they are there for.</summary>
public sealed class RoutingCheckersTests
{
    private static readonly Duration Minute = Duration.FromMinutes(1);

    private readonly JobRouting _checker = new();

    [Theory]
    [InlineData(2, 1, 0, false, "")]
    [InlineData(2, 1, 1, false, "")]
    [InlineData(2, 1, 2, true, "counts 1 active and 2 free cores")]
    [InlineData(2, 3, 0, true, "counts 3 active and 0 free cores")]
    [InlineData(3, 1, 2, true, "counts 3 cores of dc-a/worker-1, which has 2")]
    public void Cores_that_do_not_add_up_are_noticed(
        int cores, int active, int free, bool isNoticed, string fault)
    {
        var checker = new CoreConservation();
        var bench = new CheckerBench(checker);
        var worker = new WorkerView(NodeId.Of(CheckerBench.Worker), new BootId(1), cores, free);
        void Judge() => checker.JudgeWorker(bench.Host(CheckerBench.Manager), worker, active);

        if (isNoticed) Assert.Contains(fault, bench.Breaks(Judge), StringComparison.Ordinal);
        else Judge();
    }

    [Theory]
    [InlineData(3, 1, "tells of 1 free cores of 3; there are 2")]
    [InlineData(2, 3, "tells of 3 free cores of 2")]
    [InlineData(2, 1, "that 2 are free now")]
    public void Cores_that_there_are_not_are_not_told(int total, int free, string fault)
    {
        var bench = new CheckerBench(new CoreConservation());
        var schedule = FreeingSchedule.Of([new FreeingStep(Duration.Zero, 2)]);
        bench.Nodes.Answer<NodeInput.Started>(CheckerBench.Manager, new NodeEffect.Send(
            NodeId.Of(CheckerBench.Gate),
            new Message.ManagerHeartbeat(
                "dc-a", new BootId(1), 1, IsPrimary: true, View: 1, Workers: 1, total, free, 2, 0)
            {
                Capacity = HeartbeatCapacity.None with { Freeing = schedule },
            },
            Barrier.None));

        Assert.Contains(fault, bench.BreaksWhenRun(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_slot_that_is_sent_outside_the_list_of_its_job_is_noticed()
    {
        var bench = new CheckerBench(_checker);
        var spec = CheckerBench.Spec() with { Datacenters = new DatacenterChoice(1, [], ["dc-b"]) };
        bench.Nodes.Answer<NodeInput.Started>(CheckerBench.Gate, new NodeEffect.Send(
            NodeId.Of(CheckerBench.Manager),
            new Message.ReserveSlot(CheckerBench.Slot, 1, spec),
            Barrier.None));

        Assert.Contains("it may use dc-b only", bench.BreaksWhenRun(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_place_outside_the_list_is_noticed() => Notices(
        "it may use dc-b only", Decision(only: ["dc-b"], healths: ["", "h"]), ["dc-a"], ["dc-b"]);

    [Theory]
    [InlineData("h", "b", "dc-b", "is not used")]
    [InlineData("b", "d", "dc-b", "is not used")]
    [InlineData("s", "h", "dc-a", "is not used")]
    [InlineData("h", "h", "dc-b", "")]
    [InlineData("b", "h", "dc-b", "")]
    public void A_worse_bucket_while_a_better_one_is_left_is_noticed(
        string east, string west, string place, string fault) =>
        Notices(fault, Decision(healths: [east, west]), [place]);

    [Fact]
    public void A_probe_may_go_where_it_is_worse() =>
        Notices("", Decision(healths: ["h", "b"]) with { Reason = RoutingReason.Probe }, ["dc-b"]);

    [Fact]
    public void A_datacenter_that_is_neither_ranked_nor_excluded_is_noticed()
    {
        var decision = Decision(healths: ["h", "h"]);

        Notices("are ranked or excluded", decision with { Ranking = [decision.Ranking[0]] }, ["dc-a"]);
        Notices(
            "are ranked or excluded",
            decision with { Excluded = [new Exclusion("dc-a", ExclusionReason.NoManager, default)] },
            ["dc-a"]);
    }

    [Fact]
    public void A_decision_about_another_job_is_noticed() => Notices(
        "what was decided about it is for 1 of [dc-a]", Decision(only: ["dc-a"], healths: ["h", ""]), []);

    [Fact]
    public void Fewer_primaries_than_there_could_be_are_noticed() =>
        Notices("1 are right", Decision(healths: ["h", "h"]) with { PrimaryCount = 0 }, []);

    [Fact]
    public void A_place_that_is_used_twice_is_noticed() =>
        Notices("gets dc-a, dc-a", Decision(healths: ["h", "h"]), ["dc-a", "dc-a"]);

    [Theory]
    [InlineData("b", "d", 10, "spills from dc-a, which is Busy, to dc-b, which is Degraded")]
    [InlineData("b", "h", 50, "to dc-b with 50s")]
    [InlineData("b", "h", 10, "")]
    public void Spillover_to_where_it_is_no_better_is_noticed(
        string home, string there, int wait, string fault)
    {
        var spillover = new SpilloverDecision(
            true, SpilloverReason.ImprovesWaitTime, "dc-a", "dc-b", Minute, Duration.FromSeconds(wait), 5);

        Notices(fault, Decision(healths: [home, there]) with { Spillovers = [spillover] }, []);
    }

    [Theory]
    [InlineData(1.19, true, "whose jobs miss their latency targets")]
    [InlineData(1.19, false, "")]
    [InlineData(1.3, true, "")]
    public void A_job_that_goes_where_targets_are_missed_though_another_is_comparable_is_noticed(
        double other, bool isMeeting, string fault)
    {
        var decision = Decision(healths: ["h", "h"]);
        double[] scores = [1.048, 1.1 * other];
        double[] factors = [1.048, 1.1];
        bool[] misses = [true, !isMeeting];
        Notices(fault, decision with
        {
            View = decision.View with
            {
                Datacenters =
                [
                    .. decision.View.Datacenters.Select((candidate, i) => candidate with
                    {
                        SloLevel = misses[i] ? SloLevel.Violating : SloLevel.Meeting,
                    }),
                ],
            },
            Ranking =
            [
                .. decision.Ranking.Select((score, i) =>
                    score with { Score = scores[i], SloFactor = factors[i] }),
            ],
        }, []);
    }

    private void Notices(
        string fault, RoutingDecision decision, string[] places, IReadOnlyList<string>? only = null)
    {
        var bench = new CheckerBench(_checker);
        var spec = CheckerBench.Spec() with { Datacenters = new DatacenterChoice(1, [], only ?? []) };
        void Judge() => _checker.Judge(CheckerBench.Job, spec, decision, places);

        if (fault.Length == 0) Judge();
        else Assert.Contains(fault, bench.Breaks(Judge), StringComparison.Ordinal);
    }

    /// <summary>A decision about two datacenters, healthy, busy, degraded, of stale health, or, without a
    /// letter, excluded.</summary>
    private static RoutingDecision Decision(string[] healths, IReadOnlyList<string>? only = null)
    {
        string[] names = ["dc-a", "dc-b"];
        var candidates = names.Select((name, i) => CandidateOf(name, healths[i])).ToList();
        var ranked = candidates.Where((_, i) => healths[i].Length > 0).ToList();
        return new RoutingDecision(
            new RoutingRequest(1, 1, [], only ?? []),
            new RoutingView(candidates, IsBootstrap: false),
            Instant.Zero,
            RoutingReason.InitialSelection,
            RoutingOutcome.Routed,
            [
                .. ranked.Select(candidate => default(DatacenterRoutingScore) with
                {
                    Datacenter = candidate.Name.Text,
                    Bucket = CandidateFilter.BucketOf(candidate),
                }),
            ],
            PrimaryCount: 1,
            [
                .. candidates.Except(ranked).Select(candidate =>
                    new Exclusion(candidate.Name.Text, ExclusionReason.NotInOnly, HealthReason.None)),
            ],
            Spillovers: [],
            ToBeat: null);
    }

    private static DatacenterCandidate CandidateOf(string name, string health) => new(
        DatacenterName.Of(name),
        new DatacenterCapacity(
            name, 4, 4, 0, Duration.Zero, Duration.Zero, Duration.Zero, 0, HealthOf(health), Duration.Zero,
            IsFresh: true),
        HealthReason.None,
        HealthOf(health),
        IsHealthStale: health == "s",
        Managers: 1,
        OpenCircuits: 0,
        Predicted: null,
        SloFactor: 1);

    private static DatacenterHealth HealthOf(string letter) => letter switch
    {
        "b" => DatacenterHealth.Busy,
        "d" => DatacenterHealth.Degraded,
        _ => DatacenterHealth.Healthy,
    };
}
