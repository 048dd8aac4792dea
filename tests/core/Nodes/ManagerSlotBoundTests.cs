using Hyperscale.Det.Nodes;
using Hyperscale.Det.Protocol;
using static Hyperscale.Det.Tests.Core.Nodes.Dispatch;

namespace Hyperscale.Det.Tests.Core.Nodes;

/// <summary>What a datacenter holds no more of.</summary>
public sealed class ManagerSlotBoundTests
{
    [Fact]
    public void More_slots_than_the_datacenter_may_hold_are_refused()
    {
        var bench = new ManagerBench(ManagerConfig.Default with { LiveSlotsMax = 2 });
        bench.Join(Worker1);
        bench.IsDiskFast = false;
        for (var job = 1; job <= 3; job++) bench.Reserve(Job(), job);
        bench.Persist();

        Assert.Equal(
            new Message.SlotRefused(Slot(3), "east holds 2 slots; 2 are the most"), bench.SentTo(Gate)[2]);
    }

    [Fact]
    public void Slots_that_take_more_than_a_datacenter_may_hold_are_refused()
    {
        var bench = new ManagerBench(ManagerConfig.Default with { LedgerBytesMax = 1 });
        bench.Join(Worker1);
        bench.Reserve(Job(), 1);
        var bytes = bench.Node.Ledger.Bytes;
        bench.Reserve(Job(), 2);

        Assert.Equal(
            new Message.SlotRefused(Slot(2), $"what east holds takes {bytes} bytes; 1 are the most"),
            bench.SentTo(Gate)[^1]);
    }

    [Fact]
    public void A_log_that_no_snapshot_shortens_takes_no_more_slots()
    {
        var bench = new ManagerBench(ManagerConfig.Default with { LogBytesMax = 1 });
        bench.Join(Worker1);
        bench.Reserve(Job());

        Assert.Equal(
            new Message.SlotRefused(
                Slot(), "the log is full: no snapshot could be taken that would shorten it"),
            bench.SentTo(Gate)[^1]);
    }
}
