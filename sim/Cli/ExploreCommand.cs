using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using Hyperscale.Det.Sim.Exhaustive;

namespace Hyperscale.Det.Sim.Cli;

/// <summary>Explores the replicas of one group within bounds.</summary>
internal static class ExploreCommand
{
    public static Command Create(string? active)
    {
        var replicas = SimCommands.NumberOption("--replicas", 3, "Replicas of the group.", 1, 5);
        var views = SimCommands.NumberOption("--views", 1, "Views that somebody leads.", 1, 100);
        var entries = SimCommands.NumberOption("--entries", 1, "Entries that clients propose.", 0, 100);
        var crashes = SimCommands.NumberOption("--crashes", 0, "Crashes with a restart.", 0, 100);
        var ticks = SimCommands.NumberOption("--ticks", 0, "How often a replica's deadlines pass.", 0, 100);
        var states = SimCommands.NumberOption("--states-max", 5_000_000, "Where to stop.", 1, 200_000_000);
        var mutant = SimCommands.MutantOption();
        var command = new Command(
            "explore", "Looks at every state that the replicas of a group can reach within bounds.")
        {
            replicas, views, entries, crashes, ticks, states, mutant,
        };
        command.SetAction(parsed =>
        {
            if (active is null && parsed.GetValue(mutant) is { } name)
                return SimCommands.OnMutant(parsed, name);
            var bounds = new ExplorationBounds(
                parsed.GetValue(replicas), parsed.GetValue(views), parsed.GetValue(entries),
                parsed.GetValue(crashes), parsed.GetValue(ticks));
            return Run(bounds, parsed.GetValue(states));
        });
        return command;
    }

    private static int Run(ExplorationBounds bounds, int statesMax)
    {
        var watch = Stopwatch.StartNew();
        var result = ReplicaExplorer.Explore(bounds, statesMax);
        var seconds = watch.Elapsed.TotalSeconds;
        foreach (var step in result.Way) Console.WriteLine($"    {step}");
        var end = result.Violation is not null ? $"broken: {result.Violation}"
            : result.IsComplete ? "exhausted: every state within the bounds"
            : "bounded: there are more states";
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{result.States} states, {result.Committing} of them with a client's entry committed; "
            + $"{result.LocalStates} states of single replicas; {result.Transitions} transitions; "
            + $"depth {result.Depth}; {seconds:F1} s, {result.States / seconds:F0} states/s"));
        Console.WriteLine(end);
        return result.Violation is null ? SimCommands.Ok : SimCommands.Failed;
    }
}
