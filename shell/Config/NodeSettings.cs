using System.Globalization;
using System.Net;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Nodes;
using Hyperscale.Det.Protocol;

namespace Hyperscale.Det.Shell.Config;

/// <summary>What a configuration file says about one node and the cluster it belongs to.</summary>
/// <param name="Datacenter">Empty on gates.</param>
/// <param name="Listen">Where peers connect; null on workers that only dial.</param>
/// <param name="HttpListen">Where clients connect; gates only.</param>
/// <param name="DataDirectory">Absolute path of the log's directory; empty on workers.</param>
/// <param name="Cores">Cores that a worker offers; 0 on other nodes.</param>
public sealed record NodeSettings(
    NodeId Id,
    NodeRole Role,
    string Datacenter,
    IPEndPoint? Listen,
    IPEndPoint? HttpListen,
    string DataDirectory,
    int Cores,
    Topology Topology,
    IReadOnlyDictionary<NodeId, PeerAddress> Addresses,
    ReadSettings Settings);

/// <summary>Where a peer is dialled: a host name or IP address and a port.</summary>
public sealed record PeerAddress(string Host, int Port)
{
    /// <summary>What <see cref="TryParse"/> accepts, for error messages.</summary>
    public const string Grammar =
        "host:port with a host name or IP address (IPv6 in brackets) and a port from 1 to 65535";

    public static bool TryParse(string text, out PeerAddress address)
    {
        address = null!;
        var colon = text.LastIndexOf(':');
        if (colon <= 0) return false;
        var host = text[..colon];
        var digits = text.AsSpan(colon + 1);
        var isPort = ushort.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var port);
        if (!isPort) return false;
        var isBracketed = host.StartsWith('[') && host.EndsWith(']');
        if (isBracketed) host = host[1..^1];
        var kind = Uri.CheckHostName(host);
        if (port == 0 || kind == UriHostNameType.Unknown) return false;
        if (isBracketed != (kind == UriHostNameType.IPv6)) return false;
        address = new PeerAddress(host, port);
        return true;
    }

    public static PeerAddress Of(IPEndPoint endpoint) => new(endpoint.Address.ToString(), endpoint.Port);

    public override string ToString() => Host.Contains(':', StringComparison.Ordinal)
        ? string.Create(CultureInfo.InvariantCulture, $"[{Host}]:{Port}")
        : string.Create(CultureInfo.InvariantCulture, $"{Host}:{Port}");
}

/// <summary>A configuration that cannot be used; the message names the file, every fault in it and what is
/// allowed.</summary>
public sealed class ConfigException(string message) : Exception(message);
