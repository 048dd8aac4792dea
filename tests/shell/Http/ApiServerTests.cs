using System.Net;
using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Protocol;
using Hyperscale.Det.Shell.Http;
using Hyperscale.Det.Shell.Json;
using Hyperscale.Det.Tests.Shell.Json;
using Microsoft.Extensions.Logging.Abstractions;

namespace Hyperscale.Det.Tests.Shell.Http;

public sealed class ApiServerTests
{
    private static readonly string JobPath = $"/v1/jobs/{JobSamples.Id}";

    [Fact]
    public async Task A_port_in_use_is_an_error_that_names_it_and_says_what_to_do()
    {
        await using var api = await Api.StartAsync();
        var error = await Assert.ThrowsAsync<ApiListenException>(() => ApiServer.StartAsync(
            new ApiOptions(IPEndPoint.Parse(api.Url.Authority)), api.Gate, NullLogger.Instance,
            Api.Cancellation));

        Assert.Contains(api.Url.Authority, error.Message, StringComparison.Ordinal);
        Assert.Contains("in use", error.Message, StringComparison.Ordinal);
        Assert.Contains("port 0", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_address_of_another_host_is_an_error_that_names_it()
    {
        using var gate = new ScriptedGate();
        var error = await Assert.ThrowsAsync<ApiListenException>(() => ApiServer.StartAsync(
            new ApiOptions(IPEndPoint.Parse("192.0.2.1:8400")), gate, NullLogger.Instance, Api.Cancellation));

        Assert.Contains("192.0.2.1:8400", error.Message, StringComparison.Ordinal);
        Assert.Contains("no address of this host", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_port_is_free_again_once_its_server_was_disposed()
    {
        ApiOptions options;
        await using (var first = await Api.StartAsync())
            options = new ApiOptions(IPEndPoint.Parse(first.Url.Authority));
        await using var second = await Api.StartAsync(options);

        Assert.Equal("alive\n", await second.Client.GetStringAsync("/livez", Api.Cancellation));
    }

    [Fact]
    public async Task Three_servers_in_one_process_do_not_mind_each_other()
    {
        await using var one = await Api.StartAsync();
        await using var two = await Api.StartAsync();
        await using var three = await Api.StartAsync();
        foreach (var (api, group) in new[] { (one, 1), (two, 2), (three, 3) })
        {
            api.Gate.Answers(new ClientResponse.Accepted(new JobId(group, 1)));
            using var response = await api.SubmitAsync(Api.JobFile);
            Assert.Equal($"/v1/jobs/00{group}-0000000001", response.Headers.Location?.OriginalString);
        }
    }

    [Fact]
    public async Task An_unknown_path_is_404_and_lists_those_there_are()
    {
        await using var api = await Api.StartAsync();
        foreach (var (method, path) in new[]
        {
            ("GET", "/nowhere"), ("GET", "/v1"), ("DELETE", "/v2/jobs"), ("GET", "/v1/jobs/1-2/x"),
            ("BREW", "/coffee"), ("GET", $"/{new string('a', 4000)}"),
        })
        {
            using var response = await api.SendAsync(method, path);
            var problem = await Api.ProblemAsync(response, HttpStatusCode.NotFound);
            Assert.EndsWith(":unknown-path", problem.Type, StringComparison.Ordinal);
            Assert.Contains("POST /v1/jobs", problem.Allowed!);
            Assert.Contains("GET /v1/jobs/{id}/events", problem.Allowed!);
            Assert.True(problem.Detail.Length < 300);
        }
    }

    [Theory]
    [InlineData("PUT", "/v1/jobs", "GET, HEAD, POST")]
    [InlineData("POST", "/v1/jobs/1-2", "DELETE, GET, HEAD")]
    [InlineData("HEAD", "/v1/jobs/1-2/events", "GET")]
    [InlineData("BREW", "/livez", "GET, HEAD")]
    [InlineData("POST", "/", "GET, HEAD")]
    public async Task A_wrong_method_is_405_and_names_the_right_ones(
        string method, string path, string allowed)
    {
        await using var api = await Api.StartAsync();
        using var response = await api.SendAsync(method, path);

        Assert.Equal(HttpStatusCode.MethodNotAllowed, response.StatusCode);
        Assert.Equal(allowed, Sorted(response.Content.Headers.Allow));
        if (method == "HEAD") return;
        var problem = await Api.ProblemAsync(response, HttpStatusCode.MethodNotAllowed);
        Assert.Equal(allowed, Sorted(problem.Allowed!));
    }

    private static string Sorted(IEnumerable<string> methods) =>
        string.Join(", ", methods.Order(StringComparer.Ordinal));

    [Theory]
    [InlineData("localhost", HttpStatusCode.OK)]
    [InlineData("LOCALHOST:81", HttpStatusCode.OK)]
    [InlineData("127.0.0.1", HttpStatusCode.OK)]
    [InlineData("[::1]:80", HttpStatusCode.OK)]
    [InlineData("attacker.example", HttpStatusCode.MisdirectedRequest)]
    [InlineData("localhost.attacker.example:8400", HttpStatusCode.MisdirectedRequest)]
    public async Task A_loopback_address_takes_no_names_of_others(string host, HttpStatusCode status)
    {
        await using var api = await Api.StartAsync();
        using var request = new HttpRequestMessage(HttpMethod.Get, "/livez");
        request.Headers.Host = host;
        using var response = await api.Client.SendAsync(request, Api.Cancellation);

        Assert.Equal(status, response.StatusCode);
        if (status != HttpStatusCode.OK) await Api.ProblemAsync(response, status);
    }

    [Fact]
    public async Task Connections_beyond_the_bound_are_closed()
    {
        await using var api = await Api.StartAsync(Api.Options with { ConnectionsMax = 1 });
        using (await api.SendAsync("GET", "/livez"))
        {
            using var second = await RawClient.ConnectAsync(api);
            Assert.Equal("", await second.ReadToEndAsync());
        }
    }

    [Fact]
    public async Task Headers_alone_may_be_asked_for()
    {
        await using var api = await Api.StartAsync();
        api.Gate.Answers(new ClientResponse.Status(JobSamples.Status(JobState.Running, 1)));
        using var response = await api.SendAsync("HEAD", JobPath);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal("application/json", response.Content.Headers.ContentType?.MediaType);
        Assert.Empty(await response.Content.ReadAsByteArrayAsync(Api.Cancellation));
    }

    [Fact]
    public async Task An_exception_is_500_without_its_text_and_the_log_has_it()
    {
        var log = new CollectedLog();
        await using var api = await Api.StartAsync(logger: log);
        api.Gate.Answer = (_, _) => throw new InvalidOperationException("a secret of ours");
        using var response = await api.SendAsync("GET", JobPath);
        var problem = await Api.ProblemAsync(response, HttpStatusCode.InternalServerError);

        Assert.DoesNotContain("secret", await response.Content.ReadAsStringAsync(Api.Cancellation),
            StringComparison.Ordinal);
        Assert.EndsWith(":internal", problem.Type, StringComparison.Ordinal);
        var (text, cause) = Assert.Single(log.Errors);
        Assert.Equal($"gate-1: request GET {JobPath} failed", text);
        Assert.Equal("a secret of ours", cause?.Message);
    }

    [Fact]
    public async Task An_answer_that_does_not_belong_to_its_request_is_500()
    {
        await using var api = await Api.StartAsync(logger: new CollectedLog());
        api.Gate.Answers(new ClientResponse.Accepted(JobSamples.Id));
        using var response = await api.SendAsync("GET", JobPath);

        await Api.ProblemAsync(response, HttpStatusCode.InternalServerError);
    }

    [Fact]
    public async Task A_client_that_leaves_gives_up_its_request_and_nothing_is_logged()
    {
        var log = new CollectedLog();
        await using var api = await Api.StartAsync(logger: log);
        var asked = new TaskCompletionSource();
        var givenUp = new TaskCompletionSource();
        api.Gate.Answer = async (_, cancellation) =>
        {
            using var left = cancellation.Register(givenUp.SetResult);
            asked.SetResult();
            await Task.Delay(Timeout.Infinite, cancellation);
            return new ClientResponse.Accepted(JobSamples.Id);
        };
        using var leaving = new CancellationTokenSource();
        var request = api.Client.GetAsync(JobPath, leaving.Token);
        await asked.Task.WaitAsync(Api.Patience);
        await leaving.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => request);
        await givenUp.Task.WaitAsync(Api.Patience);
        using var other = await api.SendAsync("GET", "/livez");
        Assert.Equal(HttpStatusCode.OK, other.StatusCode);
        Assert.Empty(log.Errors);
    }

    [Fact]
    public async Task Requests_at_the_same_time_each_get_their_own_answer()
    {
        await using var api = await Api.StartAsync();
        api.Gate.Answer = async (request, _) =>
        {
            await Task.Yield();
            var get = (ClientRequest.GetJob)request;
            var status = JobSamples.Status(JobState.Running, revision: get.Job.Op);
            return new ClientResponse.Status(status with { Id = get.Job });
        };
        var answers = await Task.WhenAll(Enumerable.Range(0, 500).Select(async i =>
        {
            using var response = await api.SendAsync("GET", $"/v1/jobs/1-{i}");
            return (i, await Api.ReadAsync(response, ApiJson.Compact.StatusJson));
        }));

        Assert.All(answers, answer => Assert.Equal(
            (new JobId(1, answer.i), $"{answer.i}"), (answer.Item2.Id, answer.Item2.Revision)));
    }

    [Fact]
    public async Task A_server_that_stops_lets_an_open_request_end()
    {
        await using var api = await Api.StartAsync(Api.Options with { StopWithin = TimeSpan.FromMinutes(1) });
        var (asked, answer) = (new TaskCompletionSource(), new TaskCompletionSource<ClientResponse>());
        api.Gate.Answer = (_, _) =>
        {
            asked.SetResult();
            return answer.Task;
        };
        var request = api.SendAsync("GET", JobPath);
        await asked.Task.WaitAsync(Api.Patience);
        var stopped = api.StopAsync().AsTask();
        answer.SetResult(new ClientResponse.NotFound(JobSamples.Id));

        using var response = await request;
        await Api.ProblemAsync(response, HttpStatusCode.NotFound);
        await stopped;
    }

    [Fact]
    public async Task A_server_that_stops_cuts_a_request_that_does_not_end()
    {
        await using var api = await Api.StartAsync(
            Api.Options with { StopWithin = TimeSpan.FromMilliseconds(50) });
        var asked = new TaskCompletionSource();
        api.Gate.Answer = async (_, cancellation) =>
        {
            asked.SetResult();
            await Task.Delay(Timeout.Infinite, cancellation);
            return new ClientResponse.NotFound(JobSamples.Id);
        };
        var request = api.SendAsync("GET", JobPath);
        await asked.Task.WaitAsync(Api.Patience);
        await api.StopAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(20), Api.Cancellation);

        await Assert.ThrowsAnyAsync<HttpRequestException>(() => request);
    }
}
