using System.Collections.Concurrent;
using System.Net;
using System.Text;
using System.Text.Json;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Shell.Json;

namespace Hyperscale.Det.Tests.Shell.Cli;

/// <summary>One key, at most one job, over three gates that are processes of their own and are killed.
/// </summary>
public sealed class ThreeGatesTests
{
    private const int Clients = 50;
    private const int RepeatsOfEach = 20;

    private static readonly string Job = JobOf("sleep", "2");

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_thousand_repeats_of_a_key_make_one_job_while_its_leader_is_killed_twice()
    {
        await using var cluster = await ProcessCluster.StartAsync();
        using var http = new HttpClient { Timeout = TimeSpan.FromSeconds(60) };
        var answers = new ConcurrentBag<AcceptedJson>();
        var clients = Enumerable.Range(0, Clients).Select(client => Task.Run(async () =>
        {
            for (var i = 0; i < RepeatsOfEach; i++)
                answers.Add(await AcceptedAsync(http, cluster, client + i, "one-key", Job));
        })).ToList();
        for (var death = 1; death <= 2; death++)
        {
            // Whoever leads the key's group when so much is answered.
            await WaitFor.TrueAsync(() => answers.Count >= death * Clients * RepeatsOfEach / 4);
            var group = answers.First().Id.Group;
            await cluster.RestartAsync(await LeaderOfAsync(cluster, group));
        }

        await Task.WhenAll(clients);

        var job = Assert.Single(answers.Select(answer => answer.Id).Distinct());
        Assert.Equal(Clients * RepeatsOfEach, answers.Count);
        Assert.Equal(1, answers.Count(answer => !answer.WasDuplicate));
        Assert.All(answers.Where(answer => answer.WasDuplicate), answer => Assert.Equal(
            job, answer.OriginalJobId));
        var list = await CliProcess.RunAsync("jobs", "--json", "--gate", cluster.Url);
        var jobs = JsonSerializer.Deserialize(list.Out, ApiJson.Compact.JobListJson)!;
        Assert.Equal([job], jobs.Jobs.Select(known => known.Id));
    }

    [Fact]
    public async Task Nothing_acknowledged_is_missing_after_a_death_of_everyone()
    {
        await using var cluster = await ProcessCluster.StartAsync();
        using var http = new HttpClient { Timeout = TimeSpan.FromSeconds(60) };
        var keyed = await AcceptedAsync(http, cluster, 0, "kept", Job);
        await File.WriteAllTextAsync(cluster.FileOf("job"), Job, Cancellation);
        var unkeyed = await CliProcess.RunAsync("submit", "--gate", cluster.Url, cluster.FileOf("job"));

        await cluster.RestartAllAsync();

        for (var gate = 0; gate < 3; gate++)
            Assert.Equal(keyed.Id, (await AcceptedAsync(http, cluster, gate, "kept", Job)).OriginalJobId);
        var known = await CliProcess.RunAsync("status", unkeyed.Out.Trim(), "--gate", cluster.Url);
        Assert.Equal(0, known.Code);
        await EndAsync(cluster, keyed.Id);
        Assert.Equal(keyed.Id, (await AcceptedAsync(http, cluster, 1, "kept", Job)).OriginalJobId);

        using var other = await PostAsync(http, cluster.Urls[1], "kept", JobOf("sleep", "3"));
        Assert.Equal(HttpStatusCode.UnprocessableEntity, other.StatusCode);
        var refused = await ProblemAsync(other);
        Assert.EndsWith("idempotency-key-reused", refused.Type, StringComparison.Ordinal);
        Assert.Matches("[0-9a-f]{16,}.*[0-9a-f]{16,}", refused.Detail);
    }

    [Fact]
    public async Task A_repeat_after_the_time_of_its_answer_is_told_that_the_key_was_used()
    {
        await using var cluster = await ProcessCluster.StartAsync(("IDEMPOTENCY_COMMITTED_TTL_SECONDS", "1"));
        using var http = new HttpClient { Timeout = TimeSpan.FromSeconds(60) };
        var job = JobOf("true");
        var first = await AcceptedAsync(http, cluster, 0, "short", job);
        await EndAsync(cluster, first.Id);

        await WaitFor.TrueAsync(async () =>
        {
            using var again = await PostAsync(http, cluster.Urls[2], "short", job);
            return again.StatusCode == HttpStatusCode.Gone
                && (await ProblemAsync(again)).Detail.Contains(
                    first.Id.ToString(), StringComparison.Ordinal);
        });
    }

    [Fact]
    public async Task A_gate_whose_log_is_damaged_says_where_and_learns_from_the_others()
    {
        await using var cluster = await ProcessCluster.StartAsync();
        using var http = new HttpClient { Timeout = TimeSpan.FromSeconds(60) };
        var jobs = new List<AcceptedJson>();
        for (var i = 0; i < 8; i++) jobs.Add(await AcceptedAsync(http, cluster, i, $"key-{i}", Job));

        await cluster.KillAsync("gate-1");
        var segment = Directory.GetFiles(cluster.DataOf("gate-1"), "wal-*.seg").Order().First();
        Flip(segment);
        cluster.Launch("gate-1");
        var told = await cluster.Node("gate-1").ErrorAsync("record");
        Assert.Contains(Path.GetFileName(segment), told, StringComparison.Ordinal);
        await cluster.Node("gate-1").LineAsync("ready");
        Assert.NotEmpty(Directory.GetDirectories(cluster.DataOf("gate-1"), "damaged-*"));

        // What it learned is enough: with it, another gate can go.
        await WaitForGroupsAsync(cluster, "gate-1");
        await cluster.KillAsync("gate-2");
        for (var i = 0; i < 8; i++)
        {
            var again = await AcceptedAsync(http, cluster, 2 * i, $"key-{i}", Job);
            Assert.Equal(jobs[i].Id, again.OriginalJobId);
        }
    }

    [Fact]
    public async Task A_gate_whose_last_record_is_torn_goes_on_and_one_whose_disk_is_lost_is_recovered()
    {
        await using var cluster = await ProcessCluster.StartAsync();
        using var http = new HttpClient { Timeout = TimeSpan.FromSeconds(60) };
        var first = await AcceptedAsync(http, cluster, 0, "torn", Job);

        await cluster.KillAsync("gate-3");
        Tear(Directory.GetFiles(cluster.DataOf("gate-3"), "wal-*.seg").Order().Last());
        cluster.Launch("gate-3");
        await cluster.Node("gate-3").LineAsync("ready");
        Assert.Equal(first.Id, (await AcceptedAsync(http, cluster, 2, "torn", Job)).OriginalJobId);

        await cluster.KillAsync("gate-3");
        Directory.Delete(cluster.DataOf("gate-3"), recursive: true);
        var again = await CliProcess.RunAsync("recover", "--config", cluster.FileOf("gate-3"));
        Assert.Equal((0, ""), (again.Code, again.Error));
        cluster.Launch("gate-3");
        await cluster.Node("gate-3").LineAsync("ready");
        await WaitForGroupsAsync(cluster, "gate-3");
        await cluster.KillAsync("gate-1");
        Assert.Equal(first.Id, (await AcceptedAsync(http, cluster, 2, "torn", Job)).OriginalJobId);
    }

    /// <summary>Asks one gate after the other until one has accepted the submission, as a client does.
    /// </summary>
    private static async Task<AcceptedJson> AcceptedAsync(
        HttpClient http, ProcessCluster cluster, int first, string key, string job)
    {
        using var late = new CancellationTokenSource(TimeSpan.FromSeconds(90));
        for (var gate = first; ; gate++)
        {
            try
            {
                using var response = await PostAsync(http, cluster.Urls[gate % 3], key, job);
                if (response.StatusCode == HttpStatusCode.Accepted)
                {
                    var text = await response.Content.ReadAsStringAsync(late.Token);
                    return JsonSerializer.Deserialize(text, ApiJson.Compact.AcceptedJson)!;
                }

                // Whatever else is said has to be something that a repeat may change.
                Assert.Contains(
                    response.StatusCode,
                    new[]
                    {
                        HttpStatusCode.ServiceUnavailable, HttpStatusCode.Conflict,
                        HttpStatusCode.GatewayTimeout,
                    });
            }
            catch (HttpRequestException)
            {
                // The gate is being killed, or not there yet.
            }

            await Task.Delay(50, late.Token);
        }
    }

    private static async Task<HttpResponseMessage> PostAsync(
        HttpClient http, string url, string key, string job)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, $"{url}/v1/jobs")
        {
            Content = new StringContent(job, Encoding.UTF8, "application/json"),
            Headers = { { "Idempotency-Key", key } },
        };
        return await http.SendAsync(request, Cancellation);
    }

    private static async Task<ProblemJson> ProblemAsync(HttpResponseMessage response) =>
        JsonSerializer.Deserialize(
            await response.Content.ReadAsStringAsync(Cancellation), ApiJson.Compact.ProblemJson)!;

    /// <summary>Who leads a group; while that changes nobody does.</summary>
    private static async Task<string> LeaderOfAsync(ProcessCluster cluster, int group)
    {
        string? leader = null;
        await WaitFor.TrueAsync(async () =>
        {
            var told = await ClusterAsync(cluster);
            leader = told.Replicas.FirstOrDefault(gate => gate.Groups.Any(
                replica => replica.Group == group && replica.Fence is not null))?.Gate;
            return leader is not null;
        });
        return leader!;
    }

    /// <summary>Waits until a gate keeps every group that the others keep, with nothing missing.</summary>
    private static Task WaitForGroupsAsync(ProcessCluster cluster, string gate) =>
        WaitFor.TrueAsync(async () =>
        {
            var told = await ClusterAsync(cluster);
            var own = told.Replicas.SingleOrDefault(replicas => replicas.Gate == gate);
            return own is { Groups.Count: > 0 } && own.Groups.All(
                replica => replica is { Lag: 0, Role: "primary" or "backup" });
        });

    private static async Task<ClusterJson> ClusterAsync(ProcessCluster cluster)
    {
        var result = await CliProcess.RunAsync(
            ["status", "--cluster", "--json", .. cluster.Urls.SelectMany(url => new[] { "--gate", url })]);
        Assert.Equal(0, result.Code);
        return JsonSerializer.Deserialize(result.Out, ApiJson.Compact.ClusterJson)!;
    }

    private static async Task EndAsync(ProcessCluster cluster, JobId job)
    {
        var ended = await CliProcess.RunAsync("watch", job.ToString(), "--gate", cluster.Url);
        Assert.Equal(0, ended.Code);
    }

    /// <summary>Changes one byte of a record in the middle of those there are.</summary>
    private static void Flip(string segment)
    {
        using var file = File.Open(segment, FileMode.Open, FileAccess.ReadWrite);
        var middle = LastByteOf(file) / 2;
        file.Position = middle;
        var old = file.ReadByte();
        file.Position = middle;
        file.WriteByte((byte)(old ^ 0x40));
    }

    /// <summary>Cuts the last record short, as a crash in the middle of its write does.</summary>
    private static void Tear(string segment)
    {
        using var file = File.Open(segment, FileMode.Open, FileAccess.ReadWrite);
        var last = LastByteOf(file);
        file.Position = last - 3;
        file.Write(new byte[4]);
    }

    /// <summary>Segments are longer than what is in them; the rest is zeros.</summary>
    private static long LastByteOf(FileStream file)
    {
        var bytes = new byte[file.Length];
        file.ReadExactly(bytes);
        return Array.FindLastIndex(bytes, b => b != 0);
    }

    private static string JobOf(params string[] command) => $$"""
        {
          "name": "one", "workflows": [
            { "name": "work", "kind": "exec", "cores": 1, "duration": "5s",
              "exec": { "command": [{{string.Join(", ", command.Select(part => $"\"{part}\""))}}] } } ]
        }
        """;
}
