using System.CommandLine;
using Hyperscale.Det.Sim.Mutation;
using Hyperscale.Det.Sim.Runs;
using Spectre.Console;

namespace Hyperscale.Det.Sim.Cli;

/// <summary>Lists the mutants, or runs them all and says which checker noticed each.</summary>
internal static class MutantsCommand
{
    public static Command Create()
    {
        var list = new Option<bool>("--list") { Description = "Only lists them." };
        var names = new Option<string[]>("--only")
        {
            Description = "Runs these alone.",
            AllowMultipleArgumentsPerToken = true,
        };
        var seeds = new Option<long>("--seeds")
        {
            Description = "Most seeds for each.",
            DefaultValueFactory = _ => 500,
        };
        var from = new Option<ulong>("--from")
        {
            Description = "The first seed.",
            DefaultValueFactory = _ => 1,
        };
        var tests = new Option<FileInfo?>("--tests")
        {
            Description = "The assembly of core's tests, for the mutants that only they notice.",
        };
        var jobs = SimCommands.JobsOption();
        var profile = SimCommands.ProfileOption();
        var command = new Command("mutants", "Runs known-bad versions of core: each has to be noticed.")
        {
            list, names, seeds, from, profile, tests, jobs,
        };
        command.SetAction(parsed =>
        {
            var only = parsed.GetValue(names) ?? [];
            var unknown = only.FirstOrDefault(name => MutantShelf.Named(name) is null);
            if (unknown is not null) return SimCommands.NoMutant(unknown);
            var chosen = MutantShelf.All.Where(one => only.Length == 0 || only.Contains(one.Name)).ToList();
            if (parsed.GetValue(list)) return List(chosen);
            var hunt = new MutantHunt(
                parsed.GetRequiredValue(profile), parsed.GetValue(from), parsed.GetValue(seeds),
                parsed.GetValue(tests)?.FullName);
            return Run(hunt, chosen, parsed.GetValue(jobs));
        });
        return command;
    }

    private static int List(List<Mutant> mutants)
    {
        var width = mutants.Max(mutant => mutant.Name.Length);
        foreach (var mutant in mutants)
        {
            var seeds = mutant.Seeds is { } count ? $" after {count} seeds of swarm" : "";
            var by = mutant.Test ?? string.Join(" or ", mutant.Checkers) + seeds;
            Console.WriteLine($"{mutant.Name.PadRight(width)}  {by}");
            Console.WriteLine($"{new string(' ', width)}  {mutant.About}");
        }

        return SimCommands.Ok;
    }

    private static int Run(MutantHunt hunt, List<Mutant> mutants, int jobs)
    {
        var verdicts = new MutantVerdict[mutants.Count];
        Parallel.For(0, mutants.Count, new ParallelOptions { MaxDegreeOfParallelism = jobs }, i =>
        {
            verdicts[i] = hunt.Run(mutants[i]);
            lock (verdicts) Console.WriteLine(LineOf(verdicts[i], hunt.Profile));
        });
        Print(verdicts);
        return verdicts.All(verdict => verdict.IsKilled) ? SimCommands.Ok : SimCommands.Failed;
    }

    private static string LineOf(MutantVerdict verdict, string profile)
    {
        if (verdict.Fault is { } fault) return fault;
        if (verdict.TestFailure is { } failure)
            return $"{verdict.Mutant.Name}: {verdict.Mutant.Test}: {failure.Split('\n')[0]}";
        if (verdict.Death is not { } death) return $"{verdict.Mutant.Name} survived";
        return $"{verdict.Mutant.Name}: {death.Checker} after {death.Seeds} seeds: "
            + FailureLine.Of(death.Seed, profile, verdict.Mutant.Name);
    }

    private static void Print(MutantVerdict[] verdicts)
    {
        var table = new Table().Border(TableBorder.Simple)
            .AddColumns("mutant", "outcome", "by", "expected", "seeds");
        foreach (var verdict in verdicts)
        {
            table.AddRow(
                verdict.Mutant.Name,
                verdict.IsKilled ? "killed" : verdict.Fault is null ? "SURVIVED" : "not run",
                verdict.Death?.Checker ?? (verdict.TestFailure is null ? "" : "a test"),
                verdict.Mutant.Test ?? string.Join(" or ", verdict.Mutant.Checkers),
                $"{verdict.Death?.Seeds}");
        }

        AnsiConsole.Write(table);
        var seeds = verdicts.Select(one => one.Death?.Seeds).OfType<long>().Order().ToList();
        var median = seeds.Count == 0 ? 0 : seeds[seeds.Count / 2];
        Console.WriteLine(
            $"{verdicts.Count(one => one.IsKilled)} of {verdicts.Length} killed, {seeds.Count} of them by "
            + $"seeds, median {median}; "
            + $"{verdicts.Count(one => one.IsAsExpected)} by a checker that was expected to");
    }
}
