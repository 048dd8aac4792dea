using System.CommandLine;
using Hyperscale.Det.Sim.Plans;

namespace Hyperscale.Det.Sim.Cli;

/// <summary>The commands of <c>hyperscale-sim</c>.</summary>
public static class SimCommands
{
    public const int Ok = 0;
    public const int Failed = 1;
    public const int Usage = 2;

    public static RootCommand Create() => new("Runs whole clusters in a simulated world, from seeds.")
    {
        RunCommand.Create(),
        ReplayCommand.Create(),
        PlanCommand.Create(),
    };

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
