using CsCheck;
using Hyperscale.Det.Capacity;
using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Tests.Core.Capacity;

public sealed class ExecutionTimeEstimatorTests
{
    [Fact]
    public void Completions_are_walked_in_order_until_the_cores_suffice()
    {
        var estimator = Of(total: 10, active: [(4, 30), (2, 10), (3, 20)]);

        Assert.Equal(1, estimator.FreeNow);
        AssertWaits(estimator, (0, 0), (1, 0), (2, 10), (3, 10), (4, 20), (6, 20), (7, 30), (10, 30));
    }

    [Fact]
    public void More_cores_than_there_are_are_never_free() =>
        AssertWaits(Of(total: 10, active: []), (10, 0), (11, null));

    [Fact]
    public void What_waits_takes_its_cores_first()
    {
        var estimator = Of(total: 4, active: [(4, 10)], pending: [(4, 60), (2, 5)]);

        // At 10 the first begins, at 70 the second, which leaves two cores until 75.
        AssertWaits(estimator, (1, 70), (2, 70), (3, 75), (4, 75));
    }

    [Fact]
    public void What_waits_and_fits_starts_now_and_passes_what_does_not()
    {
        var estimator = Of(total: 4, active: [(2, 10)], pending: [(4, 60), (1, 5)]);

        Assert.Equal(1, estimator.FreeNow);
        AssertWaits(estimator, (1, 0), (2, 70), (4, 70));
    }

    [Fact]
    public void Work_that_no_core_will_ever_suffice_for_is_left_out() =>
        AssertWaits(Of(total: 4, active: [(4, 10)], pending: [(5, 60)]), (4, 10));

    [Fact]
    public void Cores_that_are_held_beyond_what_there_is_do_not_come_back()
    {
        var estimator = Of(total: 4, active: [(4, 10), (2, 5)]);

        Assert.Equal(0, estimator.FreeNow);
        AssertWaits(estimator, (1, 10), (4, 10), (5, null));
    }

    [Fact]
    public void Work_that_waits_for_longer_than_can_be_told_does_not_overflow()
    {
        List<PendingWorkflow> pending =
            [.. Enumerable.Repeat(new PendingWorkflow(1, Duration.FromSeconds(2_592_000)), 5000)];
        var estimator = ExecutionTimeEstimator.Of(
            1, [CapacityGens.Work(1, 10, 0)], pending, Instant.Zero);

        Assert.Equal(CapacityLimits.WaitMax, estimator.WaitFor(1));
    }

    [Fact]
    public void The_estimate_is_that_of_list_scheduling_core_by_core() =>
        Gen.Select(CapacityGens.Running, CapacityGens.Waiting).Sample((running, waiting) =>
        {
            var estimator = ExecutionTimeEstimator.Of(running.Total, running.Active, waiting, Instant.Zero);
            var (free, freeAt) = CoreByCore(running.Total, running.Active, waiting);

            Assert.Equal(free, estimator.FreeNow);
            for (var n = 1; n <= running.Total; n++)
                Assert.Equal(n <= free ? Duration.Zero : freeAt[n - 1], estimator.WaitFor(n));
            Assert.Null(estimator.WaitFor(running.Total + 1));
        });

    [Fact]
    public void The_estimate_never_falls_when_more_cores_are_asked_for() =>
        Gen.Select(CapacityGens.Running, CapacityGens.Waiting).Sample((running, waiting) =>
        {
            var estimator = ExecutionTimeEstimator.Of(running.Total, running.Active, waiting, Instant.Zero);
            var waits = Enumerable.Range(0, running.Total + 1).Select(n => estimator.WaitFor(n)!.Value);

            Assert.Equal(waits.Order(), waits);
        });

    [Fact]
    public void Without_a_queue_the_estimate_is_the_true_earliest_time() =>
        CapacityGens.Running.Sample(running =>
        {
            var estimator = ExecutionTimeEstimator.Of(running.Total, running.Active, [], Instant.Zero);
            for (var n = 1; n <= running.Total; n++)
            {
                var at = estimator.WaitFor(n)!.Value;
                Assert.True(FreeAt(running, at) >= n);
                if (at > Duration.Zero) Assert.True(FreeAt(running, at - new Duration(1)) < n);
            }
        });

    private static int FreeAt((int Total, List<ActiveDispatch> Active) running, Duration at) =>
        running.Total - running.Active.Where(work => work.ExpectedEndAfter(Instant.Zero) > at)
            .Sum(work => work.Cores);

    /// <summary>Every core by itself: each piece of work takes those that are free first.</summary>
    private static (int FreeNow, List<Duration> FreeAt) CoreByCore(
        int total, List<ActiveDispatch> active, List<PendingWorkflow> waiting)
    {
        var freeAt = Enumerable.Repeat(Duration.Zero, total).ToList();
        var next = 0;
        foreach (var work in active)
            for (var i = 0; i < work.Cores; i++) freeAt[next++] = work.ExpectedEndAfter(Instant.Zero);
        var free = total - next;
        var rest = new List<PendingWorkflow>();
        foreach (var work in waiting.Where(work => work.Cores <= total))
        {
            if (work.Cores > free)
            {
                rest.Add(work);
                continue;
            }

            for (var i = 0; i < work.Cores; i++) freeAt[next++] = work.Duration;
            free -= work.Cores;
        }

        foreach (var work in rest)
        {
            freeAt.Sort();
            var end = freeAt[work.Cores - 1] + work.Duration;
            for (var i = 0; i < work.Cores; i++) freeAt[i] = end;
        }

        freeAt.Sort();
        return (free, freeAt);
    }

    private static ExecutionTimeEstimator Of(
        int total, (int Cores, int Left)[] active, (int Cores, int Duration)[]? pending = null) =>
        ExecutionTimeEstimator.Of(
            total,
            [.. active.Select(work => CapacityGens.Work(work.Cores, work.Left, elapsed: 0))],
            [.. (pending ?? []).Select(p => new PendingWorkflow(p.Cores, Duration.FromSeconds(p.Duration)))],
            Instant.Zero);

    private static void AssertWaits(
        ExecutionTimeEstimator estimator, params (int Cores, int? Wait)[] waits) =>
        Assert.Equal(
            waits.Select(wait => CapacityGens.Seconds(wait.Wait)),
            waits.Select(wait => estimator.WaitFor(wait.Cores)));
}
