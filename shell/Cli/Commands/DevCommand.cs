using System.CommandLine;
using System.Net;
using Hyperscale.Det.Shell.Cli.Api;
using Hyperscale.Det.Shell.Cli.Views;

namespace Hyperscale.Det.Shell.Cli.Commands;

internal static class DevCommand
{
    private static readonly IPEndPoint DefaultHttp = new(IPAddress.Loopback, 8400);

    public static Command Create(CliContext context, Option<bool> verbose)
    {
        var options = new ClusterOptions(DefaultHttp);
        var command = new DescribedCommand("dev", "Run a whole cluster in this process", """
            Every node is the one that would run alone, with real sockets on loopback and a log on the disk.
            Ctrl-C stops it in order. The nodes log to standard error.

            Examples:
              hyperscale dev
              hyperscale dev --gates 1 --datacenters 1 --managers 1 --workers 1 --http 127.0.0.1:0
              hyperscale dev --data /var/tmp/hyperscale
            """);
        foreach (var option in options.All) command.Add(option);
        command.SetAction((parsed, _) => RunAsync(options.Read(parsed), parsed.GetValue(verbose), context));
        return command;
    }

    private static async Task<int> RunAsync(ClusterShape shape, bool isVerbose, CliContext context)
    {
        using var interrupts = Interrupts.Listen();
        using var logs = NodeLogging.Create(isVerbose, LogLevel.Information);
        try
        {
            await using var cluster = await ServedCluster.StartAsync(
                shape, logs.CreateLogger("hyperscale"), interrupts.Asked);
            foreach (var gate in cluster.Gates)
                context.Out.WriteLine($"dev: gate at {GateClient.Name(gate)}");
            interrupts.AtOnce(cluster.DropData);
            context.Out.WriteLine(
                $"dev: {shape}, ready in {Figures.Rate(cluster.ReadyAfter.TotalSeconds)} s; Ctrl-C ends it");
            await Task.WhenAny(interrupts.UntilAskedAsync(), cluster.Failure);
            return (int)(cluster.Failure.IsCompleted ? ExitCode.InternalError : ExitCode.Ok);
        }
        catch (OperationCanceledException)
        {
            return (int)ExitCode.Ok;
        }
    }
}
