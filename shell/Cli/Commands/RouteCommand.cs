using System.CommandLine;
using System.Text.Json;
using Hyperscale.Det.Shell.Cli.Views;
using Hyperscale.Det.Shell.Json;

namespace Hyperscale.Det.Shell.Cli.Commands;

internal static class RouteCommand
{
    public static Command Create(CliContext context)
    {
        var file = SharedOptions.JobFile();
        var target = SharedOptions.Target();
        var gates = SharedOptions.Gates();
        var json = SharedOptions.Json("Print the decision as JSON");
        var dryRun = new Option<bool>("--dry-run")
        {
            Description = "Submit nothing, which this command never does; 'submit' submits",
        };
        var command = new DescribedCommand("route", "Show where a job would go, and why", """
            Shows every datacenter that the job could go to, in the order in which it would be tried: its
            bucket of health, its score (lower is better) and what the score is made of. Then the datacenters
            it cannot go to, whether it would leave one for want of cores, and what would have changed the
            decision. Nothing is submitted, and what a gate remembers of earlier jobs is not changed.

            Examples:
              hyperscale route job.json --dry-run
              hyperscale route job.json --dry-run --json | jq '.datacenters[] | {datacenter, score}'
            """)
        {
            file, target, gates, json, dryRun,
        };
        command.SetAction(async (parsed, cancellation) =>
        {
            var job = JobFile.Open(parsed.GetRequiredValue(file));
            var spec = job.CheckOrThrow(parsed.GetValue(target));
            using var client = parsed.Client(gates, context);
            var routing = await client.RouteAsync(RoutingJson.RequestOf(spec), cancellation);
            if (parsed.GetValue(json))
                context.Out.WriteLine(JsonSerializer.Serialize(routing, ApiJson.Indented.RoutingJson));
            else RoutingView.Draw(routing, context);
            return (int)ExitCode.Ok;
        });
        return command;
    }
}
