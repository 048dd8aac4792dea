using System.CommandLine;
using System.Globalization;
using Hyperscale.Det.Shell.Target;

namespace Hyperscale.Det.Shell.Cli.Commands;

internal static class TargetCommand
{
    private static readonly TimeSpan WaitMax = TimeSpan.FromMinutes(1);

    public static Command Create(CliContext context)
    {
        var port = OptionParsers.Whole(
            "--port", 0, ushort.MaxValue, 8080, "Port on 127.0.0.1; 0 takes a free one");
        var latency = OptionParsers.Time("--latency", WaitMax, "Wait before each answer");
        var jitter = OptionParsers.Time("--jitter", WaitMax, "Up to this much more, evenly spread");
        var errorRate = OptionParsers.PerMille("--error-rate", "Part of the answers that are status 503");
        var command = new DescribedCommand("target", "A small HTTP server to try load on", """
            Every path answers 'ok'; GET /stats answers how many requests were served, so that a result can be
            compared with it. Ctrl-C ends it.

            Examples:
              hyperscale target --port 8080
              hyperscale target --port 0 --latency 20ms --jitter 10ms --error-rate 0.01
            """)
        {
            port, latency, jitter, errorRate,
        };
        command.SetAction((parsed, _) => RunAsync(
            new TargetOptions(
                "127.0.0.1", parsed.GetValue(port), parsed.GetValue(latency), parsed.GetValue(jitter),
                parsed.GetValue(errorRate)),
            context));
        return command;
    }

    private static async Task<int> RunAsync(TargetOptions options, CliContext context)
    {
        using var interrupts = Interrupts.Listen();
        await using var target = await StartAsync(options);
        context.Out.WriteLine($"target: listening on {target.Url}");
        await interrupts.UntilAskedAsync();
        context.Out.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"target: served {target.Served} requests, {target.Errors} as errors"));
        return (int)ExitCode.Ok;
    }

    /// <summary>Starts a target; an address that is taken is the user's to solve.</summary>
    public static async Task<TargetServer> StartAsync(TargetOptions options)
    {
        try
        {
            return await TargetServer.StartAsync(options, CancellationToken.None);
        }
        catch (IOException e)
        {
            throw new CliException(ExitCode.Usage, $"target: {e.Message}");
        }
    }
}
