using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Hyperscale.Det.Benchmarks;

/// <summary>A lasting HTTP/1.1 connection with as little around it as possible: what is measured is the
/// server, not its client.</summary>
internal sealed class HttpConnection(IPEndPoint address) : IDisposable
{
    private readonly Socket _socket = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    private byte[] _buffer = new byte[4096];
    private int _length;

    /// <summary>Status and body of the answer; one without a length as its chunks came.</summary>
    /// <exception cref="IOException">The connection ended.</exception>
    public async Task<(int Status, string Body)> PostAsync(string path, string headers, string content)
    {
        if (!_socket.Connected) await _socket.ConnectAsync(address);
        await _socket.SendAsync(Encoding.ASCII.GetBytes(
            $"POST {path} HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json\r\n{headers}"
            + $"Content-Length: {content.Length}\r\n\r\n{content}"));
        _length = 0;
        int end;
        while ((end = _buffer.AsSpan(0, _length).IndexOf("\r\n\r\n"u8)) < 0) await ReceiveAsync();
        var head = Encoding.ASCII.GetString(_buffer, 0, end);
        var status = int.Parse(head.AsSpan(9, 3), NumberStyles.None, CultureInfo.InvariantCulture);
        var body = end + 4;
        if (LengthOf(head) is { } length)
            while (_length < body + length) await ReceiveAsync();
        else
            while (!_buffer.AsSpan(body, _length - body).EndsWith("0\r\n\r\n"u8)) await ReceiveAsync();
        return (status, Encoding.ASCII.GetString(_buffer, body, _length - body));
    }

    public void Dispose() => _socket.Dispose();

    private static int? LengthOf(string head)
    {
        const string name = "\r\nContent-Length: ";
        var at = head.IndexOf(name, StringComparison.OrdinalIgnoreCase);
        if (at < 0) return null;
        var text = head.AsSpan(at + name.Length);
        var line = text.IndexOf('\r');
        return int.Parse(line < 0 ? text : text[..line], NumberStyles.None, CultureInfo.InvariantCulture);
    }

    private async Task ReceiveAsync()
    {
        if (_length == _buffer.Length) Array.Resize(ref _buffer, 2 * _length);
        var received = await _socket.ReceiveAsync(_buffer.AsMemory(_length));
        if (received == 0) throw new IOException($"{address} closed the connection");
        _length += received;
    }
}
