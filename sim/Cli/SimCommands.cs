using System.CommandLine;
using System.CommandLine.Invocation;
using Hyperscale.Det.Sim.Mutation;
using Hyperscale.Det.Sim.Plans;

namespace Hyperscale.Det.Sim.Cli;

/// <summary>The commands of <c>hyperscale-sim</c>.</summary>
public static class SimCommands
{
    public const int Ok = 0;
    public const int Failed = 1;
    public const int Usage = 2;

    /// <summary>Runs a command line.</summary>
    /// <param name="active">The mutant whose core this simulator runs on; null for the real one.</param>
    public static int Invoke(string[] args, string? active)
    {
        var parsed = new RootCommand("Runs whole clusters in a simulated world, from seeds.")
        {
            RunCommand.Create(active),
            ReplayCommand.Create(active),
            PlanCommand.Create(),
            MutantsCommand.Create(),
            ExploreCommand.Create(active),
            StudyCommand.Create(),
        }.Parse(args);
        if (parsed.Action is not ParseErrorAction) return parsed.Invoke();
        foreach (var error in parsed.Errors) Console.Error.WriteLine(error.Message);
        return Usage;
    }

    /// <summary>Runs the same command line on a mutant's core.</summary>
    internal static int OnMutant(ParseResult parsed, string name)
    {
        if (MutantShelf.Named(name) is not { } mutant) return NoMutant(name);
        if (MutatedSimulator.Load(mutant, out var fault) is { } simulator)
            return simulator.Invoke([.. parsed.Tokens.Select(token => token.Value)], name);
        Console.Error.WriteLine(fault);
        return Usage;
    }

    internal static int NoMutant(string name)
    {
        Console.Error.WriteLine(
            $"there is no mutant '{name}'; there are "
            + string.Join(", ", MutantShelf.All.Select(mutant => mutant.Name)));
        return Usage;
    }

    internal static Option<string?> MutantOption() => new("--mutant")
    {
        Description = "Runs on a known-bad version of core; see the command mutants.",
    };

    internal static Option<int> JobsOption() => new("--jobs")
    {
        Description = "Threads, each with a world of its own.",
        DefaultValueFactory = _ => Environment.ProcessorCount,
    };

    /// <summary>A whole number within bounds.</summary>
    internal static Option<int> NumberOption(
        string name, int value, string description, int least, int most)
    {
        var option = new Option<int>(name) { Description = description, DefaultValueFactory = _ => value };
        option.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int>() is var given && (given < least || given > most))
                result.AddError($"{name} is {least} to {most}");
        });
        return option;
    }

    internal static Option<string> ProfileOption()
    {
        var option = new Option<string>("--profile")
        {
            Description = "Kind of worlds: " + string.Join(
                "; ", Profile.All.Select(profile => $"{profile.Name} ({profile.About})")),
            DefaultValueFactory = _ => Profile.Smoke.Name,
        };
        option.Validators.Add(result =>
        {
            var name = result.GetValueOrDefault<string>();
            if (Profile.Named(name) is null)
            {
                result.AddError(
                    $"there is no profile '{name}'; "
                    + $"there are {string.Join(", ", Profile.All.Select(profile => profile.Name))}");
            }
        });
        return option;
    }
}
