using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.RegularExpressions;
using Hyperscale.Det.Jobs;
using Hyperscale.Det.Shell.Json;
using Hyperscale.Det.Shell.Target;
using Hyperscale.Det.Tests.Shell.Workloads;

namespace Hyperscale.Det.Tests.Shell.Cli;

/// <summary>Whole jobs on clusters that the program starts itself.</summary>
public sealed partial class RunTests : IDisposable
{
    private static readonly string[] SmallCluster =
        ["--gates", "1", "--datacenters", "1", "--managers", "1", "--workers", "1"];

    private const string Latencies = @"( +\d+\.\d\d){4}";

    private readonly string _out = Directory.CreateTempSubdirectory("hyperscale-test-").FullName;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_out, recursive: true);

    [Fact]
    public async Task The_example_runs_on_a_cluster_and_a_target_of_its_own()
    {
        var result = await CliProcess.RunAsync("run", Shortened("http.json"), "--out", _out);

        Assert.Equal((0, ""), (result.Code, result.Error));
        foreach (var workflow in new[] { "browse", "pay", "total" })
            foreach (var place in new[] { "dc-a", "dc-b", "merged" })
                Assert.Matches($@"(?m)^{workflow} +{place} +[1-9]\d* +0 +\d+\.\d{Latencies}$", result.Out);
        Assert.Matches(
            @"(?m)^cluster: 3 gates, 2 datacenters x \(3 managers, 2 workers of 2 cores\)", result.Out);
        Assert.Matches(@"(?m)^threshold ok: errorRate < 0.01 \(measured 0\)$", result.Out);
        Assert.Matches(
            @"(?m)^coverage: 2 of 2 datacenters completed, [\d.]+% of \d+ planned requests were made$",
            result.Out);
        Assert.DoesNotContain('\u001b', result.Out);
        var report = await ReportAsync();
        Assert.Equal(report.Totals.Requests, report.Workflows.Sum(workflow => workflow.Numbers.Requests));
        Assert.Equal(2 * 2 * 100, report.Workflows[1].Numbers.Requests + report.Workflows[1].Numbers.Dropped);
    }

    [Fact]
    public async Task The_report_counts_exactly_what_the_target_served()
    {
        await using var target = await TargetServer.StartAsync(
            TargetOptions.Default with { ErrorPerMille = 100 }, Cancellation);
        var result = await CliProcess.RunAsync(
            "run", Shortened("http.json"), "--out", _out, "--target", target.Url, "--json");

        // A tenth of the answers is an error, which is more than the job allows.
        Assert.Equal((6, ""), (result.Code, result.Error));
        var report = JsonSerializer.Deserialize(result.Out, ApiJson.Compact.ReportJson)!;
        Assert.Equal((target.Served, target.Errors), (report.Totals.Requests, report.Totals.Errors));
        Assert.Equal(target.Served, (await ReportAsync()).Totals.Requests);
    }

    [Theory]
    [InlineData("exit 3", 3, "failed")]
    [InlineData("echo fine", 0, "completed")]
    public async Task A_command_decides_how_its_job_ends(string script, int code, string state)
    {
        var result = await CliProcess.RunAsync(
            ["run", Command("sh", "-c", script), "--out", _out, .. SmallCluster]);

        Assert.Equal((code, ""), (result.Code, result.Error));
        Assert.Matches($@"(?m)^job \d+-\d+ 'command' {state}", result.Out);
    }

    [Theory]
    [InlineData(PosixSignal.SIGINT)]
    [InlineData(PosixSignal.SIGTERM)]
    public async Task A_signal_cancels_the_job_and_leaves_no_process(PosixSignal signal)
    {
        var mark = $"64.{Random.Shared.Next()}";
        await using var run = CliProcess.Start(
            ["run", Command("sleep", mark), "--out", _out, .. SmallCluster]);
        await run.LineAsync("custom running");
        await Attempts.UntilAsync(() => Attempts.Living(mark) == 1, "the command");
        run.Signal(signal);
        var result = await run.EndAsync();

        Assert.Equal(4, result.Code);
        Assert.Matches(@"(?m)^job \d+-\d+ 'command' cancelled", result.Out);
        Assert.Equal(0, Attempts.Living(mark));
        Assert.Equal(JobState.Cancelled, (await ReportAsync()).State);
    }

    [Fact]
    public async Task A_second_signal_leaves_neither_process_nor_data()
    {
        var mark = $"65.{Random.Shared.Next()}";
        var temporary = Directory.CreateDirectory(Path.Combine(_out, "tmp")).FullName;
        await using var run = CliProcess.StartWith(
            ("TMPDIR", temporary), ["run", Command("sleep", mark), "--out", _out, .. SmallCluster]);
        await run.LineAsync("custom running");
        await Attempts.UntilAsync(() => Attempts.Living(mark) == 1, "the command");
        Assert.Single(Directory.GetDirectories(temporary, "hyperscale-*"));
        // Two of a kind at once could arrive as one.
        run.Signal(PosixSignal.SIGINT);
        run.Signal(PosixSignal.SIGTERM);

        Assert.Equal(4, (await run.EndAsync()).Code);
        await Attempts.UntilAsync(() => Attempts.Living(mark) == 0, "no command");
        Assert.Empty(Directory.GetDirectories(temporary, "hyperscale-*"));
    }

    [Fact]
    public async Task A_report_that_cannot_be_written_is_told_before_anything_is_started()
    {
        await File.WriteAllTextAsync(Path.Combine(_out, "file"), "", Cancellation);
        var result = await CliProcess.RunAsync(
            "run", Command("true"), "--out", Path.Combine(_out, "file", "below"));

        Assert.Equal((2, ""), (result.Code, result.Out));
        Assert.Matches(
            @"^hyperscale: .*/report\.json cannot be written: .*; --out names another", result.Error);
    }

    private async Task<ReportJson> ReportAsync() => JsonSerializer.Deserialize(
        await File.ReadAllTextAsync(Path.Combine(_out, "report.json"), Cancellation),
        ApiJson.Compact.ReportJson)!;

    /// <summary>An example with less to do, and with latencies that a busy machine may have.</summary>
    private string Shortened(string example)
    {
        var text = File.ReadAllText(Path.Combine(Examples.Directory, example));
        text = Latency().Replace(text.Replace("\"10s\"", "\"2s\"", StringComparison.Ordinal), "$1 < 60000");
        return Write(text);
    }

    private string Command(params string[] command) => Write($$"""
        { "name": "command", "workflows": [ { "name": "custom", "kind": "exec", "cores": 1, "duration": "60s",
          "exec": { "command": [{{string.Join(", ", command.Select(part => $"\"{part}\""))}}] } } ] }
        """);

    private string Write(string job)
    {
        var file = Path.Combine(_out, "job.json");
        File.WriteAllText(file, job);
        return file;
    }

    [GeneratedRegex(@"(p\d\dMs) < \d+")]
    private static partial Regex Latency();
}
