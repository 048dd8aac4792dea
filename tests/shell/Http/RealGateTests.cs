using System.Net;
using System.Text;
using Hyperscale.Det.Jobs;
using Hyperscale.Det.Shell.Json;

namespace Hyperscale.Det.Tests.Shell.Http;

public sealed class RealGateTests : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("http-gate-");

    [Fact]
    public async Task A_job_is_followed_to_its_end()
    {
        await using var gate = await RealGate.StartAsync(_directory.FullName);
        var accepted = await SubmitAsync(gate);
        await using var events = new EventReader(await gate.Client.GetAsync(
            accepted.Events, HttpCompletionOption.ResponseHeadersRead, Api.Cancellation));
        var last = await events.NextEventAsync();
        while (await events.NextEventAsync() is { } next) last = next;

        Assert.Equal((accepted.Id, JobState.Completed), (last!.Status.Id, last.Status.State));
        using var response = await gate.Client.GetAsync(accepted.Status, Api.Cancellation);
        var status = await Api.ReadAsync(response, ApiJson.Compact.StatusJson);
        var workflow = Assert.Single(Assert.Single(status.Slots).Workflows);
        Assert.Equal((3, 3m, "bye"), (workflow.Numbers.Requests, workflow.Numbers.MaxMs, workflow.Output));
        Assert.Equal(last.Status.Revision, status.Revision);
    }

    [Fact]
    public async Task A_job_is_submitted_followed_and_cancelled()
    {
        await using var gate = await RealGate.StartAsync(_directory.FullName, isIdle: true);
        var accepted = await SubmitAsync(gate);
        await using var events = new EventReader(await gate.Client.GetAsync(
            accepted.Events, HttpCompletionOption.ResponseHeadersRead, Api.Cancellation));
        var first = (await events.NextEventAsync())!.Status;
        Assert.Equal((accepted.Id, false), (first.Id, first.IsTerminal));
        Assert.Equal("custom", Assert.Single(Assert.Single(first.Slots).Workflows).Name);

        using var cancelled = await gate.Client.DeleteAsync(accepted.Status, Api.Cancellation);
        Assert.True(cancelled.IsSuccessStatusCode);
        var states = new List<JobState>();
        while (await events.NextEventAsync() is { } block) states.Add(block.Status.State);
        Assert.Equal(JobState.Cancelled, states[^1]);
        using var again = await gate.Client.DeleteAsync(accepted.Status, Api.Cancellation);
        Assert.Equal(HttpStatusCode.OK, again.StatusCode);
    }

    [Fact]
    public async Task A_job_that_was_taken_is_there_after_a_restart()
    {
        AcceptedJson accepted;
        await using (var first = await RealGate.StartAsync(_directory.FullName))
            accepted = await SubmitAsync(first);
        await using var second = await RealGate.StartAsync(_directory.FullName);
        using var list = await second.Client.GetAsync("/v1/jobs", Api.Cancellation);
        var jobs = await Api.ReadAsync(list, ApiJson.Compact.JobListJson);

        Assert.Equal((accepted.Id, "checkout"), (Assert.Single(jobs.Jobs).Id, jobs.Jobs[0].Name));
        Assert.Empty(jobs.Missing);
        using var status = await second.Client.GetAsync(accepted.Status, Api.Cancellation);
        Assert.Equal(accepted.Id, (await Api.ReadAsync(status, ApiJson.Compact.StatusJson)).Id);
    }

    [Fact]
    public async Task A_job_that_the_cluster_cannot_run_is_422()
    {
        await using var gate = await RealGate.StartAsync(_directory.FullName);
        var body = Api.JobFile.Replace(
            "\"name\": \"checkout\",", "\"name\": \"checkout\", \"datacenters\": { \"count\": 3 },",
            StringComparison.Ordinal);
        using var response = await gate.Client.PostAsync(
            "/v1/jobs", Api.Json(Encoding.UTF8.GetBytes(body)), Api.Cancellation);
        var problem = await Api.ProblemAsync(response, HttpStatusCode.UnprocessableEntity);

        Assert.Equal("$.datacenters.count", Assert.Single(problem.Faults!).Path);
    }

    [Fact]
    public async Task A_job_that_never_was_is_404()
    {
        await using var gate = await RealGate.StartAsync(_directory.FullName);
        using var response = await gate.Client.GetAsync("/v1/jobs/1-99", Api.Cancellation);

        await Api.ProblemAsync(response, HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task Submissions_at_the_same_time_are_jobs_of_their_own()
    {
        await using var gate = await RealGate.StartAsync(_directory.FullName);
        var accepted = await Task.WhenAll(Enumerable.Range(0, 200).Select(_ => SubmitAsync(gate)));

        Assert.Equal(200, accepted.Select(a => a.Id).Distinct().Count());
        var metrics = await gate.Client.GetStringAsync("/metrics", Api.Cancellation);
        Assert.Contains(
            "hyperscale_jobs_accepted_total{node=\"gate-1\"} 200\n", metrics, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_gate_that_has_stopped_is_not_ready_and_turns_requests_away()
    {
        await using var gate = await RealGate.StartAsync(_directory.FullName);
        await gate.Host.StopAsync();
        using (var ready = await gate.Client.GetAsync("/readyz", Api.Cancellation))
        {
            var problem = await Api.ProblemAsync(ready, HttpStatusCode.ServiceUnavailable);
            Assert.Equal("gate-1 has stopped", problem.Detail);
        }

        using var list = await gate.Client.GetAsync("/v1/jobs", Api.Cancellation);
        await Api.ProblemAsync(list, HttpStatusCode.ServiceUnavailable);
    }

    public void Dispose() => _directory.Delete(recursive: true);

    private static async Task<AcceptedJson> SubmitAsync(RealGate gate)
    {
        using var response = await gate.Client.PostAsync(
            "/v1/jobs", Api.Json(Encoding.UTF8.GetBytes(Api.JobFile)), Api.Cancellation);
        Assert.Equal(HttpStatusCode.Accepted, response.StatusCode);
        return await Api.ReadAsync(response, ApiJson.Compact.AcceptedJson);
    }
}
