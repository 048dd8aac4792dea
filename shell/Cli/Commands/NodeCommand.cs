using System.CommandLine;
using Hyperscale.Det.Protocol;
using Hyperscale.Det.Shell.Cli.Views;
using Hyperscale.Det.Shell.Config;

namespace Hyperscale.Det.Shell.Cli.Commands;

/// <summary>One node of a cluster of several processes.</summary>
internal static class NodeCommand
{
    public static Command Create(NodeRole role, CliContext context, Option<bool> verbose)
    {
        var name = Figures.Word(role);
        var config = new Option<string>("--config")
        {
            HelpName = "FILE",
            Description = "The node's configuration",
            Required = true,
        };
        var command = new DescribedCommand(name, $"Run one {name} of a cluster", $$"""
            Runs until SIGINT or SIGTERM, then stops in order; a second signal ends it at once. What it
            promised is on its disk either way. It logs to standard error.

            Examples:
              hyperscale {{name}} --config shell/examples/cluster/{{name}}-1.json
            """)
        {
            config,
        };
        command.SetAction((parsed, _) => RunAsync(
            role, parsed.GetRequiredValue(config), parsed.GetValue(verbose), context));
        return command;
    }

    private static async Task<int> RunAsync(NodeRole role, string file, bool isVerbose, CliContext context)
    {
        var settings = NodeSettingsReader.Read(file);
        var (found, wanted) = (Figures.Word(settings.Role), Figures.Word(role));
        if (settings.Role != role)
            throw new CliException(
                ExitCode.Usage, $"{file}: $.role: is '{found}'; this command runs a {wanted}");
        using var interrupts = Interrupts.Listen();
        using var logs = NodeLogging.Create(isVerbose, LogLevel.Information);
        await using var node = await ServedNode.StartAsync(settings, logs.CreateLogger("hyperscale"));
        context.Out.WriteLine($"{settings.Id}: ready{(node.Url is { } url ? $", serving {url}" : "")}");
        await Task.WhenAny(interrupts.UntilAskedAsync(), node.Completion);
        // A node that failed has said why in its log.
        return (int)(node.Completion.IsFaulted ? ExitCode.InternalError : ExitCode.Ok);
    }
}
