using System.Diagnostics;
using System.Net;
using System.Text;
using Hyperscale.Det.Shell.Json;
using Hyperscale.Det.Shell.Telemetry;

namespace Hyperscale.Det.Shell.Http;

/// <summary>The routes of the API and what surrounds each of them: counting, and an answer for whatever goes
/// wrong.</summary>
internal sealed class ApiPipeline(
    IGateApi gate, ApiMetrics metrics, IReadOnlyList<ApiRoute> routes, ILogger logger)
{
    private const string UnknownRoute = "unknown";

    private readonly IReadOnlyList<string> _known =
        [.. routes.Select(route => $"{route.Method} {route.Pattern}").Prepend("GET /")];

    public void Build(WebApplication app)
    {
        app.Use(AnswerAsync);
        Map(app, new ApiRoute("GET", "/", "this text", [], IndexAsync));
        foreach (var route in routes) Map(app, route);
    }

    private static void Map(WebApplication app, ApiRoute route) =>
        app.MapMethods(route.Pattern, route.Methods, context => HandleAsync(context, route))
            .WithMetadata(route);

    // A misspelt parameter would otherwise be as good as none, without a word.
    private static Task HandleAsync(HttpContext context, ApiRoute route)
    {
        foreach (var (name, values) in context.Request.Query)
        {
            if (!route.Query.Contains(name, StringComparer.Ordinal))
            {
                return Problems.WriteAsync(context, Problems.BadQuery(name, route.Query.Count == 0
                    ? "is unknown; this path takes no query parameters"
                    : $"is unknown; this path takes {string.Join(", ", route.Query)}"));
            }

            if (values.Count > 1)
                return Problems.WriteAsync(context, Problems.BadQuery(name, "is there more than once"));
        }

        return route.Handle(context);
    }

    private async Task AnswerAsync(HttpContext context, RequestDelegate next)
    {
        var started = Stopwatch.GetTimestamp();
        context.Response.Headers.XContentTypeOptions = "nosniff";
        context.Response.Headers.CacheControl = "no-store";
        try
        {
            if (IsForeign(context))
                await Problems.WriteAsync(context, Problems.ForeignHost(context.Request.Host.Host));
            else
                await next(context);
            await ExplainAsync(context);
        }
        catch (Exception e)
        {
            await OnFailedAsync(context, e);
        }

        Count(context, Stopwatch.GetElapsedTime(started));
    }

    // A web page can have its own name lead to this machine and then ask as if it came from here: a gate that
    // only this machine can reach takes no such names, because whoever asks it can run commands.
    private static bool IsForeign(HttpContext context) =>
        context.Connection.LocalIpAddress is { } local
        && IPAddress.IsLoopback(local)
        && context.Request.Host is { HasValue: true, Host: var host }
        && !host.Equals("localhost", StringComparison.OrdinalIgnoreCase)
        && !IPAddress.TryParse(host, out _);

    /// <summary>Routing says that there is no such path or method with a bare status.</summary>
    private Task ExplainAsync(HttpContext context)
    {
        if (context.Response.HasStarted || RouteOf(context) is not null) return Task.CompletedTask;
        var (method, path) = (context.Request.Method, context.Request.Path.Value ?? "");
        return context.Response.StatusCode switch
        {
            StatusCodes.Status404NotFound => Problems.WriteAsync(context, Problems.UnknownPath(path, _known)),
            StatusCodes.Status405MethodNotAllowed => Problems.WriteAsync(
                context,
                Problems.WrongMethod(method, path, context.Response.Headers.Allow.ToString().Split(", "))),
            _ => Task.CompletedTask,
        };
    }

    private async Task OnFailedAsync(HttpContext context, Exception cause)
    {
        // Nobody is there to read an answer, or it was too slow for one.
        if (cause is ClientTooSlowException || context.RequestAborted.IsCancellationRequested) return;
        var problem = cause is BadHttpRequestException bad
            ? Problems.Http(bad.StatusCode, bad.Message)
            : Problems.Internal();
        if (cause is not BadHttpRequestException)
        {
            // As it was sent: decoded, it could begin a new line of the log.
            var path = context.Request.Path.ToUriComponent();
            ShellLog.RequestFailed(logger, gate.Id, context.Request.Method, path, cause);
        }

        if (context.Response.HasStarted) context.Abort();
        else await AnswerInsteadAsync(context, problem);
    }

    private static Task AnswerInsteadAsync(HttpContext context, ProblemJson problem)
    {
        context.Response.Headers.Location = default;
        context.Response.Headers.Connection = "close";
        return Problems.WriteAsync(context, problem);
    }

    private void Count(HttpContext context, TimeSpan elapsed)
    {
        var route = RouteOf(context);
        var isGone = context.RequestAborted.IsCancellationRequested && !context.Response.HasStarted;
        metrics.OnAnswered(
            route is null ? UnknownRoute : $"{route.Method} {route.Pattern}",
            isGone ? StatusCodes.Status499ClientClosedRequest : context.Response.StatusCode,
            route?.IsStream == true ? null : elapsed);
    }

    private static ApiRoute? RouteOf(HttpContext context) =>
        context.GetEndpoint()?.Metadata.GetMetadata<ApiRoute>();

    private Task IndexAsync(HttpContext context)
    {
        var text = new StringBuilder("Hyperscale.Det: HTTP API of ");
        text.Append($"{gate.Id} in cluster {gate.Topology.ClusterId}\n\n");
        foreach (var route in routes) text.Append($"{route.Method,-6} {route.Pattern,-24} {route.Summary}\n");
        text.Append("\nErrors are application/problem+json (RFC 9457).\n");
        return TextAnswer.WriteAsync(context, text.ToString());
    }
}
