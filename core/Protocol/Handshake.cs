using System.Collections.Immutable;
using System.Diagnostics;
using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Protocol;

/// <summary>A node that the cluster's configuration names: a gate or a manager.</summary>
/// <param name="Datacenter">Empty for a gate.</param>
public sealed record ClusterMember(NodeId Node, NodeRole Role, string Datacenter);

/// <summary>Decides whether a peer that introduced itself may speak with this node.</summary>
/// <remarks>Gates speak with gates, managers and clients; managers with gates and with the managers and
/// workers of their datacenter. Gates and managers are those of the configuration; workers and clients take
/// any other id.</remarks>
public sealed class Handshake(Hello own, IReadOnlyList<ClusterMember> members)
{
    private readonly ImmutableSortedDictionary<NodeId, ClusterMember> _members =
        members.ToImmutableSortedDictionary(member => member.Node, member => member);

    /// <summary>Null when the peer is welcome, otherwise one sentence that names what was found and what is
    /// allowed.</summary>
    /// <param name="expected">The node that was dialed; null when the peer dialed.</param>
    public string? Refusal(Hello peer, NodeId? expected)
    {
        var name = $"{Word(peer.Role)} '{peer.Node}'";
        if (!own.Version.SpeaksWith(peer.Version))
            return $"{name} speaks protocol {peer.Version}; {own.Version.Major}.x is allowed";
        if (peer.ClusterId != own.ClusterId)
            return $"{name} is of cluster '{peer.ClusterId}'; only nodes of '{own.ClusterId}' are allowed";
        if (peer.Node == own.Node)
            return $"{name} uses this node's own id; every node of a cluster has an id of its own";
        if (expected is { } dialed && peer.Node != dialed)
            return $"{name} answered where '{dialed}' was dialed; only '{dialed}' is allowed there";
        return RoleRefusal(peer, name) ?? MembershipRefusal(peer, name) ?? DatacenterRefusal(peer, name);
    }

    private string? RoleRefusal(Hello peer, string name)
    {
        var allowed = PeersOf(own.Role);
        if (allowed.Contains(peer.Role)) return null;
        var words = string.Join(", ", allowed.Select(role => $"{Word(role)}s"));
        return $"{name} may not speak with a {Word(own.Role)}; allowed are {words}";
    }

    private string? MembershipRefusal(Hello peer, string name)
    {
        var isConfigured = peer.Role is NodeRole.Gate or NodeRole.Manager;
        if (!_members.TryGetValue(peer.Node, out var member))
            return isConfigured ? $"{name} is unknown; {Known(peer.Role)} are configured" : null;
        return member.Role == peer.Role
            ? null
            : $"{name} uses the id of a configured {Word(member.Role)}; another id is needed";
    }

    private string? DatacenterRefusal(Hello peer, string name)
    {
        if (_members.TryGetValue(peer.Node, out var member) && member.Datacenter != peer.Datacenter)
            return $"{name} says it is of datacenter '{peer.Datacenter}'; it is configured in "
                + $"'{member.Datacenter}'";
        // Gates and clients are of none; gates speak with the managers of all.
        if (own.Datacenter == "" || peer.Role is NodeRole.Gate or NodeRole.Client) return null;
        return peer.Datacenter == own.Datacenter
            ? null
            : $"{name} is of datacenter '{peer.Datacenter}'; only nodes of '{own.Datacenter}' are allowed";
    }

    private string Known(NodeRole role)
    {
        const int shownMax = 8;
        var known = _members.Values.Where(m => m.Role == role).Select(m => m.Node.Name).ToList();
        var shown = string.Join(", ", known.Take(shownMax));
        return known.Count > shownMax ? $"{shown} and {known.Count - shownMax} more" : shown;
    }

    private static ImmutableArray<NodeRole> PeersOf(NodeRole role) => role switch
    {
        NodeRole.Gate => [NodeRole.Gate, NodeRole.Manager, NodeRole.Client],
        NodeRole.Manager => [NodeRole.Gate, NodeRole.Manager, NodeRole.Worker],
        NodeRole.Worker => [NodeRole.Manager],
        NodeRole.Client => [NodeRole.Gate],
        _ => throw new UnreachableException($"unhandled {role}"),
    };

    private static string Word(NodeRole role) => role switch
    {
        NodeRole.Gate => "gate",
        NodeRole.Manager => "manager",
        NodeRole.Worker => "worker",
        NodeRole.Client => "client",
        _ => throw new UnreachableException($"unhandled {role}"),
    };
}
