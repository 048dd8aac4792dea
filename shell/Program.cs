using Hyperscale.Det.Shell.Workloads;

return await WorkloadCommands.TryRunAsync(args) ?? 0;
