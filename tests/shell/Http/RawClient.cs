using System.Net.Sockets;
using System.Text;

namespace Hyperscale.Det.Tests.Shell.Http;

/// <summary>A client that sends whatever the test says, proper HTTP or not.</summary>
internal sealed class RawClient : IDisposable
{
    private readonly TcpClient _client = new();
    private NetworkStream _stream = null!;

    public static async Task<RawClient> ConnectAsync(Api api)
    {
        var raw = new RawClient();
        await raw._client.ConnectAsync(api.Url.Host, api.Url.Port, Api.Cancellation);
        raw._stream = raw._client.GetStream();
        return raw;
    }

    public async Task SendAsync(string text) =>
        await _stream.WriteAsync(Encoding.UTF8.GetBytes(text), Api.Cancellation);

    /// <summary>Ends its side of the connection.</summary>
    public void Finish() => _client.Client.Shutdown(SocketShutdown.Send);

    /// <summary>Everything up to the end of the connection; what came before a reset counts.</summary>
    public async Task<string> ReadToEndAsync()
    {
        var (text, buffer) = (new StringBuilder(), new byte[4096]);
        try
        {
            int length;
            while ((length = await _stream.ReadAsync(buffer, Api.Cancellation)) > 0)
                text.Append(Encoding.UTF8.GetString(buffer, 0, length));
        }
        catch (IOException)
        {
            // Reset: it has ended as well.
        }

        return text.ToString();
    }

    public void Dispose() => _client.Dispose();
}
