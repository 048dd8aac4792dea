using System.Net.Sockets;
using Hyperscale.Det.Shell.Telemetry;

namespace Hyperscale.Det.Shell.Transport;

/// <summary>Takes connections and hands those that pass the handshake on.</summary>
internal sealed class PeerAcceptor(
    Socket listener, PeerHandshake handshake, AcceptedPeers peers, TransportContext context)
{
    private static readonly TimeSpan FaultPause = TimeSpan.FromMilliseconds(100);

    /// <summary>Accepts until <paramref name="accepting"/> is cancelled; connections live on until
    /// <paramref name="serving"/> is. Never throws.</summary>
    public async Task RunAsync(CancellationToken accepting, CancellationToken serving)
    {
        while (!accepting.IsCancellationRequested)
        {
            try
            {
                Admit(await listener.AcceptAsync(accepting), serving);
            }
            catch (SocketException e) when (!accepting.IsCancellationRequested)
            {
                // Out of sockets, for example: those that end make room.
                ShellLog.AcceptFailed(context.Logger, context.Self, SocketFaults.Describe(e.SocketErrorCode));
                await Task.WhenAny(Task.Delay(FaultPause, context.Time, accepting));
            }
            catch (Exception e)
                when (e is SocketException or OperationCanceledException or ObjectDisposedException)
            {
                return;
            }
        }
    }

    private void Admit(Socket socket, CancellationToken serving)
    {
        if (context.Sockets.Count >= context.Options.SessionsMax)
        {
            Refuse("?", AddressOf(socket), $"{context.Options.SessionsMax} connections are open already");
            socket.Dispose();
            return;
        }

        if (!context.Sockets.TryAdd(socket)) return;
        // Also when this node is closing by now: whoever takes a socket must close it.
        _ = Task.Run(() => context.GuardAsync(() => ServeAsync(socket, serving)), CancellationToken.None);
    }

    private async Task ServeAsync(Socket socket, CancellationToken serving)
    {
        var address = AddressOf(socket);
        using var frames = new FrameReader(socket);
        try
        {
            SocketSettings.Apply(socket, context.Options);
            var greeting = await GreetAsync(socket, frames, serving);
            if (greeting.Hello is { } hello) await peers.ServeAsync(socket, frames, hello, address, serving);
            else Refuse(greeting.Name, address, greeting.Fault);
        }
        catch (SocketException e)
        {
            Refuse("?", address, SocketFaults.Describe(e.SocketErrorCode));
        }
        // This node is closing.
        catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException)
        {
        }
        finally
        {
            context.Sockets.Close(socket);
        }
    }

    private async Task<Greeting> GreetAsync(
        Socket socket, FrameReader frames, CancellationToken serving)
    {
        using var late = new CancellationTokenSource(context.Options.HandshakeWithin, context.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(late.Token, serving);
        try
        {
            return await handshake.AcceptAsync(socket, frames, either.Token);
        }
        catch (OperationCanceledException) when (!serving.IsCancellationRequested)
        {
            return Greeting.Late(context.Options.HandshakeWithin);
        }
    }

    private void Refuse(string peer, string address, string reason)
    {
        context.Metrics.Refused();
        ShellLog.PeerRefused(context.Logger, context.Self, peer, address, reason);
    }

    private static string AddressOf(Socket socket)
    {
        try
        {
            return socket.RemoteEndPoint?.ToString() ?? "?";
        }
        // It is gone again.
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            return "?";
        }
    }
}
