using System.Diagnostics;
using Hyperscale.Det.Capacity;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Routing;

namespace Hyperscale.Det.Benchmarks;

/// <summary>Decisions of the router against a scan for the least loaded datacenter, in turns in one run;
/// spillover; the merging of heartbeats; estimates.</summary>
internal sealed class RoutingBenchmark : IBenchmark
{
    private const int Cores = 8;

    private static readonly Instant Now = Instant.Zero + Duration.FromSeconds(100);

    public string Name => "routing";

    public string Summary => "decisions against a least-loaded scan, spillover, heartbeats, estimates";

    public int Run(string[] options)
    {
        Console.WriteLine(
            $"{"",-24}{"datacenters",12}{"own ns",9}{"alloc",8}{"scan ns",9}{"alloc",7}{"own/scan",10}");
        foreach (var count in new[] { 10, 100 })
        {
            Decision("decision", count, isFull: false);
            Decision("decision that spills", count, isFull: true);
            Detour(count);
            WithViews(count);
        }

        Spillover(99);
        Heartbeats(10_000);
        foreach (var work in new[] { 100, 1_000, 10_000 }) Estimate(work);
        return 0;
    }

    private static void Decision(string what, int count, bool isFull)
    {
        var (router, view, request) = Prepared(count, isFull);
        var second = 100L;
        Row(what, count, Contest.Run(
            () => router.RouteJob(request, view, Instant.Zero + Duration.FromMilliseconds(++second)),
            () => LeastLoadedScan.Choose(view.Datacenters, Cores)));
    }

    /// <summary>A decision around the datacenter that the class of jobs is at home in, and that has not a
    /// core left.</summary>
    private static void Detour(int count)
    {
        var (router, view, request) = Prepared(count, isFull: false);
        var home = router.RouteJob(request, view, Now).Primaries.Single();
        DatacenterCandidate[] datacenters =
        [
            .. view.Datacenters.Select(candidate => candidate.Name.Text != home ? candidate : candidate with
            {
                Capacity = candidate.Capacity with { AvailableCores = 0, Health = DatacenterHealth.Busy },
                HealthReason = HealthReason.NoFreeCore,
            }),
        ];
        var full = new RoutingView(datacenters, false);
        if (router.RouteJob(request, full, Now).Reason != RoutingReason.FullDetour)
            throw new InvalidOperationException("the decision was to be a detour");
        Row("decision with a detour", count, Contest.Run(
            () => router.RouteJob(request, full, Now),
            () => LeastLoadedScan.Choose(full.Datacenters, Cores)));
    }

    /// <summary>A decision with everything that comes before it: the capacity of every datacenter is looked
    /// up for the job.</summary>
    private static void WithViews(int count)
    {
        var (router, view, request) = Prepared(count, isFull: false);
        var aggregator = new DatacenterCapacityAggregator(CapacityConfig.Default);
        for (var i = 0; i < count; i++) aggregator.Accept(Report(i, i, 1), Now);
        var datacenters = view.Datacenters.ToArray();
        Row("views and decision", count, Contest.Run(
            () =>
            {
                for (var i = 0; i < count; i++)
                {
                    datacenters[i] = datacenters[i] with
                    {
                        Capacity = aggregator.View(datacenters[i].Name, Cores, DatacenterHealth.Healthy, Now),
                    };
                }

                router.RouteJob(request, new RoutingView(datacenters, false), Now);
            },
            () => LeastLoadedScan.Choose(view.Datacenters, Cores)));
    }

    private static void Spillover(int candidates)
    {
        var others = Enumerable.Range(0, candidates)
            .Select(i => new SpilloverCandidate(Capacity(i, i % 9, 30 + (i % 40)), 20 + (i % 90))).ToArray();
        var primary = new SpilloverCandidate(Capacity(candidates, 0, 600), 20);
        var cost = Contest.Run(
            () => SpilloverEvaluator.Evaluate(CapacityConfig.Default, Cores, primary, others))[0];
        Console.WriteLine(
            $"spillover, {candidates} candidates: {cost.Nanoseconds:F0} ns, {1e9 / cost.Nanoseconds:N0}/s, "
            + $"{cost.AllocatedBytes:F0} bytes");
    }

    private static void Heartbeats(int managers)
    {
        var best = TimeSpan.MaxValue;
        for (var round = 0; round < 10; round++)
        {
            var reports = new[] { 1, 2 }.Select(version => Enumerable.Range(0, managers)
                .Select(i => Report(i, i % 100, version)).ToArray()).ToArray();
            var aggregator = new DatacenterCapacityAggregator(CapacityConfig.Default);
            foreach (var report in reports[0]) aggregator.Accept(report, Now);
            var start = Stopwatch.GetTimestamp();
            foreach (var report in reports[1]) aggregator.Accept(report, Now);
            var took = Stopwatch.GetElapsedTime(start);
            if (took < best) best = took;
        }

        Console.WriteLine(
            $"merging {managers:N0} heartbeats: {best.TotalMilliseconds:F1} ms, "
            + $"{managers / best.TotalSeconds:N0}/s");
    }

    private static void Estimate(int work)
    {
        List<ActiveDispatch> active =
        [
            .. Enumerable.Range(0, work).Select(i => new ActiveDispatch(
                new JobId(0, i), 0, NodeId.Of("w"), 1 + (i % 8), Now, Duration.FromSeconds(10 + (i % 97)),
                Duration.FromSeconds(10))),
        ];
        var time = Duration.FromSeconds(30);
        List<PendingWorkflow> pending =
            [.. Enumerable.Range(0, work).Select(i => new PendingWorkflow(1 + (i % 8), time))];
        var total = active.Sum(dispatch => dispatch.Cores);
        var cost = Contest.Run(() => HeartbeatCapacity.Of(total, active, pending, Now))[0];
        Console.WriteLine(
            $"estimate, {work:N0} active and {work:N0} pending: {cost.Nanoseconds / 1000:F0} us");
    }

    private static (GateJobRouter Router, RoutingView View, RoutingRequest Request) Prepared(
        int count, bool isFull)
    {
        var tracker = new ObservedLatencyTracker(AdaptiveRoutingConfig.Default);
        var datacenters = new DatacenterCandidate[count];
        for (var i = 0; i < count; i++)
        {
            var name = DatacenterName.Of(NameOf(i));
            var overhead = Duration.FromMilliseconds(20 + (i * 7 % 50));
            for (var sample = 1; sample <= 10; sample++)
                tracker.Observe(name, (i * 10) + sample, overhead, Duration.Zero, rttMs: null, Now);

            // Full near by, free a little farther away.
            var (free, rtt) = isFull && i < count - 1 ? (Cores - 1, 20 + (i % 40)) : (40 + (i % 30), 70);
            datacenters[i] = new DatacenterCandidate(
                name, Capacity(i, free, 600), HealthReason.None, DatacenterHealth.Healthy, false, 3, 0,
                new PredictedLatency(rtt, 20, 5, Duration.Zero), 1);
        }

        return (
            new GateJobRouter(CapacityConfig.Default, HysteresisConfig.Default, tracker),
            new RoutingView(datacenters, false),
            new RoutingRequest(1, Cores, [], []));
    }

    private static DatacenterCapacity Capacity(int index, int free, int wait) => new(
        NameOf(index), 100, free, index % 20, Duration.Zero, Duration.Zero, Duration.FromSeconds(wait),
        1 - (free / 100.0), DatacenterHealth.Healthy, Duration.Zero, IsFresh: true);

    private static ManagerCapacity Report(int manager, int datacenter, int version)
    {
        var details = new HeartbeatCapacity(
            2, 60, 120, 900, Duration.FromSeconds(5), 4,
            FreeingSchedule.Of(Enumerable.Range(0, 20)
                .Select(i => new FreeingStep(Duration.FromSeconds(i), 4))));
        return new ManagerCapacity(
            NodeId.Of($"{NameOf(datacenter)}/manager-{manager}"), DatacenterName.Of(NameOf(datacenter)), 1, 1,
            version, 80, 4, details);
    }

    private static string NameOf(int datacenter) => $"region-{datacenter:D3}";

    private static void Row(string what, int count, Cost[] costs) => Console.WriteLine(
        $"{what,-24}{count,12}{costs[0].Nanoseconds,9:F0}{costs[0].AllocatedBytes,8:F0}"
        + $"{costs[1].Nanoseconds,9:F0}{costs[1].AllocatedBytes,7:F0}"
        + $"{costs[0].Nanoseconds / costs[1].Nanoseconds,10:F1}");
}
