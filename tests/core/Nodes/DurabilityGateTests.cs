using Hyperscale.Det.Durability;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Nodes;
using Hyperscale.Det.Protocol;
using Barrier = Hyperscale.Det.Nodes.Barrier;

namespace Hyperscale.Det.Tests.Core.Nodes;

public sealed class DurabilityGateTests
{
    private static readonly NodeEffect Append = new NodeEffect.Append(
        new WalRecord(WalRecordKind.LogEntry, new byte[] { 1 }));

    private readonly DurabilityGate _gate = new(lastLsn: 7);

    [Fact]
    public void What_rests_on_an_appended_record_waits_until_the_disk_has_it()
    {
        Assert.True(_gate.Offer(Append));
        Assert.False(_gate.Offer(Send(1, Barrier.Durable)));
        Assert.False(_gate.TryRelease(out _));

        _gate.OnDurable(8);
        Assert.True(_gate.TryRelease(out var released));
        Assert.Equal(Send(1, Barrier.Durable), released);
        Assert.Equal(0, _gate.HeldCount);
    }

    [Fact]
    public void What_waits_holds_up_nothing_that_need_not_wait()
    {
        _gate.Offer(Append);
        Assert.False(_gate.Offer(Send(1, Barrier.Durable)));
        Assert.True(_gate.Offer(Send(2, Barrier.None)));
    }

    [Fact]
    public void Each_waits_for_what_was_appended_before_it_and_for_no_more()
    {
        _gate.Offer(Append);
        _gate.Offer(Send(1, Barrier.Durable));
        _gate.Offer(Append);
        _gate.Offer(new NodeEffect.Reply(5, new ClientResponse.NotFound(default), Barrier.Durable));

        _gate.OnDurable(8);
        Assert.True(_gate.TryRelease(out _));
        Assert.False(_gate.TryRelease(out _));
        _gate.OnDurable(9);
        Assert.True(_gate.TryRelease(out var reply));
        Assert.IsType<NodeEffect.Reply>(reply);
    }

    [Fact]
    public void With_everything_on_disk_nothing_waits() =>
        Assert.True(_gate.Offer(Send(1, Barrier.Durable)));

    private static NodeEffect.Send Send(long sequence, Barrier barrier) => new(
        NodeId.Of("gate-b"), new Message.ReplicaHeartbeat(sequence), barrier);
}
