using CsCheck;
using Hyperscale.Det.Resources;

namespace Hyperscale.Det.Tests.Core.Resources;

public sealed class KalmanFilterTests
{
    private const double Q = 10;
    private const double R = 25;

    private static readonly Gen<double[]> Samples = Gen.Double[0, 1000].Array[1, 200];

    [Fact]
    public void The_first_sample_is_the_estimate_and_the_measurements_variance_its_own()
    {
        var filter = new ScalarKalmanFilter(Q, R);
        Assert.True(filter.Update(42));

        Assert.Equal(42, filter.Estimate);
        Assert.Equal(R, filter.Variance);
        Assert.Equal(5, filter.Uncertainty);
    }

    [Fact]
    public void It_does_what_the_batch_solution_of_the_random_walk_does() => Samples.Sample(
        samples =>
        {
            var filter = new ScalarKalmanFilter(Q, R);
            foreach (var sample in samples) filter.Update(sample);

            Assert.Equal(LeastSquares(samples), filter.Estimate, 1e-6);
        },
        iter: 500);

    [Theory]
    [InlineData(10, 25)]
    [InlineData(1, 100)]
    [InlineData(50, 2)]
    public void Its_gain_settles_where_the_riccati_equation_says(double q, double r)
    {
        var filter = new ScalarKalmanFilter(q, r);
        for (var i = 0; i < 500; i++) filter.Update(100);

        var predicted = (q + Math.Sqrt((q * q) + (4 * q * r))) / 2;
        Assert.Equal(predicted / (predicted + r), filter.Gain, 1e-9);
        Assert.Equal((1 - filter.Gain) * predicted, filter.Variance, 1e-9);
    }

    [Fact]
    public void Of_a_step_it_forgets_the_share_of_its_gain_with_every_sample()
    {
        var filter = new ScalarKalmanFilter(Q, R);
        for (var i = 0; i < 200; i++) filter.Update(100);
        var left = 1.0;
        for (var i = 0; i < 10; i++)
        {
            filter.Update(200);
            left *= 1 - filter.Gain;
            Assert.Equal(200 - (100 * left), filter.Estimate, 1e-6);
        }
    }

    [Fact]
    public void It_lags_behind_a_ramp_by_slope_over_gain_less_one_step()
    {
        var filter = new ScalarKalmanFilter(Q, R);
        var value = 0.0;
        for (var i = 0; i < 500; i++) filter.Update(value += 3);

        Assert.Equal((3 / filter.Gain) - 3, value - filter.Estimate, 1e-6);
    }

    [Theory]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    [InlineData(double.NegativeInfinity)]
    [InlineData(-1)]
    [InlineData(1e300)]
    public void What_is_no_measurement_is_refused_and_counted(double sample)
    {
        var plain = new ScalarKalmanFilter(Q, R);
        var adaptive = new AdaptiveKalmanFilter(Q, R);
        plain.Update(7);
        adaptive.Update(7);

        Assert.False(plain.Update(sample));
        Assert.False(adaptive.Update(sample));
        Assert.Equal((7, 1, 7, 1, 1), (
            plain.Estimate, plain.Samples, adaptive.Estimate, adaptive.Samples, adaptive.Refused));
    }

    [Fact]
    public void Noises_stay_within_a_tenth_and_ten_times_of_the_first_whatever_comes() =>
        Gen.Select(Gen.Double[0, 1e12].Array[1, 300], Gen.Bool).Sample(
            (samples, isRelative) =>
            {
                var filter = new AdaptiveKalmanFilter(Q, R, isRelative);
                foreach (var sample in samples)
                {
                    Assert.True(filter.Update(sample));
                    filter.CheckInvariants();
                    Assert.InRange(filter.Estimate, samples.Min() - 1, samples.Max() + 1);
                }
            },
            iter: 500);

    [Fact]
    public void More_noise_than_expected_is_believed_less()
    {
        var filter = new AdaptiveKalmanFilter(Q, R);
        for (var i = 0; i < 60; i++) filter.Update(i % 2 == 0 ? 470 : 530);

        Assert.Equal(R * 10, filter.MeasurementNoise, 1e-6);
        Assert.Equal(Q, filter.ProcessNoise);
    }

    [Fact]
    public void Less_noise_than_expected_is_believed_more()
    {
        var filter = new AdaptiveKalmanFilter(Q, R);
        for (var i = 0; i < 60; i++) filter.Update(500);

        Assert.Equal(R / 10, filter.MeasurementNoise, 1e-6);
    }

    [Fact]
    public void A_lag_that_never_changes_is_noticed_as_a_trend()
    {
        var adaptive = new AdaptiveKalmanFilter(Q, R);
        var plain = new ScalarKalmanFilter(Q, R);
        for (var i = 0; i < 60; i++)
        {
            adaptive.Update(i * 40);
            plain.Update(i * 40);
        }

        Assert.True(adaptive.ProcessNoise > 5 * Q, $"Q is {adaptive.ProcessNoise}");
        Assert.True((59 * 40) - adaptive.Estimate < ((59 * 40) - plain.Estimate) * 0.7);
    }

    [Fact]
    public void Once_nothing_moves_any_more_the_process_noise_is_what_it_was()
    {
        var filter = new AdaptiveKalmanFilter(Q, R);
        for (var i = 0; i < 60; i++) filter.Update(i * 40);
        for (var i = 0; i < 60; i++) filter.Update(59 * 40);

        Assert.Equal(Q, filter.ProcessNoise, 1e-6);
    }

    [Fact]
    public void Relative_noise_scales_with_the_value() => Gen.Double[200, 1e9].Array[1, 60].Sample(
        samples =>
        {
            var (small, large) = (new AdaptiveKalmanFilter(Q, R, true), new AdaptiveKalmanFilter(Q, R, true));
            foreach (var sample in samples)
            {
                small.Update(sample);
                large.Update(sample * 1024);
            }

            Assert.Equal(small.Estimate * 1024, large.Estimate, 1e-6 * large.Estimate);
            Assert.Equal(small.Uncertainty * 1024, large.Uncertainty, 1e-6 * large.Estimate);
        },
        iter: 300);

    [Fact]
    public void An_update_allocates_nothing()
    {
        var filter = new AdaptiveKalmanFilter(Q, R, isRelative: true);
        for (var i = 0; i < 100; i++) filter.Update(i);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1000; i++) filter.Update(i * 31 % 97);

        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }

    /// <summary>The most likely end of a random walk given all its measurements: Thomas' algorithm on the
    /// normal equations of sum (z - x)^2 / R + sum (x' - x)^2 / Q.</summary>
    private static double LeastSquares(double[] z)
    {
        var n = z.Length;
        var diagonal = new double[n];
        var right = new double[n];
        for (var i = 0; i < n; i++)
        {
            diagonal[i] = (1 / R) + (i > 0 ? 1 / Q : 0) + (i < n - 1 ? 1 / Q : 0);
            right[i] = z[i] / R;
        }

        for (var i = 1; i < n; i++)
        {
            var factor = -1 / Q / diagonal[i - 1];
            diagonal[i] -= factor * (-1 / Q);
            right[i] -= factor * right[i - 1];
        }

        return right[n - 1] / diagonal[n - 1];
    }
}
