using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Membership;

// One probe at a time: directly, then through others and over the stream, then suspicion.
public sealed partial class Swim
{
    private readonly List<NodeId> _round = [];
    private long _sequence;
    private Probe? _probe;
    private Instant _nextProbe = Instant.Never;

    private Instant ProbeDeadline =>
        _probe is { } probe ? Instant.Sooner(probe.NextStep, _nextProbe) : _nextProbe;

    private Duration Period => _config.ProbePeriod * (_health + 1);

    private void BeginProbing(Instant now)
    {
        // Answers to an earlier start's pings are answers to nothing.
        _sequence = (long)(_rng.Next() >> 2);
        // Everybody probes at another moment of the period.
        _nextProbe = now + _rng.Between(Duration.Zero, _config.ProbePeriod);
    }

    private void GoOnProbing(Instant now, Outbox<SwimEffect> outbox)
    {
        if (_probe is { IsIndirect: false } direct && direct.NextStep <= now) AskOthers(direct, now, outbox);
        if (_nextProbe > now) return;
        if (_probe is { } open) EndProbe(open, now, outbox);
        BeginProbe(now, outbox);
    }

    private void BeginProbe(Instant now, Outbox<SwimEffect> outbox)
    {
        _nextProbe = now + Period;
        if (NextTarget() is not { } target) return;
        _probe = new Probe(++_sequence, target, now, now + TimeoutOf(_members[target]));
        SendPing(target, _sequence, outbox);
    }

    private void SendPing(NodeId to, long sequence, Outbox<SwimEffect> outbox) =>
        Send(to, new SwimMessage.Ping(_own, sequence, ByStream: false, NewsFor(to)), outbox);

    /// <summary>Every member that is not dead, once a round, in an order that is drawn anew for
    /// each.</summary>
    private NodeId? NextTarget()
    {
        if (!_round.Exists(IsProbed)) DrawRound();
        while (_round.Count > 0)
        {
            var target = _round[^1];
            _round.RemoveAt(_round.Count - 1);
            if (IsProbed(target)) return target;
        }

        return null;
    }

    private bool IsProbed(NodeId node) => _members[node].State != MemberState.Dead;

    private void DrawRound()
    {
        _round.Clear();
        _round.AddRange(_members.Keys.Where(IsProbed));
        for (var i = _round.Count - 1; i > 0; i--)
        {
            var j = (int)_rng.Below(i + 1);
            (_round[i], _round[j]) = (_round[j], _round[i]);
        }
    }

    /// <summary>What an answer may take: hardly ever more than that, never less than the least, and more when
    /// this node is not well. The other half of the period is left for others to try.</summary>
    private Duration TimeoutOf(Member member)
    {
        var wait = Duration.Longer(_config.ProbeTimeoutMin, member.RttBound) * (_health + 1);
        return wait < Period / 2 ? wait : Period / 2;
    }

    private void AskOthers(Probe probe, Instant now, Outbox<SwimEffect> outbox)
    {
        probe.IsIndirect = true;
        probe.NextStep = Instant.Never;
        // A step that comes late leaves the others their time all the same.
        _nextProbe = Instant.Later(_nextProbe, now + (Period / 2));
        var nackAfter = (_nextProbe - now) * 4 / 5;
        List<NodeId> others = [.. _members.Values
            .Where(member => member.Node != probe.Target && member.State == MemberState.Alive)
            .Select(member => member.Node)];
        for (var i = 0; i < _config.IndirectProbes && others.Count > 0; i++)
        {
            var relay = _rng.Pick(others);
            others.Remove(relay);
            probe.Asked.Add(relay);
            probe.Silent.Add(relay);
            var request = new SwimMessage.PingRequest(
                _own, probe.Sequence, probe.Target, nackAfter, NewsFor(relay));
            Send(relay, request, outbox);
        }

        // Where only datagrams are lost, nobody is to be called dead.
        var ping = new SwimMessage.Ping(_own, probe.Sequence, ByStream: true, NewsFor(probe.Target));
        outbox.Emit(new SwimEffect.SendStream(probe.Target, ping));
    }

    /// <summary>Nobody got an answer. If not even the others spoke, the fault may be this node's
    /// own.</summary>
    private void EndProbe(Probe probe, Instant now, Outbox<SwimEffect> outbox)
    {
        _probe = null;
        var member = _members[probe.Target];
        // Whoever may never have been started says nothing of this node.
        var isUnexplained = probe.Asked.Count == 0 && member.State != MemberState.Unconfirmed;
        Worsen(isUnexplained ? 1 : probe.Silent.Count);
        Accuse(member, now, outbox);
    }

    private SwimVerdict OnPing(
        Member sender, SwimMessage.Ping ping, bool isBehind, Outbox<SwimEffect> outbox)
    {
        var ack = new SwimMessage.Ack(_own, ping.Sequence, ping.ByStream, NewsFor(sender.Node, isBehind));
        if (ping.ByStream) outbox.Emit(new SwimEffect.SendStream(sender.Node, ack));
        else Send(sender.Node, ack, outbox);
        return SwimVerdict.Accepted;
    }

    private SwimVerdict OnAck(
        Member sender, SwimMessage.Ack ack, Instant now, Outbox<SwimEffect> outbox)
    {
        if (TryPassOn(sender.Node, ack, outbox)) return SwimVerdict.Accepted;
        if (_probe is not { } probe || probe.Sequence != ack.Sequence) return SwimVerdict.Unexpected;
        var isDirect = sender.Node == probe.Target;
        if (!isDirect && !probe.Asked.Contains(sender.Node)) return SwimVerdict.Unexpected;
        var rtt = now - probe.SentAt;
        if (isDirect && !ack.ByStream && sender.TryMeasure(rtt))
            outbox.Emit(new SwimEffect.RttMeasured(sender.Node, rtt));
        _probe = null;
        Worsen(-1);
        return SwimVerdict.Accepted;
    }

    private SwimVerdict OnNack(NodeId from, SwimMessage.Nack nack)
    {
        if (_probe is not { } probe || probe.Sequence != nack.Sequence) return SwimVerdict.Unexpected;
        return probe.Silent.Remove(from) ? SwimVerdict.Accepted : SwimVerdict.Unexpected;
    }

    private void ForgetProbes(Instant now)
    {
        _probe = null;
        _nextProbe = now + _rng.Between(Duration.Zero, _config.ProbePeriod);
        ForgetRelays();
    }

    private void AddProbesTo(ref Fingerprint fingerprint)
    {
        fingerprint.Add(_sequence);
        fingerprint.Add(_nextProbe);
        fingerprint.Add(_probe is not null);
        _probe?.AddTo(ref fingerprint);
        fingerprint.Add((long)_round.Count);
        foreach (var node in _round) fingerprint.Add(node);
        AddRelaysTo(ref fingerprint);
    }

    private sealed class Probe(long sequence, NodeId target, Instant sentAt, Instant nextStep)
    {
        public long Sequence { get; } = sequence;

        public NodeId Target { get; } = target;

        public Instant SentAt { get; } = sentAt;

        /// <summary>When others are asked; never once they are.</summary>
        public Instant NextStep { get; set; } = nextStep;

        public bool IsIndirect { get; set; }

        /// <summary>Who was asked to try.</summary>
        public SortedSet<NodeId> Asked { get; } = [];

        /// <summary>Who of them has not even said that there is no answer.</summary>
        public SortedSet<NodeId> Silent { get; } = [];

        public void AddTo(ref Fingerprint fingerprint)
        {
            fingerprint.Add(Sequence);
            fingerprint.Add(Target);
            fingerprint.Add(SentAt);
            fingerprint.Add(NextStep);
            fingerprint.Add(IsIndirect);
            fingerprint.Add((long)Asked.Count);
            foreach (var node in Asked)
            {
                fingerprint.Add(node);
                fingerprint.Add(Silent.Contains(node));
            }
        }
    }
}
