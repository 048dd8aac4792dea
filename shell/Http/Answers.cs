using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Protocol;
using Hyperscale.Det.Shell.Json;

namespace Hyperscale.Det.Shell.Http;

internal static class JsonAnswer
{
    /// <summary>Writes piece by piece: a long answer to a slow reader does not fill the memory.</summary>
    public static Task WriteAsync<T>(HttpContext context, T value, JsonTypeInfo<T> type)
    {
        var response = context.Response;
        response.ContentType = "application/json";
        return JsonSerializer.SerializeAsync(response.BodyWriter, value, type, context.RequestAborted);
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
            ClientResponse.OutcomeUnknown lost =>
                Problems.WriteAsync(context, unknown(lost.Reason)),
            _ => throw new UnreachableException($"unhandled {answer}"),
        };
}
