using System.Net.Sockets;

namespace Hyperscale.Det.Shell.Transport;

/// <summary>How every connection between nodes is set.</summary>
internal static class SocketSettings
{
    private const int UnconfirmedMax = 18;
    private const int KeepAliveSeconds = 5;

    public static void Apply(Socket socket, TransportOptions options)
    {
        socket.NoDelay = true;
        // A peer whose machine is gone says nothing: its silence ends the connection.
        socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime, KeepAliveSeconds);
        socket.SetSocketOption(
            SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveInterval, KeepAliveSeconds);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveRetryCount, 2);
        // Linux's TCP_USER_TIMEOUT, in milliseconds: as long what is sent may go unconfirmed.
        socket.SetRawSocketOption(
            (int)SocketOptionLevel.Tcp, UnconfirmedMax,
            BitConverter.GetBytes((int)options.StallMax.TotalMilliseconds));
    }
}
