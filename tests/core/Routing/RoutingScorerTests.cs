using CsCheck;
using Hyperscale.Det.Capacity;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Routing;
using static Hyperscale.Det.Tests.Core.Routing.RoutingSamples;

namespace Hyperscale.Det.Tests.Core.Routing;

public sealed class RoutingScorerTests
{
    private readonly PlainLatencies _latencies = new();

    [Fact]
    public void A_score_is_the_product_of_its_parts()
    {
        _latencies.Observed["a"] = 80;
        var score = Score(
            Dc("a", rtt: 40, free: 40, pending: 10, managers: 4, circuits: 1, slo: 1.5,
                predicted: new PredictedLatency(40, 5, 40, Duration.FromSeconds(600))),
            Request(preferred: ["a"]), cooldown: 2);

        Assert.Equal((80.0, 80.0, 1.0), Latencies(score));
        Assert.Equal(40, score.PredictedRttMs);
        _latencies.BaselineMs = 30;
        var other = new RoutingScorer(_latencies).Score(Dc("b", 40), Request(), 1, 0, false, At(0));
        Assert.Equal((40.0, 30.0, 70.0),
            (other.PredictedRttMs, other.BaselineMs, other.BlendedLatencyMs));
        Assert.Equal((0.6, 0.5, 0.25), (score.Utilization, score.QueueFactor, score.CircuitPressure));
        Assert.Equal(1 + 0.3 + 0.15 + 0.05, score.LoadFactor, 1e-12);
        // q = 0.5 by samples x 0.5 by error x 0.5 by age.
        Assert.Equal(1 + (0.5 * 0.875), score.QualityPenalty, 1e-12);
        Assert.Equal((1.5, 0.9, 2.0), (score.SloFactor, score.PreferenceFactor, score.CooldownFactor));
        Assert.Equal(80 * 1.5 * 1.4375 * 1.5 * 0.9 * 2, score.Score, 1e-9);
    }

    [Fact]
    public void Without_coordinates_the_round_trip_is_taken_for_long_and_not_trusted()
    {
        var score = Score(Dc("a", free: 100, hasCoordinates: false));

        Assert.Equal((100.0, 1.5, 150.0), (score.PredictedRttMs, score.QualityPenalty, score.Score));
    }

    [Fact]
    public void While_the_gate_has_no_coordinate_load_alone_counts()
    {
        var far = Score(Dc("a", rtt: 300, free: 80), isBootstrap: true);
        var near = Score(Dc("b", rtt: 3, free: 60), isBootstrap: true);

        Assert.Equal((1.1, 1.2), (Math.Round(far.Score, 9), Math.Round(near.Score, 9)));
        Assert.True(RoutingView.IsBootstrapping(9, 0.1));
        Assert.True(RoutingView.IsBootstrapping(1000, 0.9));
        Assert.False(RoutingView.IsBootstrapping(10, 0.8));
    }

    [Fact]
    public void The_blended_latency_is_asked_for_once_a_candidate()
    {
        List<DatacenterCandidate> all =
        [
            Dc("a"), Dc("b", health: DatacenterHealth.Busy), Dc("c", hasCoordinates: false), Dc("d"),
        ];
        var router = new GateJobRouter(CapacityConfig.Default, HysteresisConfig.Default, _latencies);
        for (var i = 1; i <= 3; i++)
        {
            router.RouteJob(Request(count: 2), new RoutingView(all, false), At(i));
            Assert.Equal(all.Count * i, _latencies.Asked.Count);
        }

        Assert.All(all, dc => Assert.Equal(3, _latencies.Asked.Count(name => name == dc.Name.Text)));
    }

    [Fact]
    public void What_the_decision_tells_is_the_blended_latency_that_was_given()
    {
        _latencies.Observed["a"] = 77;
        var router = new GateJobRouter(CapacityConfig.Default, HysteresisConfig.Default, _latencies);
        var decision = router.RouteJob(Request(), View(Dc("a", rtt: 10)), At(0));

        Assert.Equal((77.0, 77.0, 1.0), Latencies(decision.Ranking[0]));
    }

    [Fact]
    public void A_score_never_falls_when_anything_gets_worse() => Gen.Select(
            Gen.Double[1, 10_000], Gen.Double[0, 10_000], Gen.Int[0, 100], Gen.Int[0, 1000], Gen.Int[0, 10],
            Gen.Double[0.5, 3], Gen.Int[0, 20], Gen.Double[0, 500])
        .Sample((rtt, more, free, pending, circuits, slo, samples, error) =>
        {
            double Of(
                double rtt, int free, int pending, int circuits, double slo, int samples, double error,
                int age) => Score(
                Dc("a", free: free, pending: pending, managers: 10, circuits: circuits, slo: slo,
                    predicted: new PredictedLatency(rtt, samples, error, Duration.FromSeconds(age)))).Score;

            var score = Of(rtt, free, pending, circuits, slo, samples, error, 0);
            Assert.True(score > 0 && double.IsFinite(score));
            Assert.True(Of(rtt + more, free, pending, circuits, slo, samples, error, 0) >= score);
            Assert.True(Of(rtt, free / 2, pending, circuits, slo, samples, error, 0) >= score);
            Assert.True(Of(rtt, free, pending * 2, circuits, slo, samples, error, 0) >= score);
            Assert.True(Of(rtt, free, pending, Math.Min(10, circuits * 2), slo, samples, error, 0) >= score);
            Assert.True(Of(rtt, free, pending, circuits, slo * 1.5, samples, error, 0) >= score);
            Assert.True(Of(rtt, free, pending, circuits, slo, samples / 2, error, 0) >= score);
            Assert.True(Of(rtt, free, pending, circuits, slo, samples, error + more, 0) >= score);
            Assert.True(Of(rtt, free, pending, circuits, slo, samples, error, 900) >= score);
        });

    private DatacenterRoutingScore Score(
        DatacenterCandidate candidate,
        RoutingRequest? request = null,
        double cooldown = 1,
        bool isBootstrap = false) => new RoutingScorer(_latencies).Score(
            candidate, request ?? Request(), cooldown, missedSloFactor: 0, isBootstrap, At(0));

    private static (double, double, double) Latencies(in DatacenterRoutingScore score) =>
        (score.BlendedLatencyMs, score.ObservedLatencyMs, score.ObservedConfidence);
}
