using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Hyperscale.Det.Tests.Shell.Workloads;

/// <summary>Answers each request at once, except that on the first one it stands still as a whole for a
/// while.</summary>
internal sealed class StallingServer : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly Task _stall;
    private readonly TaskCompletionSource _first = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _served;

    public StallingServer(TimeSpan stall)
    {
        _listener.Start();
        _stall = StallAsync(stall);
        _ = AcceptAsync();
    }

    public string Url => $"http://{_listener.LocalEndpoint}/";

    public long Served => Interlocked.Read(ref _served);

    public string FirstRequest { get; private set; } = "";

    public void Dispose() => _listener.Dispose();

    private async Task StallAsync(TimeSpan stall)
    {
        await _first.Task;
        await Task.Delay(stall);
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true) _ = ServeAsync(await _listener.AcceptSocketAsync());
        }
        // The test is over.
        catch (SocketException)
        {
        }
    }

    private async Task ServeAsync(Socket socket)
    {
        using var connection = socket;
        var buffer = new byte[8192];
        var length = 0;
        while (await socket.ReceiveAsync(buffer.AsMemory(length)) is var read and > 0)
        {
            length += read;
            var text = Encoding.ASCII.GetString(buffer, 0, length);
            // A body follows its headers in a segment of its own, at times.
            if (!text.EndsWith("\r\n\r\n", StringComparison.Ordinal) && !text.EndsWith('}')) continue;
            if (text.StartsWith("POST", StringComparison.Ordinal) && !text.EndsWith('}')) continue;
            length = 0;
            if (Interlocked.Increment(ref _served) == 1) FirstRequest = text;
            _first.TrySetResult();
            await _stall;
            await socket.SendAsync("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"u8.ToArray());
        }
    }
}
