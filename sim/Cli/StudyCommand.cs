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
        var jobs = new Option<int>("--jobs")
        {
            Description = "Jobs of each of the twenty runs.",
            DefaultValueFactory = _ => 10_000,
        };
        jobs.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int>() is < RoutingStudy.JobsMin or > RoutingStudy.JobsMax)
                result.AddError($"--jobs is {RoutingStudy.JobsMin} to {RoutingStudy.JobsMax}");
        });
        var output = new Option<DirectoryInfo>("--out")
        {
            Description = "Where routing.md and routing.svg are written.",
            DefaultValueFactory = _ => new DirectoryInfo("."),
        };
        var command = new Command(
            "routing", "Compares the router with random, nearest and least loaded datacenters.")
        {
            seed, jobs, output,
        };
        command.SetAction(parsed =>
        {
            var study = RoutingStudy.Run(parsed.GetValue(seed), parsed.GetValue(jobs));
            return Write(study, parsed.GetRequiredValue(output));
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
