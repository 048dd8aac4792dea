using CsCheck;
using Hyperscale.Det.Capacity;
using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Tests.Core.Capacity;

public sealed class DatacenterCapacityAggregatorTests
{
    private static readonly DatacenterName East = DatacenterName.Of("east");
    private static readonly DatacenterName West = DatacenterName.Of("west");
    private static readonly Duration Staleness = CapacityConfig.Default.StalenessThreshold;

    private readonly DatacenterCapacityAggregator _aggregator = new(CapacityConfig.Default);

    [Fact]
    public void The_newest_report_of_a_manager_counts_by_incarnation_and_version()
    {
        Assert.Equal(CapacityVerdict.Accepted, Accept("m", incarnation: 2, version: 5, free: 8));
        Assert.Equal(CapacityVerdict.Stale, Accept("m", incarnation: 2, version: 5, free: 1));
        Assert.Equal(CapacityVerdict.Stale, Accept("m", incarnation: 2, version: 4, free: 1));
        Assert.Equal(CapacityVerdict.Stale, Accept("m", incarnation: 1, version: 9, free: 1));
        Assert.Equal(8, View().AvailableCores);

        Assert.Equal(CapacityVerdict.Accepted, Accept("m", incarnation: 2, version: 6, free: 7));
        Assert.Equal(CapacityVerdict.Accepted, Accept("m", incarnation: 3, version: 1, free: 6));
        Assert.Equal(6, View().AvailableCores);
    }

    [Fact]
    public void Managers_that_share_a_datacenter_are_added_up()
    {
        Accept("a", free: 3, total: 10);
        Accept("b", free: 4, total: 20);
        Accept("c", free: 5, total: 40, datacenter: West);

        var view = View();

        Assert.Equal((30, 7), (view.TotalCores, view.AvailableCores));
        Assert.Equal(1 - (7 / 30.0), view.Utilization);
        Assert.Equal(5, View(datacenter: West).AvailableCores);
    }

    [Fact]
    public void A_silent_manager_has_no_available_cores_and_is_forgotten_later()
    {
        Accept("a", free: 3, total: 10);
        Accept("b", free: 4, total: 20, at: 20);

        var view = View(at: 31);
        Assert.Equal((30, 4, true), (view.TotalCores, view.AvailableCores, view.IsFresh));
        Assert.Equal(Duration.FromSeconds(11), view.Age);

        view = View(at: 51);
        Assert.Equal((30, 0, false), (view.TotalCores, view.AvailableCores, view.IsFresh));
        Assert.Equal(20, View(at: 301).TotalCores);
        Assert.Null(View(at: 321).Age);
        Assert.Equal(0, _aggregator.Managers);
    }

    [Fact]
    public void A_report_is_fresh_up_to_the_threshold_itself()
    {
        Accept("a", free: 3);

        Assert.True(View(at: (int)(Staleness.Nanoseconds / 1_000_000_000)).IsFresh);
        Assert.Equal(3, View(at: 30).AvailableCores);
    }

    [Fact]
    public void No_worker_counts_twice_while_the_lead_moves()
    {
        Accept("a", free: 30, total: 100, view: 1);
        Accept("b", free: 20, total: 100, view: 2);

        Assert.Equal((100, 20), (View().TotalCores, View().AvailableCores));
        Assert.Equal(CapacityVerdict.Superseded, Accept("a", free: 30, total: 100, view: 1, version: 2));
        Assert.Equal((100, 20), (View().TotalCores, View().AvailableCores));
    }

    [Fact]
    public void What_is_not_known_is_not_fresh_and_has_no_end_to_wait_for()
    {
        var view = View();

        Assert.Equal((0, 0, false), (view.TotalCores, view.AvailableCores, view.IsFresh));
        Assert.Equal((null, null, 1.0), (view.Age, view.EstimatedWait, view.Utilization));
    }

    [Fact]
    public void The_wait_is_for_the_cores_that_are_asked_for_and_shrinks_with_time()
    {
        Accept("m", total: 8, free: 1, details: Freeing(8, (3, 10), (4, 40)));

        Assert.Equal(Duration.Zero, View(cores: 1).EstimatedWait);
        Assert.Equal(Duration.FromSeconds(10), View(cores: 2).EstimatedWait);
        Assert.Equal(Duration.FromSeconds(25), View(cores: 5, at: 15).EstimatedWait);
        // Due and not confirmed: no wait, and no available core either.
        Assert.Equal((Duration.Zero, 1), (View(cores: 2, at: 15).EstimatedWait, View(at: 15).AvailableCores));
        Assert.Null(View(cores: 9).EstimatedWait);
    }

    [Fact]
    public void Schedules_of_several_managers_are_joined_whenever_they_came()
    {
        Accept("a", total: 3, free: 0, details: Freeing(3, (3, 30)));
        Accept("b", total: 3, free: 0, details: Freeing(3, (3, 10)), at: 5);

        Assert.Equal(Duration.FromSeconds(10), View(cores: 3, at: 5).EstimatedWait);
        Assert.Equal(Duration.FromSeconds(25), View(cores: 4, at: 5).EstimatedWait);
    }

    [Fact]
    public void A_manager_that_moves_takes_its_cores_along()
    {
        Accept("m", free: 3);
        Accept("m", free: 4, version: 2, datacenter: West);

        Assert.Equal((0, 4), (View().TotalCores, View(datacenter: West).AvailableCores));
    }

    [Fact]
    public void Of_too_many_managers_the_one_heard_of_least_lately_is_forgotten()
    {
        for (var i = 0; i <= CapacityLimits.ManagersMax; i++)
            Accept($"m{i}", free: 1, total: 1, datacenter: i == 0 ? West : East);

        Assert.Equal(CapacityLimits.ManagersMax, _aggregator.Managers);
        Assert.Equal(0, View(datacenter: West).TotalCores);
        Assert.Equal(CapacityLimits.ManagersMax, View().TotalCores);
        _aggregator.CheckInvariants();
    }

    [Fact]
    public void Sums_are_those_of_the_reports_after_any_history() =>
        Gen.Select(
                Gen.Int[0, 5], Gen.Int[0, 2], Gen.Int[0, 3], Gen.Int[0, 6], Gen.Int[0, 40],
                CapacityGens.Heartbeat)
            .List[1, 40].Sample(history =>
            {
                var aggregator = new DatacenterCapacityAggregator(CapacityConfig.Default);
                var now = Instant.Zero;
                foreach (var (manager, datacenter, view, version, later, details) in history)
                {
                    now += Duration.FromSeconds(later);
                    aggregator.Accept(
                        new ManagerCapacity(
                            NodeId.Of($"m{manager}"), DatacenterName.Of($"dc{datacenter}"), view, 1, version,
                            details.Freeing.Total, details.Freeing.FreeNow, details),
                        now);
                    aggregator.Dispatched(
                        new JobId(0, version), manager, DatacenterName.Of($"dc{datacenter}"),
                        NodeId.Of($"m{manager}"), 1 + later, now);
                    aggregator.CheckInvariants();
                }
            });

    [Fact]
    public void Equal_histories_leave_equal_fingerprints()
    {
        Assert.Equal(FingerprintAfter(3), FingerprintAfter(3));
        Assert.NotEqual(FingerprintAfter(3), FingerprintAfter(4));

        static ulong FingerprintAfter(int free)
        {
            var aggregator = new DatacenterCapacityAggregator(CapacityConfig.Default);
            aggregator.Accept(new ManagerCapacity(NodeId.Of("m"), East, 0, 1, 1, 8, free, null), default);
            var fingerprint = default(Fingerprint);
            aggregator.AddTo(ref fingerprint);
            return fingerprint.Value;
        }
    }

    private static HeartbeatCapacity Freeing(int total, params (int Cores, int Seconds)[] work) =>
        HeartbeatCapacity.Of(
            total, [.. work.Select(w => CapacityGens.Work(w.Cores, w.Seconds, elapsed: 0))], [],
            Instant.Zero);

    private CapacityVerdict Accept(
        string manager,
        int free,
        int total = 100,
        long view = 0,
        long incarnation = 1,
        long version = 1,
        int at = 0,
        DatacenterName? datacenter = null,
        HeartbeatCapacity? details = null)
    {
        var verdict = _aggregator.Accept(
            new ManagerCapacity(
                NodeId.Of(manager), datacenter ?? East, view, incarnation, version, total, free, details),
            Instant.Zero + Duration.FromSeconds(at));
        if (_aggregator.Managers < 100) _aggregator.CheckInvariants();
        return verdict;
    }

    private DatacenterCapacity View(int cores = 1, int at = 0, DatacenterName? datacenter = null) =>
        _aggregator.View(
            datacenter ?? East, cores, DatacenterHealth.Healthy, Instant.Zero + Duration.FromSeconds(at));
}
