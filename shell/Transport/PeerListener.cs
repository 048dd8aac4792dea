using System.Net;
using System.Net.Sockets;

namespace Hyperscale.Det.Shell.Transport;

/// <summary>The address at which a node's peers find it: a port of TCP and the same one of UDP.</summary>
public sealed class PeerListener : IDisposable
{
    private const int AnyPortTries = 64;

    // Below the ports that the system gives to outgoing connections and to whoever asks for any: a port from
    // here is still free when a node comes back to it.
    private const int LastingPortMin = 16_384;
    private const int LastingPortMax = 32_767;

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
        SocketError error;
        var tries = 0;
        // A port that is free for one protocol need not be for the other.
        do
        {
            if (TryBind(address, out error) is { } listener) return listener;
        }
        while (address.Port == 0 && ++tries < AnyPortTries);
        throw new AddressException(
            $"peers cannot be listened to at {address}: {SocketFaults.Describe(error)}; an address of this "
            + "machine is needed whose port no other program uses, neither of TCP nor of UDP");
    }

    /// <summary>Takes a free port that a node can give back and take again.</summary>
    /// <exception cref="AddressException">None can be had.</exception>
    public static PeerListener BindLasting(IPAddress address)
    {
        for (var tries = 1; tries <= AnyPortTries; tries++)
        {
            var port = Random.Shared.Next(LastingPortMin, LastingPortMax + 1);
            if (TryBind(new IPEndPoint(address, port), out _) is { } listener) return listener;
        }

        return Bind(new IPEndPoint(address, 0));
    }

    public void Dispose()
    {
        Stream.Dispose();
        Datagrams.Dispose();
    }

    private static PeerListener? TryBind(IPEndPoint address, out SocketError error)
    {
        var stream = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        Socket? datagrams = null;
        try
        {
            // All addresses of the machine, those of both families.
            if (address.Address.Equals(IPAddress.IPv6Any)) stream.DualMode = true;
            stream.Bind(address);
            stream.Listen(PendingMax);
            datagrams = new Socket(address.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
            if (address.Address.Equals(IPAddress.IPv6Any)) datagrams.DualMode = true;
            datagrams.Bind(stream.LocalEndPoint!);
            error = SocketError.Success;
            return new PeerListener(stream, datagrams);
        }
        catch (SocketException e)
        {
            stream.Dispose();
            datagrams?.Dispose();
            error = e.SocketErrorCode;
            return null;
        }
    }
}

/// <summary>An address that cannot be listened at; the message names it and says why.</summary>
public sealed class AddressException(string message) : IOException(message);
