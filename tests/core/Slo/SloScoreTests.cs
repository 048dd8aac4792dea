using CsCheck;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Slo;

namespace Hyperscale.Det.Tests.Core.Slo;

public sealed class SloScoreTests
{
    private static readonly SloConfig Config = SloConfig.Default;

    private static readonly Gen<SloRatios> Ratios = Gen.Select(
        Gen.Double[0, 20], Gen.Double[0, 20], Gen.Double[0, 20], Gen.Long[0, 1000],
        (p50, p95, p99, n) => new SloRatios(p50, p95, p99, n));

    [Fact]
    public void A_score_is_the_weighted_sum_of_the_ratios()
    {
        var observed = new LatencyObservation("east", 50, 400, 500, 100, Duration.FromSeconds(300));
        var score = SloComplianceScore.Of(SloRatios.Of(observed, Config.Target), Config);

        Assert.Equal(1.5, score.Composite, 12);
        Assert.Equal(1.5, score.Score, 12);
        Assert.Equal(SloLevel.Critical, score.Level);
        Assert.Equal(1.2, score.RoutingFactor, 12);
    }

    [Theory]
    [InlineData(0, 1.0)]
    [InlineData(25, 1.25)]
    [InlineData(50, 1.5)]
    [InlineData(100, 2.0)]
    [InlineData(1000, 2.0)]
    public void Few_samples_move_a_score_away_from_1_only_as_far_as_they_can_be_trusted(
        long samples, double score) =>
        Assert.Equal(score, SloComplianceScore.Of(new SloRatios(2, 2, 2, samples), Config).Score, 12);

    [Theory]
    [InlineData(0.79, SloLevel.Exceeding)]
    [InlineData(0.8, SloLevel.Meeting)]
    [InlineData(0.99, SloLevel.Meeting)]
    [InlineData(1.0, SloLevel.Warning)]
    [InlineData(1.19, SloLevel.Warning)]
    [InlineData(1.2, SloLevel.Violating)]
    [InlineData(1.49, SloLevel.Violating)]
    [InlineData(1.5, SloLevel.Critical)]
    public void A_level_begins_where_the_one_before_ends(double score, SloLevel level) =>
        Assert.Equal(level, SloComplianceScore.LevelOf(score, Config.Levels));

    [Fact]
    public void Factors_rise_with_scores_and_stay_within_their_bounds() =>
        Gen.Select(Ratios, Ratios).Sample((a, b) =>
        {
            var (one, other) = (SloComplianceScore.Of(a, Config), SloComplianceScore.Of(b, Config));

            Assert.InRange(one.RoutingFactor, Config.FactorMin, Config.FactorMax);
            if (one.Score < other.Score) Assert.True(one.RoutingFactor <= other.RoutingFactor);
            if (one.Score < other.Score) Assert.True(one.Level <= other.Level);
        });

    [Fact]
    public void A_datacenter_counts_each_job_by_its_share_of_the_latencies()
    {
        var mean = SloRatios.Mean([new(1, 1, 1, 300), new(3, 5, 9, 100), SloRatios.None]);

        Assert.Equal(new SloRatios(1.5, 2, 3, 400), mean);
        Assert.Equal(SloRatios.None, SloRatios.Mean([]));
    }

    [Fact]
    public void Latencies_without_a_sample_are_as_they_are_meant_to_be() =>
        Assert.Equal(
            SloRatios.None,
            SloRatios.Of(LatencyObservation.Of("j", new TDigest(), Config.EvaluationWindow), Config.Target));

    [Theory]
    [InlineData(0, 200, 500)]
    [InlineData(50, 0, 500)]
    [InlineData(50, 200, -1)]
    public void A_target_of_zero_is_a_fault_of_ours(int p50, int p95, int p99) =>
        Assert.Throws<InvariantViolationException>(() => SloRatios.Of(
            new LatencyObservation("j", 1, 1, 1, 100, Config.EvaluationWindow),
            new LatencySlo(p50, p95, p99)));

    [Fact]
    public void A_job_sets_the_targets_that_it_wants_and_the_others_follow()
    {
        var target = new LatencySlo(50, 200, 500);

        Assert.Equal(target, target.With(null, null, null));
        Assert.Equal(new LatencySlo(50, 300, 500), target.With(null, 300, null));
        Assert.Equal(new LatencySlo(50, 900, 900), target.With(null, 900, null));
        Assert.Equal(new LatencySlo(20, 20, 20), target.With(null, null, 20));
        Assert.Equal(new LatencySlo(700, 700, 700), target.With(700, null, null));
    }

    [Fact]
    public void Pressure_adds_to_the_risk_as_far_as_it_can_be_trusted()
    {
        var predictor = new ResourceAwareSloPredictor(Config);
        var (full, idle) = (new ResourcePressure(1, 0), new ResourcePressure(0, 0));

        Assert.Equal(1, predictor.Risk(idle, idle), 12);
        Assert.Equal(1.7, predictor.Risk(full, idle), 12);
        Assert.Equal(1.2, predictor.Risk(idle, new ResourcePressure(1, 1)), 12);
        Assert.Equal((0.6 * 2) + (0.4 * 2.1), predictor.Predict(2, full, full), 12);
        var off = new ResourceAwareSloPredictor(Config with { IsResourcePredictionEnabled = false });
        Assert.Equal(2, off.Predict(2, full, full));
    }
}
