using System.Diagnostics.Metrics;
using Hyperscale.Det.Shell.Telemetry;

namespace Hyperscale.Det.Tests.Shell.Telemetry;

public class MetricsRegistryTests
{
    [Fact]
    public void A_counter_is_summed_for_each_set_of_labels_whatever_their_order()
    {
        using var registry = new MetricsRegistry();
        var jobs = registry.Meter.CreateCounter<long>("jobs.ended", null, "Jobs ended");
        jobs.Add(2, new("node", "gate-1"), new("state", "Failed"));
        jobs.Add(3, new("state", "Failed"), new("node", "gate-1"));
        jobs.Add(1, new KeyValuePair<string, object?>("node", "gate-2"));

        Assert.Equal(
            "# HELP jobs_ended_total Jobs ended\n# TYPE jobs_ended_total counter\n"
            + "jobs_ended_total{node=\"gate-1\",state=\"Failed\"} 5\n"
            + "jobs_ended_total{node=\"gate-2\"} 1\n",
            registry.Write());
    }

    [Fact]
    public void A_gauge_is_read_when_asked_and_shows_its_newest_value()
    {
        using var registry = new MetricsRegistry();
        var value = 1;
        registry.Meter.CreateObservableGauge("queue.bytes", () => value, "By", "Waiting");
        Assert.Contains("queue_bytes_bytes 1\n", registry.Write(), StringComparison.Ordinal);
        value = 4;
        Assert.Contains("queue_bytes_bytes 4\n", registry.Write(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_histogram_counts_what_is_at_most_each_bound_with_its_sum_and_count()
    {
        using var registry = new MetricsRegistry();
        var advice = new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.5, 1] };
        var ratio = registry.Meter.CreateHistogram("ratio", null, "Done", tags: null, advice);
        var node = new KeyValuePair<string, object?>("node", "a");
        foreach (var value in (double[])[0.25, 0.5, 0.75, 3]) ratio.Record(value, node);
        registry.Meter.CreateHistogram<long>("sizes").Record(7);

        Assert.Equal(
            "# HELP ratio Done\n# TYPE ratio histogram\n"
            + "ratio_bucket{node=\"a\",le=\"0.5\"} 2\n"
            + "ratio_bucket{node=\"a\",le=\"1\"} 3\n"
            + "ratio_bucket{node=\"a\",le=\"+Inf\"} 4\n"
            + "ratio_sum{node=\"a\"} 4.5\n"
            + "ratio_count{node=\"a\"} 4\n"
            + "# HELP sizes \n# TYPE sizes histogram\n"
            + "sizes_bucket{le=\"+Inf\"} 1\nsizes_sum 7\nsizes_count 1\n",
            registry.Write());
    }

    [Fact]
    public void Two_registries_do_not_hear_each_other()
    {
        using var one = new MetricsRegistry();
        using var other = new MetricsRegistry();
        one.Meter.CreateCounter<long>("only.one").Add(1);

        Assert.Equal("", other.Write());
    }

    [Fact]
    public void Label_values_and_help_are_escaped_and_names_made_legal()
    {
        Assert.Equal("a\\\\b\\\"c\\nd", PrometheusText.LabelValue("a\\b\"c\nd"));
        Assert.Equal("one\\ntwo \"three\" \\\\", PrometheusText.Help("one\ntwo \"three\" \\"));
        Assert.Equal("_9_lives_x", PrometheusText.Name("9-lives.x"));
        Assert.Equal(
            "{a=\"1\",b_c=\"x\"}",
            PrometheusText.Labels([new("b.c", "x"), new KeyValuePair<string, object?>("a", 1)]));
    }

    [Fact]
    public void Numbers_are_written_as_prometheus_reads_them()
    {
        Assert.Equal("+Inf", PrometheusText.Value(double.PositiveInfinity));
        Assert.Equal("-Inf", PrometheusText.Value(double.NegativeInfinity));
        Assert.Equal("NaN", PrometheusText.Value(double.NaN));
        Assert.Equal("0.25", PrometheusText.Value(0.25));
    }
}
