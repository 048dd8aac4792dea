using System.Diagnostics;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Membership;
using Hyperscale.Det.Protocol;
using Hyperscale.Det.Replication;
using Hyperscale.Det.Resources;

namespace Hyperscale.Det.Nodes;

/// <summary>A node's part in the membership of those it shares ledgers with. What it learns goes to the
/// operators and, as a hint, to the replicas: it changes no quorum.</summary>
internal sealed class NodeMembership(
    NodeId self, IReadOnlyList<NodeId> members, LedgerReplicas replicas, Outbox<ReplicaEffect> fromReplicas)
{
    private readonly Swim _swim = new(SwimConfig.Default(self, members));
    private readonly Outbox<SwimEffect> _fromSwim = new();
    private readonly HealthPiggyback _health = new(self, members.Count);

    // Members that were last told to be under high pressure.
    private readonly SortedSet<NodeId> _pressed = [];
    private StateVersion _version;
    private NodeReading? _last;

    public Swim Swim => _swim;

    public Instant NextDeadline => _swim.NextDeadline;

    /// <summary>How members are, as they told; for reading.</summary>
    public HealthPiggyback Health => _health;

    public void Start(NodeInput.Started started, Turn turn)
    {
        _version = new StateVersion(started.Boot.Starts, 0);
        Step(new SwimInput.Started(started.Boot, started.Seed), turn);
    }

    /// <summary>The host looked at this node's process and machine; the others are told with what is sent to
    /// them next. A node that keeps one processor busy is at its limit.</summary>
    public void Observe(NodeReading reading, Instant now)
    {
        if (_last is { } last && reading.At > last.At)
        {
            _version = _version with { Number = _version.Number + 1 };
            _health.Set(
                _version,
                Pressure.Of(reading.CoresSince(last), 1),
                Pressure.Of(reading.MemoryUsedBytes, reading.MemoryTotalBytes),
                now);
        }

        _last = reading;
    }

    public void Tick(Turn turn) => Step(new SwimInput.Tick(), turn);

    public NodeVerdict Receive(NodeId from, Message.Membership message, Turn turn)
    {
        var verdict = Step(new SwimInput.Received(from, message.Told), turn);
        if (verdict != SwimVerdict.NotMember) Note(message.Told.Health, turn);
        return verdict switch
        {
            SwimVerdict.Accepted => NodeVerdict.Accepted,
            SwimVerdict.NotMember => turn.Ignore(from, message, NodeVerdict.Unknown),
            // Too late; so are some answers in any network.
            SwimVerdict.Unexpected => NodeVerdict.Stale,
            SwimVerdict.Overloaded => turn.Ignore(from, message, NodeVerdict.Overloaded),
            _ => throw new UnreachableException($"unhandled {verdict}"),
        };
    }

    public void CheckInvariants()
    {
        _swim.CheckInvariants();
        _health.CheckInvariants();
    }

    public void AddTo(ref Fingerprint fingerprint)
    {
        _swim.AddTo(ref fingerprint);
        _health.AddTo(ref fingerprint);
        _version.AddTo(ref fingerprint);
        fingerprint.Add(_last?.At ?? Instant.Never);
        fingerprint.Add(_last?.CpuNanoseconds ?? 0);
        foreach (var member in _pressed) fingerprint.Add(member);
    }

    private void Note(IReadOnlyList<HealthRecord> records, Turn turn)
    {
        foreach (var own in records.Where(record => record.Node == self))
            _version = _version.Over(own.Version);
        foreach (var record in _health.Receive([.. records.Where(r => members.Contains(r.Node))], turn.Now))
        {
            var isPressed = Pressure.IsHigh(record.WorstPressure, _pressed.Contains(record.Node));
            var isNews = isPressed ? _pressed.Add(record.Node) : _pressed.Remove(record.Node);
            if (!isNews) continue;
            turn.Tell(new TelemetryEvent.MemberPressed(
                record.Node, isPressed, record.CpuPermille, record.MemoryPermille));
        }
    }

    private Message.Membership Carrying(SwimMessage message, Instant now) =>
        new(message with { Health = _health.Take(HealthPiggyback.BytesMax, now) });

    private SwimVerdict Step(SwimInput input, Turn turn)
    {
        _fromSwim.Clear();
        var verdict = _swim.Step(input, turn.Now, _fromSwim);
        foreach (var effect in _fromSwim.Effects) Route(effect, turn);
        return verdict;
    }

    private void Route(SwimEffect effect, Turn turn)
    {
        switch (effect)
        {
            case SwimEffect.SendDatagram datagram:
                turn.Outbox.Emit(
                    new NodeEffect.SendDatagram(datagram.To, Carrying(datagram.Message, turn.Now)));
                break;
            case SwimEffect.SendStream stream:
                turn.Send(stream.To, Carrying(stream.Message, turn.Now));
                break;
            case SwimEffect.MemberChanged changed:
                turn.Tell(EventOf(changed));
                var isSuspect = changed.State is MemberState.Suspect or MemberState.Dead;
                replicas.Step(new ReplicaInput.Suspected(changed.Node, isSuspect), turn.Now, fromReplicas);
                break;
            case SwimEffect.RttMeasured measured:
                turn.Tell(new TelemetryEvent.MemberAnswered(measured.Node, measured.Rtt));
                break;
            default:
                throw new UnreachableException($"unrouted {effect}");
        }
    }

    private static TelemetryEvent EventOf(SwimEffect.MemberChanged changed) => changed.State switch
    {
        MemberState.Suspect => new TelemetryEvent.MemberSuspected(changed.Node),
        MemberState.Dead => new TelemetryEvent.MemberDied(changed.Node),
        MemberState.Alive when changed.IsNewLife =>
            new TelemetryEvent.MemberJoined(changed.Node, changed.Boot),
        MemberState.Alive => new TelemetryEvent.MemberReturned(changed.Node),
        _ => throw new UnreachableException($"unhandled {changed}"),
    };
}
