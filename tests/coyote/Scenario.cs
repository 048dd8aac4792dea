using System.Runtime.CompilerServices;
using Microsoft.Coyote;
using Microsoft.Coyote.Actors;
using Microsoft.Coyote.SystematicTesting;

namespace Hyperscale.Det.Tests.Exploration;

/// <summary>Something that Coyote runs under many schedules: rewritten tasks, or actors.</summary>
internal sealed class Scenario
{
    private const uint Schedules = 400;

    private readonly Func<Configuration, TestingEngine> _create;

    private Scenario(Func<Configuration, TestingEngine> create) => _create = create;

    public static Scenario Of(Func<Task> tasks) =>
        new(configuration => TestingEngine.Create(configuration, tasks));

    public static Scenario Of(Action<IActorRuntime> actors) =>
        new(configuration => TestingEngine.Create(configuration, actors));

    /// <summary>No schedule breaks it, and Coyote controlled everything it did.</summary>
    public void HoldsAlways(uint schedules = Schedules)
    {
        using var engine = Run(Configuration.Create().WithTestingIterations(schedules));
        Assert.True(engine.TestReport.NumOfFoundBugs == 0, Text(engine));
        Assert.Empty(engine.TestReport.UncontrolledInvocations);
        Assert.Equal(schedules, (uint)engine.TestReport.NumOfExploredFairPaths + UnfairPaths(engine));
    }

    /// <summary>Some schedule breaks it, and its trace, saved beside the tests, breaks it again.</summary>
    /// <returns>What was found, as the replay tells it.</returns>
    public string BreaksAndReplays(uint schedules = Schedules, [CallerMemberName] string name = "")
    {
        using var found = Run(Configuration.Create().WithTestingIterations(schedules));
        Assert.True(found.TestReport.NumOfFoundBugs == 1, "the planted bug was not found");
        Assert.Empty(found.TestReport.UncontrolledInvocations);
        var trace = $"{name}.trace";
        File.WriteAllText(Path.Combine(AppContext.BaseDirectory, trace), found.ReproducibleTrace);
        return Replay(trace);
    }

    /// <summary>What a saved trace finds.</summary>
    public string Replay(string file)
    {
        var trace = File.ReadAllText(Path.Combine(AppContext.BaseDirectory, file));
        using var replay = Run(Configuration.Create().WithReproducibleTrace(trace));
        Assert.True(
            replay.TestReport.NumOfFoundBugs == 1,
            $"{file} breaks nothing: record it again if the scenario changed {Text(replay)}");
        return Text(replay);
    }

    private TestingEngine Run(Configuration configuration)
    {
        var engine = _create(configuration
            .WithRandomGeneratorSeed(1)
            .WithTelemetryEnabled(false)
            // A busy machine is no deadlock.
            .WithDeadlockTimeout(60_000)
            .WithMaxSchedulingSteps(5_000));
        engine.Run();
        return engine;
    }

    private static uint UnfairPaths(TestingEngine engine) => (uint)engine.TestReport.NumOfExploredUnfairPaths;

    private static string Text(TestingEngine engine) =>
        string.Join(Environment.NewLine, engine.TestReport.BugReports) + engine.GetReport();
}
