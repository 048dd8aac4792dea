using System.Net.Sockets;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Protocol;
using Hyperscale.Det.Shell.Config;
using Hyperscale.Det.Wire;

namespace Hyperscale.Det.Tests.Shell.Transport;

/// <summary>A connection that says whatever a test wants to say.</summary>
internal sealed class RawPeer : IDisposable
{
    public static readonly Hello Welcome = new(
        ProtocolVersion.Current, "test", NodeRole.Worker, "dc-a", TestPeer.Worker, new BootId(1));

    private readonly TcpClient _client = new();

    private RawPeer()
    {
    }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public static async Task<RawPeer> ConnectAsync(PeerAddress address)
    {
        var raw = new RawPeer();
        await raw._client.ConnectAsync(address.Host, address.Port, Cancellation);
        return raw;
    }

    /// <summary>Connects and is welcome.</summary>
    public static async Task<RawPeer> WelcomeAsync(PeerAddress address)
    {
        var raw = await ConnectAsync(address);
        await raw.SayAsync(Framed(Welcome.Encode()));
        await raw.HearHelloAsync();
        return raw;
    }

    public static byte[] Framed(ReadOnlySpan<byte> payload)
    {
        var frame = new byte[Frame.HeaderBytes + payload.Length];
        Frame.Write(payload, frame);
        return frame;
    }

    public static byte[] Framed(Message message)
    {
        var writer = new FieldWriter();
        MessageCodec.Encode(message, writer);
        return Framed(writer.Written);
    }

    public async Task SayAsync(byte[] bytes) => await _client.GetStream().WriteAsync(bytes, Cancellation);

    public async Task<Hello> HearHelloAsync()
    {
        var header = new byte[Frame.HeaderBytes];
        await _client.GetStream().ReadExactlyAsync(header, Cancellation);
        var payload = new byte[BitConverter.ToInt32(header)];
        await _client.GetStream().ReadExactlyAsync(payload, Cancellation);
        Assert.True(Hello.TryDecode(payload, out var hello, out var fault), fault);
        return hello;
    }

    /// <summary>Reads to the end: how many bytes came, and then the connection was closed.</summary>
    public async Task<int> HearEndAsync()
    {
        using var late = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        var (buffer, heard) = (new byte[4096], 0);
        try
        {
            int read;
            while ((read = await _client.GetStream().ReadAsync(buffer, late.Token)) > 0) heard += read;
        }
        // Closed with something of ours unread, which is an end as well.
        catch (IOException e) when (e.InnerException is SocketException)
        {
        }

        return heard;
    }

    public void Dispose() => _client.Dispose();
}
