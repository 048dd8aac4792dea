using System.Net;
using System.Threading.Channels;
using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Nodes;
using Hyperscale.Det.Protocol;
using Hyperscale.Det.Shell.Config;
using Hyperscale.Det.Shell.Hosting;
using Hyperscale.Det.Shell.Telemetry;
using Hyperscale.Det.Shell.Transport;
using Hyperscale.Det.Tests.Shell.Hosting;

namespace Hyperscale.Det.Tests.Shell.Transport;

/// <summary>A real host and transport on loopback around a node that only takes down what it is
/// told.</summary>
internal sealed class TestPeer : IAsyncDisposable
{
    public static readonly NodeId GateOne = NodeId.Of("gate-1");
    public static readonly NodeId GateTwo = NodeId.Of("gate-2");
    public static readonly NodeId Manager = NodeId.Of("manager-1");
    public static readonly NodeId Worker = NodeId.Of("worker-1");

    public static readonly Topology Topology =
        new("test", [GateOne, GateTwo], [new DatacenterTopology("dc-a", [Manager])]);

    public static readonly TransportOptions Quick = TransportOptions.Default with
    {
        BackoffMin = TimeSpan.FromMilliseconds(10),
        BackoffMax = TimeSpan.FromMilliseconds(100),
    };

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly Channel<NodeInput> _inputs = Channel.CreateUnbounded<NodeInput>();
    private readonly ChannelMailbox<NodeInput> _mailbox;
    private readonly MetricsRegistry _metrics = new();

    private TestPeer(
        NodeId id, NodeRole role, PeerListener? listener,
        IReadOnlyDictionary<NodeId, PeerAddress> addresses, TransportOptions options, int mailboxBound,
        Action<NodeInput>? onInput)
    {
        _mailbox = new ChannelMailbox<NodeInput>(mailboxBound);
        Address = listener is null ? null : PeerAddress.Of(listener.Address);
        var datacenter = role is NodeRole.Manager or NodeRole.Worker ? "dc-a" : "";
        Transport = new PeerTransport(new PeerTransportParts(
            id, role, datacenter, Topology, addresses, listener, _mailbox, options, _metrics.Meter,
            TimeProvider.System, Log));
        var node = new ScriptedNode((input, _) =>
        {
            _inputs.Writer.TryWrite(input);
            onInput?.Invoke(input);
        });
        Host = NodeHost.Start(new NodeHostParts(
            node, _mailbox, Transport, _ => new NoLog(), null, new NoTelemetry(), null, TimeProvider.System,
            NodeHostOptions.Default with { BatchMax = 4 }, Log));
    }

    public NodeHost Host { get; }

    public PeerTransport Transport { get; }

    public PeerAddress? Address { get; }

    public LogLines Log { get; } = new();

    public string Metrics => _metrics.Write();

    /// <summary>A peer that others can dial.</summary>
    public static TestPeer Listening(
        NodeId id, NodeRole role, IReadOnlyDictionary<NodeId, PeerAddress>? knows = null,
        PeerListener? listener = null,
        TransportOptions? options = null, int mailboxBound = 256, Action<NodeInput>? onInput = null)
    {
        var peer = new TestPeer(
            id, role, listener ?? AnyPort(), knows ?? Addresses(), options ?? Quick, mailboxBound, onInput)
        {
            Id = id,
        };
        peer.Transport.Start(peer.Host.Boot);
        return peer;
    }

    /// <summary>A peer that only dials.</summary>
    public static TestPeer Dialing(
        NodeId id, NodeRole role, IReadOnlyDictionary<NodeId, PeerAddress> knows,
        TransportOptions? options = null)
    {
        var peer = new TestPeer(id, role, null, knows, options ?? Quick, 256, null) { Id = id };
        peer.Transport.Start(peer.Host.Boot);
        return peer;
    }

    public required NodeId Id { get; init; }

    public static PeerListener AnyPort() => PeerListener.BindLasting(IPAddress.Loopback);

    public static IReadOnlyDictionary<NodeId, PeerAddress> Addresses(params TestPeer[] peers) =>
        peers.ToDictionary(peer => peer.Id, peer => peer.Address!);

    public static Message.ClientCall Call(long id) => new(id, 0, new ClientRequest.GetJob(new JobId(1, id)));

    public static Message.SlotStarted Slot(int number) =>
        new(new SlotKey(new JobId(1, number), 0, 1));

    public void Send(NodeId to, Message message) => Transport.Send(to, message);

    /// <summary>The next input of a kind; others before it are skipped.</summary>
    public async Task<T> NextAsync<T>()
        where T : NodeInput
    {
        using var late = new CancellationTokenSource(Patience);
        while (true)
            if (await _inputs.Reader.ReadAsync(late.Token) is T input) return input;
    }

    /// <summary>The next message is this one, from there.</summary>
    public async Task ReceivesAsync(NodeId from, Message message) =>
        Assert.Equal(new NodeInput.Received(from, message), await NextAsync<NodeInput.Received>());

    /// <summary>The next failure to send is that of this message.</summary>
    public async Task FailsAsync(NodeId to, Message message) =>
        Assert.Equal(new NodeInput.SendFailed(to, message), await NextAsync<NodeInput.SendFailed>());

    public async Task<Message> NextMessageAsync() => (await NextAsync<NodeInput.Received>()).Message;

    public async ValueTask DisposeAsync()
    {
        await Host.StopAsync();
        await Transport.StopAsync();
        _mailbox.Dispose();
        _metrics.Dispose();
    }
}
