using System.Net;
using System.Text;
using Hyperscale.Det.Jobs;
using Hyperscale.Det.Protocol;
using Hyperscale.Det.Shell.Http;
using Hyperscale.Det.Tests.Shell.Json;

namespace Hyperscale.Det.Tests.Shell.Http;

public sealed class RequestBodyTests
{
    // The shortest grace that the server knows.
    private static readonly ApiOptions Impatient =
        Api.Options with { SendGrace = TimeSpan.FromMilliseconds(1100) };

    private const string Head =
        "POST /v1/jobs HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n";

    [Theory]
    [InlineData(4097, false)]
    [InlineData(4097, true)]
    [InlineData(64 * 1024 * 1024, false)]
    [InlineData(8 * 1024 * 1024, true)]
    public async Task A_body_beyond_the_bound_is_413_and_names_the_bound(int bytes, bool isChunked)
    {
        await using var api = await Api.StartAsync(Api.Options with { BodyBytesMax = 4096 });
        using var content = Api.Json(Encoding.ASCII.GetBytes(new string(' ', bytes)));
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/jobs") { Content = content };
        request.Headers.TransferEncodingChunked = isChunked;
        // With an announcement, the answer comes before the body is sent.
        request.Headers.ExpectContinue = bytes > 1024 * 1024;
        using var response = await api.Client.SendAsync(request, Api.Cancellation);
        var problem = await Api.ProblemAsync(response, HttpStatusCode.RequestEntityTooLarge);

        Assert.Contains("4096", problem.Detail, StringComparison.Ordinal);
        Assert.Empty(api.Gate.Asked);
        using var other = await api.SendAsync("GET", "/livez");
        Assert.Equal(HttpStatusCode.OK, other.StatusCode);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_body_of_just_the_bound_is_read(bool isChunked)
    {
        await using var api = await Api.StartAsync(Api.Options with { BodyBytesMax = 4096 });
        api.Gate.Answers(new ClientResponse.Accepted(JobSamples.Id));
        using var content = Api.Json(Encoding.ASCII.GetBytes(Api.JobFile.PadRight(4096)));
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/jobs") { Content = content };
        request.Headers.TransferEncodingChunked = isChunked;
        using var response = await api.Client.SendAsync(request, Api.Cancellation);

        Assert.Equal(HttpStatusCode.Accepted, response.StatusCode);
    }

    [Fact]
    public async Task A_large_job_file_is_read_whole()
    {
        await using var api = await Api.StartAsync();
        api.Gate.Answers(new ClientResponse.Accepted(JobSamples.Id));
        using var response = await api.SubmitAsync(Api.JobFile.PadRight(Api.Options.BodyBytesMax));

        Assert.Equal(HttpStatusCode.Accepted, response.StatusCode);
    }

    [Fact]
    public async Task Bodies_beyond_the_bound_of_all_together_are_turned_away_until_there_is_room()
    {
        await using var api = await Api.StartAsync(
            Api.Options with { BodyBytesMax = 1000, BodyBytesTotalMax = 1500 });
        var (asked, answer) = (new TaskCompletionSource(), new TaskCompletionSource<ClientResponse>());
        api.Gate.Answer = (_, _) =>
        {
            asked.TrySetResult();
            return answer.Task;
        };
        var first = api.SubmitAsync(Api.JobFile.PadRight(1000));
        await asked.Task.WaitAsync(Api.Patience);
        using (var second = await api.SubmitAsync(Api.JobFile.PadRight(1000)))
        {
            await Api.ProblemAsync(second, HttpStatusCode.ServiceUnavailable);
            Assert.NotNull(second.Headers.RetryAfter?.Delta);
        }

        answer.SetResult(new ClientResponse.Accepted(JobSamples.Id));
        using (var ended = await first) Assert.Equal(HttpStatusCode.Accepted, ended.StatusCode);
        using var third = await api.SubmitAsync(Api.JobFile.PadRight(1000));
        Assert.Equal(HttpStatusCode.Accepted, third.StatusCode);
    }

    [Theory]
    [InlineData("Content-Length: 10\r\n\r\n{}")]
    [InlineData("Transfer-Encoding: chunked\r\n\r\n5\r\n{}")]
    public async Task A_body_that_is_cut_short_is_no_job(string rest)
    {
        await using var api = await Api.StartAsync(logger: new CollectedLog());
        using var raw = await RawClient.ConnectAsync(api);
        await raw.SendAsync(Head + rest);
        raw.Finish();
        var answer = await raw.ReadToEndAsync();

        Assert.DoesNotContain("HTTP/1.1 2", answer, StringComparison.Ordinal);
        Assert.Empty(api.Gate.Asked);
    }

    [Theory]
    [InlineData("Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n")]
    [InlineData("Transfer-Encoding: chunked\r\n\r\n-1\r\n")]
    public async Task A_malformed_body_is_400_as_any_other_error(string rest)
    {
        await using var api = await Api.StartAsync();
        using var raw = await RawClient.ConnectAsync(api);
        await raw.SendAsync(Head + rest);
        var answer = await raw.ReadToEndAsync();

        Assert.StartsWith("HTTP/1.1 400 ", answer, StringComparison.Ordinal);
        Assert.Contains("application/problem+json", answer, StringComparison.Ordinal);
        Assert.Contains("urn:hyperscale:problem:bad-request", answer, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("nonsense\r\n\r\n", "400")]
    [InlineData("GET / HTTP/1.1\r\n\r\n", "400")]
    [InlineData("GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n", "400")]
    [InlineData("GET / HTTP/9.9\r\nHost: localhost\r\n\r\n", "505")]
    public async Task A_request_that_is_no_http_is_refused_and_the_connection_ended(
        string text, string status)
    {
        await using var api = await Api.StartAsync();
        using var raw = await RawClient.ConnectAsync(api);
        await raw.SendAsync(text);

        Assert.StartsWith($"HTTP/1.1 {status} ", await raw.ReadToEndAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_body_that_comes_too_slowly_is_408()
    {
        await using var api = await Api.StartAsync(Impatient);
        using var raw = await RawClient.ConnectAsync(api);
        await raw.SendAsync($"{Head}Content-Length: 100\r\n\r\n{{");
        var answer = await raw.ReadToEndAsync();

        Assert.StartsWith("HTTP/1.1 408 ", answer, StringComparison.Ordinal);
        Assert.Contains("urn:hyperscale:problem:bad-request", answer, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Headers_that_do_not_end_are_408()
    {
        await using var api = await Api.StartAsync(Impatient);
        using var raw = await RawClient.ConnectAsync(api);
        await raw.SendAsync("GET / HTTP/1.1\r\nHost: localhost\r\n");

        Assert.StartsWith("HTTP/1.1 408 ", await raw.ReadToEndAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_answer_that_is_not_taken_is_given_up()
    {
        var log = new CollectedLog();
        await using var api = await Api.StartAsync(
            Api.Options with { ReadWithin = TimeSpan.FromMilliseconds(300) }, log);
        var large = JobSamples.Status(JobState.Running, 1) with
        {
            Reason = new string('x', 32 * 1024 * 1024),
        };
        api.Gate.Answers(new ClientResponse.Status(large));
        using var raw = await RawClient.ConnectAsync(api);
        await raw.SendAsync($"GET /v1/jobs/{JobSamples.Id} HTTP/1.1\r\nHost: localhost\r\n\r\n");
        await api.AnsweredAsync("GET /v1/jobs/{id}");

        // What is left was never sent.
        Assert.True((await raw.ReadToEndAsync()).Length < large.Reason.Length);
        Assert.Empty(log.Errors);
    }

    [Fact]
    public async Task Headers_beyond_their_bounds_are_refused()
    {
        await using var api = await Api.StartAsync();
        var many = string.Concat(Enumerable.Range(0, 65).Select(i => $"h{i}: 1\r\n"));
        var longest = new string('a', 20_000);
        foreach (var (text, status) in new[]
        {
            ($"GET / HTTP/1.1\r\nHost: localhost\r\n{many}\r\n", "431"),
            ($"GET / HTTP/1.1\r\nHost: localhost\r\nlong: {longest}\r\n\r\n", "431"),
            ($"GET /{longest} HTTP/1.1\r\nHost: localhost\r\n\r\n", "414"),
        })
        {
            using var raw = await RawClient.ConnectAsync(api);
            await raw.SendAsync(text);
            Assert.StartsWith($"HTTP/1.1 {status} ", await raw.ReadToEndAsync(), StringComparison.Ordinal);
        }
    }
}
