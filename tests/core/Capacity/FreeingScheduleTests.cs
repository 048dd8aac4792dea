using CsCheck;
using Hyperscale.Det.Capacity;
using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Tests.Core.Capacity;

public sealed class FreeingScheduleTests
{
    private static readonly Gen<List<FreeingStep>> Steps = Gen.Select(Gen.Int[0, 3000], Gen.Int[1, 50])
        .List[0, 120].Select(steps =>
        {
            var result = new List<FreeingStep>();
            var at = 0L;
            foreach (var (later, cores) in steps)
            {
                at += later * 400_000L;
                result.Add(new FreeingStep(new Duration(at), cores));
            }

            return result;
        });

    [Fact]
    public void A_schedule_never_promises_cores_too_early_and_loses_none() => Steps.Sample(steps =>
    {
        var schedule = FreeingSchedule.Of(steps);

        Assert.InRange(schedule.Steps.Length, 0, CapacityLimits.StepsMax);
        Assert.Equal(steps.Sum(step => step.Cores), schedule.Total);
        Assert.Equal(schedule.Steps.Select(step => step.Offset).Distinct().Order(),
            schedule.Steps.Select(step => step.Offset));
        var free = 0;
        foreach (var step in steps)
        {
            free += step.Cores;
            Assert.True(schedule.WaitFor(free, Duration.Zero) >= step.Offset);
        }

        Assert.Null(schedule.WaitFor(free + 1, Duration.Zero));
    });

    [Fact]
    public void The_first_steps_stay_as_they_are() => Steps.Sample(steps =>
    {
        var whole = steps.GroupBy(step => (step.Offset.Nanoseconds + 999_999) / 1_000_000)
            .Select(group => (group.Key, group.Sum(step => step.Cores))).Take(CapacityLimits.StepsMax / 2);
        var schedule = FreeingSchedule.Of(steps);

        Assert.Equal(
            whole,
            schedule.Steps.Take(CapacityLimits.StepsMax / 2)
                .Select(step => (step.Offset.Milliseconds, step.Cores)));
    });

    [Fact]
    public void The_schedule_of_an_estimate_waits_as_long_as_the_estimate() =>
        Gen.Select(CapacityGens.Running, CapacityGens.Waiting).Sample((running, waiting) =>
        {
            var estimator = ExecutionTimeEstimator.Of(running.Total, running.Active, waiting, Instant.Zero);
            var schedule = estimator.Schedule;

            Assert.Equal(estimator.FreeNow, schedule.FreeNow);
            Assert.Equal(running.Total, schedule.Total);
            // Few enough completions that none is joined.
            for (var n = 1; n <= running.Total; n++)
            {
                var wait = estimator.WaitFor(n)!.Value;
                // What should have ended is not free yet.
                var least = n > estimator.FreeNow ? Duration.FromMilliseconds(1) : Duration.Zero;
                Assert.Equal(Duration.Longer(wait, least), schedule.WaitFor(n, Duration.Zero));
            }
        });

    [Fact]
    public void A_wait_is_shorter_by_the_age_of_the_schedule_and_never_below_zero()
    {
        var schedule = FreeingSchedule.Of(
            [new FreeingStep(Duration.Zero, 2), new FreeingStep(Duration.FromSeconds(10), 3)]);

        Assert.Equal(2, schedule.FreeNow);
        Assert.Equal(Duration.Zero, schedule.WaitFor(2, Duration.FromSeconds(1)));
        Assert.Equal(Duration.FromSeconds(6), schedule.WaitFor(3, Duration.FromSeconds(4)));
        Assert.Equal(Duration.Zero, schedule.WaitFor(5, Duration.FromSeconds(40)));
    }
}
