using System.Diagnostics.Metrics;
using System.Net;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Nodes;
using Hyperscale.Det.Protocol;
using Hyperscale.Det.Shell.Config;
using Hyperscale.Det.Shell.Hosting;
using Hyperscale.Det.Shell.Telemetry;
using Hyperscale.Det.Wire;

namespace Hyperscale.Det.Shell.Transport;

/// <summary>What a transport works with.</summary>
/// <param name="Datacenter">Empty on gates and clients.</param>
/// <param name="Addresses">The peers that are dialed; all others are sent to over connections they
/// opened.</param>
/// <param name="Listener">Where peers connect; owned by the transport. Null on nodes that only dial.</param>
/// <param name="Mailbox">Where what is received goes.</param>
public sealed record PeerTransportParts(
    NodeId Self,
    NodeRole Role,
    string Datacenter,
    Topology Topology,
    IReadOnlyDictionary<NodeId, PeerAddress> Addresses,
    PeerListener? Listener,
    IMailbox<NodeInput> Mailbox,
    TransportOptions Options,
    Meter Meter,
    TimeProvider Time,
    ILogger Logger);

/// <summary>A node's connections with its peers, over TCP, and its datagrams, over UDP.</summary>
/// <remarks>Messages can be sent from the beginning; they leave once <see cref="Start"/> said which boot of
/// the node this is.</remarks>
public sealed class PeerTransport : IPeerTransport, IAsyncDisposable
{
    // A larger buffer than usual messages need is not kept.
    private const int WriterBytesMax = 1024 * 1024;
    private const int TogetherMax = 256;

    private readonly PeerTransportParts _parts;
    private readonly TransportContext _context;
    private readonly AcceptedPeers _accepted;
    private readonly Dictionary<NodeId, DialedPeer> _dialed;
    private readonly DatagramSocket _datagrams;
    private readonly CancellationTokenSource _stopping = new();
    private readonly CancellationTokenSource _ending = new();
    private readonly object _encoding = new();
    private readonly List<Task> _running = [];
    private FieldWriter _writer = new();
    private volatile bool _isAborted;
    private bool _isStopped;

    public PeerTransport(PeerTransportParts parts)
    {
        _parts = parts;
        _context = new TransportContext(
            parts.Self, parts.Options, parts.Mailbox, new OpenSockets(),
            new TransportMetrics(parts.Meter, parts.Self), parts.Time, parts.Logger);
        _dialed = parts.Addresses.Where(peer => peer.Key != parts.Self)
            .ToDictionary(peer => peer.Key, peer => new DialedPeer(peer.Key, peer.Value, _context));
        _accepted = new AcceptedPeers(_context, _dialed.ContainsKey, OnSeen);
        _datagrams = new DatagramSocket(
            parts.Listener?.Datagrams ?? DatagramSocket.Unbound(), parts.Topology.ClusterId,
            new PeerEndPoints(parts.Addresses, parts.Time), _context);
    }

    /// <summary>Where peers connect; null on a node that only dials.</summary>
    public IPEndPoint? Address => _parts.Listener?.Address;

    /// <summary>Fails when a part of the transport does, through a fault of ours: the node must
    /// end.</summary>
    public Task Failure => _context.Failure;

    /// <summary>Begins to accept and to dial.</summary>
    public void Start(BootId boot)
    {
        var topology = _parts.Topology;
        var own = new Hello(
            ProtocolVersion.Current, topology.ClusterId, _parts.Role, _parts.Datacenter, _parts.Self, boot);
        var handshake = new PeerHandshake(own, topology.Members);
        foreach (var peer in _dialed.Values) Run(() => peer.RunAsync(handshake, _ending.Token));
        Run(() => _datagrams.RunAsync(boot, _stopping.Token));
        if (_parts.Listener is null) return;
        var acceptor = new PeerAcceptor(_parts.Listener.Stream, handshake, _accepted, _context);
        Run(() => acceptor.RunAsync(_stopping.Token, _ending.Token));
    }

    /// <inheritdoc/>
    public void Send(NodeId to, Message message) => Enqueue(to, message)?.Wake();

    /// <inheritdoc/>
    public void SendAll(IReadOnlyList<(NodeId To, Message Message)> sends)
    {
        // A node sends to few peers at a time.
        var queues = new List<SendQueue>();
        for (var i = 0; i < sends.Count; i++)
        {
            var queue = Enqueue(sends[i].To, sends[i].Message);
            if (queue is not null && !queues.Contains(queue)) queues.Add(queue);
            // Before their queues are full.
            if (i < sends.Count - 1 && (i + 1) % TogetherMax != 0) continue;
            foreach (var filled in queues) filled.Wake();
            queues.Clear();
        }
    }

    /// <summary>Gives the queue that has the message and is to be woken; null when the message is lost.
    /// </summary>
    private SendQueue? Enqueue(NodeId to, Message message)
    {
        Invariant.Holds(to != _parts.Self);
        if (_isAborted) return null;
        lock (_encoding)
        {
            _writer.Clear();
            MessageCodec.Encode(message, _writer);
            SendQueue? queue = null;
            if (_writer.Length > Frame.PayloadBytesMax) OnTooLarge(to, message, Frame.PayloadBytesMax);
            else if (_dialed.TryGetValue(to, out var peer)) queue = peer.Enqueue(_writer.Written, message);
            else queue = _accepted.Enqueue(to, _writer.Written, message);
            if (_writer.Length > WriterBytesMax) _writer = new FieldWriter();
            return queue;
        }
    }

    /// <inheritdoc/>
    public void SendDatagram(NodeId to, Message message)
    {
        Invariant.Holds(to != _parts.Self);
        if (!_isAborted) _datagrams.Send(to, message);
    }

    /// <inheritdoc/>
    public void Abort()
    {
        _isAborted = true;
        foreach (var peer in _dialed.Values) peer.Abort();
        _accepted.Abort();
        _datagrams.Dispose();
        _context.Sockets.Abort();
        _ = _stopping.CancelAsync();
        _ = _ending.CancelAsync();
    }

    /// <summary>Sends what is queued, for a bounded time, and closes every connection.</summary>
    public async Task StopAsync()
    {
        if (_isStopped) return;
        _isStopped = true;
        await _stopping.CancelAsync();
        foreach (var peer in _dialed.Values) peer.Close();
        _accepted.Close();
        var ended = Task.WhenAll([.. _running, _context.Sockets.EmptyAsync()]);
        try
        {
            await ended.WaitAsync(_parts.Options.FlushWithin, _parts.Time);
        }
        // Who has not read everything by now is cut off.
        catch (TimeoutException)
        {
        }

        Abort();
        await ended;
        _parts.Listener?.Dispose();
    }

    public async ValueTask DisposeAsync() => await StopAsync();

    private void Run(Func<Task> work) => _running.Add(Task.Run(() => _context.GuardAsync(work)));

    private void OnSeen(NodeId peer)
    {
        if (_dialed.TryGetValue(peer, out var dialed)) dialed.OnSeen();
    }

    private void OnTooLarge(NodeId to, Message message, int max)
    {
        ShellLog.MessageTooLarge(
            _parts.Logger, _parts.Self, message.GetType().Name, to, _writer.Length, max);
        if (message is Message.ClientCall call) _parts.Mailbox.Signal(new NodeInput.SendFailed(to, call));
    }
}
