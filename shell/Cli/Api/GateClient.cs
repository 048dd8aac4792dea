using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Hyperscale.Det.Idempotency;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Protocol;
using Hyperscale.Det.Shell.Http;
using Hyperscale.Det.Shell.Json;

namespace Hyperscale.Det.Shell.Cli.Api;

/// <summary>Asks gates over HTTP: the next one when one does not answer.</summary>
/// <remarks>Every fault is a <see cref="CliException"/> with the exit code that belongs to it.</remarks>
internal sealed class GateClient : IDisposable
{
    /// <summary>How long a gate may take to answer; a submission waits there for its first
    /// datacenter.</summary>
    private static readonly TimeSpan AnswerMax = TimeSpan.FromSeconds(60);

    /// <summary>How long a cluster may say that it cannot serve a request for the moment.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    /// <summary>How long a submission that may have been taken is asked about: longer than a job can wait for
    /// its first datacenter.</summary>
    private static readonly TimeSpan PatienceInDoubt = TimeSpan.FromSeconds(90);

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(500);

    private readonly HttpClient _http = new(new SocketsHttpHandler
    {
        ConnectTimeout = TimeSpan.FromSeconds(3),
        AllowAutoRedirect = false,
        UseProxy = false,
    })
    {
        Timeout = Timeout.InfiniteTimeSpan,
    };

    private readonly IReadOnlyList<Uri> _gates;
    private readonly TimeProvider _time;
    private int _current;

    public GateClient(IReadOnlyList<Uri> gates, TimeProvider time)
    {
        _gates = gates;
        _time = time;
    }

    /// <param name="job">The job's file.</param>
    /// <param name="target">Takes the place of <c>${TARGET}</c> in it.</param>
    /// <param name="key">Of this submission: asking again with it makes no second job.</param>
    public Task<AcceptedJson> SubmitAsync(
        ReadOnlyMemory<byte> job, string? target, IdempotencyKey key, CancellationToken cancellation) =>
        AskAsync(
            () => new HttpRequestMessage(
                HttpMethod.Post,
                target is null ? "v1/jobs" : $"v1/jobs?target={Uri.EscapeDataString(target)}")
            {
                Content = new ReadOnlyMemoryContent(job)
                {
                    Headers = { ContentType = new MediaTypeHeaderValue("application/json") },
                },
                Headers = { { SubmissionKey.Header, key.Text } },
            },
            ApiJson.Compact.AcceptedJson, cancellation, inDoubt: key);

    /// <summary>A job with everything that is known of it.</summary>
    /// <param name="isPatient">The cluster is known to be there: gates that cannot be reached may be starting
    /// again.</param>
    public Task<StatusJson> GetAsync(JobId job, CancellationToken cancellation, bool isPatient = false) =>
        AskAsync(
            () => new HttpRequestMessage(HttpMethod.Get, $"v1/jobs/{job}"),
            ApiJson.Compact.StatusJson, cancellation, isPatient);

    /// <summary>Why a job is where it is.</summary>
    public Task<ExplanationJson> ExplainAsync(JobId job, CancellationToken cancellation) =>
        AskAsync(
            () => new HttpRequestMessage(HttpMethod.Get, $"v1/jobs/{job}/explain"),
            ApiJson.Compact.ExplanationJson, cancellation);

    public Task<JobListJson> ListAsync(int limit, CancellationToken cancellation) =>
        AskAsync(
            () => new HttpRequestMessage(HttpMethod.Get, $"v1/jobs?limit={limit}"),
            ApiJson.Compact.JobListJson, cancellation);

    /// <summary>Where a job would go, as a gate sees it.</summary>
    public Task<RoutingJson> RouteAsync(ClientRequest.PreviewRoute job, CancellationToken cancellation) =>
        AskAsync(
            () => new HttpRequestMessage(
                HttpMethod.Get,
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"v1/routing?count={job.Datacenters.Count}&cores={job.CoresRequired}")
                + Named("prefer", job.Datacenters.Preferred) + Named("only", job.Datacenters.Only)),
            ApiJson.Compact.RoutingJson, cancellation);

    /// <summary>The cluster as a gate knows it, with every gate's ledger groups.</summary>
    public Task<ClusterJson> ClusterAsync(CancellationToken cancellation) =>
        AskAsync(
            () => new HttpRequestMessage(HttpMethod.Get, "v1/cluster"),
            ApiJson.Compact.ClusterJson, cancellation);

    /// <summary>Cancels a job; one that has ended stays as it is.</summary>
    public Task<StatusJson> CancelAsync(JobId job, CancellationToken cancellation, bool isPatient = false) =>
        AskAsync(
            () => new HttpRequestMessage(HttpMethod.Delete, $"v1/jobs/{job}"),
            ApiJson.Compact.StatusJson, cancellation, isPatient);

    /// <summary>Opens a job's events at the gate whose turn it is; null, with the turn passed on, when it
    /// does not answer.</summary>
    public async Task<HttpResponseMessage?> TryOpenEventsAsync(JobId job, CancellationToken cancellation)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, $"v1/jobs/{job}/events");
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("text/event-stream"));
        var gate = Gate(0);
        var attempt = await TryAsync(gate, request, cancellation);
        if (attempt.Response is not { } response)
        {
            PassTurn();
            return null;
        }

        if (response.StatusCode == HttpStatusCode.OK) return response;
        using (response)
        {
            if (IsTransient(response.StatusCode)) PassTurn();
            else throw await RefusalAsync(gate, response, cancellation);
            return null;
        }
    }

    /// <summary>Gives the next gate the turn.</summary>
    public void PassTurn() => _current = (_current + 1) % _gates.Count;

    public void Dispose() => _http.Dispose();

    /// <param name="inDoubt">The key of a submission that may have been taken when no gate says what became
    /// of it.</param>
    private async Task<T> AskAsync<T>(
        Func<HttpRequestMessage> request, JsonTypeInfo<T> type, CancellationToken cancellation,
        bool isPatient = false, IdempotencyKey? inDoubt = null)
    {
        var began = _time.GetTimestamp();
        var mayBeDone = false;
        while (true)
        {
            var reasons = new List<string>();
            var isAnybodyThere = isPatient || mayBeDone;
            for (var i = 0; i < _gates.Count; i++)
            {
                var gate = Gate(i);
                var attempt = await TryAsync(gate, request(), cancellation);
                if (attempt.Response is not { } response)
                {
                    reasons.Add($"{Name(gate)}: {attempt.Fault}");
                    mayBeDone |= attempt.MayHaveArrived;
                    continue;
                }

                using (response)
                {
                    isAnybodyThere = true;
                    if (response.IsSuccessStatusCode)
                    {
                        _current = (_current + i) % _gates.Count;
                        return await ReadAsync(gate, response, type, cancellation);
                    }

                    var refusal = await RefusalAsync(gate, response, cancellation);
                    if (!IsTransient(response.StatusCode)) throw refusal;
                    mayBeDone |= response.StatusCode != HttpStatusCode.ServiceUnavailable;
                    reasons.Add(refusal.Message);
                }
            }

            var patience = mayBeDone && inDoubt is not null ? PatienceInDoubt : Patience;
            if (!isAnybodyThere || _time.GetElapsedTime(began) > patience)
                throw mayBeDone && inDoubt is { } key ? Unknown(reasons, key) : Unreachable(reasons);
            await Task.Delay(Pause, _time, cancellation);
        }
    }

    private static string Named(string parameter, IReadOnlyList<string> names) => names.Count == 0
        ? ""
        : $"&{parameter}={string.Join(',', names.Select(Uri.EscapeDataString))}";

    /// <summary>A gate's URL without a trailing slash.</summary>
    public static string Name(Uri gate) => gate.GetLeftPart(UriPartial.Path).TrimEnd('/');

    private Uri Gate(int offset) => _gates[(_current + offset) % _gates.Count];

    /// <summary>One request to one gate. <c>MayHaveArrived</c> is false where the connection was never made.
    /// </summary>
    private async Task<Attempt> TryAsync(Uri gate, HttpRequestMessage request, CancellationToken cancellation)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(AnswerMax);
        using (request)
        {
            request.RequestUri = new Uri($"{Name(gate)}/{request.RequestUri}");
            try
            {
                var response = await _http.SendAsync(
                    request, HttpCompletionOption.ResponseHeadersRead, limit.Token);
                return new Attempt(response, "", true);
            }
            catch (HttpRequestException e)
            {
                var isConnected = e.HttpRequestError is not (HttpRequestError.ConnectionError
                    or HttpRequestError.NameResolutionError or HttpRequestError.SecureConnectionError);
                return new Attempt(null, (e.InnerException ?? e).Message, isConnected);
            }
            catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
            {
                return new Attempt(null, $"no answer within {AnswerMax.TotalSeconds:0} s", true);
            }
        }
    }

    private static bool IsTransient(HttpStatusCode status) =>
        status is HttpStatusCode.ServiceUnavailable or HttpStatusCode.GatewayTimeout
            or HttpStatusCode.TooManyRequests or HttpStatusCode.Conflict;

    private static CliException Unreachable(List<string> reasons) => new(
        ExitCode.Unreachable, [.. reasons.Select(reason => $"no cluster reachable: {reason}")]);

    private static CliException Unknown(List<string> reasons, IdempotencyKey key) => new(
        ExitCode.Unreachable,
        [
            "the job may or may not have been accepted; "
            + $"to repeat it without a second job, add --idempotency-key '{key}'",
            .. reasons,
        ]);

    private static async Task<T> ReadAsync<T>(
        Uri gate, HttpResponseMessage response, JsonTypeInfo<T> type, CancellationToken cancellation)
    {
        try
        {
            await using var body = await response.Content.ReadAsStreamAsync(cancellation);
            return await JsonSerializer.DeserializeAsync(body, type, cancellation)
                ?? throw new JsonException("it is null");
        }
        catch (Exception e) when (e is JsonException or IOException or HttpRequestException)
        {
            throw new CliException(
                ExitCode.Unreachable,
                $"no cluster reachable: {Name(gate)} does not answer as a gate does: {e.Message}");
        }
    }

    private static async Task<CliException> RefusalAsync(
        Uri gate, HttpResponseMessage response, CancellationToken cancellation)
    {
        var status = (int)response.StatusCode;
        if (response.Content.Headers.ContentType?.MediaType != ProblemJson.ContentType)
            return new CliException(
                ExitCode.Unreachable,
                $"no cluster reachable: {Name(gate)} answers {status}, and not as a gate does");
        var problem = await ReadAsync(gate, response, ApiJson.Compact.ProblemJson, cancellation);
        var code = status switch
        {
            >= 400 and < 500 => ExitCode.Usage,
            503 or 504 => ExitCode.Unreachable,
            _ => ExitCode.InternalError,
        };
        return problem.Faults is { Count: > 0 } faults
            ? new CliException(code, [.. faults.Select(fault => $"{fault.Path}: {fault.Message}")])
            : new CliException(code, $"{Name(gate)}: {problem.Detail}");
    }

    private sealed record Attempt(HttpResponseMessage? Response, string Fault, bool MayHaveArrived);
}
