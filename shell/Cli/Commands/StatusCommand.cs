using System.CommandLine;
using System.Text.Json;
using Hyperscale.Det.Shell.Cli.Views;
using Hyperscale.Det.Shell.Json;

namespace Hyperscale.Det.Shell.Cli.Commands;

internal static class StatusCommand
{
    public static Command Create(CliContext context)
    {
        var id = SharedOptions.JobId();
        var gates = SharedOptions.Gates();
        var json = SharedOptions.Json("Print the status as JSON");
        var command = new DescribedCommand("status", "Show one job as it stands", """
            Shows the numbers so far, or the result of an ended job. The exit code is 0 whatever the job's
            state; 'watch' is the command whose exit code tells it.

            Examples:
              hyperscale status 012-0000000042
              hyperscale status 012-0000000042 --json | jq -r .state
            """)
        {
            id, gates, json,
        };
        command.SetAction(async (parsed, cancellation) =>
        {
            using var client = parsed.Client(gates, context);
            var status = await client.GetAsync(parsed.GetValue(id), cancellation);
            if (parsed.GetValue(json))
                context.Out.WriteLine(JsonSerializer.Serialize(status, ApiJson.Indented.StatusJson));
            else Show(status, context);
            return (int)ExitCode.Ok;
        });
        return command;
    }

    /// <summary>Draws a status: the result once there is one.</summary>
    public static void Show(StatusJson status, CliContext context)
    {
        var plan = JobPlan.Of(status);
        if (status.Report is { } report)
        {
            ResultView.Draw(status, report, plan, context);
            return;
        }

        ResultView.DrawEnd(status, context);
        context.Out.WriteLine($"elapsed: {PlainProgress.Elapsed(status, plan, context.Time)}");
        Screen.Draw(ProgressSheet.Of(status, null), context);
    }
}
