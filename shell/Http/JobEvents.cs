using System.Buffers;
using System.Diagnostics;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Hyperscale.Det.Jobs;
using Hyperscale.Det.Protocol;
using Hyperscale.Det.Shell.Json;

namespace Hyperscale.Det.Shell.Http;

/// <summary>One reader's server-sent events of one job, from its present state to its end.</summary>
/// <remarks>A reader that is slower than the job sees fewer states and never an older one: nothing is queued
/// for it, the gate is asked for the newest state once the last event has left.</remarks>
internal sealed class JobEvents(GateCalls gate, ApiOptions options, HttpContext context)
{
    private long _lastWrite;

    /// <summary>Sends events until the job has ended, the reader is gone or too slow, the job's owner is out
    /// of reach for too long, or <paramref name="stopping"/>.</summary>
    public async Task RunAsync(JobStatus status, CancellationToken stopping)
    {
        var seen = context.Request.Headers["Last-Event-ID"].ToString();
        var isSeen = seen == JobJson.RevisionText(status.Revision);
        if (isSeen && status.IsTerminal)
        {
            // Browsers come back after the end of a stream; this answer tells them that there is no more.
            context.Response.StatusCode = StatusCodes.Status204NoContent;
            return;
        }

        using var ending = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, stopping);
        try
        {
            await StartAsync(ending.Token);
            if (!isSeen) await SendAsync(status, ending.Token);
            await FollowAsync(status, ending.Token);
        }
        catch (Exception e) when (e is OperationCanceledException or ClientTooSlowException)
        {
            // Gone, cut off or stopping: the stream ends here, and a reader that lives comes back with the
            // last id it has.
        }
    }

    private async Task FollowAsync(JobStatus status, CancellationToken ending)
    {
        while (!status.IsTerminal)
        {
            var next = await NextAsync(status, ending);
            if (next is null) return;
            status = next;
            await SendAsync(status, ending);
        }
    }

    /// <summary>The next state that differs; null when the stream cannot go on, and the reader was told why.
    /// </summary>
    private async Task<JobStatus?> NextAsync(JobStatus last, CancellationToken ending)
    {
        long? outageSince = null;
        while (true)
        {
            await Task.Delay(options.EventInterval, ending);
            var answer = await WatchAsync(new ClientRequest.WatchJob(last.Id, last.Revision), ending);
            switch (answer)
            {
                case ClientResponse.Status { Job: var job } when job.Revision != last.Revision:
                    return job;
                case ClientResponse.Status:
                    outageSince = null;
                    break;
                case ClientResponse.NotFound:
                    await SendAsync(Problems.JobNotFound(last.Id), ending);
                    return null;
                case ClientResponse.Unavailable or ClientResponse.OutcomeUnknown:
                    outageSince ??= Stopwatch.GetTimestamp();
                    if (Stopwatch.GetElapsedTime(outageSince.Value) < options.OutageWithin) break;
                    await SendAsync(Problems.Unavailable($"job {last.Id} is out of reach"), ending);
                    return null;
                default:
                    throw new UnreachableException($"unhandled {answer}");
            }
        }
    }

    private async Task<ClientResponse> WatchAsync(ClientRequest.WatchJob request, CancellationToken ending)
    {
        var answer = gate.AskAsync(request, ending);
        while (true)
        {
            var left = options.KeepAlive - Stopwatch.GetElapsedTime(_lastWrite);
            try
            {
                return await answer.WaitAsync(left > TimeSpan.Zero ? left : TimeSpan.Zero, ending);
            }
            catch (TimeoutException) when (!answer.IsCompleted)
            {
                await WriteAsync(": still here\n\n", ending);
            }
        }
    }

    private Task StartAsync(CancellationToken ending)
    {
        context.Response.ContentType = "text/event-stream";
        // Proxies that buffer would hold back events until the job has ended.
        context.Response.Headers["X-Accel-Buffering"] = "no";
        return WriteAsync("retry: 1000\n\n", ending);
    }

    private Task SendAsync(JobStatus status, CancellationToken ending) => WriteAsync(
        $"id: {JobJson.RevisionText(status.Revision)}\nevent: status\ndata: ",
        JobJson.Changes(status), ApiJson.Compact.StatusJson, ending);

    private Task SendAsync(ProblemJson problem, CancellationToken ending) =>
        WriteAsync("event: problem\ndata: ", problem, ApiJson.Compact.ProblemJson, ending);

    private Task WriteAsync(string text, CancellationToken ending) => WithinAsync(
        async token => await context.Response.BodyWriter.WriteAsync(Encoding.UTF8.GetBytes(text), token),
        ending);

    private Task WriteAsync<T>(string head, T data, JsonTypeInfo<T> type, CancellationToken ending) =>
        WithinAsync(
            async token =>
            {
                var writer = context.Response.BodyWriter;
                writer.Write(Encoding.UTF8.GetBytes(head));
                await JsonSerializer.SerializeAsync(writer, data, type, token);
                await writer.WriteAsync("\n\n"u8.ToArray(), token);
            },
            ending);

    // The server buffers a little for each connection and then waits for the reader: not for ever.
    private async Task WithinAsync(Func<CancellationToken, Task> write, CancellationToken ending)
    {
        await BoundedWrite.RunAsync(context, options.ReadWithin, write, ending);
        _lastWrite = Stopwatch.GetTimestamp();
    }
}
