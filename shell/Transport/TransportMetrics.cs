using System.Diagnostics.Metrics;
using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Shell.Transport;

/// <summary>What a node sends, receives and loses.</summary>
internal sealed class TransportMetrics
{
    private readonly KeyValuePair<string, object?> _node;
    private readonly Counter<long> _messagesSent;
    private readonly Counter<long> _bytesSent;
    private readonly Counter<long> _messagesReceived;
    private readonly Counter<long> _messagesDropped;
    private readonly UpDownCounter<long> _connections;
    private readonly Counter<long> _refused;
    private readonly Counter<long> _dialsFailed;
    private readonly Counter<long> _datagramsSent;
    private readonly Counter<long> _datagramsReceived;
    private readonly Counter<long> _datagramsIgnored;

    public TransportMetrics(Meter meter, NodeId node)
    {
        _node = new("node", node.Name);
        _messagesSent = Counter(meter, "hyperscale.peers.messages.sent", "Messages given to a connection");
        _bytesSent = meter.CreateCounter<long>("hyperscale.peers.sent", "By", "Bytes given to a connection");
        _messagesReceived = Counter(
            meter, "hyperscale.peers.messages.received", "Messages given to the node");
        _messagesDropped = Counter(meter, "hyperscale.peers.messages.dropped", "Messages that found no room");
        _connections = meter.CreateUpDownCounter<long>(
            "hyperscale.peers.connections", null, "Connections open after their handshake");
        _refused = Counter(meter, "hyperscale.peers.refused", "Connections refused at their handshake");
        _dialsFailed = Counter(meter, "hyperscale.peers.dials.failed", "Connections that did not come about");
        _datagramsSent = Counter(meter, "hyperscale.datagrams.sent", "Datagrams sent");
        _datagramsReceived = Counter(meter, "hyperscale.datagrams.received", "Datagrams given to the node");
        _datagramsIgnored = Counter(
            meter, "hyperscale.datagrams.ignored", "Datagrams that were malformed or foreign");
    }

    public void Sent(int messages, long bytes)
    {
        _messagesSent.Add(messages, _node);
        _bytesSent.Add(bytes, _node);
    }

    public void Received(int messages) => _messagesReceived.Add(messages, _node);

    public void Dropped(int messages) => _messagesDropped.Add(messages, _node);

    public void Connected(int change) => _connections.Add(change, _node);

    public void Refused() => _refused.Add(1, _node);

    public void DialFailed() => _dialsFailed.Add(1, _node);

    public void DatagramSent() => _datagramsSent.Add(1, _node);

    public void DatagramReceived() => _datagramsReceived.Add(1, _node);

    public void DatagramIgnored() => _datagramsIgnored.Add(1, _node);

    private static Counter<long> Counter(Meter meter, string name, string what) =>
        meter.CreateCounter<long>(name, null, what);
}
