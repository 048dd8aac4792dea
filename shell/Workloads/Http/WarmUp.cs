using System.Net;
using System.Net.Sockets;

namespace Hyperscale.Det.Shell.Workloads.Http;

/// <summary>Sends a few requests to a listener of our own before the clock starts, so that the first measured
/// ones do not pay for the compilation of the client.</summary>
internal static class WarmUp
{
    private const int Requests = 40;

    public static async Task RunAsync(HttpOrder order)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var own = order with
        {
            Method = "GET",
            Url = $"http://{listener.LocalEndpoint}/",
            Headers = [],
            Body = null,
            TimeoutNanoseconds = 1_000_000_000,
        };
        if (!HttpTarget.TryCreate(own, out var target, out var fault))
            throw new InvalidOperationException(fault);
        var recorder = new LoadRecorder();
        var serving = ServeAsync(listener);
        using (target)
        {
            using var sender = new RequestSender(target, recorder, CancellationToken.None);
            for (var i = 0; i < Requests; i++) await sender.SendAsync(MonotonicClock.Nanoseconds);
        }

        await serving;
        _ = WorkloadNumbers.Of(recorder.Snapshot());
    }

    private static async Task ServeAsync(TcpListener listener)
    {
        var answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"u8.ToArray();
        var buffer = new byte[4096];
        using var socket = await listener.AcceptSocketAsync();
        // One request is under way at a time and fits one segment; the client's end of the connection ends
        // it.
        while (await socket.ReceiveAsync(buffer) > 0) await socket.SendAsync(answer);
    }
}
