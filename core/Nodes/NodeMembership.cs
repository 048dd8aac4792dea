using System.Diagnostics;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Membership;
using Hyperscale.Det.Protocol;
using Hyperscale.Det.Replication;

namespace Hyperscale.Det.Nodes;

/// <summary>A node's part in the membership of those it shares ledgers with. What it learns goes to the
/// operators and, as a hint, to the replicas: it changes no quorum.</summary>
internal sealed class NodeMembership(
    NodeId self, IReadOnlyList<NodeId> members, LedgerReplicas replicas, Outbox<ReplicaEffect> fromReplicas)
{
    private readonly Swim _swim = new(SwimConfig.Default(self, members));
    private readonly Outbox<SwimEffect> _fromSwim = new();

    public Swim Swim => _swim;

    public Instant NextDeadline => _swim.NextDeadline;

    public void Start(NodeInput.Started started, Turn turn) =>
        Step(new SwimInput.Started(started.Boot, started.Seed), turn);

    public void Tick(Turn turn) => Step(new SwimInput.Tick(), turn);

    public NodeVerdict Receive(NodeId from, Message.Membership message, Turn turn) =>
        Step(new SwimInput.Received(from, message.Told), turn) switch
        {
            SwimVerdict.Accepted => NodeVerdict.Accepted,
            SwimVerdict.NotMember => turn.Ignore(from, message, NodeVerdict.Unknown),
            // Too late; so are some answers in any network.
            SwimVerdict.Unexpected => NodeVerdict.Stale,
            SwimVerdict.Overloaded => turn.Ignore(from, message, NodeVerdict.Overloaded),
            var verdict => throw new UnreachableException($"unhandled {verdict}"),
        };

    public void CheckInvariants() => _swim.CheckInvariants();

    public void AddTo(ref Fingerprint fingerprint) => _swim.AddTo(ref fingerprint);

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
                    new NodeEffect.SendDatagram(datagram.To, new Message.Membership(datagram.Message)));
                break;
            case SwimEffect.SendStream stream:
                turn.Send(stream.To, new Message.Membership(stream.Message));
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
