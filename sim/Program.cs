using Hyperscale.Det.Sim.Cli;

return SimCommands.Create().Parse(args).Invoke();
