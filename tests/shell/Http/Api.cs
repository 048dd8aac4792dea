using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Hyperscale.Det.Shell.Http;
using Hyperscale.Det.Shell.Json;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Hyperscale.Det.Tests.Shell.Http;

/// <summary>An API on a free port before a scripted gate, and a client of it.</summary>
internal sealed class Api : IAsyncDisposable
{
    public const string JobFile = """
        { "name": "checkout", "workflows": [
          { "name": "custom", "kind": "exec", "cores": 1, "duration": "10s",
            "exec": { "command": ["true"] } } ] }
        """;

    /// <summary>After this, what a test waits for does not come: it fails instead of hanging.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    public static readonly ApiOptions Options = new(new IPEndPoint(IPAddress.Loopback, 0));

    private readonly ApiServer _server;

    private Api(ApiServer server, ScriptedGate gate)
    {
        (_server, Gate) = (server, gate);
        // A response that is not read to its end ends its connection at once.
        var handler = new SocketsHttpHandler { ResponseDrainTimeout = TimeSpan.Zero };
        Client = new HttpClient(handler)
        {
            BaseAddress = new Uri(server.Url),
            Timeout = Patience,
        };
    }

    public static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public ScriptedGate Gate { get; }

    public HttpClient Client { get; }

    public Uri Url => Client.BaseAddress!;

    public static async Task<Api> StartAsync(ApiOptions? options = null, ILogger? logger = null)
    {
        var gate = new ScriptedGate();
        var server = await ApiServer.StartAsync(
            options ?? Options, gate, logger ?? NullLogger.Instance, Cancellation);
        return new Api(server, gate);
    }

    public Task<HttpResponseMessage> SendAsync(string method, string path, HttpContent? content = null) =>
        Client.SendAsync(
            new HttpRequestMessage(new HttpMethod(method), path) { Content = content }, Cancellation);

    public Task<HttpResponseMessage> SubmitAsync(string body, string query = "") =>
        SendAsync("POST", $"/v1/jobs{query}", Json(Encoding.UTF8.GetBytes(body)));

    public static HttpContent Json(byte[] body)
    {
        var content = new ByteArrayContent(body);
        content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        return content;
    }

    public static async Task<T> ReadAsync<T>(HttpResponseMessage response, JsonTypeInfo<T> type)
    {
        var text = await response.Content.ReadAsStringAsync(Cancellation);
        return JsonSerializer.Deserialize(text, type)!;
    }

    /// <summary>The problem in an answer that has the wanted status, checked for its form.</summary>
    public static async Task<ProblemJson> ProblemAsync(HttpResponseMessage response, HttpStatusCode status)
    {
        Assert.Equal(status, response.StatusCode);
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType?.MediaType);
        var problem = await ReadAsync(response, ApiJson.Compact.ProblemJson);
        Assert.Equal((int)status, problem.Status);
        Assert.StartsWith("urn:hyperscale:problem:", problem.Type, StringComparison.Ordinal);
        Assert.NotEqual("", problem.Title);
        Assert.NotEqual("", problem.Detail);
        return problem;
    }

    /// <summary>Waits until a request of a route has been answered, or given up.</summary>
    public async Task AnsweredAsync(string route)
    {
        using var late = new CancellationTokenSource(Patience);
        while (!(await Client.GetStringAsync("/metrics", late.Token)).Contains(
            $"route=\"{route}\",status=", StringComparison.Ordinal))
            await Task.Delay(5, late.Token);
    }

    public ValueTask StopAsync() => _server.DisposeAsync();

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _server.DisposeAsync();
        Gate.Dispose();
    }
}
