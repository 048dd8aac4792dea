using CsCheck;
using Hyperscale.Det.Capacity;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Routing;
using static Hyperscale.Det.Tests.Core.Routing.RoutingSamples;

namespace Hyperscale.Det.Tests.Core.Routing;

public sealed class ObservedLatencyTrackerTests
{
    private static readonly DatacenterName East = DatacenterName.Of("east");

    private readonly ObservedLatencyTracker _tracker = new(AdaptiveRoutingConfig.Default);
    private long _sequence;

    [Fact]
    public void The_first_sample_sets_the_mean_and_later_ones_move_it()
    {
        Observe(100);
        Observe(200);

        var state = Assert.Single(_tracker.States).State;
        Assert.Equal((120.0, 1600.0, 2L), (state.EwmaMs, state.Variance, state.SampleCount));

        Observe(20);
        state = Assert.Single(_tracker.States).State;
        // d = -100: m = 120 - 20, var = 0.8 (1600 + 0.2 * 10000).
        Assert.Equal((100.0, 2880.0), (state.EwmaMs, state.Variance));
    }

    [Fact]
    public void What_is_learned_is_the_time_beyond_what_the_job_was_meant_to_run()
    {
        _tracker.Observe(East, 1, Duration.FromMilliseconds(90_040), Duration.FromSeconds(90), null, At(0));
        Assert.Equal(40, Mean());

        // A job that ends early has no overhead; it does not have a negative one.
        _tracker.Observe(East, 2, Duration.FromSeconds(50), Duration.FromSeconds(90), null, At(0));
        Assert.Equal(32, Mean());
    }

    [Fact]
    public void A_job_that_was_dispatched_before_one_that_counted_does_not_count()
    {
        Assert.Equal(ObservationVerdict.Accepted, ObserveAs(5, 100));
        Assert.Equal(ObservationVerdict.Older, ObserveAs(4, 900, at: 10));
        Assert.Equal(ObservationVerdict.Older, ObserveAs(5, 900, at: 10));
        Assert.Equal(ObservationVerdict.Older, _tracker.Penalize(East, 3, At(10)));

        var state = Assert.Single(_tracker.States).State;
        Assert.Equal((100.0, 1L, At(0)), (state.EwmaMs, state.SampleCount, state.LastUpdate));
    }

    [Fact]
    public void A_failure_counts_as_the_cap_and_nothing_as_more()
    {
        _tracker.Penalize(East, 1, At(0));
        Assert.Equal(60_000, Mean());

        _tracker.Observe(East, 2, Duration.FromMinutes(60), Duration.Zero, null, At(0));
        Assert.Equal(60_000, Mean());
    }

    [Theory]
    [InlineData(1, 0, 0.1)]
    [InlineData(5, 0, 0.5)]
    [InlineData(10, 0, 1)]
    [InlineData(30, 0, 1)]
    [InlineData(10, 150, 0.5)]
    [InlineData(5, 75, 0.375)]
    [InlineData(10, 300, 0)]
    [InlineData(10, 9000, 0)]
    public void Confidence_grows_with_samples_and_falls_with_age(int samples, int age, double confidence)
    {
        for (var i = 0; i < samples; i++) Observe(100);

        Assert.Equal(confidence, _tracker.ConfidenceIn(East, At(age)), 1e-12);
        var blended = _tracker.GetBlendedLatency(East, 20, At(age));
        Assert.Equal((confidence * 100) + ((1 - confidence) * 20), blended.BlendedMs, 1e-9);
        Assert.Equal(confidence, blended.Confidence, 1e-12);
    }

    [Fact]
    public void The_blend_lies_between_prediction_and_observation() =>
        Gen.Select(Gen.Double[0, 60_000].List[0, 20], Gen.Double[1, 10_000], Gen.Int[0, 400])
            .Sample((samples, predicted, age) =>
            {
                var tracker = new ObservedLatencyTracker(AdaptiveRoutingConfig.Default);
                for (var i = 0; i < samples.Count; i++)
                {
                    tracker.Observe(
                        East, i + 1, new Duration((long)(samples[i] * 1_000_000)), Duration.Zero, null,
                        At(0));
                }

                tracker.CheckInvariants();
                var blended = tracker.GetBlendedLatency(East, predicted, At(age));
                var observed = samples.Count == 0 ? predicted : blended.ObservedMs;
                Assert.InRange(
                    blended.BlendedMs, Math.Min(observed, predicted), Math.Max(observed, predicted));
                if (!(blended.Confidence > 0)) Assert.Equal(predicted, blended.BlendedMs);
            });

    [Fact]
    public void Without_confidence_the_blend_is_the_prediction_exactly()
    {
        Assert.Equal(37.3, _tracker.GetBlendedLatency(East, 37.3, At(0)).BlendedMs);
        for (var i = 0; i < 20; i++) Observe(1234);
        Assert.Equal(37.3, _tracker.GetBlendedLatency(East, 37.3, At(300)).BlendedMs);

        var off = new ObservedLatencyTracker(AdaptiveRoutingConfig.Default with { IsEnabled = false });
        for (var i = 1; i < 20; i++)
            off.Observe(East, i, Duration.FromSeconds(1), Duration.Zero, null, At(0));
        Assert.Equal(37.3, off.GetBlendedLatency(East, 37.3, At(0)).BlendedMs);
    }

    [Fact]
    public void After_a_step_the_blend_is_within_a_tenth_of_it_in_eleven_samples() =>
        Gen.Select(Gen.Int[1, 30_000], Gen.Int[1, 30_000]).Sample((before, after) =>
        {
            var tracker = new ObservedLatencyTracker(AdaptiveRoutingConfig.Default);
            for (var i = 1; i <= 200; i++)
                tracker.Observe(East, i, Duration.FromMilliseconds(before), Duration.Zero, null, At(0));
            for (var i = 201; i <= 211; i++)
                tracker.Observe(East, i, Duration.FromMilliseconds(after), Duration.Zero, null, At(0));

            var blended = tracker.GetBlendedLatency(East, 50, At(0)).BlendedMs;
            Assert.InRange(Math.Abs(blended - after), 0, (Math.Abs(after - before) / 10.0) + 1e-6);
        });

    [Fact]
    public void Of_too_many_datacenters_the_one_updated_least_lately_is_dropped()
    {
        for (var i = 0; i < ObservedLatencyTracker.DatacentersMax; i++)
            _tracker.Penalize(DatacenterName.Of($"dc{i}"), ++_sequence, At(0));
        _tracker.Penalize(DatacenterName.Of("dc0"), ++_sequence, At(0));
        _tracker.Penalize(DatacenterName.Of("new"), ++_sequence, At(0));

        Assert.Equal(ObservedLatencyTracker.DatacentersMax, _tracker.States.Count());
        Assert.True(_tracker.ConfidenceIn(DatacenterName.Of("dc0"), At(0)) > 0);
        Assert.True(_tracker.ConfidenceIn(DatacenterName.Of("new"), At(0)) > 0);
        Assert.Equal(0, _tracker.ConfidenceIn(DatacenterName.Of("dc1"), At(0)));
        _tracker.CheckInvariants();
    }

    [Fact]
    public void What_all_jobs_take_is_learned_of_results_with_a_known_round_trip_and_of_nothing_else()
    {
        var eighty = Duration.FromMilliseconds(80);
        _tracker.Observe(East, 1, eighty, Duration.Zero, null, At(0));
        _tracker.Penalize(East, 2, At(0));
        Assert.Equal(0, _tracker.BaselineMs);

        var west = DatacenterName.Of("west");
        _tracker.Observe(west, 3, eighty, Duration.Zero, 20, At(0));
        Assert.Equal(60, _tracker.BaselineMs);
        Assert.Equal(ObservationVerdict.Older, _tracker.Observe(west, 2, eighty, Duration.Zero, 70, At(0)));
        Assert.Equal(60, _tracker.BaselineMs);

        // Of the mean, which is 100, and not of the sample.
        _tracker.Observe(west, 4, Duration.FromMilliseconds(180), Duration.Zero, 20, At(0));
        Assert.Equal(60.2, _tracker.BaselineMs, 1e-9);
        Assert.Equal(67.2, _tracker.GetBlendedLatency(DatacenterName.Of("new"), 7, At(0)).BlendedMs, 1e-9);

        var off = new ObservedLatencyTracker(AdaptiveRoutingConfig.Default with { IsEnabled = false });
        off.Observe(west, 1, eighty, Duration.Zero, 20, At(0));
        Assert.Equal(0, off.BaselineMs);
    }

    private double Mean() => Assert.Single(_tracker.States).State.EwmaMs;

    private void Observe(int milliseconds) => ObserveAs(++_sequence, milliseconds);

    private ObservationVerdict ObserveAs(long sequence, int milliseconds, int at = 0) => _tracker.Observe(
        East, sequence, Duration.FromMilliseconds(milliseconds), Duration.Zero, null, At(at));
}
