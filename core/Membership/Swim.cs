using System.Diagnostics;
using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Membership;

/// <summary>Who of the configured members is alive: SWIM with Lifeguard's local health.</summary>
/// <remarks>It informs and decides nothing: quorums come from the configuration. A node that is slow itself
/// doubts itself first: it probes more slowly and waits longer before it calls others dead. Dead members are
/// still exchanged with now and then, so that a healed partition does not stay split. Sources: Das et al.,
/// "SWIM" (2002); Dadgar et al., "Lifeguard" (2017).</remarks>
public sealed partial class Swim : IMachine<SwimInput, SwimEffect, SwimVerdict>
{
    /// <summary>Lifeguard's worst local health: the multiplier of probe periods is one more.</summary>
    public const int HealthMax = 8;

    private readonly SwimConfig _config;
    private readonly SortedDictionary<NodeId, Member> _members = [];
    private readonly Gossip _gossip = new();
    private readonly List<NodeId> _round = [];
    private readonly SortedDictionary<long, Relay> _relays = [];
    private Rng _rng = new(0);
    private BootId _boot;
    private long _incarnation;
    private long _sequence;
    private int _health;
    private Probe? _probe;
    private Instant _nextProbe = Instant.Never;
    private Instant _nextPushPull = Instant.Never;

    public Swim(SwimConfig config)
    {
        _config = config;
        foreach (var node in config.Members.Where(node => node != config.Self))
            _members.Add(node, new Member(node));
    }

    /// <summary>How much this node trusts itself: 0 well, <see cref="HealthMax"/> not at all.</summary>
    public int Health => _health;

    /// <inheritdoc/>
    public Instant NextDeadline
    {
        get
        {
            var next = Instant.Sooner(_nextProbe, _nextPushPull);
            if (_probe is { } probe) next = Instant.Sooner(next, probe.NextStep);
            foreach (var member in _members.Values) next = Instant.Sooner(next, member.DeadAt);
            foreach (var relay in _relays.Values) next = Instant.Sooner(next, relay.NackAt);
            return next;
        }
    }

    public MemberState StateOf(NodeId node) =>
        node == _config.Self ? MemberState.Alive : _members[node].State;

    /// <inheritdoc/>
    public SwimVerdict Step(SwimInput input, Instant now, Outbox<SwimEffect> outbox) => input switch
    {
        SwimInput.Started started => OnStarted(started, now, outbox),
        SwimInput.Received received => OnReceived(received, now, outbox),
        SwimInput.Tick => OnTick(now, outbox),
        _ => throw new UnreachableException($"unhandled {input}"),
    };

    /// <inheritdoc/>
    public void CheckInvariants()
    {
        Invariant.Holds(_health is >= 0 and <= HealthMax);
        Invariant.Holds(_gossip.Count <= _members.Count + 1);
        Invariant.Holds(_relays.Count <= RelaysMax);
        foreach (var member in _members.Values)
        {
            Invariant.Holds(member.DeadAt == Instant.Never == (member.State != MemberState.Suspect));
            Invariant.Holds(member.Accusers == 0 == (member.State != MemberState.Suspect));
        }
    }

    /// <inheritdoc/>
    public void AddTo(ref Fingerprint fingerprint)
    {
        fingerprint.Add(_boot.Value);
        fingerprint.Add(_incarnation);
        fingerprint.Add(_sequence);
        fingerprint.Add((long)_health);
        fingerprint.Add(_nextProbe);
        fingerprint.Add(_nextPushPull);
        fingerprint.Add(_probe is not null);
        _probe?.AddTo(ref fingerprint);
        foreach (var member in _members.Values) member.AddTo(ref fingerprint);
        foreach (var node in _round) fingerprint.Add(node);
        foreach (var (sequence, relay) in _relays)
        {
            fingerprint.Add(sequence);
            fingerprint.Add(relay.For);
            fingerprint.Add(relay.Sequence);
            fingerprint.Add(relay.NackAt);
        }

        _gossip.AddTo(ref fingerprint);
        _rng.AddTo(ref fingerprint);
    }

    private SwimVerdict OnStarted(SwimInput.Started started, Instant now, Outbox<SwimEffect> outbox)
    {
        _boot = started.Boot;
        _rng = Rng.Stream(started.Seed, "swim", _config.Self.Name);
        if (_members.Count == 0) return SwimVerdict.Accepted;
        _gossip.Add(AboutSelf());
        // Everybody probes at another moment of the period.
        _nextProbe = now + _rng.Between(Duration.Zero, _config.ProbePeriod);
        PushPull(_rng.Pick([.. _members.Keys]), wantsAnswer: true, outbox);
        _nextPushPull = now + _rng.Between(_config.PushPullPeriod / 2, _config.PushPullPeriod);
        return SwimVerdict.Accepted;
    }

    private SwimVerdict OnReceived(SwimInput.Received received, Instant now, Outbox<SwimEffect> outbox)
    {
        if (!_members.ContainsKey(received.From)) return SwimVerdict.NotMember;
        foreach (var update in received.Message.Updates) OnUpdate(update, now, outbox);
        switch (received.Message)
        {
            case SwimMessage.Ping ping:
                Send(received.From, new SwimMessage.Ack(ping.Sequence, NewsFor(received.From)), outbox);
                return SwimVerdict.Accepted;
            case SwimMessage.Ack ack:
                return OnAck(received.From, ack, now, outbox);
            case SwimMessage.PingRequest request:
                return OnPingRequest(received.From, request, now, outbox);
            case SwimMessage.Nack nack:
                if (_probe is not { } probe || probe.Sequence != nack.Sequence) return SwimVerdict.Unexpected;
                probe.Nacks++;
                return SwimVerdict.Accepted;
            case SwimMessage.PushPull push:
                if (push.WantsAnswer) PushPull(received.From, wantsAnswer: false, outbox);
                return SwimVerdict.Accepted;
            default:
                throw new UnreachableException($"unhandled {received.Message}");
        }
    }

    private SwimVerdict OnTick(Instant now, Outbox<SwimEffect> outbox)
    {
        foreach (var member in _members.Values)
            if (member.DeadAt <= now) Declare(member, now, outbox);
        NackOverdueRelays(now, outbox);
        if (_probe is { } probe && probe.NextStep <= now) ContinueProbe(probe, now, outbox);
        if (_nextProbe <= now) BeginProbe(now, outbox);
        if (_nextPushPull > now) return SwimVerdict.Accepted;
        // The dead included: only so does a healed partition grow together again.
        PushPull(_rng.Pick([.. _members.Keys]), wantsAnswer: true, outbox);
        _nextPushPull = now + _rng.Between(_config.PushPullPeriod / 2, _config.PushPullPeriod * 3 / 2);
        return SwimVerdict.Accepted;
    }

    /// <summary>Somebody says something of a member; death learned like this is death all the same.</summary>
    private void OnUpdate(MemberUpdate update, Instant now, Outbox<SwimEffect> outbox)
    {
        if (update.Node == _config.Self)
        {
            Refute(update);
            return;
        }

        // Who is not configured is no member, whatever anybody says.
        if (!_members.TryGetValue(update.Node, out var member)) return;
        if (member.IsNewAccuser(update))
        {
            member.Accuse(update.Accuser);
            member.DeadAt = SuspicionEnd(member, now);
            _gossip.Add(update);
            return;
        }

        if (!member.IsNews(update)) return;
        // Who was never heard of cannot fall silent.
        if (member.State == MemberState.Unconfirmed && update.State == MemberState.Suspect) return;
        Change(member, update, now, outbox);
    }

    private void Refute(MemberUpdate update)
    {
        var isTalkOfDeath = update.State is MemberState.Suspect or MemberState.Dead;
        if (!isTalkOfDeath || update.Boot != _boot) return;
        if (update.Incarnation >= _incarnation)
        {
            _incarnation = update.Incarnation + 1;
            Worsen(1);
        }

        // Who repeats what was contradicted has not heard of it: the next answer says it again.
        _gossip.Add(AboutSelf());
    }

    private void Change(Member member, MemberUpdate update, Instant now, Outbox<SwimEffect> outbox)
    {
        var before = (member.State, member.Boot);
        member.Take(update, now);
        if (member.State == MemberState.Suspect) member.DeadAt = SuspicionEnd(member, now);
        _gossip.Add(update);
        if (before == (member.State, member.Boot)) return;
        outbox.Emit(new SwimEffect.MemberChanged(member.Node, member.Boot, member.State));
    }

    private void Declare(Member member, Instant now, Outbox<SwimEffect> outbox)
    {
        var dead = member.Update(_config.Self) with { State = MemberState.Dead };
        Change(member, dead, now, outbox);
    }

    /// <summary>Shorter with every independent accuser, from the longest to the least.</summary>
    private Instant SuspicionEnd(Member member, Instant now)
    {
        var size = _config.Members.Count;
        var scale = Math.Max(1000, NaturalLog.Thousandths(size) * 1000 / NaturalLog.Thousandths(10));
        var min = _config.ProbePeriod * _config.SuspicionMultiplier * scale / 1000 * (_health + 1);
        var max = min * _config.SuspicionMaxFactor;
        var others = Math.Max(1, Math.Min(_config.IndirectProbes, size - 2));
        var heard = NaturalLog.Thousandths(member.Accusers);
        var most = Math.Max(1, NaturalLog.Thousandths(others + 1));
        var shorter = (max - min) * Math.Min(heard, most) / most;
        return Instant.Later(now, member.SuspectedAt + Duration.Longer(min, max - shorter));
    }

    private IReadOnlyList<MemberUpdate> NewsFor(NodeId to)
    {
        // Whoever is suspected hears it first, so that it can contradict.
        var member = _members[to];
        var accusation = member.State is MemberState.Suspect or MemberState.Dead
            ? member.Update(_config.Self)
            : null;
        return _gossip.Take(_config.UpdatesMax, _config.Members.Count, accusation);
    }

    private void PushPull(NodeId to, bool wantsAnswer, Outbox<SwimEffect> outbox)
    {
        List<MemberUpdate> all = [AboutSelf()];
        foreach (var member in _members.Values)
            if (member.State != MemberState.Unconfirmed) all.Add(member.Update(_config.Self));
        outbox.Emit(new SwimEffect.SendStream(to, new SwimMessage.PushPull(wantsAnswer, all)));
    }

    private MemberUpdate AboutSelf() =>
        new(_config.Self, _boot, _incarnation, MemberState.Alive, _config.Self);

    private void Worsen(int by) => _health = Math.Clamp(_health + by, 0, HealthMax);

    private static void Send(NodeId to, SwimMessage message, Outbox<SwimEffect> outbox) =>
        outbox.Emit(new SwimEffect.SendDatagram(to, message));
}
