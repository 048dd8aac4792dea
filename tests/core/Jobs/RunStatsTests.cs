using CsCheck;
using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Slo;

namespace Hyperscale.Det.Tests.Core.Jobs;

public sealed class RunStatsTests
{
    // Few enough names that runs share them, and more than the bound all the same.
    private static readonly Gen<RunStats> Stats =
        from stats in JobGens.RunStats
        from kinds in Gen.Select(Gen.Int[0, 60], Gen.Long[1, 1000]).List[0, 2 * JobLimits.ErrorKindsMax]
        from hasOther in Gen.Bool
        let named = kinds.DistinctBy(kind => kind.Item1)
            .Select(kind => new ErrorCount($"kind {kind.Item1:d2}", kind.Item2))
        select stats with
        {
            ErrorKinds = [.. named.Concat(hasOther ? [new ErrorCount("other", 7)] : [])
                .OrderBy(kind => kind.Kind, StringComparer.Ordinal)],
        };

    [Fact]
    public void A_sum_depends_on_no_order() =>
        Gen.Select(Stats, Stats, Stats).Sample((a, b, c) =>
        {
            Assert.Equal(Counted(RunStats.Sum([a, b])), Counted(RunStats.Sum([b, a])));
            var (left, right) = (RunStats.Sum([a, b]), RunStats.Sum([b, c]));
            Assert.Equal(Counted(RunStats.Sum([left, c])), Counted(RunStats.Sum([a, right])));
            Assert.Equal(Counted(RunStats.Sum([left, c])), Counted(RunStats.Sum([c, a, b])));
        });

    [Fact]
    public void Adding_nothing_changes_nothing() =>
        JobGens.RunStats.Sample(stats =>
            Assert.Equal(Content.Of(stats), Content.Of(RunStats.Sum([RunStats.None, stats]))));

    [Fact]
    public void Every_count_of_a_sum_is_the_sum_of_its_parts() =>
        Gen.Select(Stats, Stats).Sample((a, b) =>
        {
            var sum = RunStats.Sum([a, b]);

            Assert.Equal(a.Requests + b.Requests, sum.Requests);
            Assert.Equal(a.Errors + b.Errors, sum.Errors);
            Assert.Equal(a.Dropped + b.Dropped, sum.Dropped);
            Assert.Equal(a.BytesReceived + b.BytesReceived, sum.BytesReceived);
            Assert.Equal(a.Latency.Count + b.Latency.Count, sum.Latency.Count);
            Assert.Equal(
                a.ErrorKinds.Concat(b.ErrorKinds).Sum(kind => kind.Count),
                sum.ErrorKinds.Sum(kind => kind.Count));
        });

    [Fact]
    public void Kinds_of_errors_stay_bounded_and_sorted() =>
        Gen.Select(Stats, Stats).Sample((a, b) =>
        {
            var kinds = RunStats.Sum([a, b]).ErrorKinds.Select(kind => kind.Kind).ToList();

            Assert.True(kinds.Count <= JobLimits.ErrorKindsMax);
            Assert.Equal(kinds.Distinct().Order(StringComparer.Ordinal), kinds);
        });

    [Fact]
    public void Kinds_beyond_the_bound_are_one()
    {
        var kinds = Enumerable.Range(0, 40).Select(i => new ErrorCount($"kind {i:d2}", 1)).ToList();
        var summed = RunStats.Sum([RunStats.None with { ErrorKinds = kinds }]).ErrorKinds;

        Assert.Equal([.. kinds.Take(31), new ErrorCount("other", 9)], summed);
    }

    [Fact]
    public void Bytes_and_kinds_stop_at_the_largest_number()
    {
        var most = RunStats.None with
        {
            BytesReceived = long.MaxValue,
            ErrorKinds = [new("a", long.MaxValue)],
        };
        var sum = RunStats.Sum([most, most]);

        Assert.Equal(long.MaxValue, sum.BytesReceived);
        Assert.Equal([new ErrorCount("a", long.MaxValue)], sum.ErrorKinds);
    }

    [Fact]
    public void An_open_model_plans_one_request_for_each_arrival_that_is_due_within_its_duration() =>
        Gen.Select(Gen.Long[1, 5_000], Gen.Int[1, 3_000]).Sample((milliseconds, rate) =>
        {
            // Arrival i is due at i / rate seconds: before the end exactly when i * 1000 < rate * ms.
            var due = 0L;
            while (due * 1000 < rate * milliseconds) due++;

            Assert.Equal(due, Open(rate, Duration.FromMilliseconds(milliseconds)).PlannedRequests);
        });

    [Fact]
    public void A_closed_model_plans_no_number_of_requests()
    {
        var open = Open(5, Duration.FromSeconds(1));

        Assert.Null((open with { Rate = null, Vus = 5 }).PlannedRequests);
        Assert.Equal(0, (open with { Duration = Duration.Zero }).PlannedRequests);
    }

    // Centroids depend a little on the order of merging; all that is counted does not.
    private static string Counted(RunStats stats) => Content.Of((
        stats with { Latency = LatencyDigest.Empty }, stats.Latency.Count, stats.Latency.Min,
        stats.Latency.Max));

    private static WorkflowSpec Open(int rate, Duration duration) => new(
        "w", WorkflowKind.Http, 1, duration, Duration.Zero, null, rate, [], null, null, null);
}
