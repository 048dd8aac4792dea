using Hyperscale.Det.Capacity;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Nodes;
using Hyperscale.Det.Protocol;
using Barrier = Hyperscale.Det.Nodes.Barrier;

namespace Hyperscale.Det.Benchmarks;

/// <summary>A datacenter that takes every slot at once and keeps nothing of it: what is measured is what
/// gates do.</summary>
internal sealed class StandInManager(NodeId id, Topology topology) : INode
{
    private const int Cores = 1_000_000;
    private static readonly Duration HeartbeatInterval = Duration.FromMilliseconds(500);

    private BootId _boot;
    private long _version;

    public NodeId Id { get; } = id;

    public Instant NextDeadline { get; private set; } = Instant.Never;

    public NodeVerdict Step(NodeInput input, Instant now, Outbox<NodeEffect> outbox)
    {
        switch (input)
        {
            case NodeInput.Started started:
                _boot = started.Boot;
                Heartbeat(now, outbox);
                break;
            case NodeInput.Tick:
                Heartbeat(now, outbox);
                break;
            case NodeInput.Received { From: var gate, Message: Message.ReserveSlot reserve }:
                Send(gate, new Message.SlotReserved(reserve.Slot, Duration.Zero), outbox);
                break;
            case NodeInput.Received { From: var gate, Message: Message.StartSlot start }:
                Send(gate, new Message.SlotStarted(start.Slot), outbox);
                break;
            default:
                return NodeVerdict.Unknown;
        }

        return NodeVerdict.Accepted;
    }

    public void CheckInvariants()
    {
        // It has no state that could be wrong.
    }

    public void AddTo(ref Fingerprint fingerprint) => fingerprint.Add(_version);

    private void Heartbeat(Instant now, Outbox<NodeEffect> outbox)
    {
        NextDeadline = now + HeartbeatInterval;
        var heartbeat = new Message.ManagerHeartbeat(
            topology.Datacenters[0].Name, _boot, ++_version, IsPrimary: true, View: 1, Workers: 1, Cores,
            Cores, Cores, QueuedWorkflows: 0)
        {
            Capacity = HeartbeatCapacity.None,
        };
        foreach (var gate in topology.Gates) Send(gate, heartbeat, outbox);
    }

    private static void Send(NodeId to, Message message, Outbox<NodeEffect> outbox) =>
        outbox.Emit(new NodeEffect.Send(to, message, Barrier.None));
}
