using Hyperscale.Det.Durability;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Membership;
using Hyperscale.Det.Nodes;
using Hyperscale.Det.Protocol;
using Hyperscale.Det.Sim.Engine;

namespace Hyperscale.Det.Sim.Checkers;

/// <summary>What a node thinks of a member only moves on, and never to a claim that the member did not make
/// (I31); once the world is healed all running members agree on who is alive (I32).</summary>
/// <param name="swimOf">The membership of a node; null for one without.</param>
public sealed class MembersAgree(Func<SimHost, Swim?> swimOf)
    : HealedAgreement("members-agree", CheckerViews.Steps, Bound)
{
    /// <summary>Two longest suspicions of a node that trusts itself least, and three exchanges of
    /// everything.</summary>
    private static readonly Duration Bound = Duration.FromMinutes(6);

    private readonly SortedDictionary<NodeId, long> _claimed = [];
    private readonly SortedDictionary<(int Place, NodeId Member), View> _views = [];

    public MembersAgree()
        : this(host => host.Node switch
        {
            GateNode gate => gate.Membership,
            ManagerNode manager => manager.Membership,
            _ => null,
        })
    {
    }

    public override void OnStarted(SimHost host, RecoveredLog recovered)
    {
        foreach (var key in _views.Keys.Where(key => key.Place == host.Place.Index).ToList())
            _views.Remove(key);
    }

    public override void OnStep(
        SimHost host, NodeInput input, NodeVerdict verdict, Outbox<NodeEffect> effects)
    {
        if (input is not (NodeInput.Started or NodeInput.Tick
            or NodeInput.Received { Message: Message.Membership })) return;
        if (swimOf(host) is not { } swim) return;
        _claimed[host.Id] = Math.Max(_claimed.GetValueOrDefault(host.Id), swim.Own.Number);
        foreach (var (member, state) in swim.Others)
        {
            var view = new View(swim.IncarnationOf(member), state);
            var before = _views.GetValueOrDefault((host.Place.Index, member));
            Require(view.CompareTo(before) >= 0, () =>
                $"{host.Id} thought {before} of {member} and goes back to {view}");
            Require(view.Incarnation.Number <= _claimed.GetValueOrDefault(member), () =>
                $"{host.Id} thinks {view} of {member}, which did not claim that");
            _views[(host.Place.Index, member)] = view;
        }
    }

    protected override string? Disagreement()
    {
        foreach (var host in World.Hosts)
        {
            if (!host.IsRunning || swimOf(host) is not { } swim) continue;
            foreach (var (member, state) in swim.Others)
            {
                var other = World.HostOf(member.Name);
                var isRight = other.IsRunning
                    ? state == MemberState.Alive && swim.IncarnationOf(member).Boot == other.Boot
                    : state is MemberState.Dead or MemberState.Unconfirmed;
                if (isRight) continue;
                var truth = other.IsRunning ? $"runs as {other.Boot}" : "does not run";
                return $"{host.Id} thinks {state} of {swim.IncarnationOf(member)} of {member}, which {truth}";
            }
        }

        return null;
    }

    private readonly record struct View(Incarnation Incarnation, MemberState State) : IComparable<View>
    {
        public int CompareTo(View other)
        {
            var order = Incarnation.CompareTo(other.Incarnation);
            return order != 0 ? order : State.CompareTo(other.State);
        }
    }
}
