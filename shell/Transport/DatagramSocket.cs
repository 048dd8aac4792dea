using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Nodes;
using Hyperscale.Det.Protocol;
using Hyperscale.Det.Shell.Telemetry;

namespace Hyperscale.Det.Shell.Transport;

/// <summary>Sends and receives datagrams; whatever goes wrong with one is counted, and it is lost.</summary>
internal sealed class DatagramSocket(
    Socket socket, string cluster, PeerEndPoints peers, TransportContext context) : IDisposable
{
    private const int QueueMax = 1024;
    private static readonly TimeSpan FaultPause = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan LogInterval = TimeSpan.FromSeconds(1);

    private readonly Channel<(NodeId To, Message Message)> _queue =
        Channel.CreateBounded<(NodeId, Message)>(new BoundedChannelOptions(QueueMax)
        {
            FullMode = BoundedChannelFullMode.DropWrite,
            SingleReader = true,
        });

    private long? _logged;

    /// <summary>A socket at any free port, for a node that nobody needs to find.</summary>
    public static Socket Unbound()
    {
        var socket = new Socket(SocketType.Dgram, ProtocolType.Udp);
        var isFour = socket.AddressFamily == AddressFamily.InterNetwork;
        socket.Bind(new IPEndPoint(isFour ? IPAddress.Any : IPAddress.IPv6Any, 0));
        return socket;
    }

    /// <summary>Queues a message; one that finds no room is lost.</summary>
    public void Send(NodeId to, Message message) => _queue.Writer.TryWrite((to, message));

    /// <summary>Sends and receives until cancelled; never throws.</summary>
    public Task RunAsync(BootId boot, CancellationToken cancellation) => Task.WhenAll(
        [UntilCancelled(SendAllAsync(boot, cancellation)), UntilCancelled(ReceiveAllAsync(cancellation))]);

    public void Dispose() => socket.Dispose();

    private async Task SendAllAsync(BootId boot, CancellationToken cancellation)
    {
        await foreach (var (to, message) in _queue.Reader.ReadAllAsync(cancellation))
        {
            var datagram = DatagramFormat.Write(cluster, context.Self, boot, message);
            if (datagram.Length > Frame.DatagramBytesMax)
            {
                ShellLog.MessageTooLarge(
                    context.Logger, context.Self, message.GetType().Name, to, datagram.Length,
                    Frame.DatagramBytesMax);
                continue;
            }

            try
            {
                var endpoint = await peers.FindAsync(to, socket.AddressFamily, cancellation);
                await socket.SendToAsync(datagram, endpoint, cancellation);
                context.Metrics.DatagramSent();
            }
            catch (SocketException e)
            {
                var reason = SocketFaults.Describe(e.SocketErrorCode);
                ShellLog.DatagramNotSent(context.Logger, context.Self, to, reason);
            }
        }
    }

    private async Task ReceiveAllAsync(CancellationToken cancellation)
    {
        var anyone = new IPEndPoint(
            socket.AddressFamily == AddressFamily.InterNetwork ? IPAddress.Any : IPAddress.IPv6Any, 0);
        // One more than allowed, so that one that is too long shows.
        var buffer = new byte[Frame.DatagramBytesMax + 1];
        while (true)
        {
            try
            {
                var received = await socket.ReceiveFromAsync(buffer, anyone, cancellation);
                var datagram = buffer.AsMemory(0, received.ReceivedBytes);
                await TakeAsync(datagram, received.RemoteEndPoint, cancellation);
            }
            // An earlier datagram of ours met a closed port or no way at all.
            catch (SocketException) when (!cancellation.IsCancellationRequested)
            {
                await Task.Delay(FaultPause, context.Time, cancellation);
            }
        }
    }

    private async ValueTask TakeAsync(
        ReadOnlyMemory<byte> datagram, EndPoint from, CancellationToken cancellation)
    {
        if (datagram.Length > Frame.DatagramBytesMax)
            Ignore(from, $"it is longer than {Frame.DatagramBytesMax} bytes");
        else if (!DatagramFormat.TryRead(
            datagram.Span, cluster, out var sender, out var message, out var fault))
            Ignore(from, fault);
        else if (sender == context.Self)
            Ignore(from, $"it says that it is from {sender}, which is this node");
        else if (await context.Mailbox.PostAsync(new NodeInput.Received(sender, message!), cancellation))
            context.Metrics.DatagramReceived();
    }

    // Anyone can send any number of them: all are counted, few are told.
    private void Ignore(EndPoint from, string reason)
    {
        context.Metrics.DatagramIgnored();
        var now = context.Time.GetTimestamp();
        if (_logged is { } last && context.Time.GetElapsedTime(last, now) < LogInterval) return;
        _logged = now;
        ShellLog.DatagramIgnored(context.Logger, context.Self, from.ToString() ?? "?", reason);
    }

    private static async Task UntilCancelled(Task work)
    {
        try
        {
            await work;
        }
        catch (Exception e)
            when (e is OperationCanceledException or ObjectDisposedException or SocketException)
        {
            // This node is closing.
        }
    }
}
