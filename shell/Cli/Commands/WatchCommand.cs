using System.CommandLine;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Shell.Cli.Api;
using Hyperscale.Det.Shell.Cli.Views;

namespace Hyperscale.Det.Shell.Cli.Commands;

internal static class WatchCommand
{
    public static Command Create(CliContext context)
    {
        var id = SharedOptions.JobId();
        var gates = SharedOptions.Gates();
        var json = SharedOptions.Json("Print one line of JSON for each change");
        var command = new DescribedCommand("watch", "Show one job, live, until it ends", """
            The exit code tells how the job ended. Ctrl-C ends the watching; the job goes on.

            Examples:
              hyperscale watch 012-0000000042
              hyperscale watch 012-0000000042 --json | jq -r '.state'
            """)
        {
            id, gates, json,
        };
        command.SetAction(async (parsed, _) =>
        {
            using var client = parsed.Client(gates, context);
            return await RunAsync(parsed.GetValue(id), client, parsed.GetValue(json), context);
        });
        return command;
    }

    private static async Task<int> RunAsync(JobId id, GateClient client, bool isJson, CliContext context)
    {
        using var interrupts = Interrupts.Listen();
        try
        {
            var plan = JobPlan.Of(await client.GetAsync(id, interrupts.Asked));
            var view = isJson ? new JsonProgress(context) : ProgressViews.For(plan, false, context);
            await view.FollowAsync(new JobWatch(client, context.Time).FollowAsync(id, interrupts.Asked));
            var ended = await client.GetAsync(id, interrupts.Asked, isPatient: true);
            if (!isJson) JobFollower.ShowResult(ended, plan, false, context);
            return (int)JobFollower.CodeOf(ended);
        }
        catch (OperationCanceledException)
        {
            context.WriteError($"no longer watching; job {id} goes on");
            return interrupts.CodeOfFirst;
        }
    }
}
