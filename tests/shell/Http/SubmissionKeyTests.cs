using System.Net;
using System.Text;
using Hyperscale.Det.Idempotency;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Protocol;
using Hyperscale.Det.Shell.Http;
using Hyperscale.Det.Tests.Shell.Json;

namespace Hyperscale.Det.Tests.Shell.Http;

/// <summary>The Idempotency-Key header and what its answers look like (AD-40).</summary>
public sealed class SubmissionKeyTests
{
    [Fact]
    public async Task A_submission_without_a_key_is_told_that_it_is_not_deduplicated()
    {
        await using var api = await Api.StartAsync();
        api.Gate.Answers(new ClientResponse.Accepted(JobSamples.Id));
        using var response = await api.SubmitAsync(Api.JobFile);
        var text = await response.Content.ReadAsStringAsync(Api.Cancellation);

        Assert.Contains("\"deduplicated\":false,\"was_duplicate\":false", text, StringComparison.Ordinal);
        Assert.DoesNotContain("original_job_id", text, StringComparison.Ordinal);
        Assert.Null(Assert.IsType<ClientRequest.SubmitJob>(Assert.Single(api.Gate.Asked)).Key);
    }

    [Fact]
    public async Task A_repeat_is_answered_with_the_job_of_the_first()
    {
        await using var api = await Api.StartAsync();
        api.Gate.Answers(
            new ClientResponse.Accepted(JobSamples.Id, WasDuplicate: true, IsDeduplicated: true));
        using var response = await SubmitAsync(api, "order-1");
        var text = await response.Content.ReadAsStringAsync(Api.Cancellation);

        Assert.Equal(HttpStatusCode.Accepted, response.StatusCode);
        Assert.Contains(
            $"\"deduplicated\":true,\"was_duplicate\":true,\"original_job_id\":\"{JobSamples.Id}\"", text,
            StringComparison.Ordinal);
        Assert.Equal(
            "order-1", Assert.IsType<ClientRequest.SubmitJob>(Assert.Single(api.Gate.Asked)).Key!.Value.Text);
    }

    [Fact]
    public async Task A_pending_submission_is_409_with_the_time_to_come_back()
    {
        await using var api = await Api.StartAsync();
        api.Gate.Answers(new ClientResponse.Pending(Duration.FromMilliseconds(1200)));
        using var response = await SubmitAsync(api, "order-1");
        var problem = await Api.ProblemAsync(response, HttpStatusCode.Conflict);

        Assert.Equal("urn:hyperscale:problem:submission-pending", problem.Type);
        Assert.Equal(TimeSpan.FromSeconds(2), response.Headers.RetryAfter?.Delta);
    }

    [Fact]
    public async Task Another_payload_is_422_with_both_fingerprints_and_the_job()
    {
        await using var api = await Api.StartAsync();
        var (stored, given) = (PayloadFingerprint.Of("a"u8), PayloadFingerprint.Of("b"u8));
        api.Gate.Answers(new ClientResponse.KeyReused(JobSamples.Id, stored, given));
        using var response = await SubmitAsync(api, "order-1");
        var problem = await Api.ProblemAsync(response, HttpStatusCode.UnprocessableEntity);

        Assert.Equal("urn:hyperscale:problem:idempotency-key-reused", problem.Type);
        foreach (var part in new[] { $"{stored}", $"{given}", $"{JobSamples.Id}" })
            Assert.Contains(part, problem.Detail, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task An_expired_key_is_410_and_names_the_job_while_it_is_known(bool isKnown)
    {
        await using var api = await Api.StartAsync();
        api.Gate.Answers(new ClientResponse.KeyExpired(isKnown ? JobSamples.Id : null));
        using var response = await SubmitAsync(api, "order-1");
        var problem = await Api.ProblemAsync(response, HttpStatusCode.Gone);

        Assert.Equal(isKnown, problem.Detail.Contains($"{JobSamples.Id}", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_rejection_is_422_with_its_reason(bool wasDuplicate)
    {
        await using var api = await Api.StartAsync();
        api.Gate.Answers(new ClientResponse.Rejected("$.datacenters.count is 9", wasDuplicate));
        using var response = await SubmitAsync(api, "order-1");
        var problem = await Api.ProblemAsync(response, HttpStatusCode.UnprocessableEntity);

        Assert.Contains("$.datacenters.count is 9", problem.Detail, StringComparison.Ordinal);
        Assert.Equal(wasDuplicate, problem.Detail.Contains("earlier", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_submission_with_a_key_whose_fate_is_unknown_may_be_repeated()
    {
        await using var api = await Api.StartAsync();
        api.Gate.Answers(new ClientResponse.OutcomeUnknown("gate-2 is silent"));
        using var response = await SubmitAsync(api, "order-1");
        var problem = await Api.ProblemAsync(response, HttpStatusCode.GatewayTimeout);

        Assert.Contains("same Idempotency-Key", problem.Detail, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("a\tb")]
    public async Task A_key_that_is_none_is_400(string key)
    {
        await using var api = await Api.StartAsync();
        using var response = await SubmitAsync(api, key);
        var problem = await Api.ProblemAsync(response, HttpStatusCode.BadRequest);

        Assert.Equal("urn:hyperscale:problem:bad-idempotency-key", problem.Type);
        Assert.Empty(api.Gate.Asked);
    }

    [Fact]
    public async Task Two_keys_are_400()
    {
        await using var api = await Api.StartAsync();
        using var raw = await RawClient.ConnectAsync(api);
        await raw.SendAsync(
            "POST /v1/jobs HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            + "Idempotency-Key: a\r\nIdempotency-Key: b\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}");
        var answer = await raw.ReadToEndAsync();

        Assert.StartsWith("HTTP/1.1 400 ", answer, StringComparison.Ordinal);
        Assert.Contains("2 are given", answer, StringComparison.Ordinal);
    }

    private static Task<HttpResponseMessage> SubmitAsync(Api api, string key)
    {
        var content = Api.Json(Encoding.UTF8.GetBytes(Api.JobFile));
        content.Headers.TryAddWithoutValidation(SubmissionKey.Header, key);
        return api.SendAsync("POST", "/v1/jobs", content);
    }
}
