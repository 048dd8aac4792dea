using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Membership;

// Pings in somebody else's place.
public sealed partial class Swim
{
    /// <summary>Most pings in others' places that are under way.</summary>
    public const int RelaysMax = 256;

    private readonly SortedDictionary<long, Relay> _relays = [];
    private readonly DeadlineQueue<long> _relayDeadlines = new();

    private SwimVerdict OnPingRequest(
        NodeId from, SwimMessage.PingRequest request, Instant now, Outbox<SwimEffect> outbox)
    {
        if (request.Target == _config.Self || !_members.ContainsKey(request.Target))
            return SwimVerdict.NotMember;
        if (_relays.Count == RelaysMax) return SwimVerdict.Overloaded;

        var sequence = ++_sequence;
        _relays.Add(sequence, new Relay(from, request.Target, request.Sequence, request.NackAfter));
        _relayDeadlines.Set(sequence, now + request.NackAfter);
        SendPing(request.Target, sequence, outbox);
        return SwimVerdict.Accepted;
    }

    private bool TryPassOn(NodeId from, SwimMessage.Ack ack, Outbox<SwimEffect> outbox)
    {
        if (!_relays.TryGetValue(ack.Sequence, out var relay) || relay.Target != from) return false;
        Forget(ack.Sequence);
        var passed = new SwimMessage.Ack(_own, relay.Sequence, ByStream: false, NewsFor(relay.For));
        Send(relay.For, passed, outbox);
        return true;
    }

    private void FireRelays(Instant now, Outbox<SwimEffect> outbox)
    {
        while (_relayDeadlines.TryPop(now, out var sequence))
        {
            var relay = _relays[sequence];
            if (relay.IsNacked)
            {
                _relays.Remove(sequence);
                continue;
            }

            // An answer that comes after this may still be in time for whoever asked.
            _relays[sequence] = relay with { IsNacked = true };
            _relayDeadlines.Set(sequence, now + relay.NackAfter);
            Send(relay.For, new SwimMessage.Nack(_own, relay.Sequence, NewsFor(relay.For)), outbox);
        }
    }

    private void Forget(long sequence)
    {
        _relays.Remove(sequence);
        _relayDeadlines.Remove(sequence);
    }

    private void ForgetRelays()
    {
        foreach (var sequence in _relays.Keys.ToList()) Forget(sequence);
    }

    private void AddRelaysTo(ref Fingerprint fingerprint)
    {
        fingerprint.Add((long)_relays.Count);
        foreach (var (sequence, relay) in _relays)
        {
            fingerprint.Add(sequence);
            fingerprint.Add(relay.For);
            fingerprint.Add(relay.Target);
            fingerprint.Add(relay.Sequence);
            fingerprint.Add(relay.NackAfter.Nanoseconds);
            fingerprint.Add(relay.IsNacked);
        }

        _relayDeadlines.AddTo(ref fingerprint, sequence => unchecked((ulong)sequence));
    }

    /// <param name="For">Who asked, under its <paramref name="Sequence"/>.</param>
    private sealed record Relay(
        NodeId For, NodeId Target, long Sequence, Duration NackAfter, bool IsNacked = false);
}
