using System.Net;
using System.Net.Sockets;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Shell.Config;

namespace Hyperscale.Det.Shell.Transport;

/// <summary>Peers' addresses as the system sends datagrams to; a host's name is looked up anew after a
/// while.</summary>
internal sealed class PeerEndPoints(IReadOnlyDictionary<NodeId, PeerAddress> addresses, TimeProvider time)
{
    private static readonly TimeSpan KnownFor = TimeSpan.FromSeconds(30);

    private readonly Dictionary<NodeId, (IPEndPoint EndPoint, long At)> _known = [];

    /// <summary>Where a peer is, in the given family.</summary>
    /// <exception cref="SocketException">Nobody knows.</exception>
    public async ValueTask<IPEndPoint> FindAsync(
        NodeId peer, AddressFamily family, CancellationToken cancellation)
    {
        if (_known.TryGetValue(peer, out var known) && time.GetElapsedTime(known.At) < KnownFor)
            return known.EndPoint;
        if (!addresses.TryGetValue(peer, out var address))
            throw new SocketException((int)SocketError.HostNotFound);
        var found = await Dns.GetHostAddressesAsync(address.Host, cancellation);
        var fitting = found.Select(ip => family == AddressFamily.InterNetworkV6 ? ip.MapToIPv6() : ip)
            .FirstOrDefault(ip => ip.AddressFamily == family)
            ?? throw new SocketException((int)SocketError.HostNotFound);
        var endpoint = new IPEndPoint(fitting, address.Port);
        _known[peer] = (endpoint, time.GetTimestamp());
        return endpoint;
    }
}
