using System.CommandLine;
using Hyperscale.Det.Sim.Studies;

namespace Hyperscale.Det.Sim.Cli;

internal static class StudyCommand
{
    public static Command Create() => new("study", "Compares policies on models.") { Routing() };

    private static Command Routing()
    {
        var seed = new Option<ulong>("--seed")
        {
            Description = "Of the jobs and the network.",
            DefaultValueFactory = _ => 1,
        };
        var standard = new StudyOptions(Seed: 1);
        var jobs = Number(
            "--jobs", "Jobs of each of the twenty runs.", standard.Jobs, StudyOptions.JobsMin,
            StudyOptions.JobsMax);
        var scale = Number(
            "--scale", "Datacenters and arrivals that are so many times as large.", standard.Scale, 1,
            StudyOptions.ScaleMax);
        var load = Number(
            "--load", "Percent of all cores that jobs are to use.", standard.LoadPercent,
            StudyOptions.LoadPercentMin, StudyOptions.LoadPercentMax);
        var output = new Option<DirectoryInfo>("--out")
        {
            Description = "Where routing.md and routing.svg are written.",
            DefaultValueFactory = _ => new DirectoryInfo("."),
        };
        var command = new Command(
            "routing", "Compares the router with random, nearest and least loaded datacenters.")
        {
            seed, jobs, scale, load, output,
        };
        command.SetAction(parsed =>
        {
            var options = new StudyOptions(
                parsed.GetValue(seed), parsed.GetValue(jobs), parsed.GetValue(scale),
                parsed.GetValue(load));
            return Write(RoutingStudy.Run(options), parsed.GetRequiredValue(output));
        });
        return command;
    }

    private static Option<int> Number(string name, string description, int standard, int min, int max)
    {
        var option = new Option<int>(name)
        {
            Description = description,
            DefaultValueFactory = _ => standard,
        };
        option.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int>() is var value && (value < min || value > max))
                result.AddError($"{name} is {min} to {max}");
        });
        return option;
    }

    private static int Write(RoutingStudy study, DirectoryInfo output)
    {
        var text = RoutingMarkdown.Of(study);
        Console.Write(text);
        try
        {
            output.Create();
            File.WriteAllText(Path.Combine(output.FullName, "routing.md"), text);
            File.WriteAllText(Path.Combine(output.FullName, "routing.svg"), RoutingChart.Of(study));
            return SimCommands.Ok;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Console.Error.WriteLine($"{output} cannot be written: {e.Message}");
            return SimCommands.Failed;
        }
    }
}
