using System.Runtime.CompilerServices;
using Microsoft.Coyote;
using Microsoft.Coyote.SystematicTesting;

namespace Hyperscale.Det.Tests.CoyoteShell;

/// <summary>Runs a scenario under many schedules chosen by Coyote.</summary>
internal static class Exploration
{
    private const uint Schedules = 400;

    /// <summary>No schedule breaks the scenario, and Coyote controlled everything it did.</summary>
    public static void FindsNothing(Func<Task> scenario, uint schedules = Schedules)
    {
        using var engine = Run(Configuration.Create().WithTestingIterations(schedules), scenario);
        Assert.True(engine.TestReport.NumOfFoundBugs == 0, Text(engine));
        Assert.Empty(engine.TestReport.UncontrolledInvocations);
        Assert.Equal(schedules, (uint)engine.TestReport.NumOfExploredFairPaths + UnfairPaths(engine));
    }

    /// <summary>Some schedule breaks the scenario, and its trace, saved beside the tests, breaks it
    /// again.</summary>
    /// <returns>What was found, as the replay tells it.</returns>
    public static string FindsAndReplays(
        Func<Task> scenario, uint schedules = Schedules, [CallerMemberName] string name = "")
    {
        using var found = Run(Configuration.Create().WithTestingIterations(schedules), scenario);
        Assert.True(found.TestReport.NumOfFoundBugs == 1, "the planted bug was not found");
        Assert.Empty(found.TestReport.UncontrolledInvocations);
        var trace = Path.Combine(AppContext.BaseDirectory, $"{name}.trace");
        File.WriteAllText(trace, found.ReproducibleTrace);
        return Replay(scenario, trace);
    }

    /// <summary>What a saved trace finds.</summary>
    public static string Replay(Func<Task> scenario, string file)
    {
        var trace = File.ReadAllText(Path.Combine(AppContext.BaseDirectory, file));
        using var replay = Run(Configuration.Create().WithReproducibleTrace(trace), scenario);
        Assert.True(
            replay.TestReport.NumOfFoundBugs == 1,
            $"{file} breaks nothing: record it again if the scenario changed {Text(replay)}");
        return Text(replay);
    }

    private static TestingEngine Run(Configuration configuration, Func<Task> scenario)
    {
        var engine = TestingEngine.Create(
            configuration
                .WithRandomGeneratorSeed(1)
                .WithTelemetryEnabled(false)
                .WithMaxSchedulingSteps(5_000),
            scenario);
        engine.Run();
        return engine;
    }

    private static uint UnfairPaths(TestingEngine engine) => (uint)engine.TestReport.NumOfExploredUnfairPaths;

    private static string Text(TestingEngine engine) =>
        string.Join(Environment.NewLine, engine.TestReport.BugReports) + engine.GetReport();
}
