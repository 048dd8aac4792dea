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
        id.Arity = ArgumentArity.ZeroOrOne;
        var cluster = new Option<bool>("--cluster")
        {
            Description = "Show the gates and the ledger groups they keep instead of a job",
        };
        var gates = SharedOptions.Gates();
        var json = SharedOptions.Json("Print the status as JSON");
        var command = new DescribedCommand("status", "Show one job as it stands, or the cluster", """
            Shows the numbers so far and how latencies keep to their targets, or the result of an ended job.
            The exit code is 0 whatever the job's state; 'watch' is the command whose exit code tells it.

            With --cluster it shows the replicas of every ledger group: in which view they are and who leads
            it (its fence is the view), what is committed, how far one is behind the others, whether the
            leader may answer alone (lease), and in which life the disk is: above 1 it was lost once.

            Examples:
              hyperscale status --cluster
              hyperscale status 012-0000000042
              hyperscale status 012-0000000042 --json | jq -r .state
            """)
        {
            id, cluster, gates, json,
        };
        command.Validators.Add(result =>
        {
            var isOfJob = result.GetResult(id) is { Tokens.Count: > 0 };
            if (isOfJob == result.GetResult(cluster) is { Implicit: false })
                result.AddError("a job's ID or --cluster is needed, and not both");
        });
        command.SetAction(async (parsed, cancellation) =>
        {
            using var client = parsed.Client(gates, context);
            if (parsed.GetValue(cluster))
            {
                Show(await client.ClusterAsync(cancellation), parsed.GetValue(json), context);
                return (int)ExitCode.Ok;
            }

            var status = await client.GetAsync(parsed.GetValue(id), cancellation);
            if (parsed.GetValue(json))
                context.Out.WriteLine(JsonSerializer.Serialize(status, ApiJson.Indented.StatusJson));
            else Show(status, context);
            return (int)ExitCode.Ok;
        });
        return command;
    }

    private static void Show(ClusterJson cluster, bool isJson, CliContext context)
    {
        if (isJson) context.Out.WriteLine(JsonSerializer.Serialize(cluster, ApiJson.Indented.ClusterJson));
        else ClusterView.Draw(cluster, context);
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
        ExplanationView.DrawSlo(status.Slo, context);
    }
}
