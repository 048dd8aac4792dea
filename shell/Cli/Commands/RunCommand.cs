using System.CommandLine;
using System.Net;
using Hyperscale.Det.Idempotency;
using Hyperscale.Det.Shell.Cli.Api;
using Hyperscale.Det.Shell.Cli.Views;
using Hyperscale.Det.Shell.Target;

namespace Hyperscale.Det.Shell.Cli.Commands;

internal static class RunCommand
{
    private static readonly IPEndPoint AnyPort = new(IPAddress.Loopback, 0);

    public static Command Create(CliContext context, Option<bool> verbose)
    {
        var file = SharedOptions.JobFile();
        var gates = SharedOptions.GatesOrNone();
        var target = SharedOptions.Target();
        var key = SharedOptions.Key();
        var outDirectory = OutDirectory();
        var json = SharedOptions.Json("Print the report instead of progress and tables");
        var shape = new ClusterOptions(AnyPort);
        var command = new DescribedCommand("run", "Run one job from start to end and show its result", """
            Without --gate it starts a cluster in this process, for this job alone, and where the job uses
            ${TARGET} and no --target is given, a small HTTP server to put the load on. Ctrl-C cancels the
            job; a second one ends at once. The exit code tells how the job ended.

            In the result, rate/s is requests over the duration that the job file names; of the total, over
            the longest chain of workflows that wait for each other.

            Examples:
              hyperscale run shell/examples/http.json
              hyperscale run job.json --target http://127.0.0.1:8080 --workers 4 --out results
              hyperscale run job.json --gate http://gate-1:8400 --gate http://gate-2:8400
              hyperscale run job.json --json | jq .totals.p95Ms
            """)
        {
            file, gates, target, key, outDirectory, json,
        };
        foreach (var option in shape.All) command.Add(option);
        command.Validators.Add(result =>
        {
            if (result.GetResult(gates) is not { Implicit: false }) return;
            foreach (var given in shape.All.Where(option => result.GetResult(option) is { Implicit: false }))
                result.AddError($"{given.Name} shapes a cluster that --gate does not start");
        });
        command.SetAction((parsed, _) => RunAsync(
            new Order(
                JobFile.Open(parsed.GetRequiredValue(file)),
                parsed.GetValue(target),
                parsed.GetValue(key),
                parsed.GetRequiredValue(outDirectory),
                parsed.GetValue(json),
                parsed.GetValue(verbose)),
            parsed.GetValue(gates) is { Length: > 0 } named ? named : null,
            shape.Read(parsed),
            context));
        return command;
    }

    private static Option<string> OutDirectory() => new("--out")
    {
        HelpName = "DIR",
        Description = $"Directory of {ReportFile.Name}, made if need be",
        DefaultValueFactory = _ => ".",
    };

    private static async Task<int> RunAsync(Order order, Uri[]? gates, ClusterShape shape, CliContext context)
    {
        using var interrupts = Interrupts.Listen(ExitCode.JobCancelled);
        // The target is part of what makes a job valid, so it comes first; its port is then known, too.
        var isTargetOurs = gates is null && order.Target is null && order.File.NeedsTarget;
        await using var target = isTargetOurs ? await TargetCommand.StartAsync(TargetOptions.Default) : null;
        order = order with { Target = order.Target ?? target?.Url };
        var plan = JobPlan.Of(order.File.Read(order.Target, context));
        var report = ReportFile.In(order.OutDirectory);
        if (gates is not null)
        {
            using var theirs = new GateClient(gates, context.Time);
            var submitted = new JobFollower(theirs, interrupts, context);
            return await FollowAsync(order, plan, report, submitted, context);
        }

        // With a table on the screen, log lines would tear it.
        using var logs = NodeLogging.Create(order.IsVerbose, LogLevel.Critical);
        await using var cluster = await StartAsync(shape, logs, interrupts, order, context);
        interrupts.AtOnce(cluster.DropData);
        using var client = new GateClient(cluster.Gates, context.Time);
        var follower = new JobFollower(client, interrupts, context);
        var following = FollowAsync(order, plan, report, follower, context);
        // A node of this process that fails takes the run with it, and knows why.
        await await Task.WhenAny(following, cluster.Failure);
        return await following;
    }

    private static async Task<ServedCluster> StartAsync(
        ClusterShape shape, ILoggerFactory logs, Interrupts interrupts, Order order, CliContext context)
    {
        try
        {
            var cluster = await ServedCluster.StartAsync(
                shape, logs.CreateLogger("hyperscale"), interrupts.Asked);
            if (order.IsJson) return cluster;
            context.Out.WriteLine(
                $"cluster: {shape}, ready in {Figures.Rate(cluster.ReadyAfter.TotalSeconds)} s, "
                + $"first gate {GateClient.Name(cluster.Gates[0])}");
            if (order.Target is { } url) context.Out.WriteLine($"target: {url}");
            return cluster;
        }
        catch (OperationCanceledException)
        {
            throw new CliException(ExitCode.JobCancelled, "interrupted before the job was submitted");
        }
    }

    private static async Task<int> FollowAsync(
        Order order, JobPlan plan, ReportFile file, JobFollower follower, CliContext context)
    {
        var accepted = await follower.SubmitAsync(order.File, order.Target, order.Key);
        var view = order.IsVerbose && !order.IsJson
            ? new PlainProgress(plan, context)
            : ProgressViews.For(plan, order.IsJson, context);
        var ended = await follower.FollowAsync(accepted.Id, view);
        file.Write(JobFollower.ReportOf(ended));
        JobFollower.ShowResult(ended, plan, order.IsJson, context);
        if (!order.IsJson) context.Out.WriteLine($"report: {file.Path}");
        return (int)JobFollower.CodeOf(ended);
    }

    private sealed record Order(
        JobFile File,
        string? Target,
        IdempotencyKey? Key,
        string OutDirectory,
        bool IsJson,
        bool IsVerbose);
}
