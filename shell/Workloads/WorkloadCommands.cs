using Hyperscale.Det.Shell.Workloads.Http;

namespace Hyperscale.Det.Shell.Workloads;

/// <summary>The hidden commands that this program runs its own workload processes with.</summary>
public static class WorkloadCommands
{
    /// <summary>Runs a hidden command; null when the arguments are none.</summary>
    /// <remarks>To be asked before anything else is set up: a workload's start waits for it.</remarks>
    public static async Task<int?> TryRunAsync(IReadOnlyList<string> arguments)
    {
        if (arguments.Count != 1) return null;
        return arguments[0] switch
        {
            WorkloadProgram.LoadHttp => await HttpLoadCommand.RunAsync(),
            WorkloadProgram.Supervise => CommandSupervisor.Run(),
            _ => null,
        };
    }
}
