using Hyperscale.Det.Capacity;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Routing;
using static Hyperscale.Det.Tests.Core.Routing.RoutingSamples;

namespace Hyperscale.Det.Tests.Core.Routing;

/// <summary>The router and what it learns of the jobs that it routes.</summary>
public sealed class RouteLearningTests
{
    private readonly ObservedLatencyTracker _tracker = new(AdaptiveRoutingConfig.Default);
    private readonly GateJobRouter _router;
    private readonly SortedDictionary<string, double> _overhead = new(StringComparer.Ordinal);
    private readonly Rng _rng = new(1);
    private long _sequence;
    private double _second;
    private double _jobsPerSecond = 1;

    public RouteLearningTests() =>
        _router = new GateJobRouter(CapacityConfig.Default, HysteresisConfig.Default, _tracker);

    [Theory]
    [InlineData(0.2)]
    [InlineData(1)]
    [InlineData(4)]
    [InlineData(10)]
    [InlineData(100)]
    public void A_datacenter_whose_overhead_triples_is_left_in_20_jobs_and_taken_again_in_600_s_once_it_heals(
        double jobsPerSecond)
    {
        (_overhead["a"], _overhead["b"], _jobsPerSecond) = (40, 60, jobsPerSecond);
        var views = new[] { Dc("a", 40), Dc("b", 60) };
        Run(40 * jobsPerSecond, views);
        Assert.Equal("a", Run(20, views));

        _overhead["a"] = 120;
        // The hold-down is over and ten seconds of a bad score have passed, or nobody could have learned.
        Run(Math.Max(20, 11 * jobsPerSecond), views);
        Assert.Equal("b", Run(1, views));

        _overhead["a"] = 40;
        Run(600 * jobsPerSecond, views);
        Assert.Equal("a", Run(1, views));
    }

    [Fact]
    public void A_datacenter_that_fails_all_jobs_is_left_and_tried_once_in_a_hundred()
    {
        (_overhead["a"], _overhead["b"], _jobsPerSecond) = (40, 60, 20);
        var views = new[] { Dc("a", 40), Dc("b", 60) };
        Run(1000, views);
        for (var i = 0; i < 20; i++) _tracker.Penalize(DatacenterName.Of("a"), ++_sequence, At(_second));

        var probes = 0;
        for (var i = 0; i < 1250; i++)
        {
            var decision = Route(views);
            if (decision.Reason == RoutingReason.Probe)
            {
                probes++;
                Assert.Equal(["a"], decision.Primaries);
                Assert.Equal(["b"], decision.Fallback);
            }
            else if (i > 220)
            {
                Assert.Equal(["b"], decision.Primaries);
            }
        }

        Assert.InRange(probes, 12, 13);
    }

    [Fact]
    public void A_datacenter_that_misses_its_targets_is_tried_and_another_sick_one_is_not()
    {
        var sick = Dc("sick", 10, health: DatacenterHealth.Unhealthy);
        var slow = Dc(
            "slow", 10, health: DatacenterHealth.Unhealthy, withoutSlo: DatacenterHealth.Healthy);
        var full = Dc(
            "full", 10, free: 0, health: DatacenterHealth.Degraded, withoutSlo: DatacenterHealth.Healthy);
        var probed = new SortedSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < 1000; i++)
        {
            var decision = Route([Dc("a", 40), sick, slow, full]);
            probed.Add(decision.Primaries.Single());
            Assert.Equal(4, decision.Ranking.Count + decision.Excluded.Count);
        }

        Assert.Equal(["a", "slow"], probed);
    }

    [Fact]
    public void Who_is_unhealthy_by_latencies_alone_is_probed_by_the_hundredth_decision_and_excluded_else()
    {
        DatacenterCandidate[] views =
        [
            Dc("a", 40),
            Dc("slow", 10, health: DatacenterHealth.Unhealthy, withoutSlo: DatacenterHealth.Healthy),
        ];
        for (var i = 1; i <= 2 * GateJobRouter.ProbeEvery; i++)
        {
            var decision = Route(views);
            var isProbe = i % GateJobRouter.ProbeEvery == 0;
            string[] ranking = isProbe ? ["slow", "a"] : ["a"];
            string[] excluded = isProbe ? [] : ["slow"];
            Assert.Equal(isProbe, decision.Reason == RoutingReason.Probe);
            Assert.Equal(ranking, decision.Ranking.Select(score => score.Datacenter));
            Assert.Equal(excluded, decision.Excluded.Select(one => one.Datacenter));
        }
    }

    [Fact]
    public void In_a_steady_state_less_than_one_decision_in_a_hundred_switches()
    {
        string? last = null;
        var switches = 0;
        for (var i = 0; i < 5000; i++)
        {
            // Three alike, whose latencies and loads are never quite the same.
            DatacenterCandidate Noisy(string name) =>
                Dc(name, _rng.Between(45, 55), free: (int)_rng.Between(40, 60));
            var decision = Route([Noisy("a"), Noisy("b"), Noisy("c")]);
            var primary = decision.Primaries.Single();
            Learn(primary, _rng.Between(40, 60));
            if (decision.Reason == RoutingReason.Probe) continue;
            if (last is not null && primary != last) switches++;
            last = primary;
        }

        Assert.InRange(switches, 0, 49);
    }

    [Fact]
    public void Of_two_alike_the_one_that_jobs_know_does_not_lose_them_to_the_one_they_do_not()
    {
        var views = new[] { Dc("a", 5), Dc("b", 6) };
        for (var i = 0; i < 2000; i++)
        {
            var decision = Route(views);
            Assert.Equal(["a"], decision.Primaries);
            Learn("a", _rng.Between(75, 85), rttMs: 5);
        }
    }

    [Theory]
    [InlineData(1000, 30)]
    [InlineData(400, 60)]
    public void A_gate_that_has_only_met_a_slow_datacenter_leaves_it_nonetheless(
        double slowMs, double otherRtt)
    {
        var views = new[] { Dc("a", 5), Dc("b", otherRtt) };
        for (var i = 0; i < 60 && Route(views).Primaries.Single() == "a"; i++) Learn("a", slowMs, rttMs: 5);

        Assert.Equal(["b"], Route(views).Primaries);
        Learn("b", 80 + (2 * otherRtt), rttMs: otherRtt);
        Assert.Equal(["b"], Route(views).Primaries);
    }

    [Fact]
    public void What_first_results_say_of_a_datacenter_is_no_degradation_and_what_later_ones_say_is()
    {
        // All within the first thirty seconds: the first choice is held but for a degradation.
        var views = new[] { Dc("a", 20), Dc("b", 100) };
        for (var i = 0; i < 15; i++)
        {
            Assert.NotEqual(RoutingReason.DegradationForced, Route(views).Reason);
            Learn("a", 150, rttMs: null);
        }

        for (var i = 0; i < 10; i++) Learn("a", 900, rttMs: null);
        var reasons = Enumerable.Range(0, 12).Select(_ => Route(views).Reason).ToList();
        Assert.Contains(RoutingReason.DegradationForced, reasons);
    }

    [Fact]
    public void A_newly_chosen_datacenter_that_fails_its_first_jobs_is_left_before_it_is_held_no_longer()
    {
        var views = new[] { Dc("a", 20), Dc("b", 100) };
        var reasons = new List<RoutingReason>();
        for (var i = 0; i < 14; i++)
        {
            reasons.Add(Route(views).Reason);
            _tracker.Penalize(DatacenterName.Of("a"), ++_sequence, At(_second));
        }

        Assert.Contains(RoutingReason.DegradationForced, reasons);
    }

    [Fact]
    public void What_takes_no_longer_than_jobs_do_anywhere_is_not_probed()
    {
        _jobsPerSecond = 20;
        var views = new[] { Dc("a", 5), Dc("b", 6) };
        Route(views);
        for (var i = 0; i < 30; i++) Learn("a", 80, rttMs: 5);
        Learn("b", 70, rttMs: null);
        for (var i = 0; i < 1000; i++)
        {
            Assert.Equal(["a"], Route(views).Primaries);
            Learn("a", 80, rttMs: 5);
        }
    }

    /// <summary>Routes so many jobs and tells where the last one went, probes aside.</summary>
    private string Run(double jobs, DatacenterCandidate[] views)
    {
        var last = "";
        for (var i = 0; i < jobs; i++)
        {
            var decision = Route(views);
            var primary = decision.Primaries.Single();
            Learn(primary, _overhead[primary]);
            if (decision.Reason != RoutingReason.Probe || i == 0) last = primary;
        }

        return last;
    }

    private RoutingDecision Route(DatacenterCandidate[] views)
    {
        var decision = _router.RouteJob(Request(), View(views), At(_second += 1 / _jobsPerSecond));
        _router.CheckInvariants();
        return decision;
    }

    private void Learn(string datacenter, double overheadMs, double? rttMs = null) => _tracker.Observe(
        DatacenterName.Of(datacenter), ++_sequence, new Duration((long)(overheadMs * 1_000_000)),
        Duration.Zero, rttMs, At(_second));
}
