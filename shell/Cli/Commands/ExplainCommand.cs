using System.CommandLine;
using System.Text.Json;
using Hyperscale.Det.Shell.Cli.Views;
using Hyperscale.Det.Shell.Json;

namespace Hyperscale.Det.Shell.Cli.Commands;

internal static class ExplainCommand
{
    public static Command Create(CliContext context)
    {
        var id = SharedOptions.JobId();
        var gates = SharedOptions.Gates();
        var json = SharedOptions.Json("Print the explanation as JSON");
        var command = new DescribedCommand("explain", "Show why a job is where it is", """
            Shows what makes the job complete, and for everything of it that has not ended what it waits for
            and since when: a datacenter, a reservation, a start, other workflows, free cores, the time of
            its next attempt or a part of the retry budget. Of the budget it shows what was granted to which
            workflow for which cause, and what is left. The exit code is 0 whatever the job's state.

            Examples:
              hyperscale explain 012-0000000042
              hyperscale explain 012-0000000042 --json | jq '.waits[] | {datacenter, workflow, for, since}'
            """)
        {
            id, gates, json,
        };
        command.SetAction(async (parsed, cancellation) =>
        {
            using var client = parsed.Client(gates, context);
            var explanation = await client.ExplainAsync(parsed.GetValue(id), cancellation);
            if (parsed.GetValue(json))
                context.Out.WriteLine(
                    JsonSerializer.Serialize(explanation, ApiJson.Indented.ExplanationJson));
            else ExplanationView.Draw(explanation, context);
            return (int)ExitCode.Ok;
        });
        return command;
    }
}
