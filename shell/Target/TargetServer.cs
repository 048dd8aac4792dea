using System.Globalization;
using System.Net;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace Hyperscale.Det.Shell.Target;

/// <summary>A small HTTP server to try load on. It counts what it served, so that a result can be compared
/// with it exactly.</summary>
/// <remarks><c>GET /stats</c> answers <c>{"served": n, "errors": n}</c> and counts nothing itself. Every
/// other path answers <c>ok</c> after the latency. A request counts as soon as it has arrived in full
/// headers.</remarks>
public sealed class TargetServer : IAsyncDisposable
{
    private static readonly byte[] Answer = "ok\n"u8.ToArray();

    private readonly TargetOptions _options;
    private readonly KestrelServer _server;
    private long _served;
    private long _errors;

    private TargetServer(TargetOptions options)
    {
        _options = options;
        var kestrel = new KestrelServerOptions { AddServerHeader = false };
        kestrel.Limits.MaxConcurrentConnections = null;
        kestrel.Limits.MinRequestBodyDataRate = null;
        kestrel.Listen(IPAddress.Parse(options.Address), options.Port);
        var transport = new SocketTransportFactory(
            Options.Create(new SocketTransportOptions()), NullLoggerFactory.Instance);
        _server = new KestrelServer(Options.Create(kestrel), transport, NullLoggerFactory.Instance);
    }

    /// <summary>Where it listens, without a trailing slash.</summary>
    public string Url { get; private set; } = "";

    /// <summary>Requests that arrived, those of <c>/stats</c> excluded.</summary>
    public long Served => Interlocked.Read(ref _served);

    /// <summary>Those answered with status 503.</summary>
    public long Errors => Interlocked.Read(ref _errors);

    /// <summary>Starts it; throws an <see cref="IOException"/> when the address is in use.</summary>
    public static async Task<TargetServer> StartAsync(TargetOptions options, CancellationToken cancellation)
    {
        var target = new TargetServer(options);
        try
        {
            await target._server.StartAsync(new Application(target), cancellation);
        }
        catch
        {
            await target.DisposeAsync();
            throw;
        }

        target.Url = target._server.Features.GetRequiredFeature<IServerAddressesFeature>().Addresses.Single();
        return target;
    }

    public async ValueTask DisposeAsync()
    {
        // Connections that are still open are cut, not awaited.
        await _server.StopAsync(new CancellationToken(true));
        _server.Dispose();
    }

    private async Task ServeAsync(HttpContext context)
    {
        if (context.Request.Path == "/stats")
        {
            context.Response.ContentType = "application/json";
            await context.Response.WriteAsync(string.Create(
                CultureInfo.InvariantCulture, $"{{\"served\": {Served}, \"errors\": {Errors}}}\n"));
            return;
        }

        var number = Interlocked.Increment(ref _served);
        await WaitAsync();
        if (IsError(number))
        {
            Interlocked.Increment(ref _errors);
            context.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
        }

        context.Response.ContentLength = Answer.Length;
        await context.Response.BodyWriter.WriteAsync(Answer);
    }

    private Task WaitAsync() => Pause.AtLeastAsync(
        _options.Latency + (_options.Jitter * Random.Shared.NextDouble()), TimeProvider.System);

    // Evenly spread, so that any thousand requests hold exactly the wanted errors.
    private bool IsError(long number) =>
        number * _options.ErrorPerMille / 1000 != (number - 1) * _options.ErrorPerMille / 1000;

    private sealed class Application(TargetServer target) : IHttpApplication<HttpContext>
    {
        public HttpContext CreateContext(IFeatureCollection features) =>
            new DefaultHttpContext(features);

        public Task ProcessRequestAsync(HttpContext context) => target.ServeAsync(context);

        public void DisposeContext(HttpContext context, Exception? exception)
        {
        }
    }
}
