using System.CommandLine;
using Hyperscale.Det.Sim.Plans;

namespace Hyperscale.Det.Sim.Cli;

internal static class PlanCommand
{
    public static Command Create()
    {
        var seed = new Option<ulong>("--seed") { Description = "The seed.", Required = true };
        var profile = SimCommands.ProfileOption();
        var output = new Option<FileInfo?>("--out")
        {
            Description = "Where to write the plan; standard output when not given.",
        };
        var command = new Command("plan", "Writes the plan that a seed makes.") { seed, profile, output };
        command.SetAction(parsed =>
        {
            var plan = PlanGenerator.Generate(
                parsed.GetValue(seed), Profile.Named(parsed.GetRequiredValue(profile))!);
            var text = PlanFile.Write(plan);
            if (parsed.GetValue(output) is { } file) File.WriteAllText(file.FullName, text);
            else Console.Write(text);
            return SimCommands.Ok;
        });
        return command;
    }

    /// <summary>Reads a plan; null, with a message for the user, when there is none.</summary>
    internal static Plan? Read(FileInfo file)
    {
        try
        {
            if (PlanFile.Read(File.ReadAllText(file.FullName), out var fault) is { } plan) return plan;
            Console.Error.WriteLine($"{file}: {fault}");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Console.Error.WriteLine($"{file} cannot be read: {e.Message}");
        }

        return null;
    }
}
