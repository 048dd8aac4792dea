using System.CommandLine;
using Hyperscale.Det.Sim.Plans;
using Hyperscale.Det.Sim.Runs;

namespace Hyperscale.Det.Sim.Cli;

internal static class RunCommand
{
    public static Command Create()
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
        var jobs = new Option<int>("--jobs")
        {
            Description = "Threads, each with a world of its own.",
            DefaultValueFactory = _ => Environment.ProcessorCount,
        };
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
            seeds, from, profile, jobs, twice,
        };
        command.SetAction(parsed => Run(
            Profile.Named(parsed.GetRequiredValue(profile))!,
            parsed.GetValue(from),
            parsed.GetValue(seeds),
            parsed.GetValue(jobs),
            parsed.GetValue(twice)));
        return command;
    }

    private static int Run(Profile profile, ulong from, long count, int jobs, int twice)
    {
        var runs = new SeedRuns(profile, jobs, twice)
        {
            OnDone = result =>
            {
                if (result.Failure is null) return;
                Console.WriteLine(result.Failure.Message);
                Console.WriteLine(FailureLine.Of(result.Plan.Seed, profile.Name, mutant: null));
            },
        };
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
