using CsCheck;
using Hyperscale.Det.Capacity;
using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Tests.Core.Capacity;

public sealed class SpilloverEvaluatorTests
{
    private const int Cores = 8;

    private static readonly SpilloverCandidate Primary = Dc("home", free: 0, wait: 600, rttMs: 20);

    private static readonly Gen<SpilloverCandidate> Any = Gen.Select(
            Gen.Int[0, 4], Gen.Int[0, 16], Gen.Int[-1, 1200], Gen.Int[0, 300],
            Gen.Enum<DatacenterHealth>(), Gen.Bool)
        .Select((name, free, wait, rtt, health, isFresh) =>
            Dc($"dc{name}", free, wait < 0 ? null : wait, rtt, health, isFresh));

    [Fact]
    public void The_rules_are_judged_in_their_order()
    {
        var off = CapacityConfig.Default with { IsSpilloverEnabled = false };
        var stale = Dc("home", free: 0, wait: 600, isFresh: false);
        SpilloverCandidate[] good = [Dc("a", free: 8)];

        AssertStays("spillover_disabled", SpilloverEvaluator.Evaluate(off, Cores, stale, good));
        AssertStays("capacity_stale", Evaluate(stale, good));
        AssertStays("primary_has_capacity", Evaluate(Dc("home", free: 8, wait: 600), good));
        AssertStays("primary_wait_acceptable", Evaluate(Dc("home", free: 7, wait: 60), good));
        AssertStays("no_spillover_with_capacity", Evaluate(Primary, []));
        AssertSpills("a", Evaluate(Dc("home", free: 7, wait: 61), good));
    }

    [Fact]
    public void A_decision_tells_both_waits_and_the_penalty()
    {
        var decision = Evaluate(Primary, Dc("a", free: 0, wait: 200, rttMs: 95));

        Assert.Equal(
            new SpilloverDecision(
                true, SpilloverReason.ImprovesWaitTime, "home", "a", Duration.FromSeconds(600),
                Duration.FromSeconds(200), 75),
            decision);
        Assert.Equal("spillover_improves_wait_time", decision.ReasonName);
    }

    [Theory]
    [InlineData(300, true)]
    [InlineData(301, false)]
    public void A_candidate_waits_at_most_half_as_long(int wait, bool spills) =>
        Assert.Equal(spills, Evaluate(Primary, Dc("a", free: 0, wait: wait)).ShouldSpill);

    [Theory]
    [InlineData(120, true)]
    [InlineData(121, false)]
    [InlineData(1, true)]
    public void The_penalty_is_the_difference_of_round_trips(int rttMs, bool spills) =>
        Assert.Equal(spills, Evaluate(Primary, Dc("a", free: 8, rttMs: rttMs)).ShouldSpill);

    [Theory]
    [InlineData(DatacenterHealth.Busy, DatacenterHealth.Healthy, true)]
    [InlineData(DatacenterHealth.Busy, DatacenterHealth.Busy, true)]
    [InlineData(DatacenterHealth.Busy, DatacenterHealth.Degraded, false)]
    [InlineData(DatacenterHealth.Healthy, DatacenterHealth.Busy, false)]
    public void Health_does_not_get_worse(DatacenterHealth home, DatacenterHealth there, bool spills) =>
        Assert.Equal(
            spills,
            Evaluate(Dc("home", free: 0, wait: 600, health: home), Dc("a", free: 8, health: there))
                .ShouldSpill);

    [Fact]
    public void Stale_candidates_do_not_count() =>
        AssertStays("no_spillover_with_capacity", Evaluate(Primary, Dc("a", free: 8, isFresh: false)));

    [Fact]
    public void A_wait_without_end_is_left_for_any_that_ends()
    {
        var endless = Dc("home", free: 0, wait: null);

        AssertSpills("a", Evaluate(endless, Dc("a", free: 0, wait: 100_000)));
        AssertStays("no_spillover_with_capacity", Evaluate(endless, Dc("a", free: 0, wait: null)));
    }

    [Fact]
    public void Too_small_an_improvement_is_told_with_its_candidate()
    {
        var strict = CapacityConfig.Default with { MinImprovementRatio = 0.9 };
        var decision = SpilloverEvaluator.Evaluate(
            strict, Cores, Primary, [Dc("a", free: 0, wait: 61)]);

        Assert.Equal((false, "improvement_insufficient"), (decision.ShouldSpill, decision.ReasonName));
        Assert.Equal("a", decision.SpilloverDatacenter);
        Assert.True(SpilloverEvaluator.Evaluate(strict, Cores, Primary, [Dc("a", 0, wait: 60)]).ShouldSpill);
    }

    [Fact]
    public void The_best_is_that_of_the_shortest_wait_then_the_least_penalty_then_the_first_name()
    {
        AssertSpills(
            "c", Evaluate(Primary, Dc("a", 0, wait: 10), Dc("b", 8, rttMs: 50), Dc("c", 8, rttMs: 40)));
        AssertSpills("a", Evaluate(Primary, Dc("b", 8, rttMs: 40), Dc("a", 8, rttMs: 40)));
    }

    [Fact]
    public void The_decision_does_not_depend_on_the_order_of_the_candidates() =>
        Gen.Select(Any, Any.List[0, 6], Gen.Int[0, 1000]).Sample((home, others, seed) =>
        {
            List<SpilloverCandidate> distinct = [.. others.DistinctBy(other => other.Capacity.Datacenter)];
            var mixed = distinct.ToArray();
            var rng = new Rng((ulong)seed);
            for (var i = mixed.Length - 1; i > 0; i--)
            {
                var j = (int)rng.Below(i + 1);
                (mixed[i], mixed[j]) = (mixed[j], mixed[i]);
            }

            Assert.Equal(Evaluate(home, [.. distinct]), Evaluate(home, mixed));
        });

    [Fact]
    public void Whoever_spills_finds_cores_sooner_in_health_that_is_no_worse() =>
        Gen.Select(Any, Any.List[0, 6]).Sample((home, others) =>
        {
            var decision = Evaluate(home, [.. others.DistinctBy(other => other.Capacity.Datacenter)]);
            if (!decision.ShouldSpill) return;
            var chosen = others.DistinctBy(other => other.Capacity.Datacenter)
                .Single(other => other.Capacity.Datacenter == decision.SpilloverDatacenter);

            Assert.True(chosen.Capacity.Health <= home.Capacity.Health);
            Assert.True(chosen.Capacity.IsFresh);
            Assert.True(decision.PrimaryWait is null || decision.SpilloverWait * 2 <= decision.PrimaryWait);
            Assert.True(decision.LatencyPenaltyMs <= 100);
        });

    private static SpilloverDecision Evaluate(
        SpilloverCandidate primary, params SpilloverCandidate[] candidates) =>
        SpilloverEvaluator.Evaluate(CapacityConfig.Default, Cores, primary, candidates);

    private static SpilloverCandidate Dc(
        string name,
        int free,
        int? wait = 0,
        int rttMs = 20,
        DatacenterHealth health = DatacenterHealth.Busy,
        bool isFresh = true) => new(
        new DatacenterCapacity(
            name, 100, free, 0, Duration.Zero, Duration.Zero,
            free >= Cores ? Duration.Zero : CapacityGens.Seconds(wait), 0, health, Duration.Zero, isFresh),
        rttMs);

    private static void AssertStays(string reason, SpilloverDecision decision) =>
        Assert.Equal((false, reason), (decision.ShouldSpill, decision.ReasonName));

    private static void AssertSpills(string datacenter, SpilloverDecision decision) =>
        Assert.Equal((true, datacenter), (decision.ShouldSpill, decision.SpilloverDatacenter));
}
