using System.Net;
using Hyperscale.Det.Idempotency;
using Hyperscale.Det.Jobs;
using Hyperscale.Det.Shell.Json;

namespace Hyperscale.Det.Tests.Shell.Http;

public sealed class ServedClusterTests
{
    [Fact]
    public async Task A_job_is_the_same_at_every_gate_from_its_submission_to_its_end()
    {
        await using var cluster = await ServedCluster.StartAsync();
        var job = await ServedCluster.SubmitAsync(cluster.Gates[0], "echo", "bye");
        await using var events = await ServedCluster.FollowAsync(cluster.Gates[1], job);
        var last = await events.NextEventAsync();
        while (await events.NextEventAsync() is { } next) last = next;

        Assert.Equal((job.Id, JobState.Completed), (last!.Status.Id, last.Status.State));
        foreach (var gate in cluster.Gates)
        {
            var status = await ServedCluster.StatusAsync(gate, job);
            var workflow = Assert.Single(Assert.Single(status.Slots).Workflows);
            Assert.Equal(("custom", "bye\n", 0), (workflow.Name, workflow.Output, workflow.ExitCode));
            Assert.Equal(last.Status.Revision, status.Revision);
            var list = await ServedCluster.ListAsync(gate);
            Assert.Equal((job.Id, "checkout"), (Assert.Single(list.Jobs).Id, list.Jobs[0].Name));
            Assert.Empty(list.Missing);
        }
    }

    [Fact]
    public async Task A_job_is_cancelled_through_any_gate()
    {
        await using var cluster = await ServedCluster.StartAsync();
        var job = await ServedCluster.SubmitAsync(cluster.Gates[0], "sleep", "60");
        await using var events = await ServedCluster.FollowAsync(cluster.Gates[1], job);
        while (await events.NextEventAsync() is { } block && block.Status.State != JobState.Running)
        {
            // Until its workload is under way.
        }

        using (var cancelled = await cluster.Gates[2].DeleteAsync(job.Status, Api.Cancellation))
            Assert.Equal(HttpStatusCode.Accepted, cancelled.StatusCode);
        var states = new List<JobState>();
        while (await events.NextEventAsync() is { } block) states.Add(block.Status.State);
        Assert.Equal(JobState.Cancelled, states[^1]);
        using var again = await cluster.Gates[2].DeleteAsync(job.Status, Api.Cancellation);
        Assert.Equal(HttpStatusCode.OK, again.StatusCode);
    }

    [Fact]
    public async Task Jobs_of_a_gate_that_is_gone_are_the_others()
    {
        await using var cluster = await ServedCluster.StartAsync();
        var jobs = new List<AcceptedJson>();
        for (var i = 0; i < 3; i++)
            jobs.Add(await ServedCluster.SubmitAsync(cluster.Gates[0], "sleep", "60"));
        await cluster.Cluster.Gates[0].CrashAsync();

        using (var ready = await cluster.Gates[0].GetAsync("/readyz", Api.Cancellation))
        {
            var problem = await Api.ProblemAsync(ready, HttpStatusCode.ServiceUnavailable);
            Assert.Equal("gate-1 has stopped", problem.Detail);
        }

        // Whoever asks waits until another gate leads.
        foreach (var job in jobs)
            Assert.Equal(job.Id, (await ServedCluster.StatusAsync(cluster.Gates[1], job)).Id);
        var list = await ServedCluster.ListAsync(cluster.Gates[1]);
        Assert.Contains("gate-1", list.Missing);

        await cluster.Cluster.RestartAsync(cluster.Cluster.Gates[0].Id, isCrash: true);
        cluster.Gates.Add(await cluster.ServeAsync(0));
        list = await ServedCluster.ListAsync(cluster.Gates[^1]);
        Assert.Empty(list.Missing);
        Assert.Equal(jobs.Select(job => job.Id).Order(), list.Jobs.Select(job => job.Id).Order());
    }

    [Fact]
    public async Task A_job_that_the_cluster_cannot_run_is_422()
    {
        await using var cluster = await ServedCluster.StartAsync();
        using var response = await cluster.Gates[0].PostAsync(
            "/v1/jobs", ServedCluster.Job(3, "true"), Api.Cancellation);
        var problem = await Api.ProblemAsync(response, HttpStatusCode.UnprocessableEntity);

        Assert.Equal("$.datacenters.count", Assert.Single(problem.Faults!).Path);
    }

    [Fact]
    public async Task A_job_that_never_was_is_404_wherever_it_would_be()
    {
        await using var cluster = await ServedCluster.StartAsync();
        for (var group = 0; group < 8; group++)
        {
            using var response = await cluster.Gates[0].GetAsync($"/v1/jobs/{group}-99", Api.Cancellation);
            await Api.ProblemAsync(response, HttpStatusCode.NotFound);
        }
    }

    [Fact]
    public async Task Submissions_at_the_same_time_are_jobs_of_their_own()
    {
        await using var cluster = await ServedCluster.StartAsync();
        var accepted = await Task.WhenAll(Enumerable.Range(0, 60).Select(
            i => ServedCluster.SubmitAsync(cluster.Gates[i % 3], "true")));

        Assert.Equal(60, accepted.Select(job => job.Id).Distinct().Count());
        Assert.Equal(60, (await ServedCluster.ListAsync(cluster.Gates[0])).Jobs.Count);
    }

    [Fact]
    public async Task Repeats_of_a_key_are_one_job_through_every_gate_while_its_primary_dies_and_returns()
    {
        await using var cluster = await ServedCluster.StartAsync();
        Assert.True(IdempotencyKey.TryParse("order-4711", out var key));
        var topology = cluster.Cluster.Topology;
        var primary = topology.ReplicasOfGroup(topology.GroupOfKey(key))[0];
        var clients = Enumerable.Range(0, 30).Select(async client =>
        {
            var answers = new List<AcceptedJson>();
            for (var i = 0; i < 10; i++)
                answers.Add(await ServedCluster.SubmitUntilTakenAsync(cluster, client + i, key.Text));
            return answers;
        }).ToArray();
        await cluster.Cluster.Gates[topology.Gates.ToList().IndexOf(primary)].CrashAsync();
        await cluster.Cluster.RestartAsync(primary, isCrash: true);
        var answers = (await Task.WhenAll(clients)).SelectMany(answer => answer).ToList();

        Assert.Equal(300, answers.Count);
        var job = Assert.Single(answers.Select(answer => answer.Id).Distinct());
        Assert.All(answers, answer => Assert.True(answer.Deduplicated));
        Assert.All(answers, answer => Assert.Equal(answer.WasDuplicate ? job : null, answer.OriginalJobId));
        Assert.True(answers.Count(answer => !answer.WasDuplicate) <= 1);
    }

    [Fact]
    public async Task Every_gate_knows_the_datacenter_and_shows_it_in_its_metrics()
    {
        await using var cluster = await ServedCluster.StartAsync();
        foreach (var gate in cluster.Gates)
        {
            using var response = await gate.GetAsync("/v1/cluster", Api.Cancellation);
            var seen = await Api.ReadAsync(response, ApiJson.Compact.ClusterJson);
            Assert.Equal(["gate-1", "gate-2", "gate-3"], seen.Replicas.Select(replica => replica.Gate));
            Assert.All(seen.Replicas, replica => Assert.Equal(64, replica.Groups.Count));
            Assert.Empty(seen.Missing);
            Assert.Equal((1, 2), (seen.Datacenters[0].Heard!.Workers, seen.Datacenters[0].Heard!.CoresTotal));
            Assert.Contains(
                $"hyperscale_datacenter_cores{{datacenter=\"dc-a\",node=\"{seen.Gate}\"}} 2\n",
                await gate.GetStringAsync("/metrics", Api.Cancellation), StringComparison.Ordinal);
        }
    }
}
