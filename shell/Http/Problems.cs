using System.Globalization;
using System.Text.Json;
using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Protocol;
using Hyperscale.Det.Shell.Json;

namespace Hyperscale.Det.Shell.Http;

/// <summary>Every error of the API. A type is part of the public contract; title and detail are for people.
/// </summary>
internal static class Problems
{
    private const string TypePrefix = "urn:hyperscale:problem:";

    public static ProblemJson UnknownPath(string path, IReadOnlyList<string> known) => Of(
        "unknown-path", StatusCodes.Status404NotFound, "There is nothing at this path",
        $"'{Short(path)}' is not a path of this API; 'allowed' lists those that are")
        with
    { Allowed = known };

    public static ProblemJson WrongMethod(string method, string path, IReadOnlyList<string> allowed) => Of(
        "wrong-method", StatusCodes.Status405MethodNotAllowed, "This path does not take this method",
        $"'{Short(path)}' takes {string.Join(", ", allowed)} and not {Short(method)}")
        with
    { Allowed = allowed };

    public static ProblemJson ForeignHost(string host) => Of(
        "foreign-host", StatusCodes.Status421MisdirectedRequest, "This host is not served here",
        $"the request is for '{Short(host)}', and this address of the gate is for its own machine: send the "
        + "Host header localhost or an IP address");

    public static ProblemJson BadJobId(string text) => Of(
        "bad-job-id", StatusCodes.Status400BadRequest, "This is no job id",
        $"'{Short(text)}' is no job id: the form is group-op in decimal digits, for example 012-0000000042");

    public static ProblemJson BadQuery(string name, string fault) => Of(
        "bad-query", StatusCodes.Status400BadRequest, "A query parameter is wrong", $"{Short(name)} {fault}")
        with
    { Faults = [new FaultJson($"?{Short(name)}", fault)] };

    public static ProblemJson BadRequest(string detail) => Of(
        "bad-request", StatusCodes.Status400BadRequest, "The request cannot be carried out", detail);

    public static ProblemJson UnsupportedMedia(string detail) => Of(
        "unsupported-media-type", StatusCodes.Status415UnsupportedMediaType, "A job file is JSON", detail);

    public static ProblemJson TooLarge(int bytesMax) => Of(
        "too-large", StatusCodes.Status413PayloadTooLarge, "The job file is too large",
        string.Create(CultureInfo.InvariantCulture, $"at most {bytesMax} bytes are taken"));

    public static ProblemJson MalformedJob(IReadOnlyList<JobFault> faults) => Of(
        "malformed-json", StatusCodes.Status400BadRequest, "The job file is not JSON",
        "the body has to be one JSON object in UTF-8; 'faults' says where it is not")
        with
    { Faults = Json(faults) };

    public static ProblemJson InvalidJob(IReadOnlyList<JobFault> faults) => Of(
        "invalid-job", StatusCodes.Status422UnprocessableEntity, "The job cannot be run as it is",
        $"{(faults.Count == 1 ? "1 fault" : $"{faults.Count} faults")}: 'faults' lists all of them")
        with
    { Faults = Json(faults) };

    public static ProblemJson JobNotFound(JobId job) => Of(
        "job-not-found", StatusCodes.Status404NotFound, "No such job",
        $"no job {job} is known: it was never accepted, or it ended so long ago that it was forgotten");

    public static ProblemJson Unavailable(string reason) => Of(
        "unavailable", StatusCodes.Status503ServiceUnavailable, "Not possible at the moment",
        $"{reason}; nothing was done, the same request may succeed later");

    public static ProblemJson NotReady(string reason) => Of(
        "not-ready", StatusCodes.Status503ServiceUnavailable, "This gate takes no requests yet", reason);

    public static ProblemJson SubmissionUnknown(string reason) => Of(
        "outcome-unknown", StatusCodes.Status504GatewayTimeout, "It is not known whether the job was taken",
        $"{reason}; the submission may or may not have been carried out: look for the job in GET /v1/jobs "
        + "before submitting it again");

    public static ProblemJson KeyedSubmissionUnknown(string reason) => Of(
        "outcome-unknown", StatusCodes.Status504GatewayTimeout, "It is not known whether the job was taken",
        $"{reason}; send the same submission with the same Idempotency-Key again: it makes no second job");

    public static ProblemJson BadKey(string fault) => Of(
        "bad-idempotency-key", StatusCodes.Status400BadRequest, "This is no idempotency key",
        $"the Idempotency-Key header: {fault}");

    public static ProblemJson SubmissionPending() => Of(
        "submission-pending", StatusCodes.Status409Conflict, "This submission is being worked on",
        "an earlier submission with this Idempotency-Key has no answer yet, and this one was not carried "
        + "out: repeat it after the time that Retry-After names");

    public static ProblemJson KeyReused(ClientResponse.KeyReused reused) => Of(
        "idempotency-key-reused", StatusCodes.Status422UnprocessableEntity,
        "This Idempotency-Key belongs to another submission",
        $"the key was used for a submission with fingerprint {reused.Stored}"
        + $"{(reused.Job is { } job ? $" (job {job})" : "")}, and this one has {reused.Given}: nothing was "
        + "done; a new submission needs a key of its own");

    public static ProblemJson KeyExpired(JobId? job) => Of(
        "idempotency-key-expired", StatusCodes.Status410Gone, "This Idempotency-Key has expired",
        (job is { } known
            ? $"it was used for job {known}, and the answer is no longer kept"
            : "it was used, and what for is no longer kept")
        + ": nothing was done; a new submission needs a key of its own");

    public static ProblemJson Rejected(ClientResponse.Rejected rejected) => Of(
        "rejected", StatusCodes.Status422UnprocessableEntity, "The job cannot be run as it is",
        rejected.WasDuplicate
            ? $"an earlier submission with this Idempotency-Key was rejected: {rejected.Reason}"
            : rejected.Reason);

    public static ProblemJson CancellationUnknown(string reason) => Of(
        "outcome-unknown", StatusCodes.Status504GatewayTimeout,
        "It is not known whether the job will be cancelled",
        $"{reason}; the cancellation may or may not have been carried out: it does no harm to repeat it");

    public static ProblemJson Unanswered(string reason) => Of(
        "unanswered", StatusCodes.Status504GatewayTimeout, "The answer did not come in time",
        $"{reason}; nothing was changed, ask again");

    public static ProblemJson Internal() => Of(
        "internal", StatusCodes.Status500InternalServerError, "This is a fault of the gate",
        "the request failed for a reason that is ours; the gate's log has the details");

    /// <summary>What the HTTP layer itself found wrong.</summary>
    public static ProblemJson Http(int status, string detail) =>
        Of("bad-request", status, "The request cannot be understood", detail);

    /// <summary>Writes the error; the response must not have started.</summary>
    public static Task WriteAsync(HttpContext context, ProblemJson problem, Duration? retryAfter = null)
    {
        context.Response.StatusCode = problem.Status;
        context.Response.ContentType = ProblemJson.ContentType;
        if (retryAfter is { } wait) context.Response.Headers.RetryAfter = WholeSeconds(wait);
        return JsonSerializer.SerializeAsync(
            context.Response.BodyWriter, problem, ApiJson.Compact.ProblemJson, context.RequestAborted);
    }

    private static ProblemJson Of(string type, int status, string title, string detail) =>
        new(TypePrefix + type, title, status, detail);

    private static List<FaultJson> Json(IReadOnlyList<JobFault> faults) =>
        [.. faults.Select(fault => new FaultJson(fault.Path, fault.Message))];

    // What a client sent is repeated to it, but not at any length.
    private static string Short(string text) => text.Length <= 100 ? text : $"{text[..100]}...";

    private static string WholeSeconds(Duration wait) =>
        Math.Max(1, (wait.Milliseconds + 999) / 1000).ToString(CultureInfo.InvariantCulture);
}
