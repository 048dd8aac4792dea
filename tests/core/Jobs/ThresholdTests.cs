using CsCheck;
using Hyperscale.Det.Jobs;
using Hyperscale.Det.Slo;

namespace Hyperscale.Det.Tests.Core.Jobs;

public sealed class ThresholdTests
{
    [Theory]
    [InlineData("p50Ms < 1", ThresholdMetric.P50Ms, ThresholdOperator.Below, 1_000_000)]
    [InlineData("p95Ms <= 200", ThresholdMetric.P95Ms, ThresholdOperator.AtMost, 200_000_000)]
    [InlineData("p99Ms > 0.5", ThresholdMetric.P99Ms, ThresholdOperator.Above, 500_000)]
    [InlineData("maxMs >= 0.000001", ThresholdMetric.MaxMs, ThresholdOperator.AtLeast, 1)]
    [InlineData("errorRate<0.01", ThresholdMetric.ErrorRate, ThresholdOperator.Below, 10_000)]
    [InlineData("errorRate <= 1", ThresholdMetric.ErrorRate, ThresholdOperator.AtMost, 1_000_000)]
    [InlineData("requests >=1000000000000", ThresholdMetric.Requests, ThresholdOperator.AtLeast,
        1_000_000_000_000_000_000)]
    public void Metric_operator_and_number_make_a_threshold(
        string text, ThresholdMetric metric, ThresholdOperator comparison, long limit)
    {
        Assert.True(ThresholdGrammar.TryRead(text, out var threshold, out _));
        Assert.Equal(new Threshold(metric, comparison, limit, text), threshold);
    }

    [Fact]
    public void Blanks_around_a_threshold_are_no_part_of_it()
    {
        Assert.True(ThresholdGrammar.TryRead("  p95Ms  <  5 ", out var threshold, out _));
        Assert.Equal("p95Ms  <  5", threshold.Text);
    }

    [Theory]
    [InlineData("", "metric, operator and number, such as p95Ms < 200,")]
    [InlineData("p95Ms", "metric, operator and number, such as p95Ms < 200,")]
    [InlineData("< 5", "metric, operator and number, such as p95Ms < 200,")]
    [InlineData("p95 < 200", "a condition on one of p50Ms, p95Ms, p99Ms, maxMs, errorRate and requests")]
    [InlineData("P95ms < 200", "a condition on one of p50Ms, p95Ms, p99Ms, maxMs, errorRate and requests")]
    [InlineData("p95Ms = 200", "a condition with <, <=, > or >=")]
    [InlineData("p95Ms == 200", "a condition with <, <=, > or >=")]
    [InlineData("p95Ms 200", "a condition with <, <=, > or >=")]
    [InlineData("p95Ms <", "a number from 0 on, such as 200 or 0.01,")]
    [InlineData("p95Ms < -1", "a number from 0 on, such as 200 or 0.01,")]
    [InlineData("p95Ms < 1e3", "a number from 0 on, such as 200 or 0.01,")]
    [InlineData("p95Ms < 200ms", "a number from 0 on, such as 200 or 0.01,")]
    [InlineData("p95Ms < 1,5", "a number from 0 on, such as 200 or 0.01,")]
    [InlineData("p95Ms << 1", "a number from 0 on, such as 200 or 0.01,")]
    [InlineData("p95Ms < 0.0000001", "a number of at most six decimals")]
    [InlineData("errorRate < 5", "an errorRate from 0 to 1, such as 0.01 for one in a hundred,")]
    [InlineData("requests > 1000000000001", "a number of at most 1000000000000")]
    public void Any_other_text_is_refused_with_what_is_allowed(string text, string allowed)
    {
        Assert.False(ThresholdGrammar.TryRead(text, out var threshold, out var found));
        Assert.Null(threshold);
        Assert.Equal(allowed, found);
    }

    [Theory]
    [InlineData("p95Ms < 200", 199_999, false)]
    [InlineData("p95Ms < 200", 200_000, true)]
    [InlineData("p95Ms <= 200", 200_000, false)]
    [InlineData("p95Ms <= 200", 200_001, true)]
    [InlineData("p95Ms > 200", 200_000, true)]
    [InlineData("p95Ms > 200", 200_001, false)]
    [InlineData("p95Ms >= 200", 200_000, false)]
    [InlineData("p95Ms >= 200", 199_999, true)]
    public void A_latency_is_judged_to_the_microsecond(string text, long microseconds, bool isCrossed)
    {
        // Equal values: every quantile is exactly them, as it is clamped to what was recorded.
        var stats = Answered(LatencyDigest.From([(microseconds, 10)]));
        var verdict = Judge(text, stats);

        Assert.Equal(isCrossed, verdict.IsCrossed);
        Assert.Equal(microseconds * 1_000, verdict.MeasuredMillionths);
    }

    [Theory]
    [InlineData("p50Ms < 11", false)]
    [InlineData("p95Ms < 11", true)]
    [InlineData("p99Ms < 101", false)]
    [InlineData("maxMs < 101", true)]
    [InlineData("maxMs <= 1000", false)]
    public void Each_metric_is_its_own_quantile(string text, bool isCrossed)
    {
        var latency = LatencyDigest.From([(10_000, 900), (100_000, 99), (1_000_000, 1)]);

        Assert.Equal(isCrossed, Judge(text, Answered(latency)).IsCrossed);
    }

    [Theory]
    [InlineData(1_000_000_000, 9_999_999, false)]
    [InlineData(1_000_000_000, 10_000_000, true)]
    [InlineData(99, 1, true)]
    [InlineData(101, 1, false)]
    [InlineData(1L << 62, (1L << 62) / 100, false)]
    public void An_error_rate_is_judged_as_the_exact_fraction(long requests, long errors, bool isCrossed)
    {
        var stats = RunStats.None with { Requests = requests, Errors = errors };

        Assert.Equal(isCrossed, Judge("errorRate < 0.01", stats).IsCrossed);
    }

    [Fact]
    public void The_smallest_excess_over_an_error_rate_counts()
    {
        var stats = RunStats.None with { Requests = 1_000_000_000, Errors = 10_000_001 };

        Assert.True(Judge("errorRate <= 0.01", stats).IsCrossed);
        Assert.False(Judge("errorRate > 0.01", stats).IsCrossed);
    }

    [Fact]
    public void Requests_are_judged_by_their_number()
    {
        var stats = RunStats.None with { Requests = 1L << 62 };

        Assert.False(Judge("requests > 1000000000000", stats).IsCrossed);
        Assert.True(Judge("requests < 1000000000000", stats).IsCrossed);
        Assert.Equal((Int128)(1L << 62) * 1_000_000, Judge("requests > 1", stats).MeasuredMillionths);
    }

    [Theory]
    [InlineData("p50Ms < 1000")]
    [InlineData("p95Ms >= 0")]
    [InlineData("p99Ms > 0")]
    [InlineData("maxMs <= 1000")]
    [InlineData("errorRate < 1")]
    public void What_was_not_measured_is_crossed(string text)
    {
        var verdict = Judge(text, RunStats.None);

        Assert.True(verdict.IsCrossed);
        Assert.Null(verdict.MeasuredMillionths);
    }

    [Fact]
    public void A_target_that_answers_nothing_has_an_error_rate_and_no_latency()
    {
        var stats = RunStats.None with { Requests = 5, Errors = 5 };

        Assert.Equal(1_000_000, Judge("errorRate < 0.5", stats).MeasuredMillionths);
        Assert.Null(Judge("p95Ms < 1000", stats).MeasuredMillionths);
    }

    [Fact]
    public void No_requests_are_a_measurement_of_requests()
    {
        Assert.False(Judge("requests < 1", RunStats.None).IsCrossed);
        Assert.True(Judge("requests > 0", RunStats.None).IsCrossed);
    }

    [Fact]
    public void An_operator_and_its_opposite_never_agree_on_a_measurement() =>
        Gen.Select(JobGens.RunStats, Gen.Enum<ThresholdMetric>(), Gen.Long[0, 1_000_000_000_000_000_000])
            .Where(c => c.Item1.Requests > 0 && c.Item1.Latency.Count > 0)
            .Sample((stats, metric, limit) =>
            {
                bool IsCrossed(ThresholdOperator comparison) =>
                    ThresholdVerdict.Of(new Threshold(metric, comparison, limit, ""), stats).IsCrossed;

                Assert.NotEqual(IsCrossed(ThresholdOperator.Below), IsCrossed(ThresholdOperator.AtLeast));
                Assert.NotEqual(IsCrossed(ThresholdOperator.Above), IsCrossed(ThresholdOperator.AtMost));
            });

    [Theory]
    [InlineData(JobState.Accepted, false, null)]
    [InlineData(JobState.Running, true, null)]
    [InlineData(JobState.Cancelling, false, null)]
    [InlineData(JobState.Completed, false, 0)]
    [InlineData(JobState.Completed, true, 6)]
    [InlineData(JobState.Failed, false, 3)]
    [InlineData(JobState.Failed, true, 3)]
    [InlineData(JobState.Cancelled, false, 4)]
    [InlineData(JobState.Cancelled, true, 4)]
    public void The_end_and_the_thresholds_make_the_exit_code(JobState state, bool isCrossed, int? exitCode)
    {
        var verdict = Judge("requests < 1", RunStats.None) with { IsCrossed = isCrossed };

        Assert.Equal(exitCode, (int?)JobConclusions.Of(state, [verdict]));
        if (!isCrossed) Assert.Equal(exitCode, (int?)JobConclusions.Of(state, []));
    }

    [Fact]
    public void One_crossed_threshold_among_many_is_enough()
    {
        var holds = Judge("requests < 1", RunStats.None);
        var crossed = Judge("requests > 1", RunStats.None);

        Assert.Equal(
            JobConclusion.ThresholdCrossed, JobConclusions.Of(JobState.Completed, [holds, crossed, holds]));
    }

    private static RunStats Answered(LatencyDigest latency) =>
        RunStats.None with { Requests = latency.Count, Latency = latency };

    private static ThresholdVerdict Judge(string text, RunStats stats)
    {
        Assert.True(ThresholdGrammar.TryRead(text, out var threshold, out _));
        return ThresholdVerdict.Of(threshold, stats);
    }
}
