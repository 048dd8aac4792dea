using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Protocol;
using Hyperscale.Det.Shell.Json;

namespace Hyperscale.Det.Shell.Http;

/// <summary>Writes for clients that may be slow.</summary>
internal static class BoundedWrite
{
    /// <summary>Cuts the connection when <paramref name="write"/> takes longer than
    /// <paramref name="within"/>.</summary>
    /// <param name="ending">Ends the writing before that.</param>
    /// <exception cref="ClientTooSlowException">The time was over.</exception>
    /// <exception cref="OperationCanceledException">It was the end.</exception>
    public static async Task RunAsync(
        HttpContext context, TimeSpan within, Func<CancellationToken, Task> write, CancellationToken ending)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(ending);
        deadline.CancelAfter(within);
        try
        {
            await write(deadline.Token);
        }
        catch (OperationCanceledException e) when (!ending.IsCancellationRequested)
        {
            context.Abort();
            throw new ClientTooSlowException(within, e);
        }
    }
}

/// <summary>A client did not take its answer in time, and its connection was cut.</summary>
internal sealed class ClientTooSlowException(TimeSpan within, Exception cause)
    : Exception($"the client did not take its answer within {within.TotalSeconds:0.###} s", cause);

/// <summary>Answers in JSON, written piece by piece: a long one for a slow reader does not fill the memory.
/// </summary>
internal sealed class JsonAnswer(TimeSpan within)
{
    public Task WriteAsync<T>(HttpContext context, T value, JsonTypeInfo<T> type)
    {
        context.Response.ContentType = "application/json";
        return BoundedWrite.RunAsync(
            context,
            within,
            token => JsonSerializer.SerializeAsync(context.Response.BodyWriter, value, type, token),
            context.RequestAborted);
    }
}

/// <summary>Answers in JSON of which there is little: in one piece, whose length the client knows
/// beforehand.</summary>
internal static class ShortAnswer
{
    public static async Task WriteAsync<T>(HttpContext context, T value, JsonTypeInfo<T> type)
    {
        var body = JsonSerializer.SerializeToUtf8Bytes(value, type);
        context.Response.ContentType = "application/json";
        context.Response.ContentLength = body.Length;
        // It fits what the server buffers for a connection, so no reader is waited for.
        await context.Response.BodyWriter.WriteAsync(body, context.RequestAborted);
    }
}

internal static class TextAnswer
{
    public static Task WriteAsync(
        HttpContext context, string text, string contentType = "text/plain; charset=utf-8")
    {
        context.Response.ContentType = contentType;
        return context.Response.WriteAsync(text, context.RequestAborted);
    }
}

/// <summary>How long clients should stay away from what is full.</summary>
internal static class RetryAfter
{
    public static readonly Duration Soon = Duration.FromSeconds(1);

    public static readonly Duration Later = Duration.FromSeconds(5);
}

/// <summary>The gate's answers that are not what was asked for.</summary>
internal static class Refusals
{
    /// <param name="unknown">What an unknown outcome means for this request.</param>
    public static Task WriteAsync(
        HttpContext context, ClientResponse answer, Func<string, ProblemJson> unknown) => answer switch
        {
            ClientResponse.Invalid invalid =>
                Problems.WriteAsync(context, Problems.InvalidJob(invalid.Faults)),
            ClientResponse.NotFound missing =>
                Problems.WriteAsync(context, Problems.JobNotFound(missing.Job)),
            ClientResponse.Unavailable later =>
                Problems.WriteAsync(context, Problems.Unavailable(later.Reason), later.RetryAfter),
            ClientResponse.Pending pending =>
                Problems.WriteAsync(context, Problems.SubmissionPending(), pending.RetryAfter),
            ClientResponse.KeyReused reused =>
                Problems.WriteAsync(context, Problems.KeyReused(reused)),
            ClientResponse.KeyExpired expired =>
                Problems.WriteAsync(context, Problems.KeyExpired(expired.Job)),
            ClientResponse.Rejected rejected =>
                Problems.WriteAsync(context, Problems.Rejected(rejected)),
            ClientResponse.OutcomeUnknown lost =>
                Problems.WriteAsync(context, unknown(lost.Reason)),
            _ => throw new UnreachableException($"unhandled {answer}"),
        };
}
