using System.Text.Json;
using Hyperscale.Det.Jobs;
using Hyperscale.Det.Shell.Json;
using Hyperscale.Det.Shell.Target;

namespace Hyperscale.Det.Tests.Shell.Cli;

/// <summary>A gate, two managers, two workers and a client, each a process of its own.</summary>
public sealed class SixProcessesTests : IDisposable
{
    private const int Rate = 100;
    private const int Seconds = 5;

    private readonly string _job = Path.Combine(Examples.Directory, "cluster", "job.json");
    private readonly string _out = Directory.CreateTempSubdirectory("hyperscale-test-").FullName;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_out, recursive: true);

    [Fact]
    public async Task They_do_what_one_process_does()
    {
        await using var target = await TargetServer.StartAsync(TargetOptions.Default, Cancellation);
        await using var cluster = await ProcessCluster.StartAsync();
        var result = await CliProcess.RunAsync(
            "submit", _job, "--wait", "--json", "--gate", cluster.Url, "--target", target.Url);

        Assert.Equal((0, ""), (result.Code, result.Error));
        var report = JsonSerializer.Deserialize(result.Out, ApiJson.Compact.ReportJson)!;
        Assert.Equal(JobState.Completed, report.State);
        Assert.Equal(target.Served, report.Totals.Requests);
        Assert.Equal(Rate * Seconds, report.Totals.Requests + report.Totals.Dropped);
        foreach (var node in await cluster.StopAsync())
        {
            Assert.Equal(0, node.Code);
            Assert.All(
                node.Error.TrimEnd('\n').Split('\n'),
                line => Assert.Matches(@"^\d\d:\d\d:\d\d\.\d{3} (info|warning) [a-z0-9/-]+: .+$", line));
        }
    }

    [Fact]
    public async Task An_accepted_job_survives_the_death_of_its_manager_and_its_gate_and_counts_once()
    {
        await using var target = await TargetServer.StartAsync(TargetOptions.Default, Cancellation);
        await using var cluster = await ProcessCluster.StartAsync();
        await using var run = CliProcess.Start(
            "run", _job, "--gate", cluster.Url, "--target", target.Url, "--out", _out);
        await run.LineAsync("browse running");
        await WaitFor.TrueAsync(() => target.Served > 20);
        await cluster.RestartAsync("manager-1");
        await cluster.RestartAsync("gate-1");
        var result = await run.EndAsync();

        Assert.Equal((0, ""), (result.Code, result.Error));
        var report = JsonSerializer.Deserialize(
            await File.ReadAllTextAsync(Path.Combine(_out, "report.json"), Cancellation),
            ApiJson.Compact.ReportJson)!;
        Assert.Equal(Rate * Seconds, report.Totals.Requests + report.Totals.Dropped);
        Assert.InRange(report.Totals.Requests, 1, target.Served);
    }
}
