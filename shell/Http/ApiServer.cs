using System.Net.Sockets;
using Hyperscale.Det.Shell.Telemetry;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Hyperscale.Det.Shell.Http;

/// <summary>The HTTP/1.1 and JSON API of one gate.</summary>
public sealed class ApiServer : IAsyncDisposable
{
    private const int HeaderBytesMax = 16 * 1024;
    private const int HeadersMax = 64;
    private const int RequestLineBytesMax = 8 * 1024;
    private const int ConnectionBufferBytes = 64 * 1024;

    // As much of a body that is too long is read and thrown away: a client that is cut off while it sends
    // does not get to see its answer.
    private const long DiscardedBytesMax = 64 * 1024 * 1024;

    private readonly WebApplication _app;
    private readonly ApiMetrics _metrics;
    private readonly ApiOptions _options;

    private ApiServer(ApiOptions options, IGateApi gate, ILogger logger)
    {
        _options = options;
        _metrics = new ApiMetrics(gate);
        // Empty: what a file or a variable of the surroundings says about web servers is not meant for this
        // one, and it starts in a fraction of the time.
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => Configure(kestrel, options));
        builder.Services.AddRoutingCore();
        builder.Services.AddSingleton<IHostLifetime, NoSignals>();
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = options.StopWithin);
        _app = builder.Build();
        var calls = new GateCalls(gate, options);
        var jobs = new JobEndpoints(calls, options, _metrics, _app.Lifetime.ApplicationStopping);
        var operators = new OperatorEndpoints(gate, calls, options, _metrics);
        new ApiPipeline(gate, _metrics, [.. jobs.Routes, .. operators.Routes], logger).Build(_app);
    }

    /// <summary>Where it listens, without a trailing slash.</summary>
    public string Url { get; private set; } = "";

    /// <summary>Starts to listen.</summary>
    /// <exception cref="ApiListenException">The address is in use or not this host's.</exception>
    public static async Task<ApiServer> StartAsync(
        ApiOptions options, IGateApi gate, ILogger logger, CancellationToken cancellation)
    {
        var server = new ApiServer(options, gate, logger);
        try
        {
            await server._app.StartAsync(cancellation);
        }
        catch (Exception e)
        {
            await server.DisposeAsync();
            if (e is IOException or SocketException) throw Unusable(options, e);
            throw;
        }

        server.Url = server._app.Services.GetRequiredService<IServer>()
            .Features.GetRequiredFeature<IServerAddressesFeature>().Addresses.Single();
        ShellLog.ApiStarted(logger, gate.Id, server.Url);
        return server;
    }

    /// <summary>Takes no more requests, ends the event streams, and cuts what is still open after
    /// <see cref="ApiOptions.StopWithin"/>.</summary>
    public async ValueTask DisposeAsync()
    {
        using var late = new CancellationTokenSource(_options.StopWithin);
        await _app.StopAsync(late.Token);
        await _app.DisposeAsync();
        _metrics.Dispose();
    }

    private static void Configure(KestrelServerOptions kestrel, ApiOptions options)
    {
        kestrel.AddServerHeader = false;
        kestrel.Limits.MaxConcurrentConnections = options.ConnectionsMax;
        kestrel.Limits.MaxRequestBodySize = DiscardedBytesMax;
        kestrel.Limits.MaxRequestBufferSize = ConnectionBufferBytes;
        kestrel.Limits.MaxResponseBufferSize = ConnectionBufferBytes;
        kestrel.Limits.MaxRequestLineSize = RequestLineBytesMax;
        kestrel.Limits.MaxRequestHeaderCount = HeadersMax;
        kestrel.Limits.MaxRequestHeadersTotalSize = HeaderBytesMax;
        kestrel.Limits.RequestHeadersTimeout = options.SendGrace;
        kestrel.Limits.KeepAliveTimeout = TimeSpan.FromMinutes(2);
        kestrel.Limits.MinRequestBodyDataRate =
            new MinDataRate(options.SendBytesPerSecondMin, options.SendGrace);
        kestrel.Listen(options.Endpoint, listen => listen.Protocols = HttpProtocols.Http1);
    }

    private static ApiListenException Unusable(ApiOptions options, Exception cause)
    {
        var socket = cause as SocketException ?? cause.GetBaseException() as SocketException;
        var (endpoint, port) = (options.Endpoint, options.Endpoint.Port);
        var advice = socket?.SocketErrorCode switch
        {
            SocketError.AddressAlreadyInUse =>
                $"it is in use; end what listens there (ss -ltnp 'sport = :{port}' names it), or choose "
                + "another address; port 0 takes a free one",
            SocketError.AccessDenied =>
                "this user may not listen there; ports below 1024 are reserved, choose a higher one",
            SocketError.AddressNotAvailable =>
                "it is no address of this host; choose one of its own, 127.0.0.1 or 0.0.0.0",
            _ => $"{cause.Message}; choose another address",
        };
        return new ApiListenException($"the HTTP API cannot listen on {endpoint}: {advice}", cause);
    }

    /// <summary>Leaves the process's signals to whoever runs the gate.</summary>
    private sealed class NoSignals : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
