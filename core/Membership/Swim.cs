using System.Diagnostics;
using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Membership;

/// <summary>Who of the configured members is alive: SWIM with Lifeguard's local health.</summary>
/// <remarks>It informs and decides nothing: quorums come from the configuration. A node that is slow itself
/// doubts itself first: it probes more slowly and waits longer before it calls others dead. Sources: Das et
/// al., "SWIM" (2002); Dadgar et al., "Lifeguard" (2017).</remarks>
public sealed partial class Swim : IMachine<SwimInput, SwimEffect, SwimVerdict>
{
    /// <summary>Lifeguard's worst local health: probe periods are nine times as long.</summary>
    public const int HealthMax = 8;

    private readonly SwimConfig _config;
    private readonly SortedDictionary<NodeId, Member> _members = [];
    private readonly DeadlineQueue<NodeId> _suspicions = new();
    private readonly Gossip _gossip = new();
    private Rng _rng = new(0);
    private long _silentAsked;
    private Incarnation _own;
    private int _health;
    private Instant _nextPushPull = Instant.Never;

    public Swim(SwimConfig config)
    {
        Invariant.Holds(config.IsValid);
        _config = config;
        foreach (var node in config.Members.Where(node => node != config.Self))
            _members.Add(node, new Member(node));
    }

    /// <summary>How little this node trusts itself: 0 when it is well, <see cref="HealthMax"/> at
    /// worst.</summary>
    public int Health => _health;

    /// <summary>This node's newest claim to be alive.</summary>
    public Incarnation Own => _own;

    /// <inheritdoc/>
    public Instant NextDeadline => Instant.Sooner(
        Instant.Sooner(_nextPushPull, _suspicions.NextDeadline),
        Instant.Sooner(ProbeDeadline, _relayDeadlines.NextDeadline));

    /// <summary>Every configured member but this node, with what is thought of it.</summary>
    public IEnumerable<(NodeId Node, MemberState State)> Others =>
        _members.Values.Select(member => (member.Node, member.State));

    public MemberState StateOf(NodeId node) =>
        node == _config.Self ? MemberState.Alive : _members[node].State;

    public Incarnation IncarnationOf(NodeId node) =>
        node == _config.Self ? _own : _members[node].Incarnation;

    /// <inheritdoc/>
    public SwimVerdict Step(SwimInput input, Instant now, Outbox<SwimEffect> outbox) => input switch
    {
        SwimInput.Started started => OnStarted(started, now, outbox),
        SwimInput.Received received => OnReceived(received.From, received.Message, now, outbox),
        SwimInput.Tick => OnTick(now, outbox),
        _ => throw new UnreachableException($"unhandled {input}"),
    };

    /// <inheritdoc/>
    public void CheckInvariants()
    {
        Invariant.Holds(_health is >= 0 and <= HealthMax);
        Invariant.Holds(_gossip.Count <= _members.Count + 1);
        Invariant.Holds(_relays.Count <= RelaysMax && _relays.Count == _relayDeadlines.Count);
        Invariant.Holds(_round.Count <= _members.Count);
        foreach (var member in _members.Values)
        {
            member.CheckInvariants();
            Invariant.Holds(_suspicions.TryGet(member.Node, out _) == (member.State == MemberState.Suspect));
            Invariant.Holds(member.Accusers <= _config.ConfirmationsMax + 1);
        }
    }

    /// <inheritdoc/>
    public void AddTo(ref Fingerprint fingerprint)
    {
        _own.AddTo(ref fingerprint);
        fingerprint.Add((long)_health);
        fingerprint.Add(_nextPushPull);
        foreach (var member in _members.Values) member.AddTo(ref fingerprint);
        _suspicions.AddTo(ref fingerprint, node => Rng.HashText(node.Name));
        _gossip.AddTo(ref fingerprint);
        AddProbesTo(ref fingerprint);
        _rng.AddTo(ref fingerprint);
        fingerprint.Add(_silentAsked);
    }

    private SwimVerdict OnStarted(SwimInput.Started started, Instant now, Outbox<SwimEffect> outbox)
    {
        Invariant.Holds(_own == default);
        _own = Incarnation.First(started.Boot);
        _rng = Rng.Stream(started.Seed, "swim", _config.Self.Name);
        if (_members.Count == 0) return SwimVerdict.Accepted;
        BeginProbing(now);
        _nextPushPull = now;
        return PushPullNow(now, outbox);
    }

    private SwimVerdict OnReceived(
        NodeId from, SwimMessage message, Instant now, Outbox<SwimEffect> outbox)
    {
        if (!_members.TryGetValue(from, out var sender)) return SwimVerdict.NotMember;
        // A start that does not know of an earlier one must hear of it, or nobody would believe it.
        var isBehind = message.Incarnation < sender.Incarnation;
        OnUpdate(new MemberUpdate(from, message.Incarnation, MemberState.Alive, from), now, outbox);
        foreach (var update in message.Updates)
        {
            var told = message is SwimMessage.PushPull ? Doubted(update, from) : update;
            OnUpdate(told, now, outbox);
        }

        return message switch
        {
            SwimMessage.Ping ping => OnPing(sender, ping, isBehind, outbox),
            SwimMessage.Ack ack => OnAck(sender, ack, now, outbox),
            SwimMessage.PingRequest request => OnPingRequest(from, request, now, outbox),
            SwimMessage.Nack nack => OnNack(from, nack),
            SwimMessage.PushPull push => OnPushPull(from, push, outbox),
            _ => throw new UnreachableException($"unhandled {message}"),
        };
    }

    private SwimVerdict OnTick(Instant now, Outbox<SwimEffect> outbox)
    {
        if (NextDeadline > now) return SwimVerdict.Accepted;
        if (now - NextDeadline >= _config.ProbePeriod) OnStalled(now);
        FireRelays(now, outbox);
        if (ProbeDeadline <= now) GoOnProbing(now, outbox);
        // After the probe, whose voice may end a suspicion.
        while (_suspicions.TryPop(now, out var node)) Declare(_members[node], now, outbox);
        return _nextPushPull <= now ? PushPullNow(now, outbox) : SwimVerdict.Accepted;
    }

    /// <summary>This node did not run for a while, so whatever seems to be overdue may lie unread before it:
    /// nobody is called silent or dead for that.</summary>
    private void OnStalled(Instant now)
    {
        Worsen(1);
        ForgetProbes(now);
        foreach (var member in _members.Values.Where(member => member.State == MemberState.Suspect))
        {
            if (_suspicions.TryGet(member.Node, out var deadAt) && deadAt <= now)
                _suspicions.Set(member.Node, now + Period);
        }
    }

    private SwimVerdict PushPullNow(Instant now, Outbox<SwimEffect> outbox)
    {
        var quarter = _config.PushPullPeriod / 4;
        _nextPushPull = now + _rng.Between(quarter * 3, quarter * 5);
        // For ever with one of the silent ones too: only so does a healed partition grow together again.
        foreach (var isSilent in (bool[])[false, true])
        {
            List<NodeId> partners = [.. _members.Values
                .Where(member => member.State is MemberState.Dead == isSilent)
                .Select(member => member.Node)];
            if (partners.Count == 0) continue;
            // The silent ones in turn, or who is back could wait without bound.
            var partner = isSilent ? partners[(int)(_silentAsked++ % partners.Count)] : _rng.Pick(partners);
            PushPull(partner, wantsAnswer: true, outbox);
        }

        return SwimVerdict.Accepted;
    }

    private SwimVerdict OnPushPull(NodeId from, SwimMessage.PushPull push, Outbox<SwimEffect> outbox)
    {
        if (push.WantsAnswer) PushPull(from, wantsAnswer: false, outbox);
        return SwimVerdict.Accepted;
    }

    private void PushPull(NodeId to, bool wantsAnswer, Outbox<SwimEffect> outbox)
    {
        List<MemberUpdate> all = [.. _members.Values
            .Where(member => member.State != MemberState.Unconfirmed)
            .Select(member => member.Update)];
        outbox.Emit(new SwimEffect.SendStream(to, new SwimMessage.PushPull(_own, wantsAnswer, all)));
    }

    private void Worsen(int by) => _health = Math.Clamp(_health + by, 0, HealthMax);

    private static void Send(NodeId to, SwimMessage message, Outbox<SwimEffect> outbox) =>
        outbox.Emit(new SwimEffect.SendDatagram(to, message));
}
