using System.Collections.Concurrent;
using System.Collections.Frozen;
using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Text;

namespace Hyperscale.Det.Shell.Workloads.Http;

/// <summary>What every request of a workload has in common, and the connections they share.</summary>
internal sealed class HttpTarget : IDisposable
{
    private static readonly ConcurrentDictionary<int, string> StatusErrors = new();

    private readonly HttpMethod _method;
    private readonly Uri _uri;
    private readonly IReadOnlyList<string> _headers;
    private readonly byte[]? _body;
    private readonly FrozenSet<int> _expect;

    private HttpTarget(HttpOrder order, Uri uri)
    {
        _uri = uri;
        _method = new HttpMethod(order.Method);
        _headers = order.Headers;
        _body = order.Body is null ? null : Encoding.UTF8.GetBytes(order.Body);
        _expect = order.Expect.ToFrozenSet();
        Timeout = new TimeSpan(order.TimeoutNanoseconds / TimeSpan.NanosecondsPerTick);
        // What is sent is what was asked for: nothing is followed, unpacked, remembered or sent elsewhere.
        Invoker = new HttpMessageInvoker(new SocketsHttpHandler
        {
            UseProxy = false,
            AllowAutoRedirect = false,
            AutomaticDecompression = DecompressionMethods.None,
            UseCookies = false,
            ActivityHeadersPropagator = null,
            MaxConnectionsPerServer = int.MaxValue,
            PooledConnectionLifetime = System.Threading.Timeout.InfiniteTimeSpan,
        });
    }

    public HttpMessageInvoker Invoker { get; }

    public TimeSpan Timeout { get; }

    public static bool TryCreate(
        HttpOrder order, [NotNullWhen(true)] out HttpTarget? target, [NotNullWhen(false)] out string? fault)
    {
        target = null;
        fault = null;
        if (!Uri.TryCreate(order.Url, UriKind.Absolute, out var uri) || uri.Scheme is not ("http" or "https"))
            fault = $"not an http or https URL: {order.Url}";
        else if (order.TimeoutNanoseconds < 1_000_000 || order.TimeoutNanoseconds > int.MaxValue * 1_000_000L)
            fault = "the timeout of a request must be 1ms to 24d";
        else if (order.DurationNanoseconds <= 0)
            fault = "the duration must be positive";
        if (fault is not null) return false;
        try
        {
            target = new HttpTarget(order, uri!);
            using var probe = target.NewRequest();
            return true;
        }
        // The method or a header cannot be sent as it is.
        catch (Exception e) when (e is FormatException or ArgumentException)
        {
            target?.Dispose();
            target = null;
            fault = $"not a valid request: {e.Message}";
            return false;
        }
    }

    public static string StatusError(int status) => StatusErrors.GetOrAdd(status, static s => $"status {s}");

    public bool IsExpected(int status) =>
        _expect.Count == 0 ? status is >= 200 and < 400 : _expect.Contains(status);

    public HttpRequestMessage NewRequest()
    {
        var request = new HttpRequestMessage(_method, _uri);
        if (_body is not null) request.Content = new ByteArrayContent(_body);
        for (var i = 0; i + 1 < _headers.Count; i += 2)
        {
            if (request.Headers.TryAddWithoutValidation(_headers[i], _headers[i + 1])) continue;
            // A header of the content needs a content to belong to.
            request.Content ??= new ByteArrayContent([]);
            if (!request.Content.Headers.TryAddWithoutValidation(_headers[i], _headers[i + 1]))
                throw new FormatException($"header {_headers[i]}");
        }

        return request;
    }

    public void Dispose() => Invoker.Dispose();
}
