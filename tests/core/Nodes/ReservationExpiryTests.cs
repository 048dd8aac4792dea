using Hyperscale.Det.Durability;
using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Nodes;
using Hyperscale.Det.Protocol;

namespace Hyperscale.Det.Tests.Core.Nodes;

/// <summary>A reservation without a start gives its cores back, whatever arrives at the last
/// moment.</summary>
public sealed class ReservationExpiryTests
{
    private const long OldFence = 1;
    private const long NewFence = 2;

    private static readonly NodeId Gate = NodeId.Of("gate-1");
    private static readonly NodeId Manager = NodeId.Of("dc-a/manager-1");
    private static readonly SlotKey Slot = new(new JobId(0, 1), 0, 1);
    private static readonly ManagerConfig Config = ManagerConfig.Default;
    private static readonly WallTime Wall = new(1_000_000);

    private readonly Outbox<NodeEffect> _outbox = new();
    private readonly ManagerNode _manager = new(
        Manager, "dc-a", new Topology("test", [Gate], [new DatacenterTopology("dc-a", [Manager])]), Config);

    private Instant _now = Instant.Zero;
    private long _lsn;

    [Fact]
    public void A_stale_start_that_is_under_way_at_the_end_of_the_term_does_not_keep_it_for_ever()
    {
        When(new NodeInput.Started(RecoveredLog.Nothing, 7, new BootId(1), Wall));
        WhenDurable();
        When(new NodeInput.Received(NodeId.Of("dc-a/worker-1"), new Message.WorkerHeartbeat(
            new BootId(2), 1, Cores: 4, [])));
        When(new NodeInput.Received(Gate, new Message.ReserveSlot(Slot, OldFence, Specs.Job())));
        WhenDurable();
        _now += Config.ReservationTerm;
        When(new NodeInput.Received(Gate, new Message.ReserveSlot(Slot, NewFence, Specs.Job())));
        When(new NodeInput.Received(Gate, new Message.StartSlot(Slot, OldFence)));
        When(new NodeInput.Tick(Wall));

        WhenDurable();
        _now += Config.ResendInterval;
        When(new NodeInput.Tick(Wall));
        WhenDurable();

        Assert.Contains(_outbox.Effects, effect =>
            effect is NodeEffect.Send { Message: Message.SlotRefused refused } && refused.Slot == Slot);
    }

    private void WhenDurable() => When(new NodeInput.Durable(_lsn));

    private void When(NodeInput input)
    {
        _outbox.Clear();
        _manager.Step(input, _now, _outbox);
        _manager.CheckInvariants();
        _lsn += _outbox.Effects.OfType<NodeEffect.Append>().Count();
    }
}
