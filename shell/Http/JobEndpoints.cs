using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using System.Text.Unicode;
using Hyperscale.Det.Idempotency;
using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Protocol;
using Hyperscale.Det.Shell.Json;
using Microsoft.Net.Http.Headers;

namespace Hyperscale.Det.Shell.Http;

/// <summary>Submitting, reading, following and cancelling jobs.</summary>
/// <param name="stopping">Ends the event streams.</param>
internal sealed class JobEndpoints(
    GateCalls gate, ApiOptions options, ApiMetrics metrics, CancellationToken stopping)
{
    private const int LimitDefault = 50;
    private const int LimitMax = 1000;

    private readonly JsonAnswer _json = new(options.ReadWithin);
    private readonly RequestBody _body = new(options.BodyBytesMax, options.BodyBytesTotalMax);

    public IReadOnlyList<ApiRoute> Routes =>
    [
        new("POST", "/v1/jobs", "submit a job file; ?target=URL replaces ${TARGET}; with an Idempotency-Key "
            + "it does no harm to repeat it", ["target"], SubmitAsync),
        new("GET", "/v1/jobs", "jobs, newest first; ?limit=1 to 1000, 50 if not given", ["limit"], ListAsync),
        new("GET", "/v1/jobs/{id}", "a job's status and, once it has ended, its report", [], GetAsync),
        new("GET", "/v1/jobs/{id}/explain",
            "what a job's parts wait for and since when, and its retry budget", [], ExplainAsync),
        new("GET", "/v1/jobs/{id}/events", "a job's changes to its end, as server-sent events", [],
            FollowAsync)
        {
            IsStream = true,
        },
        new("DELETE", "/v1/jobs/{id}", "cancel a job", [], CancelAsync),
    ];

    private async Task SubmitAsync(HttpContext context)
    {
        var key = SubmissionKey.Read(context.Request, out var keyFault);
        if ((SubmissionFault(context.Request) ?? keyFault) is { } fault)
        {
            await Problems.WriteAsync(context, fault);
            return;
        }

        var verdict = await _body.UseAsync(context.Request, body => SubmitAsync(context, key, body));
        switch (verdict)
        {
            case RequestBody.Verdict.Complete:
                break;
            case RequestBody.Verdict.TooLarge:
                await Problems.WriteAsync(context, Problems.TooLarge(options.BodyBytesMax));
                break;
            case RequestBody.Verdict.NoRoom:
                await Problems.WriteAsync(
                    context, Problems.Unavailable("too many submissions are under way"), RetryAfter.Soon);
                break;
            default:
                throw new UnreachableException($"unhandled {verdict}");
        }
    }

    private async Task SubmitAsync(HttpContext context, IdempotencyKey? key, ReadOnlyMemory<byte> body)
    {
        var target = context.Request.Query["target"];
        var (faults, notes) = (new List<JobFault>(), new List<JobNote>());
        var spec = JobSpecReader.Read(body, target.Count == 0 ? null : target[0], faults, notes);
        if (spec is null)
        {
            await Problems.WriteAsync(
                context, IsJson(body.Span) ? Problems.InvalidJob(faults) : Problems.MalformedJob(faults));
            return;
        }

        var answer = await gate.AskAsync(new ClientRequest.SubmitJob(spec, key), context.RequestAborted);
        if (answer is ClientResponse.Accepted taken)
        {
            var told = taken.Notes.Where(note => notes.All(known => known.Path != note.Path));
            var accepted = JobJson.Accepted(taken, spec.Name, [.. notes, .. told]);
            context.Response.Headers.Location = accepted.Status;
            context.Response.StatusCode = StatusCodes.Status202Accepted;
            await ShortAnswer.WriteAsync(context, accepted, ApiJson.Compact.AcceptedJson);
            return;
        }

        await Refusals.WriteAsync(
            context, answer, key is null ? Problems.SubmissionUnknown : Problems.KeyedSubmissionUnknown);
    }

    private async Task ListAsync(HttpContext context)
    {
        var limit = LimitDefault;
        if (context.Request.Query.TryGetValue("limit", out var texts)
            && !(int.TryParse(texts[0], NumberStyles.None, CultureInfo.InvariantCulture, out limit)
                && limit is >= 1 and <= LimitMax))
        {
            await Problems.WriteAsync(context, Problems.BadQuery(
                "limit", $"is '{texts[0]}'; a whole number from 1 to {LimitMax} is needed"));
            return;
        }

        var answer = await gate.AskAsync(new ClientRequest.ListJobs(limit, false), context.RequestAborted);
        if (answer is ClientResponse.Jobs jobs)
        {
            await _json.WriteAsync(
                context, JobJson.List(jobs.List, jobs.Missing), ApiJson.Compact.JobListJson);
            return;
        }

        await Refusals.WriteAsync(context, answer, Problems.Unanswered);
    }

    private async Task GetAsync(HttpContext context)
    {
        if (await IdOf(context) is not { } id) return;
        var answer = await gate.AskAsync(new ClientRequest.GetJob(id), context.RequestAborted);
        if (answer is ClientResponse.Status { Job: var job })
            await _json.WriteAsync(context, JobJson.Full(job), ApiJson.Compact.StatusJson);
        else
            await Refusals.WriteAsync(context, answer, Problems.Unanswered);
    }

    private async Task ExplainAsync(HttpContext context)
    {
        if (await IdOf(context) is not { } id) return;
        var answer = await gate.AskAsync(new ClientRequest.ExplainJob(id), context.RequestAborted);
        if (answer is ClientResponse.Explained { Job: var job })
            await _json.WriteAsync(context, ExplanationJson.Of(job), ApiJson.Compact.ExplanationJson);
        else
            await Refusals.WriteAsync(context, answer, Problems.Unanswered);
    }

    private async Task FollowAsync(HttpContext context)
    {
        if (await IdOf(context) is not { } id) return;
        using var stream = metrics.OpenStream();
        if (stream.Number > options.EventStreamsMax)
        {
            await Problems.WriteAsync(
                context, Problems.Unavailable("too many readers follow jobs at this gate"), RetryAfter.Later);
            return;
        }

        var answer = await gate.AskAsync(new ClientRequest.GetJob(id), context.RequestAborted);
        if (answer is ClientResponse.Status { Job: var job })
            await new JobEvents(gate, options, context).RunAsync(job, stopping);
        else
            await Refusals.WriteAsync(context, answer, Problems.Unanswered);
    }

    private async Task CancelAsync(HttpContext context)
    {
        if (await IdOf(context) is not { } id) return;
        var answer = await gate.AskAsync(new ClientRequest.CancelJob(id), context.RequestAborted);
        if (answer is ClientResponse.CancelAccepted { Job: var job })
        {
            context.Response.StatusCode =
                job.IsTerminal ? StatusCodes.Status200OK : StatusCodes.Status202Accepted;
            await _json.WriteAsync(context, JobJson.Full(job), ApiJson.Compact.StatusJson);
            return;
        }

        await Refusals.WriteAsync(context, answer, Problems.CancellationUnknown);
    }

    private static ProblemJson? SubmissionFault(HttpRequest request)
    {
        // A web page can have its readers' browsers post anything anywhere, but this type only where it is
        // allowed to: asking for it keeps strange pages from starting load.
        var isJson = MediaTypeHeaderValue.TryParse(request.ContentType, out var type)
            && type.MediaType.Equals("application/json", StringComparison.OrdinalIgnoreCase)
            && (!type.Charset.HasValue || type.Charset.Equals("utf-8", StringComparison.OrdinalIgnoreCase));
        if (!isJson)
            return Problems.UnsupportedMedia("the Content-Type has to be application/json, in UTF-8");
        if (request.Headers.ContentEncoding.Count > 0)
            return Problems.UnsupportedMedia("a Content-Encoding is not taken: send the body as it is");
        return null;
    }

    private static async Task<JobId?> IdOf(HttpContext context)
    {
        var text = (string)context.Request.RouteValues["id"]!;
        if (JobId.TryParse(text, out var id)) return id;
        await Problems.WriteAsync(context, Problems.BadJobId(text));
        return null;
    }

    private static bool IsJson(ReadOnlySpan<byte> body)
    {
        if (!Utf8.IsValid(body)) return false;
        var reader = new Utf8JsonReader(body.StartsWith("\uFEFF"u8) ? body[3..] : body);
        try
        {
            while (reader.Read())
            {
                // Only whether it reads to its end matters.
            }

            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }
}
