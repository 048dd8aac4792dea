using System.CommandLine;
using Hyperscale.Det.Sim.Plans;
using Hyperscale.Det.Sim.Runs;

namespace Hyperscale.Det.Sim.Cli;

internal static class RunCommand
{
    public static Command Create(string? active)
    {
        var seeds = new Option<long>("--seeds")
        {
            Description = "How many seeds.",
            DefaultValueFactory = _ => 100,
        };
        var from = new Option<ulong>("--from")
        {
            Description = "The first seed.",
            DefaultValueFactory = _ => 1,
        };
        var profile = SimCommands.ProfileOption();
        var jobs = SimCommands.JobsOption();
        var mutant = SimCommands.MutantOption();
        var twice = new Option<int>("--twice-every")
        {
            Description = "Every so many seeds one is run twice and has to come out the same; 0 for none.",
            DefaultValueFactory = _ => 1,
        };
        AtLeast(seeds, 1);
        AtLeast(jobs, 1);
        AtLeast(twice, 0);
        var command = new Command("run", "Runs seeds and reports what they met.")
        {
            seeds, from, profile, jobs, twice, mutant,
        };
        command.SetAction(parsed =>
        {
            if (active is null && parsed.GetValue(mutant) is { } name)
                return SimCommands.OnMutant(parsed, name);
            var runs = RunsOf(
                Profile.Named(parsed.GetRequiredValue(profile))!,
                parsed.GetValue(jobs),
                parsed.GetValue(twice),
                active);
            return Run(runs, parsed.GetValue(from), parsed.GetValue(seeds), parsed.GetValue(twice));
        });
        return command;
    }

    private static SeedRuns RunsOf(Profile profile, int jobs, int twice, string? mutant) =>
        new(profile, jobs, twice)
        {
            OnDone = result =>
            {
                if (result.Failure is null) return;
                Console.WriteLine(result.Failure.Message);
                Console.WriteLine(FailureLine.Of(result.Plan.Seed, profile.Name, mutant));
            },
        };

    private static int Run(SeedRuns runs, ulong from, long count, int twice)
    {
        var report = runs.Run(from, count);
        ReportText.Print(report, twice);
        return report.Failures.Count == 0 ? SimCommands.Ok : SimCommands.Failed;
    }

    private static void AtLeast<T>(Option<T> option, T least)
        where T : IComparable<T> => option.Validators.Add(result =>
    {
        var value = result.GetValueOrDefault<T>();
        if (value is null || value.CompareTo(least) < 0)
            result.AddError($"{option.Name} is at least {least}");
    });
}
