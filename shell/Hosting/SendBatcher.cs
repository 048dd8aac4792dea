using Hyperscale.Det.Kernel;
using Hyperscale.Det.Protocol;
using Hyperscale.Det.Replication;

namespace Hyperscale.Det.Shell.Hosting;

/// <summary>What a host sends at the end of a batch of inputs. The replicas' messages to one peer, of all its
/// steps, leave as one: each costs both ends a wake-up, a frame and a step.</summary>
/// <remarks>To each peer everything leaves in the order given. What is gathered into one message is as much
/// as replicas put into one themselves.</remarks>
internal sealed class SendBatcher(IPeerTransport transport)
{
    private const int MessagesMax = GroupMessage.CountMax / 2;
    private const long CommandBytesMax = 1024 * 1024;

    private readonly List<(NodeId To, Message Message)> _sends = [];
    private readonly Dictionary<NodeId, Gathering> _gatherings = [];

    public void Add(NodeId to, Message message)
    {
        if (message is not Message.Replication replication)
        {
            _gatherings.Remove(to);
            _sends.Add((to, message));
            return;
        }

        var bytes = 0L;
        foreach (var part in replication.Messages) bytes += part.CommandBytes;
        if (_gatherings.TryGetValue(to, out var gathering) && gathering.TryAdd(replication, bytes))
        {
            _sends[gathering.Place] = (to, gathering.Whole);
            return;
        }

        _gatherings[to] = new Gathering(_sends.Count, replication, bytes);
        _sends.Add((to, replication));
    }

    /// <summary>Gives everything to the transport.</summary>
    public void Flush()
    {
        if (_sends.Count > 0) transport.SendAll(_sends);
        Clear();
    }

    /// <summary>Drops everything.</summary>
    public void Clear()
    {
        _sends.Clear();
        _gatherings.Clear();
    }

    /// <summary>Messages of replicas to one peer that nothing else to it has followed.</summary>
    private sealed class Gathering(int place, Message.Replication first, long bytes)
    {
        private List<GroupMessage>? _messages;
        private long _bytes = bytes;

        /// <summary>Its index among what is sent.</summary>
        public int Place { get; } = place;

        public Message.Replication Whole { get; private set; } = first;

        public bool TryAdd(Message.Replication next, long bytes)
        {
            if (Whole.Messages.Count + next.Messages.Count > MessagesMax) return false;
            if (_bytes + bytes > CommandBytesMax) return false;
            if (_messages is null) Whole = new Message.Replication(_messages = [.. Whole.Messages]);
            _messages.AddRange(next.Messages);
            _bytes += bytes;
            return true;
        }
    }
}
