using System.Net;
using System.Net.Sockets;

namespace Hyperscale.Det.Shell.Workloads.Http;

/// <summary>Runs a short load of the same model on a listener of our own before the clock starts, so that the
/// first measured requests do not pay for the compilation of the client.</summary>
internal static class WarmUp
{
    private const long DurationNanoseconds = 40_000_000;
    private const int Vus = 2;
    private const int Rate = 2000;

    public static async Task RunAsync(HttpOrder order)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var own = new HttpOrder(
            "GET", $"http://{listener.LocalEndpoint}/", [], null, [], 1_000_000_000, DurationNanoseconds,
            order.Vus is null ? null : Vus, null, order.Rate is null ? null : Rate);
        if (!HttpLoad.TryCreate(own, new VuRamp(0, Vus), out var load, out var fault))
            throw new InvalidOperationException(fault);
        var accepting = AcceptAsync(listener);
        using (load)
        {
            await load.RunAsync(CancellationToken.None);
            _ = WorkloadNumbers.Of(load.Snapshot());
        }

        listener.Stop();
        await accepting;
    }

    private static async Task AcceptAsync(TcpListener listener)
    {
        var connections = new List<Task>();
        try
        {
            while (true) connections.Add(ServeAsync(await listener.AcceptSocketAsync()));
        }
        // The listener was stopped; the client's ends of the connections are closed too.
        catch (SocketException)
        {
            await Task.WhenAll(connections);
        }
    }

    private static async Task ServeAsync(Socket connection)
    {
        var answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"u8.ToArray();
        var buffer = new byte[4096];
        using var socket = connection;
        // One request is under way at a time and fits one segment; the client's end of the connection ends
        // it.
        try
        {
            while (await socket.ReceiveAsync(buffer) > 0) await socket.SendAsync(answer);
        }
        // The client gave up on a request, on a machine that is very busy; the measured ones start cold then.
        catch (SocketException)
        {
        }
    }
}
