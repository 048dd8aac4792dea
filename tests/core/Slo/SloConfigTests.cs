using Hyperscale.Det.Kernel;
using Hyperscale.Det.Slo;

namespace Hyperscale.Det.Tests.Core.Slo;

public sealed class SloConfigTests
{
    private readonly List<string> _faults = [];

    [Fact]
    public void What_is_not_given_has_its_default()
    {
        var config = Read();

        Assert.Equal(SloConfig.Default, config);
        Assert.Equal(new LatencySlo(50, 200, 500), config.Target);
        Assert.Equal((100, 2048, 5, 100), (
            config.TDigestDelta, config.TDigestMaxUnmerged, config.MaxWindows, config.MinSampleCount));
        Assert.Empty(_faults);
    }

    [Fact]
    public void Every_setting_is_read_by_its_name()
    {
        var config = Read(
            ("SLO_TDIGEST_DELTA", "200"), ("SLO_TDIGEST_MAX_UNMERGED", "512"),
            ("SLO_WINDOW_DURATION_SECONDS", "30"), ("SLO_MAX_WINDOWS", "4"),
            ("SLO_EVALUATION_WINDOW_SECONDS", "90"),
            ("SLO_P50_TARGET_MS", "10"), ("SLO_P95_TARGET_MS", "20"), ("SLO_P99_TARGET_MS", "30"),
            ("SLO_P50_WEIGHT", "0.5"), ("SLO_P95_WEIGHT", "0.25"), ("SLO_P99_WEIGHT", "0.25"),
            ("SLO_MIN_SAMPLE_COUNT", "7"), ("SLO_FACTOR_MIN", "0.9"), ("SLO_FACTOR_MAX", "2"),
            ("SLO_SCORE_WEIGHT", "0.1"), ("SLO_BUSY_P50_RATIO", "1.1"), ("SLO_DEGRADED_P95_RATIO", "1.2"),
            ("SLO_DEGRADED_P99_RATIO", "1.3"), ("SLO_UNHEALTHY_P99_RATIO", "1.4"),
            ("SLO_BUSY_WINDOW_SECONDS", "1"), ("SLO_DEGRADED_WINDOW_SECONDS", "2"),
            ("SLO_UNHEALTHY_WINDOW_SECONDS", "3"), ("SLO_ENABLE_RESOURCE_PREDICTION", "false"),
            ("SLO_CPU_LATENCY_CORRELATION", "0.6"), ("SLO_MEMORY_LATENCY_CORRELATION", "0.3"),
            ("SLO_PREDICTION_BLEND_WEIGHT", "0.2"), ("SLO_GOSSIP_SUMMARY_TTL_SECONDS", "10"),
            ("SLO_GOSSIP_MAX_JOBS_PER_HEARTBEAT", "11"), ("SLO_EXCEEDING_BELOW", "0.5"),
            ("SLO_MEETING_BELOW", "0.6"), ("SLO_WARNING_BELOW", "0.7"), ("SLO_VIOLATING_BELOW", "0.9"));

        Assert.Empty(_faults);
        Assert.Equal(
            new SloConfig(
                200, 512, S(30), 4, S(90), new LatencySlo(10, 20, 30), 0.5, 0.25, 0.25, 7, 0.9, 2, 0.1,
                new(1.1, S(1)), new(1.2, S(2)), new(1.3, S(2)), new(1.4, S(3)), false, 0.6, 0.3, 0.2, S(10),
                11)
            {
                Levels = new(0.5, 0.6, 0.7, 0.9),
            },
            config);
    }

    [Theory]
    [InlineData("SLO_P50_TARGET_MS", "0")]
    [InlineData("SLO_P50_TARGET_MS", "-5")]
    [InlineData("SLO_P95_TARGET_MS", "49")]
    [InlineData("SLO_P99_TARGET_MS", "199")]
    [InlineData("SLO_TDIGEST_DELTA", "19")]
    [InlineData("SLO_EVALUATION_WINDOW_SECONDS", "301")]
    [InlineData("SLO_FACTOR_MIN", "1.1")]
    [InlineData("SLO_FACTOR_MAX", "0.9")]
    [InlineData("SLO_P50_WEIGHT", "0.3")]
    [InlineData("SLO_MIN_SAMPLES", "100")]
    [InlineData("SLO_BUSY_P50_RATIO", "NaN")]
    [InlineData("SLO_GOSSIP_MAX_JOBS_PER_HEARTBEAT", "101")]
    [InlineData("SLO_GOSSIP_SUMMARY_TTL_SECONDS", "9")]
    [InlineData("SLO_MEETING_BELOW", "0.7")]
    [InlineData("SLO_VIOLATING_BELOW", "1.1")]
    [InlineData("SLO_UNHEALTHY_P99_RATIO", "2.9")]
    public void What_makes_no_sense_is_refused_by_name(string name, string value)
    {
        Read((name, value));

        Assert.Contains(name, Assert.Single(_faults), StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_forgotten_sooner_is_judged_no_longer() =>
        Assert.Equal(
            S(20),
            Read(("SLO_WINDOW_DURATION_SECONDS", "10"), ("SLO_MAX_WINDOWS", "2")).EvaluationWindow);

    [Fact]
    public void Bounds_of_levels_follow_the_ones_below_them() =>
        Assert.Equal(new SloLevelBounds(0.8, 2, 2, 2), Read(("SLO_MEETING_BELOW", "2")).Levels);

    [Theory]
    [InlineData("4", 5)]
    [InlineData("8", 8)]
    public void Unhealthy_takes_no_less_of_p99_than_degraded(string degraded, double unhealthy) =>
        Assert.Equal(unhealthy, Read(("SLO_DEGRADED_P99_RATIO", degraded)).Unhealthy.Ratio);

    [Theory]
    [InlineData(5, "30", 30, true)]
    [InlineData(20, null, 40, true)]
    [InlineData(20, "40", 40, true)]
    [InlineData(20, "39", 40, false)]
    public void A_summary_counts_for_two_heartbeats_at_least(
        int heartbeatSeconds, string? given, int ttlSeconds, bool isSound)
    {
        GivenSetting[] settings = given is null ? [] : [new("SLO_GOSSIP_SUMMARY_TTL_SECONDS", given)];

        Assert.Equal(S(ttlSeconds), SloConfig.Read(settings, _faults, S(heartbeatSeconds)).SummaryTtl);
        Assert.Equal(isSound ? 0 : 1, _faults.Count);
    }

    private static Duration S(long seconds) => Duration.FromSeconds(seconds);

    private SloConfig Read(params (string Name, string Value)[] given) =>
        SloConfig.Read(given.Select(g => new GivenSetting(g.Name, g.Value)), _faults);
}
