using CsCheck;
using Hyperscale.Det.Jobs;

namespace Hyperscale.Det.Tests.Core.Nodes;

public sealed class DispatchStormTests(ITestOutputHelper output)
{
    private static readonly Gen<(ulong Seed, Weather Weather)> Storms = Gen.Select(
        Gen.ULong,
        Gen.Int[0, 30],
        Gen.Int[0, 20],
        Gen.Int[0, 20],
        Gen.Int[0, 8],
        Gen.Int[1, 12],
        Gen.Select(Gen.Int[0, 30], Gen.Int[0, 30]),
        (seed, lost, doubled, delayed, crashes, jobs, rest) =>
            (seed, new Weather(lost, doubled, delayed, crashes, jobs, rest.Item1, rest.Item2)));

    [Fact]
    public void Whatever_the_weather_every_slot_ends_once_and_nothing_runs_twice()
    {
        var told = new SortedDictionary<string, int>(StringComparer.Ordinal);
        Storms.Sample(
            storm =>
            {
                var run = new DispatchStorm(storm.Seed, storm.Weather);
                run.Run();
                Assert.True(run.Gate.IsDone, "a job never ended");
                Assert.True(run.IsIdle, "something was left behind");
                lock (told)
                {
                    foreach (var (kind, count) in run.Checks.Told)
                        told[kind] = told.GetValueOrDefault(kind) + count;
                }
            },
            iter: 300, threads: 2);
        foreach (var (kind, count) in told) output.WriteLine($"{count,8} {kind}");
    }

    [Fact]
    public void In_calm_weather_every_job_gets_a_result()
    {
        var run = new DispatchStorm(1, new Weather(0, 0, 0, 0, Jobs: 5, 0, 0));
        run.Run();
        Assert.All(run.Gate.Outcomes, outcome => Assert.NotNull(outcome));
        Assert.DoesNotContain(run.Gate.Outcomes, outcome => outcome!.State == SlotState.Cancelled);
    }
}
