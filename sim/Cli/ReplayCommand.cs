using System.CommandLine;
using Hyperscale.Det.Sim.Plans;
using Hyperscale.Det.Sim.Runs;

namespace Hyperscale.Det.Sim.Cli;

internal static class ReplayCommand
{
    public static Command Create(string? active)
    {
        var seed = new Option<ulong?>("--seed") { Description = "The seed to run." };
        var profile = SimCommands.ProfileOption();
        var plan = new Option<FileInfo?>("--plan") { Description = "A plan to run instead of a seed." };
        var trace = new Option<FileInfo?>("--trace") { Description = "Where to write what happened." };
        var mutant = SimCommands.MutantOption();
        var command = new Command("replay", "Runs one seed, or one plan, and prints its hash.")
        {
            seed, profile, plan, trace, mutant,
        };
        command.Validators.Add(result =>
        {
            if (result.GetValue(seed) is null == (result.GetValue(plan) is null))
                result.AddError("one of --seed and --plan is needed");
        });
        command.SetAction(parsed =>
        {
            if (active is null && parsed.GetValue(mutant) is { } name)
                return SimCommands.OnMutant(parsed, name);
            var file = parsed.GetValue(plan);
            var chosen = file is not null
                ? PlanCommand.Read(file)
                : PlanGenerator.Generate(
                    parsed.GetValue(seed)!.Value, Profile.Named(parsed.GetRequiredValue(profile))!);
            return chosen is null ? SimCommands.Usage : Replay(chosen, parsed.GetValue(trace));
        });
        return command;
    }

    internal static int Replay(Plan plan, FileInfo? trace)
    {
        using var writer = trace?.CreateText();
        var result = PlanRunner.Run(plan, writer is null ? null : new TraceFile(writer));
        ReportText.Print(result);
        return result.Failure is null ? SimCommands.Ok : SimCommands.Failed;
    }
}
