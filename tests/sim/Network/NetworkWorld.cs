using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Nodes;
using Hyperscale.Det.Protocol;
using Hyperscale.Det.Sim.Plans;
using Barrier = Hyperscale.Det.Nodes.Barrier;

namespace Hyperscale.Det.Tests.Sim.Network;

/// <summary>A gate that sends numbered messages to a manager, which writes them down.</summary>
internal sealed class NetworkWorld : IDisposable
{
    public const string Gate = "gate-1";
    public const string Manager = "dc-a/manager-1";

    private static readonly NodeId ManagerId = NodeId.Of(Manager);

    private readonly ScriptedWorld _world;
    private readonly Queue<Action<Outbox<NodeEffect>>> _orders = new();
    private Instant _next = Instant.Never;
    private long _sent;

    public NetworkWorld(Plan plan)
    {
        _world = new ScriptedWorld(plan);
        var gate = _world.At(Gate);
        gate.Deadline = _ => _next;
        gate.OnInput = (_, now, outbox) =>
        {
            while (_orders.TryDequeue(out var order)) order(outbox);
            _next = now + Duration.FromMilliseconds(1);
        };
        _world.RunFor(Duration.FromMilliseconds(100));
    }

    public Hyperscale.Det.Sim.Engine.World World => _world.World;

    /// <summary>Numbers as they arrived at the manager.</summary>
    public IReadOnlyList<long> Arrived => [.. _world.At(Manager).Of<NodeInput.Received>()
        .Select(received => ((Message.StartSlot)received.Message).Fence)];

    public int LostAtGate => _world.At(Gate).Of<NodeInput.PeerLost>().Count();

    public int LostAtManager => _world.At(Manager).Of<NodeInput.PeerLost>().Count();

    public IReadOnlyList<NodeInput.SendFailed> FailedAtGate =>
        [.. _world.At(Gate).Of<NodeInput.SendFailed>()];

    public void Send(int count = 1)
    {
        for (var i = 0; i < count; i++)
        {
            var message = Number(_sent++);
            _orders.Enqueue(outbox => outbox.Emit(new NodeEffect.Send(ManagerId, message, Barrier.None)));
        }
    }

    public void SendDatagrams(int count)
    {
        for (var i = 0; i < count; i++)
        {
            var message = Number(_sent++);
            _orders.Enqueue(outbox => outbox.Emit(new NodeEffect.SendDatagram(ManagerId, message)));
        }
    }

    public void Call()
    {
        var call = new Message.ClientCall(1, 0, new ClientRequest.ListJobs(10, LocalOnly: true));
        _orders.Enqueue(outbox => outbox.Emit(new NodeEffect.Send(ManagerId, call, Barrier.None)));
    }

    public void RunFor(Duration time) => _world.RunFor(time);

    public void Dispose() => Assert.True(World.Scheduler.Events > 0);

    private static Message.StartSlot Number(long number) =>
        new(new SlotKey(new JobId(0, 1), 0, 1), number);
}
