using System.Net;
using System.Net.Sockets;

namespace Hyperscale.Det.Shell.Transport;

/// <summary>The address at which a node's peers find it: a port of TCP and the same one of UDP.</summary>
public sealed class PeerListener : IDisposable
{
    private const int AnyPortTries = 32;
    private const int PendingMax = 512;

    private PeerListener(Socket stream, Socket datagrams)
    {
        Stream = stream;
        Datagrams = datagrams;
        Address = (IPEndPoint)stream.LocalEndPoint!;
    }

    /// <summary>Where it listens, with the port that was taken where any would do.</summary>
    public IPEndPoint Address { get; }

    internal Socket Stream { get; }

    internal Socket Datagrams { get; }

    /// <summary>Takes an address; port 0 takes a free one.</summary>
    /// <exception cref="AddressException">It cannot be had; the message says why.</exception>
    public static PeerListener Bind(IPEndPoint address)
    {
        for (var tries = 1; ; tries++)
        {
            var stream = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            Socket? datagrams = null;
            try
            {
                stream.Bind(address);
                stream.Listen(PendingMax);
                datagrams = new Socket(address.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
                datagrams.Bind(stream.LocalEndPoint!);
                return new PeerListener(stream, datagrams);
            }
            catch (SocketException e)
            {
                stream.Dispose();
                datagrams?.Dispose();
                // A port that is free for one protocol need not be for the other.
                if (address.Port == 0 && tries < AnyPortTries) continue;
                throw new AddressException(
                    $"peers cannot be listened to at {address}: {SocketFaults.Describe(e.SocketErrorCode)}; "
                    + "an address of this machine is needed whose port no other program uses, neither of "
                    + "TCP nor of UDP");
            }
        }
    }

    public void Dispose()
    {
        Stream.Dispose();
        Datagrams.Dispose();
    }
}

/// <summary>An address that cannot be listened at; the message names it and says why.</summary>
public sealed class AddressException(string message) : IOException(message);
