using Hyperscale.Det.Capacity;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Routing;
using static Hyperscale.Det.Tests.Core.Routing.RoutingSamples;

namespace Hyperscale.Det.Tests.Core.Routing;

/// <summary>How well jobs are spread by one gate that hears of each datacenter every five seconds, counts
/// what it dispatched, and learns of results.</summary>
public sealed class RoutingQualityTests
{
    private const int CoresOfDatacenter = 100;
    private const int CoresOfJob = 8;
    private const int SecondsOfJob = 60;

    private readonly DatacenterCapacityAggregator _aggregator = new(CapacityConfig.Default);
    private readonly ObservedLatencyTracker _tracker = new(AdaptiveRoutingConfig.Default);
    private readonly GateJobRouter _router;
    private readonly SortedDictionary<string, double> _rttMs = new(StringComparer.Ordinal);
    private readonly SortedSet<string> _dead = new(StringComparer.Ordinal);
    private readonly List<(int EndsAt, string Datacenter, long Sequence)> _running = [];
    private readonly SortedDictionary<string, long> _coreSeconds = new(StringComparer.Ordinal);
    private readonly List<(int At, string Datacenter)> _routed = [];
    private readonly Rng _rng = new(7);
    private int _second;
    private long _sequence;

    public RoutingQualityTests() =>
        _router = new GateJobRouter(CapacityConfig.Default, HysteresisConfig.Default, _tracker);

    [Fact]
    public void The_median_round_trip_is_less_than_half_of_that_of_random_routing()
    {
        (_rttMs["a"], _rttMs["b"], _rttMs["c"], _rttMs["d"], _rttMs["e"]) = (10, 40, 80, 150, 220);
        Run(seconds: 1800, jobsPer100Seconds: 30);

        var median = _routed.Select(job => _rttMs[job.Datacenter]).Order().ElementAt(_routed.Count / 2);
        Assert.InRange(median, 0, 80 / 2.0);
    }

    [Theory]
    [InlineData(20)]
    [InlineData(50)]
    [InlineData(70)]
    public void Datacenters_that_are_alike_are_used_alike(int jobsPer100Seconds)
    {
        foreach (var name in (string[])["a", "b", "c", "d"]) _rttMs[name] = 30;
        Run(seconds: 7200, jobsPer100Seconds);

        var mean = _coreSeconds.Values.Average();
        var deviation = Math.Sqrt(_coreSeconds.Values.Average(load => (load - mean) * (load - mean)));
        Assert.InRange(deviation / mean, 0, 0.3);
    }

    [Fact]
    public void A_dead_datacenter_is_routed_around_in_ten_seconds()
    {
        (_rttMs["a"], _rttMs["b"]) = (10, 60);
        Run(seconds: 100, jobsPer100Seconds: 50);
        var died = _second;
        _dead.Add("a");
        Run(seconds: 100, jobsPer100Seconds: 50);

        Assert.DoesNotContain(_routed, job => job.Datacenter == "a" && job.At > died + 10);
        Assert.Contains(_routed, job => job.Datacenter == "a" && job.At <= died);
    }

    private void Run(int seconds, int jobsPer100Seconds)
    {
        for (var end = _second + seconds; _second < end;)
        {
            _second++;
            foreach (var done in _running.Where(job => job.EndsAt == _second)) Learn(done);
            _running.RemoveAll(job => job.EndsAt <= _second);
            foreach (var name in _rttMs.Keys) Report(name);
            if (_rng.Chance(jobsPer100Seconds, 100)) RouteOne();
        }
    }

    private void RouteOne()
    {
        var request = Request(cores: CoresOfJob);
        var decision = _router.RouteJob(
            request, new RoutingView([.. _rttMs.Keys.Select(Candidate)], false), At(_second));
        var name = decision.Primaries.Single();
        _routed.Add((_second, name));
        if (_dead.Contains(name))
        {
            // Nobody answers; the job goes to the next in the ranking.
            _router.OnDispatchFailed(DatacenterName.Of(name), At(_second));
            _tracker.Penalize(DatacenterName.Of(name), ++_sequence, At(_second));
            return;
        }

        // It waits there, and takes the cores of one that ends.
        if (UsedIn(name) + CoresOfJob > CoresOfDatacenter) return;
        _aggregator.Dispatched(
            new JobId(0, ++_sequence), 0, DatacenterName.Of(name), NodeId.Of($"{name}/m"), CoresOfJob,
            At(_second));
        _running.Add((_second + SecondsOfJob, name, _sequence));
    }

    private DatacenterCandidate Candidate(string name)
    {
        var datacenter = DatacenterName.Of(name);
        // A gate hears of a manager's death within seconds.
        var isAlive = !_dead.Contains(name);
        var free = _aggregator.View(datacenter, CoresOfJob, default, At(_second)).AvailableCores;
        var health = DatacenterHealthClassifier.Classify(1, isAlive ? 1 : 0, 10, 10, free);
        return Dc(name, _rttMs[name]) with
        {
            Capacity = _aggregator.View(datacenter, CoresOfJob, health.Health, At(_second)),
            HealthReason = health.Reason,
            HealthWithoutSlo = health.Health,
        };
    }

    private void Report(string name)
    {
        var used = UsedIn(name);
        _coreSeconds[name] = _coreSeconds.GetValueOrDefault(name) + used;
        if (_second % 5 != 0 || _dead.Contains(name)) return;
        var active = _running.Where(job => job.Datacenter == name).Select(job => new ActiveDispatch(
            new JobId(0, job.Sequence), 0, NodeId.Of("w"), CoresOfJob, At(job.EndsAt - SecondsOfJob),
            Duration.FromSeconds(SecondsOfJob), Duration.FromSeconds(10)));
        _aggregator.Accept(
            new ManagerCapacity(
                NodeId.Of($"{name}/m"), DatacenterName.Of(name), 0, 1, _second / 5, CoresOfDatacenter,
                CoresOfDatacenter - used,
                HeartbeatCapacity.Of(CoresOfDatacenter, [.. active], [], At(_second))),
            At(_second));
        _aggregator.CheckInvariants();
    }

    private int UsedIn(string name) => CoresOfJob * _running.Count(job => job.Datacenter == name);

    private void Learn((int EndsAt, string Datacenter, long Sequence) done)
    {
        var overhead = _rttMs[done.Datacenter] * _rng.Between(95, 110) / 100.0;
        _tracker.Observe(
            DatacenterName.Of(done.Datacenter), done.Sequence,
            Duration.FromSeconds(SecondsOfJob) + new Duration((long)(overhead * 1_000_000)),
            Duration.FromSeconds(SecondsOfJob), _rttMs[done.Datacenter], At(_second));
    }
}
