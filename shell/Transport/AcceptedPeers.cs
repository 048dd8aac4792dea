using System.Net.Sockets;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Nodes;
using Hyperscale.Det.Protocol;
using Hyperscale.Det.Shell.Telemetry;

namespace Hyperscale.Det.Shell.Transport;

/// <summary>The peers that are connected here: one connection each, the newest.</summary>
/// <remarks>A peer without an address is sent to over the connection that it opened. While there is none,
/// what is sent to it is lost, and the node is told so as soon as there is one again.</remarks>
/// <param name="isDialed">Whether a peer has an address, so that its connection here only brings
/// messages.</param>
/// <param name="onSeen">Told of every peer that connects.</param>
internal sealed class AcceptedPeers(
    TransportContext context, Func<NodeId, bool> isDialed, Action<NodeId> onSeen)
{
    private const int MissedMax = 4096;

    private readonly object _gate = new();
    private readonly Dictionary<NodeId, Entry> _entries = [];
    private readonly HashSet<NodeId> _missed = [];
    private bool _isClosed;

    /// <summary>Queues a message for a peer that connected here.</summary>
    /// <returns>The queue, to be woken; null when the message is lost.</returns>
    public SendQueue? Enqueue(NodeId to, ReadOnlySpan<byte> payload, Message message)
    {
        SendQueue? queue = null;
        lock (_gate)
        {
            if (!_entries.TryGetValue(to, out var entry))
            {
                if (_missed.Count < MissedMax) _missed.Add(to);
                context.Metrics.Dropped(1);
            }
            else if (entry.Queue!.TryAdd(payload, message))
                queue = entry.Queue;
        }

        if (queue is null && message is Message.ClientCall call)
            context.Mailbox.Signal(new NodeInput.SendFailed(to, call));
        return queue;
    }

    /// <summary>Serves a peer's connection to its end. An older one of the same peer ends first, so that
    /// nothing of it is delivered later.</summary>
    public async Task ServeAsync(
        Socket socket, FrameReader frames, Hello hello, string address, CancellationToken cancellation)
    {
        var peer = hello.Node;
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var options = context.Options;
        var queue = isDialed(peer) ? null : new SendQueue(options.QueueMessagesMax, options.QueueBytesMax);
        var entry = new Entry(queue, ending);
        var (older, hasMissed) = Enter(peer, entry);
        try
        {
            if (older is not null) await older.Ended.Task;
            if (hasMissed) context.Mailbox.Signal(new NodeInput.PeerLost(peer));
            onSeen(peer);
            ShellLog.PeerAccepted(context.Logger, context.Self, peer, address, hello.Boot);
            context.Metrics.Connected(1);
            var session = new PeerSession(socket, frames, peer, context);
            var reason = await session.RunAsync(queue, ending.Token);
            context.Metrics.Connected(-1);
            ShellLog.PeerDisconnected(context.Logger, context.Self, peer.Name, address, reason);
            Leave(peer, entry);
            if (queue is not null) context.TellLost(peer, queue, session.HasSent);
        }
        finally
        {
            Leave(peer, entry);
            entry.Ended.SetResult();
        }
    }

    /// <summary>Sends what is queued and ends every connection; those that only bring messages at
    /// once.</summary>
    public void Close()
    {
        lock (_gate)
        {
            _isClosed = true;
            foreach (var entry in _entries.Values) entry.Close();
        }
    }

    public void Abort()
    {
        lock (_gate)
        {
            _isClosed = true;
            foreach (var entry in _entries.Values) entry.Queue?.Abort();
        }
    }

    private (Entry? Older, bool HasMissed) Enter(NodeId peer, Entry entry)
    {
        lock (_gate)
        {
            if (_entries.Remove(peer, out var older)) _ = older.Ending.CancelAsync();
            _entries.Add(peer, entry);
            if (_isClosed) entry.Close();
            return (older, _missed.Remove(peer));
        }
    }

    private void Leave(NodeId peer, Entry entry)
    {
        lock (_gate)
        {
            if (_entries.TryGetValue(peer, out var current) && current == entry) _entries.Remove(peer);
        }

        entry.Queue?.Close();
    }

    private sealed record Entry(SendQueue? Queue, CancellationTokenSource Ending)
    {
        public TaskCompletionSource Ended { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public void Close()
        {
            if (Queue is not null) Queue.Close();
            else _ = Ending.CancelAsync();
        }
    }
}
