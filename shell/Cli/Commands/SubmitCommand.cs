using System.CommandLine;
using System.Text.Json;
using Hyperscale.Det.Idempotency;
using Hyperscale.Det.Shell.Cli.Api;
using Hyperscale.Det.Shell.Cli.Views;
using Hyperscale.Det.Shell.Json;

namespace Hyperscale.Det.Shell.Cli.Commands;

internal static class SubmitCommand
{
    public static Command Create(CliContext context)
    {
        var file = SharedOptions.JobFile();
        var gates = SharedOptions.Gates();
        var target = SharedOptions.Target();
        var key = SharedOptions.Key();
        var wait = new Option<bool>("--wait") { Description = "Show the job until it ends, then its result" };
        var json = SharedOptions.Json("Print JSON: what was accepted, or with --wait the report");
        var command = new DescribedCommand("submit", "Submit a job to a running cluster", """
            Prints the job's id once the job is durable: it then runs to its end, whatever becomes of this
            command. With --wait, Ctrl-C cancels the job, and the exit code tells how it ended.
            A submission that gets no answer is sent again, to every gate in turn, under the same key, so
            that it makes one job at most.

            Examples:
              hyperscale submit job.json --target http://127.0.0.1:8080
              hyperscale submit job.json --wait --gate http://gate-1:8400 --gate http://gate-2:8400
              id=$(hyperscale submit job.json --json | jq -r .id)
            """)
        {
            file, gates, target, key, wait, json,
        };
        command.SetAction(async (parsed, _) =>
        {
            var job = JobFile.Open(parsed.GetRequiredValue(file));
            var url = parsed.GetValue(target);
            var plan = JobPlan.Of(job.Read(url, context));
            using var client = parsed.Client(gates, context);
            var isJson = parsed.GetValue(json);
            var given = parsed.GetValue(key);
            if (parsed.GetValue(wait))
                return await WaitAsync(new Order(job, url, given), plan, client, isJson, context);
            var submission = given ?? ClientKeys.OfUser().Next(context.WriteError);
            var accepted = await client.SubmitAsync(job.Bytes, url, submission, CancellationToken.None);
            context.Out.WriteLine(isJson
                ? JsonSerializer.Serialize(accepted, ApiJson.Compact.AcceptedJson)
                : accepted.Id.ToString());
            return (int)ExitCode.Ok;
        });
        return command;
    }

    private static async Task<int> WaitAsync(
        Order order, JobPlan plan, GateClient client, bool isJson, CliContext context)
    {
        using var interrupts = Interrupts.Listen(ExitCode.JobCancelled);
        var follower = new JobFollower(client, interrupts, context);
        var accepted = await follower.SubmitAsync(order.Job, order.Target, order.Key);
        var ended = await follower.FollowAsync(accepted.Id, ProgressViews.For(plan, isJson, context));
        JobFollower.ShowResult(ended, plan, isJson, context);
        return (int)JobFollower.CodeOf(ended);
    }

    private sealed record Order(JobFile Job, string? Target, IdempotencyKey? Key);
}
