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
        var jobs = SimCommands.NumberOption(
            "--jobs", standard.Jobs, "Jobs of each of the twenty runs.", StudyOptions.JobsMin,
            StudyOptions.JobsMax);
        var scale = SimCommands.NumberOption(
            "--scale", standard.Scale, "Datacenters and arrivals that are so many times as large.", 1,
            StudyOptions.ScaleMax);
        var load = SimCommands.NumberOption(
            "--load", standard.LoadPercent, "Percent of all cores that jobs are to use.",
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
