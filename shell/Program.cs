using Hyperscale.Det.Shell.Cli;
using Hyperscale.Det.Shell.Workloads;

return await WorkloadCommands.TryRunAsync(args) ?? await CliProgram.RunAsync(args, CliContext.OfProcess());
