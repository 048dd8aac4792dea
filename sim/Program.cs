using Hyperscale.Det.Sim.Cli;

return SimCommands.Invoke(args, active: null);
