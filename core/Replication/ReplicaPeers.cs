using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Replication;

/// <summary>Times of failure detection and leases among the nodes that share ledger groups.</summary>
/// <param name="HeartbeatInterval">Between two heartbeats to each of them.</param>
/// <param name="SuspectAfter">How long without a heartbeat a node counts as dead.</param>
/// <param name="LeaseTerm">How long an answered heartbeat, counted from its sending, lets a primary answer
/// for its groups alone. Shorter than <see cref="SuspectAfter"/> by more than clock rates differ, so that a
/// follower wants to leave a view only when the lease that it gave is over.</param>
public sealed record ReplicaTimes(Duration HeartbeatInterval, Duration SuspectAfter, Duration LeaseTerm)
{
    public static readonly ReplicaTimes Default = new(
        HeartbeatInterval: Duration.FromMilliseconds(500),
        SuspectAfter: Duration.FromMilliseconds(2500),
        LeaseTerm: Duration.FromSeconds(2));
}

/// <summary>A group and the view in which the sender follows the receiver.</summary>
/// <param name="Committed">The sender has committed up to here.</param>
/// <param name="WantsExit">It has asked to leave the view, or may have before it restarted, and supports no
/// lease in it.</param>
public readonly record struct FollowedView(int Group, long View, long Committed, bool WantsExit);

/// <summary>The nodes that share ledger groups with this one: who is heard of, and who follows this node in
/// which group until when. One heartbeat between two nodes serves all their groups.</summary>
internal sealed class ReplicaPeers
{
    /// <summary>Heartbeats whose answers still count.</summary>
    private const int HeartbeatsMax = 64;

    private readonly SortedDictionary<NodeId, Peer> _peers = [];
    private readonly Queue<(long Sequence, Instant At)> _sent = new();
    private readonly ReplicaTimes _times;
    private long _sequence;
    private Instant _heartbeatAt = Instant.Never;

    public ReplicaPeers(IEnumerable<NodeId> peers, ReplicaTimes times)
    {
        _times = times;
        foreach (var peer in peers) _peers.TryAdd(peer, new Peer());
    }

    public IReadOnlyCollection<NodeId> Nodes => _peers.Keys;

    public Instant NextDeadline
    {
        get
        {
            var next = _heartbeatAt;
            foreach (var peer in _peers.Values) next = Instant.Sooner(next, SuspectAt(peer));
            return next;
        }
    }

    /// <summary>Begins with everybody just heard of: who is not there is missed in time.</summary>
    /// <param name="firstSequence">Differs in every life of this node, so that answers to an earlier one's
    /// heartbeats are answers to nothing.</param>
    public void Begin(long firstSequence, Instant now)
    {
        _sequence = firstSequence;
        if (_peers.Count > 0) _heartbeatAt = now;
        foreach (var peer in _peers.Values) peer.HeardAt = now;
    }

    /// <summary>The lease of a group that this node begins to lead comes with the next heartbeat: it is due
    /// at this instant.</summary>
    public void HeartbeatAt(Instant now)
    {
        if (_peers.Count > 0) _heartbeatAt = Instant.Sooner(_heartbeatAt, now);
    }

    /// <summary>Whether heartbeats are due; they get <paramref name="sequence"/>.</summary>
    public bool TryHeartbeat(Instant now, out long sequence)
    {
        sequence = 0;
        if (_heartbeatAt > now) return false;
        sequence = ++_sequence;
        _heartbeatAt = now + _times.HeartbeatInterval;
        _sent.Enqueue((sequence, now));
        if (_sent.Count > HeartbeatsMax) _sent.Dequeue();
        return true;
    }

    /// <summary>The peer lives; true when it was suspected until here.</summary>
    public bool Hear(NodeId from, Instant now)
    {
        var peer = _peers[from];
        peer.HeardAt = now;
        var wasSuspect = peer.IsSuspect;
        peer.IsSuspect = false;
        return wasSuspect;
    }

    /// <summary>Notes until when the peer follows this node in which groups.</summary>
    public ReplicaVerdict Support(NodeId from, long sequence, IReadOnlyList<FollowedView> following)
    {
        var sent = _sent.FirstOrDefault(heartbeat => heartbeat.Sequence == sequence);
        if (sent.Sequence != sequence || sequence == 0) return ReplicaVerdict.Unexpected;
        var peer = _peers[from];
        if (sent.At < peer.SupportedAt) return ReplicaVerdict.Stale;
        peer.SupportedAt = sent.At;
        peer.Following = following;
        return ReplicaVerdict.Accepted;
    }

    /// <summary>Until when a quorum of the group's members, this node included, lets its primary answer
    /// alone.</summary>
    public Instant LeaseOf(int group, long view, NodeId self, IReadOnlyList<NodeId> members)
    {
        var quorum = (members.Count / 2) + 1;
        if (quorum == 1) return Instant.Never;
        var supports = new List<Instant>(members.Count);
        foreach (var member in members)
        {
            if (member == self || _peers[member] is not { } peer) continue;
            if (peer.Following.Any(one => one.Group == group && one.View == view && !one.WantsExit))
                supports.Add(peer.SupportedAt + _times.LeaseTerm);
        }

        if (supports.Count < quorum - 1) return new Instant(long.MinValue);
        supports.Sort();
        // This node's own support never ends.
        return supports[^(quorum - 1)];
    }

    /// <summary>Notes what membership says: it shortens the wait for somebody who has fallen
    /// silent.</summary>
    public void Judge(NodeId node, bool isDead)
    {
        if (_peers.TryGetValue(node, out var peer)) peer.IsThoughtDead = isDead;
    }

    /// <summary>Takes the next peer that was not heard of for too long.</summary>
    public bool TrySuspect(Instant now, out NodeId suspect)
    {
        suspect = default;
        foreach (var (node, peer) in _peers)
        {
            if (SuspectAt(peer) > now) continue;
            peer.IsSuspect = true;
            suspect = node;
            return true;
        }

        return false;
    }

    public void AddTo(ref Fingerprint fingerprint)
    {
        fingerprint.Add(_sequence);
        fingerprint.Add(_heartbeatAt);
        foreach (var (node, peer) in _peers)
        {
            fingerprint.Add(node);
            fingerprint.Add(peer.HeardAt);
            fingerprint.Add(peer.SupportedAt);
            fingerprint.Add(peer.IsSuspect);
            fingerprint.Add(peer.IsThoughtDead);
            foreach (var followed in peer.Following)
            {
                fingerprint.Add((long)followed.Group);
                fingerprint.Add(followed.View);
                fingerprint.Add(followed.Committed);
                fingerprint.Add(followed.WantsExit);
            }
        }
    }

    private Instant SuspectAt(Peer peer)
    {
        if (peer.IsSuspect) return Instant.Never;
        // Never before the lease that the peer may still hold is over, whatever membership says.
        var wait = peer.IsThoughtDead ? _times.LeaseTerm + (_times.LeaseTerm / 5) : _times.SuspectAfter;
        return peer.HeardAt + wait;
    }

    private sealed class Peer
    {
        public Instant HeardAt { get; set; } = Instant.Never;

        /// <summary>When the newest heartbeat was sent that the peer answered.</summary>
        public Instant SupportedAt { get; set; } = new(long.MinValue);

        public IReadOnlyList<FollowedView> Following { get; set; } = [];

        public bool IsSuspect { get; set; }

        public bool IsThoughtDead { get; set; }
    }
}
