using System.CommandLine;
using Hyperscale.Det.Shell.Config;
using Hyperscale.Det.Shell.Hosting;

namespace Hyperscale.Det.Shell.Cli.Commands;

/// <summary>What is done to a node's disk once in the life of a cluster, or after its loss.</summary>
internal static class DiskCommands
{
    public static Command CreateInit(CliContext context)
    {
        var config = Configs("Configurations of new nodes; those that keep nothing are passed over");
        var command = new DescribedCommand("init", "Make the disks of a new cluster's gates and managers", """
            Once, before the first start. A node without its identity does not start: an empty directory may
            be a new node's or a lost one's, and taking the one for the other would forget what was promised.

            Examples:
              hyperscale init --config gate-1.json --config manager-1.json
              hyperscale init --config shell/examples/cluster/{gate,manager}-*.json
            """)
        {
            config,
        };
        command.SetAction(parsed => Init(parsed.GetRequiredValue(config), context));
        return command;
    }

    public static Command CreateRecover(CliContext context)
    {
        var config = new Option<string>("--config")
        {
            HelpName = "FILE",
            Description = "The node's configuration",
            Required = true,
        };
        var incarnation = new Option<long?>("--incarnation")
        {
            HelpName = "N",
            Description = "Number of the life to begin, above every earlier one [default: one more than the "
                + "disk tells; a number made of the clock and chance where it tells nothing]",
        };
        var command = new DescribedCommand("recover", "Begin a new life of a node whose disk was lost", """
            While the node does not run. What is left in its directory is set aside there. Started again, the
            node takes part only once it has learnt everything from a quorum of the others, which void what it
            promised before. Of a group of N nodes fewer than half may be lost at a time.

            Examples:
              hyperscale recover --config gate-1.json
            """)
        {
            config, incarnation,
        };
        command.SetAction(parsed => Recover(
            parsed.GetRequiredValue(config), parsed.GetValue(incarnation), context));
        return command;
    }

    private static Option<string[]> Configs(string description) => new("--config")
    {
        HelpName = "FILE",
        Description = description,
        Required = true,
        AllowMultipleArgumentsPerToken = true,
    };

    private static int Init(IReadOnlyList<string> files, CliContext context)
    {
        // All of them are read before any disk is touched.
        List<NodeSettings> nodes = [.. files.Select(NodeSettingsReader.Read)];
        foreach (var node in nodes)
        {
            if (node.DataDirectory.Length == 0)
            {
                context.Out.WriteLine($"{node.Id}: keeps nothing");
                continue;
            }

            NodeDisk.Init(node);
            context.Out.WriteLine($"{node.Id}: life 1 begins in {node.DataDirectory}");
        }

        return (int)ExitCode.Ok;
    }

    private static int Recover(string file, long? incarnation, CliContext context)
    {
        var node = NodeSettingsReader.Read(file);
        if (node.DataDirectory.Length == 0)
            throw new CliException(ExitCode.Usage, $"{node.Id} keeps nothing that could be recovered");
        var plan = NodeDisk.Recover(node, incarnation);
        context.Out.WriteLine($"{node.Id}: life {plan.Incarnation} begins in {node.DataDirectory}");
        if (plan.SetAside is { } aside)
            context.Out.WriteLine($"what was there is in {Path.Combine(node.DataDirectory, aside)}");
        return (int)ExitCode.Ok;
    }
}
