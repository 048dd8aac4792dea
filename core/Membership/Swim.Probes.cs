using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Membership;

// One probe at a time: directly, then through others, then suspicion.
public sealed partial class Swim
{
    private const int RelaysMax = 256;

    private Duration Period => _config.ProbePeriod * (_health + 1);

    private void BeginProbe(Instant now, Outbox<SwimEffect> outbox)
    {
        _nextProbe = now + Period;
        if (_probe is { } open) EndProbe(open, now, outbox);
        if (NextTarget() is not { } target) return;
        var member = _members[target];
        var probe = new Probe(++_sequence, target, now, now + TimeoutOf(member));
        _probe = probe;
        Send(target, new SwimMessage.Ping(probe.Sequence, NewsFor(target)), outbox);
    }

    /// <summary>Every member once a round, in an order that is drawn anew for each.</summary>
    private NodeId? NextTarget()
    {
        for (var tries = 0; tries <= _members.Count; tries++)
        {
            if (_round.Count == 0)
            {
                _round.AddRange(_members.Keys);
                for (var i = _round.Count - 1; i > 0; i--)
                {
                    var j = (int)_rng.Below(i + 1);
                    (_round[i], _round[j]) = (_round[j], _round[i]);
                }
            }

            var target = _round[^1];
            _round.RemoveAt(_round.Count - 1);
            if (_members[target].State != MemberState.Dead) return target;
        }

        return null;
    }

    /// <summary>What an answer may take: the mean and four deviations, never less than the least, and more
    /// when this node is not well.</summary>
    private Duration TimeoutOf(Member member)
    {
        var expected = member.Rtt + (member.RttDeviation * 4);
        var wait = Duration.Longer(_config.ProbeTimeoutMin, expected) * (_health + 1);
        // The others must have time to answer before the period ends.
        return wait < Period / 2 ? wait : Period / 2;
    }

    private void ContinueProbe(Probe probe, Instant now, Outbox<SwimEffect> outbox)
    {
        if (probe.IsIndirect)
        {
            EndProbe(probe, now, outbox);
            return;
        }

        probe.IsIndirect = true;
        probe.NextStep = Instant.Later(now, _nextProbe);
        List<NodeId> others = [.. _members.Values
            .Where(member => member.Node != probe.Target && member.State == MemberState.Alive)
            .Select(member => member.Node)];
        for (var i = 0; i < _config.IndirectProbes && others.Count > 0; i++)
        {
            var relay = _rng.Pick(others);
            others.Remove(relay);
            probe.Relays++;
            Send(relay, new SwimMessage.PingRequest(probe.Sequence, probe.Target, NewsFor(relay)), outbox);
        }
    }

    /// <summary>Nobody got an answer. If not even the relays spoke, the fault may be this node's
    /// own.</summary>
    private void EndProbe(Probe probe, Instant now, Outbox<SwimEffect> outbox)
    {
        _probe = null;
        Worsen(probe.Relays > 0 ? probe.Relays - probe.Nacks : 1);
        var member = _members[probe.Target];
        if (member.State != MemberState.Alive) return;
        var suspicion = member.Update(_config.Self) with { State = MemberState.Suspect };
        Change(member, suspicion, now, outbox);
    }

    private SwimVerdict OnAck(NodeId from, SwimMessage.Ack ack, Instant now, Outbox<SwimEffect> outbox)
    {
        if (_relays.Remove(ack.Sequence, out var relay))
        {
            Send(relay.For, new SwimMessage.Ack(relay.Sequence, NewsFor(relay.For)), outbox);
            return SwimVerdict.Accepted;
        }

        if (_probe is not { } probe || probe.Sequence != ack.Sequence) return SwimVerdict.Unexpected;
        if (from == probe.Target) _members[from].Answered(now - probe.SentAt);
        _probe = null;
        Worsen(-1);
        return SwimVerdict.Accepted;
    }

    private SwimVerdict OnPingRequest(
        NodeId from, SwimMessage.PingRequest request, Instant now, Outbox<SwimEffect> outbox)
    {
        if (!_members.TryGetValue(request.Target, out var target)) return SwimVerdict.NotMember;
        if (_relays.Count == RelaysMax) return SwimVerdict.Unexpected;
        var sequence = ++_sequence;
        _relays.Add(sequence, new Relay(from, request.Sequence, now + TimeoutOf(target)));
        Send(request.Target, new SwimMessage.Ping(sequence, NewsFor(request.Target)), outbox);
        return SwimVerdict.Accepted;
    }

    private void NackOverdueRelays(Instant now, Outbox<SwimEffect> outbox)
    {
        foreach (var (sequence, relay) in _relays.Where(relay => relay.Value.NackAt <= now).ToList())
        {
            _relays.Remove(sequence);
            Send(relay.For, new SwimMessage.Nack(relay.Sequence, NewsFor(relay.For)), outbox);
        }
    }

    /// <summary>A ping in somebody else's place.</summary>
    private sealed record Relay(NodeId For, long Sequence, Instant NackAt);

    private sealed class Probe(long sequence, NodeId target, Instant sentAt, Instant nextStep)
    {
        public long Sequence { get; } = sequence;

        public NodeId Target { get; } = target;

        public Instant SentAt { get; } = sentAt;

        public Instant NextStep { get; set; } = nextStep;

        public bool IsIndirect { get; set; }

        public int Relays { get; set; }

        public int Nacks { get; set; }

        public void AddTo(ref Fingerprint fingerprint)
        {
            fingerprint.Add(Sequence);
            fingerprint.Add(Target);
            fingerprint.Add(SentAt);
            fingerprint.Add(NextStep);
            fingerprint.Add(IsIndirect);
            fingerprint.Add((long)Relays);
            fingerprint.Add((long)Nacks);
        }
    }
}
