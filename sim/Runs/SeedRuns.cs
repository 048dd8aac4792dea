using System.Diagnostics;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Sim.Coverage;
using Hyperscale.Det.Sim.Plans;

namespace Hyperscale.Det.Sim.Runs;

/// <summary>Runs many seeds, one world a thread.</summary>
/// <param name="jobs">Number of threads.</param>
/// <param name="twiceEvery">Every so many seeds one is run twice; 1 for all of them.</param>
public sealed class SeedRuns(Profile profile, int jobs, int twiceEvery)
{
    private readonly Lock _lock = new();
    private readonly CoverageBoard _coverage = new();
    private readonly List<(ulong Seed, RunFailure Failure)> _failures = [];
    private RunFigures _figures = RunFigures.None;
    private Duration _simulated = Duration.Zero;
    private long _events;
    private long _done;
    private long _next;

    /// <summary>Told of each seed as it ends; from any thread, one at a time.</summary>
    public Action<RunResult>? OnDone { get; init; }

    /// <summary>Stops at the first failure.</summary>
    public bool StopsAtFailure { get; init; }

    public SeedReport Run(ulong from, long count)
    {
        var started = Stopwatch.GetTimestamp();
        var threads = Enumerable.Range(0, jobs).Select(_ => new Thread(() => Work(from, count))).ToList();
        foreach (var thread in threads) thread.Start();
        foreach (var thread in threads) thread.Join();
        var failures = _failures.OrderBy(failure => failure.Seed).ToList();
        return new SeedReport(
            profile.Name, _done, _events, _simulated, Stopwatch.GetElapsedTime(started), jobs, _coverage,
            _figures, failures);
    }

    private void Work(ulong from, long count)
    {
        while (true)
        {
            var index = Interlocked.Increment(ref _next) - 1;
            if (index >= count || (StopsAtFailure && _failures.Count > 0)) return;
            var seed = unchecked(from + (ulong)index);
            var plan = PlanGenerator.Generate(seed, profile);
            var isTwice = twiceEvery > 0 && seed % (ulong)twiceEvery == 0;
            Take(seed, isTwice ? PlanRunner.RunTwice(plan) : PlanRunner.Run(plan), isTwice ? 2 : 1);
        }
    }

    private void Take(ulong seed, RunResult result, int runs)
    {
        lock (_lock)
        {
            _done++;
            _events += result.Events * runs;
            _simulated += result.Simulated * runs;
            _coverage.Add(result.Coverage);
            _figures = _figures.With(result.Figures);
            if (result.Failure is { } failure) _failures.Add((seed, failure));
            OnDone?.Invoke(result);
        }
    }
}

/// <summary>What a set of seeds came to.</summary>
/// <param name="Events">Of all runs, second ones included.</param>
/// <param name="Took">Wall time from the first seed to the last.</param>
public sealed record SeedReport(
    string Profile,
    long Seeds,
    long Events,
    Duration Simulated,
    TimeSpan Took,
    int Jobs,
    CoverageBoard Coverage,
    RunFigures Figures,
    IReadOnlyList<(ulong Seed, RunFailure Failure)> Failures)
{
    /// <summary>Handled events a second of one thread.</summary>
    public double EventsPerSecond => Events / Took.TotalSeconds / Jobs;

    /// <summary>Virtual seconds a second of one thread.</summary>
    public double SpeedOfTime => Simulated.Nanoseconds / 1e9 / Took.TotalSeconds / Jobs;
}
