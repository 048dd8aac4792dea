using System.Net;
using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Protocol;
using Hyperscale.Det.Shell.Json;
using Hyperscale.Det.Tests.Shell.Json;

namespace Hyperscale.Det.Tests.Shell.Http;

public sealed class JobEndpointsTests
{
    private static readonly string JobPath = $"/v1/jobs/{JobSamples.Id}";

    [Fact]
    public async Task A_job_that_was_taken_is_answered_with_where_to_find_it()
    {
        await using var api = await Api.StartAsync();
        api.Gate.Answers(new ClientResponse.Accepted(JobSamples.Id));
        using var response = await api.SubmitAsync(Api.JobFile);

        Assert.Equal(HttpStatusCode.Accepted, response.StatusCode);
        Assert.Equal(JobPath, response.Headers.Location?.OriginalString);
        var accepted = await Api.ReadAsync(response, ApiJson.Compact.AcceptedJson);
        Assert.Equal((JobSamples.Id, "checkout"), (accepted.Id, accepted.Name));
        Assert.Equal((JobPath, $"{JobPath}/events"), (accepted.Status, accepted.Events));
        var submitted = Assert.IsType<ClientRequest.SubmitJob>(Assert.Single(api.Gate.Asked));
        Assert.Equal("checkout", submitted.Spec.Name);
    }

    [Fact]
    public async Task The_target_takes_the_place_of_its_placeholder()
    {
        const string body = """
            { "name": "a", "workflows": [ { "name": "w", "kind": "http", "cores": 1, "duration": "1s",
              "vus": 1, "http": { "url": "${TARGET}/items" } } ] }
            """;
        await using var api = await Api.StartAsync();
        api.Gate.Answers(new ClientResponse.Accepted(JobSamples.Id));
        using var response = await api.SubmitAsync(body, "?target=http%3A%2F%2F127.0.0.1%3A9");

        Assert.Equal(HttpStatusCode.Accepted, response.StatusCode);
        var submitted = Assert.IsType<ClientRequest.SubmitJob>(Assert.Single(api.Gate.Asked));
        Assert.Equal("http://127.0.0.1:9/items", submitted.Spec.Workflows[0].Http!.Url);
    }

    [Theory]
    [InlineData("?target=")]
    [InlineData("?target=nonsense")]
    [InlineData("?target=ftp%3A%2F%2Fa")]
    public async Task A_target_that_is_no_address_is_a_fault_of_the_job(string query)
    {
        await using var api = await Api.StartAsync();
        using var response = await api.SubmitAsync(Api.JobFile, query);
        var problem = await Api.ProblemAsync(response, HttpStatusCode.UnprocessableEntity);

        Assert.Contains("target", Assert.Single(problem.Faults!).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_body_that_is_no_json_is_400()
    {
        await using var api = await Api.StartAsync();
        foreach (var body in new[] { "", "{", "{ \"name\": }", "nonsense", "{} {}", "\u0001", "[1," })
        {
            using var response = await api.SubmitAsync(body);
            var problem = await Api.ProblemAsync(response, HttpStatusCode.BadRequest);
            Assert.EndsWith(":malformed-json", problem.Type, StringComparison.Ordinal);
            Assert.NotEmpty(problem.Faults!);
        }

        using var bytes = await api.SendAsync("POST", "/v1/jobs", Api.Json([(byte)'"', 0xFF, (byte)'"']));
        await Api.ProblemAsync(bytes, HttpStatusCode.BadRequest);
        Assert.Empty(api.Gate.Asked);
    }

    [Fact]
    public async Task A_job_at_fault_is_422_with_all_of_its_faults()
    {
        await using var api = await Api.StartAsync();
        using var response = await api.SubmitAsync("{}");
        var problem = await Api.ProblemAsync(response, HttpStatusCode.UnprocessableEntity);

        Assert.EndsWith(":invalid-job", problem.Type, StringComparison.Ordinal);
        Assert.Contains(problem.Faults!, f => f.Path == "$.name" && f.Message != "");
        Assert.Contains(problem.Faults!, f => f.Path == "$.workflows" && f.Message != "");
        Assert.Empty(api.Gate.Asked);
    }

    [Fact]
    public async Task What_the_gate_itself_finds_at_fault_is_422()
    {
        await using var api = await Api.StartAsync();
        api.Gate.Answers(new ClientResponse.Invalid([new JobFault("$.datacenters.count", "too many")]));
        using var response = await api.SubmitAsync(Api.JobFile);
        var problem = await Api.ProblemAsync(response, HttpStatusCode.UnprocessableEntity);

        Assert.Equal([new FaultJson("$.datacenters.count", "too many")], problem.Faults!);
    }

    [Fact]
    public async Task A_submission_without_an_answer_may_or_may_not_have_been_carried_out()
    {
        await using var api = await Api.StartAsync();
        api.Gate.Answers(new ClientResponse.OutcomeUnknown("the owner is gone"));
        using var response = await api.SubmitAsync(Api.JobFile);
        var problem = await Api.ProblemAsync(response, HttpStatusCode.GatewayTimeout);

        Assert.Contains("the owner is gone", problem.Detail, StringComparison.Ordinal);
        Assert.Contains("may or may not have been carried out", problem.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Only_uncompressed_json_is_taken()
    {
        await using var api = await Api.StartAsync();
        foreach (var type in new[]
        {
            null, "text/plain", "application/x-www-form-urlencoded", "nonsense", "text/json",
            "application/json; charset=utf-16",
        })
        {
            using var content = new ByteArrayContent("{}"u8.ToArray());
            if (type is not null) content.Headers.TryAddWithoutValidation("Content-Type", type);
            using var response = await api.SendAsync("POST", "/v1/jobs", content);
            var problem = await Api.ProblemAsync(response, HttpStatusCode.UnsupportedMediaType);
            Assert.Contains("application/json", problem.Detail, StringComparison.Ordinal);
        }

        using var packed = Api.Json([]);
        packed.Headers.ContentEncoding.Add("gzip");
        using var refused = await api.SendAsync("POST", "/v1/jobs", packed);
        await Api.ProblemAsync(refused, HttpStatusCode.UnsupportedMediaType);
    }

    [Fact]
    public async Task A_type_with_its_charset_is_taken()
    {
        await using var api = await Api.StartAsync();
        api.Gate.Answers(new ClientResponse.Accepted(JobSamples.Id));
        using var content = new StringContent(Api.JobFile, null, "application/json");
        Assert.Equal("utf-8", content.Headers.ContentType?.CharSet);
        using var response = await api.SendAsync("POST", "/v1/jobs", content);

        Assert.Equal(HttpStatusCode.Accepted, response.StatusCode);
    }

    [Fact]
    public async Task Jobs_are_listed_in_the_order_of_the_gate_with_the_gates_that_are_missing()
    {
        await using var api = await Api.StartAsync();
        var (newer, older) = (new JobId(2, 9), new JobId(1, 8));
        api.Gate.Answers(new ClientResponse.Jobs(
            [
                new JobSummary(newer, "b", JobState.Running, "", new WallTime(2000)),
                new JobSummary(older, "a", JobState.Failed, "dc-a is gone", new WallTime(1000)),
            ],
            ["gate-2"]));
        using var response = await api.SendAsync("GET", "/v1/jobs?limit=7");

        Assert.Equal(
            """
            {"jobs":[
            {"id":"002-0000000009","name":"b","state":"running","reason":"",
            "submitted":"1970-01-01T00:00:02.000Z"},
            {"id":"001-0000000008","name":"a","state":"failed","reason":"dc-a is gone",
            "submitted":"1970-01-01T00:00:01.000Z"}],"missing":["gate-2"]}
            """.ReplaceLineEndings(""),
            await response.Content.ReadAsStringAsync(Api.Cancellation));
        Assert.Equal([new ClientRequest.ListJobs(7, false)], api.Gate.Asked);
    }

    [Theory]
    [InlineData("?limit=0", "?limit")]
    [InlineData("?limit=1001", "?limit")]
    [InlineData("?limit=-1", "?limit")]
    [InlineData("?limit=", "?limit")]
    [InlineData("?limit=ten", "?limit")]
    [InlineData("?limit=1&limit=2", "?limit")]
    [InlineData("?limt=5", "?limt")]
    public async Task A_query_that_means_nothing_is_400_and_is_named(string query, string path)
    {
        await using var api = await Api.StartAsync();
        using var response = await api.SendAsync("GET", $"/v1/jobs{query}");
        var problem = await Api.ProblemAsync(response, HttpStatusCode.BadRequest);

        Assert.Equal(path, Assert.Single(problem.Faults!).Path);
        Assert.Empty(api.Gate.Asked);
    }

    [Fact]
    public async Task A_status_shows_the_job_file_as_well()
    {
        await using var api = await Api.StartAsync();
        api.Gate.Answers(new ClientResponse.Status(JobSamples.Status(JobState.Running, 3)));
        using var response = await api.SendAsync("GET", JobPath);
        var status = await Api.ReadAsync(response, ApiJson.Compact.StatusJson);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal("application/json", response.Content.Headers.ContentType?.MediaType);
        Assert.Equal((JobSamples.Id, JobState.Running, "3"), (status.Id, status.State, status.Revision));
        var workflow = status.Spec!.Value.GetProperty("workflows")[0];
        Assert.Equal("browse", workflow.GetProperty("name").GetString());
        Assert.Equal([new ClientRequest.GetJob(JobSamples.Id)], api.Gate.Asked);
    }

    [Fact]
    public async Task An_explanation_has_every_wait_with_its_name_and_every_grant_with_its_cause()
    {
        await using var api = await Api.StartAsync();
        api.Gate.Answers(new ClientResponse.Explained(JobSamples.Explanation()));
        using var response = await api.SendAsync("GET", $"{JobPath}/explain");
        var explained = await Api.ReadAsync(response, ApiJson.Compact.ExplanationJson);

        Assert.Equal([new ClientRequest.ExplainJob(JobSamples.Id)], api.Gate.Asked);
        Assert.Equal(("waiting", "for both", 2), (
            explained.Completion.Reason, explained.Completion.When, explained.Completion.MinDcs));
        var (since, until) = (new WallTime(1_700_000_001_000), new WallTime(1_700_000_002_000));
        Assert.Equal(
            [
                new WaitJson(0, "dc-a", "browse", "backoff", "backing off", since, until),
                new WaitJson(0, "dc-a", "pay", "running", "attempt 1 runs on dc-a/worker-1", since, null),
                new WaitJson(1, "dc-b", null, "reservation", "waiting for dc-b", since, null),
            ],
            explained.Waits);
        var budget = explained.RetryBudget;
        Assert.Equal((5, 3, 1, 4, 2), (
            budget.Total, budget.PerWorkflow, budget.Granted, budget.Left, budget.Reserve));
        Assert.Equal([new GrantJson(0, "dc-a", "browse", 2, "exit code 3")], budget.Grants);
        Assert.Equal(["no worker"], explained.Slots[1].Refusals.Select(refusal => refusal.Reason));
    }

    [Fact]
    public async Task An_explanation_tells_by_which_attempt_where_and_by_what_guard_each_kill_was()
    {
        await using var api = await Api.StartAsync();
        api.Gate.Answers(new ClientResponse.Explained(JobSamples.Killed()));
        using var response = await api.SendAsync("GET", $"{JobPath}/explain");
        var workflow = (await Api.ReadAsync(response, ApiJson.Compact.ExplanationJson)).Slots[0].Workflows[0];

        var earlier = Assert.Single(workflow.EarlierKills!);
        Assert.Equal((1, "dc-a/worker-1"), (earlier.Attempt, earlier.Worker));
        var kills = new[] { earlier.Kill, workflow.Kill! };
        Assert.Equal(
            [("memory", "proc", false, 41_943_040), ("cpu", "cgroup-v2", true, 40L)],
            kills.Select(kill => (kill.Violation, kill.Enforcer, kill.WasForced, kill.KillAt)));
        Assert.All(kills, kill =>
        {
            Assert.Equal(["warn", "throttle", "kill"], kill.Levels.Select(level => level.Level));
            Assert.Equal([1000, 0], kill.Samples.Select(sample => sample.AgeMs));
        });
        Assert.Equal(new KillSampleJson(0, 52_428_800, 50_331_648, 1_048_576), earlier.Kill.Samples[1]);
    }

    [Fact]
    public async Task An_explanation_without_kills_has_no_fields_for_them()
    {
        await using var api = await Api.StartAsync();
        api.Gate.Answers(new ClientResponse.Explained(JobSamples.Explanation()));
        using var response = await api.SendAsync("GET", $"{JobPath}/explain");
        var text = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);

        Assert.Contains("\"workflows\":[", text, StringComparison.Ordinal);
        Assert.DoesNotContain("kill", text, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task An_explanation_of_a_job_that_is_not_known_is_404()
    {
        await using var api = await Api.StartAsync();
        api.Gate.Answers(new ClientResponse.NotFound(JobSamples.Id));
        using var response = await api.SendAsync("GET", $"{JobPath}/explain");
        await Api.ProblemAsync(response, HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task An_ended_job_has_its_report()
    {
        await using var api = await Api.StartAsync();
        var ended = JobSamples.Status(JobState.Completed, 4) with
        {
            Ended = new WallTime(1_700_000_001_000),
            Slots = [JobSamples.Ended(JobSamples.Result(0, AttemptState.Completed, "bye"))],
        };
        api.Gate.Answers(new ClientResponse.Status(ended));
        using var response = await api.SendAsync("GET", JobPath);
        var status = await Api.ReadAsync(response, ApiJson.Compact.StatusJson);

        Assert.True(status.IsTerminal);
        Assert.Equal("browse", Assert.Single(status.Report!.Workflows).Name);
        Assert.Equal("bye", status.Slots[0].Workflows[0].Output);
    }

    [Theory]
    [InlineData(JobState.Cancelling, HttpStatusCode.Accepted)]
    [InlineData(JobState.Cancelled, HttpStatusCode.OK)]
    [InlineData(JobState.Completed, HttpStatusCode.OK)]
    public async Task A_cancellation_shows_what_became_of_the_job(JobState state, HttpStatusCode code)
    {
        await using var api = await Api.StartAsync();
        api.Gate.Answers(new ClientResponse.CancelAccepted(JobSamples.Status(state, 5)));
        using var response = await api.SendAsync("DELETE", JobPath);

        Assert.Equal(code, response.StatusCode);
        Assert.Equal(state, (await Api.ReadAsync(response, ApiJson.Compact.StatusJson)).State);
        Assert.Equal([new ClientRequest.CancelJob(JobSamples.Id)], api.Gate.Asked);
    }

    [Fact]
    public async Task An_unknown_job_is_404_on_every_path_of_a_job()
    {
        await using var api = await Api.StartAsync();
        api.Gate.Answers(new ClientResponse.NotFound(JobSamples.Id));
        foreach (var (method, path) in EveryPathOf(JobSamples.Id.ToString()))
        {
            using var response = await api.SendAsync(method, path);
            var problem = await Api.ProblemAsync(response, HttpStatusCode.NotFound);
            Assert.EndsWith(":job-not-found", problem.Type, StringComparison.Ordinal);
            Assert.Contains(JobSamples.Id.ToString(), problem.Detail, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_text_that_is_no_job_id_is_400_and_names_the_form()
    {
        await using var api = await Api.StartAsync();
        foreach (var text in new[]
        {
            "nonsense", "1", "-1", "1-", "1--2", "1-2-3", "%2e%2e%2f", "9999999999999-1",
        })
        {
            foreach (var (method, path) in EveryPathOf(text))
            {
                using var response = await api.SendAsync(method, path);
                var problem = await Api.ProblemAsync(response, HttpStatusCode.BadRequest);
                Assert.Contains("012-0000000042", problem.Detail, StringComparison.Ordinal);
            }
        }

        Assert.Empty(api.Gate.Asked);
    }

    [Fact]
    public async Task A_gate_that_cannot_at_the_moment_is_503_with_when_to_come_back()
    {
        await using var api = await Api.StartAsync();
        api.Gate.Answers(new ClientResponse.Unavailable("gate-2 is gone", Duration.FromMilliseconds(1001)));
        foreach (var (method, path) in EveryPathOf(JobSamples.Id.ToString()).Append(("GET", "/v1/jobs")))
        {
            using var response = await api.SendAsync(method, path);
            var problem = await Api.ProblemAsync(response, HttpStatusCode.ServiceUnavailable);
            Assert.Contains("gate-2 is gone", problem.Detail, StringComparison.Ordinal);
            Assert.Equal(TimeSpan.FromSeconds(2), response.Headers.RetryAfter?.Delta);
        }

        using var submission = await api.SubmitAsync(Api.JobFile);
        await Api.ProblemAsync(submission, HttpStatusCode.ServiceUnavailable);
        Assert.Equal(TimeSpan.FromSeconds(2), submission.Headers.RetryAfter?.Delta);
    }

    [Fact]
    public async Task A_gate_that_hangs_is_504_after_the_deadline()
    {
        await using var api = await Api.StartAsync(
            Api.Options with { AskWithin = TimeSpan.FromMilliseconds(50) });
        api.Gate.Answer = async (_, cancellation) =>
        {
            await Task.Delay(Timeout.Infinite, cancellation);
            return new ClientResponse.Accepted(JobSamples.Id);
        };
        foreach (var (method, path) in EveryPathOf(JobSamples.Id.ToString()).Append(("GET", "/v1/jobs")))
        {
            using var response = await api.SendAsync(method, path);
            var problem = await Api.ProblemAsync(response, HttpStatusCode.GatewayTimeout);
            Assert.Contains("gate-1 did not answer within", problem.Detail, StringComparison.Ordinal);
        }

        using var submission = await api.SubmitAsync(Api.JobFile);
        var unknown = await Api.ProblemAsync(submission, HttpStatusCode.GatewayTimeout);
        Assert.EndsWith(":outcome-unknown", unknown.Type, StringComparison.Ordinal);
    }

    private static IEnumerable<(string Method, string Path)> EveryPathOf(string id) =>
        [("GET", $"/v1/jobs/{id}"), ("GET", $"/v1/jobs/{id}/events"), ("DELETE", $"/v1/jobs/{id}")];
}
