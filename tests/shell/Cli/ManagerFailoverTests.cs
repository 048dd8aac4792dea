using System.Text.Json;
using System.Text.RegularExpressions;
using Hyperscale.Det.Shell.Json;

namespace Hyperscale.Det.Tests.Shell.Cli;

/// <summary>A datacenter's managers are killed, each when it leads; what they have granted holds.</summary>
public sealed class ManagerFailoverTests : IDisposable
{
    private const int Budget = 3;

    private readonly string _directory = Directory.CreateTempSubdirectory("hyperscale-test-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task A_workflow_that_fails_makes_one_attempt_and_its_budget_with_a_new_leader_after_each()
    {
        var attempts = Path.Combine(_directory, "attempts");
        var job = Path.Combine(_directory, "job.json");
        await File.WriteAllTextAsync(
            job,
            $$"""
            {
              "name": "fails", "retryBudget": {{Budget}}, "retryBudgetPerWorkflow": {{Budget}}, "workflows": [
                { "name": "bad", "kind": "exec", "cores": 1, "duration": "5s",
                  "exec": { "command": ["sh", "-c", "echo tried >> {{attempts}}; exit 3"] } } ]
            }
            """,
            TestContext.Current.CancellationToken);
        await using var cluster = await ProcessCluster.StartAsync();
        var id = (await CliProcess.RunAsync("submit", job, "--gate", cluster.Url)).Out.Trim();
        for (var attempt = 1; attempt <= Budget; attempt++)
        {
            // Its end is on disk when it is told.
            var ended = $"attempt {id}/0.1/w0#{attempt} on ";
            var leader = "";
            await WaitFor.TrueAsync(() => (leader = WhoTold(cluster, ended)) is not "");
            await cluster.RestartAsync(leader);
        }

        var end = await CliProcess.RunAsync("watch", id, "--gate", cluster.Url);
        Assert.Equal(3, end.Code);
        Assert.Equal(1 + Budget, File.ReadAllLines(attempts).Length);
        var told = await CliProcess.RunAsync("explain", id, "--json", "--gate", cluster.Url);
        var budget = JsonSerializer.Deserialize(told.Out, ApiJson.Compact.ExplanationJson)!.RetryBudget;
        Assert.Equal((Budget, Budget, 0), (budget.Total, budget.Granted, budget.Left));
        Assert.Equal(Enumerable.Repeat("exit code 3", Budget), budget.Grants.Select(grant => grant.Cause));
    }

    [Fact]
    public async Task Three_datacenters_make_three_attempts_and_five_though_a_leader_dies_after_each()
    {
        const int Shared = 5;
        var attempts = Path.Combine(_directory, "attempts");
        var job = Path.Combine(_directory, "job.json");
        await File.WriteAllTextAsync(
            job,
            $$"""
            {
              "name": "fails", "datacenters": { "count": 3 }, "retryBudget": {{Shared}},
              "retryBudgetPerWorkflow": {{Shared}}, "workflows": [
                { "name": "bad", "kind": "exec", "cores": 1, "duration": "5s",
                  "exec": { "command": ["sh", "-c", "echo tried >> {{attempts}}; exit 3"] } } ]
            }
            """,
            TestContext.Current.CancellationToken);
        await using var cluster = await ProcessCluster.StartAsync(ThreeDatacenters.Texts);
        var id = (await CliProcess.RunAsync("submit", job, "--gate", cluster.Url)).Out.Trim();
        using var isOver = new CancellationTokenSource();
        var killers = ThreeDatacenters.Names
            .Select(datacenter => KillAfterEachAsync(cluster, datacenter, id, isOver.Token)).ToList();

        var end = await CliProcess.RunAsync("watch", id, "--gate", cluster.Url);
        await isOver.CancelAsync();
        var killed = await Task.WhenAll(killers);

        Assert.Equal(3, end.Code);
        Assert.Equal(3 + Shared, File.ReadAllLines(attempts).Length);
        // The leader of a datacenter whose slot ended last may outlive it.
        Assert.InRange(killed.Sum(), Shared, 3 + Shared);
        var told = await CliProcess.RunAsync("explain", id, "--json", "--gate", cluster.Url);
        var budget = JsonSerializer.Deserialize(told.Out, ApiJson.Compact.ExplanationJson)!.RetryBudget;
        Assert.Equal((Shared, Shared, 0), (budget.Total, budget.Granted, budget.Left));
        Assert.Equal(Enumerable.Repeat("exit code 3", Shared), budget.Grants.Select(grant => grant.Cause));
    }

    /// <summary>Kills whoever leads the datacenter after each attempt of a job, and starts it again; gives
    /// how often.</summary>
    private static async Task<int> KillAfterEachAsync(
        ProcessCluster cluster, string datacenter, string job, CancellationToken isOver)
    {
        var attempt = new Regex($"attempt ({job}/[0-9.]+/w0#[0-9]+) on {datacenter}/");
        var seen = new HashSet<string>(StringComparer.Ordinal);
        while (!isOver.IsCancellationRequested)
        {
            foreach (var node in ThreeDatacenters.ManagersOf(datacenter))
            {
                var ended = cluster.Node(node).ErrorLines.Select(line => attempt.Match(line))
                    .FirstOrDefault(match => match.Success && !seen.Contains(match.Groups[1].Value));
                if (ended is null) continue;
                seen.Add(ended.Groups[1].Value);
                await cluster.RestartAsync(node);
            }

            await Task.Delay(20, CancellationToken.None);
        }

        return seen.Count;
    }

    private static string WhoTold(ProcessCluster cluster, string text) =>
        new[] { "manager-1", "manager-2", "manager-3" }.FirstOrDefault(node => cluster.Node(node).ErrorLines
            .Any(line => line.Contains(text, StringComparison.Ordinal))) ?? "";
}
