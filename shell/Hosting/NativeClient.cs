using System.Security.Cryptography;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Nodes;
using Hyperscale.Det.Protocol;
using Hyperscale.Det.Shell.Config;

namespace Hyperscale.Det.Shell.Hosting;

/// <summary>A client that speaks the nodes' own protocol with the gates of a cluster.</summary>
public sealed class NativeClient : IAsyncDisposable
{
    private readonly RunningNode _node;

    private NativeClient(RunningNode node) => _node = node;

    public NodeId Id => _node.Id;

    /// <summary>Starts a client under a name that no other has.</summary>
    /// <param name="addresses">Where the gates of <paramref name="topology"/> are.</param>
    public static NativeClient Start(
        Topology topology, IReadOnlyDictionary<NodeId, PeerAddress> addresses, NodeServices services)
    {
        var id = NodeId.Of($"client-{RandomNumberGenerator.GetHexString(16, lowercase: true)}");
        var plan = NodePlan.OfClient(id, topology, addresses, services);
        return new NativeClient(RunningNode.Start(plan, services, listener: null));
    }

    /// <summary>Asks the gates, one after another where the first cannot be asked.</summary>
    public Task<ClientResponse> AskAsync(ClientRequest request, CancellationToken cancellation) =>
        _node.AskAsync(request, cancellation);

    public ValueTask DisposeAsync() => _node.DisposeAsync();
}
