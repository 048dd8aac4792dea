using CsCheck;
using Hyperscale.Det.Capacity;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Wire;

namespace Hyperscale.Det.Tests.Core.Capacity;

public sealed class CapacityDebitTests
{
    private static readonly DatacenterName East = DatacenterName.Of("east");
    private static readonly NodeId Manager = NodeId.Of("east/m1");
    private static readonly NodeId Successor = NodeId.Of("east/m2");
    private static readonly NodeId GateA = NodeId.Of("gate-a");
    private static readonly JobId Job = new(0, 1);

    private readonly DatacenterCapacityAggregator _gate = new(CapacityConfig.Default);

    [Fact]
    public void What_was_dispatched_is_debited_until_the_heartbeat_after_the_next()
    {
        Hear(_gate, version: 1, free: 10);
        Dispatch(_gate, slot: 0, cores: 4);
        Assert.Equal(6, Available(_gate));

        // It may have been sent before the dispatch arrived.
        Hear(_gate, version: 2, free: 10);
        Assert.Equal(6, Available(_gate));

        Hear(_gate, version: 3, free: 6);
        Assert.Equal(6, Available(_gate));
        Assert.Empty(_gate.Debits(GateA, 1, Instant.Zero).Shares);
    }

    [Fact]
    public void What_the_manager_has_admitted_is_shown_by_its_next_heartbeat_to_every_gate()
    {
        var other = new DatacenterCapacityAggregator(CapacityConfig.Default);
        Hear(_gate, version: 1, free: 10);
        Hear(other, version: 1, free: 10);
        Dispatch(_gate, slot: 0, cores: 4);
        Dispatch(_gate, slot: 1, cores: 1);
        _gate.Admitted(Job, 0, Instant.Zero);
        _gate.Admitted(Job, 7, Instant.Zero);
        Assert.Equal(5, Available(_gate));
        Assert.True(other.Merge(_gate.Debits(GateA, 1, Instant.Zero), Instant.Zero));
        Assert.Equal(5, Available(other));

        foreach (var gate in (DatacenterCapacityAggregator[])[_gate, other])
        {
            Hear(gate, version: 2, free: 6);
            Assert.Equal(5, Available(gate));
            gate.CheckInvariants();
        }
    }

    [Fact]
    public void A_later_start_of_the_manager_and_a_successor_show_all_dispatches()
    {
        Hear(_gate, version: 7, free: 10);
        Dispatch(_gate, slot: 0, cores: 4);
        Hear(_gate, version: 1, free: 6, incarnation: 2);
        Assert.Equal(6, Available(_gate));

        Dispatch(_gate, slot: 1, cores: 4);
        _gate.Accept(new ManagerCapacity(Successor, East, 1, 1, 1, 10, 2, null), Instant.Zero);
        Assert.Equal(2, Available(_gate));
        _gate.CheckInvariants();
    }

    [Fact]
    public void A_refused_dispatch_is_taken_back_and_one_that_moved_counts_once()
    {
        Hear(_gate, version: 1, free: 10);
        Dispatch(_gate, slot: 0, cores: 4);
        Dispatch(_gate, slot: 1, cores: 2);
        Dispatch(_gate, slot: 1, cores: 3);
        Assert.Equal(3, Available(_gate));

        _gate.TakeBack(Job, 0);
        _gate.TakeBack(Job, 0);
        Assert.Equal(7, Available(_gate));
        _gate.CheckInvariants();
    }

    [Fact]
    public void Debits_end_with_the_staleness_of_their_manager()
    {
        Dispatch(_gate, slot: 0, cores: 4);

        Assert.Equal(4, _gate.DebitedIn(East, At(29)));
        Assert.Equal(0, _gate.DebitedIn(East, At(30)));
        _gate.CheckInvariants();
    }

    [Fact]
    public void The_wait_is_longer_by_what_was_dispatched()
    {
        var details = HeartbeatCapacity.Of(
            4, [CapacityGens.Work(2, 10, 0), CapacityGens.Work(2, 50, 0)], [], Instant.Zero);
        _gate.Accept(new ManagerCapacity(Manager, East, 0, 1, 1, 4, 0, details), Instant.Zero);
        Assert.Equal(Duration.FromSeconds(10), View(_gate, cores: 2).EstimatedWait);

        Dispatch(_gate, slot: 0, cores: 1);
        Assert.Equal(Duration.FromSeconds(50), View(_gate, cores: 2).EstimatedWait);
        Dispatch(_gate, slot: 1, cores: 9);
        Assert.Equal(Duration.FromSeconds(50), View(_gate, cores: 4).EstimatedWait);
    }

    [Fact]
    public void Other_gates_subtract_what_they_are_told_however_often()
    {
        var other = new DatacenterCapacityAggregator(CapacityConfig.Default);
        Hear(_gate, version: 1, free: 10);
        Hear(other, version: 1, free: 10);
        Dispatch(_gate, slot: 0, cores: 4);
        var first = _gate.Debits(GateA, 1, Instant.Zero);
        Dispatch(_gate, slot: 1, cores: 2);
        var second = _gate.Debits(GateA, 1, Instant.Zero);

        Assert.True(other.Merge(second, Instant.Zero));
        Assert.False(other.Merge(second, Instant.Zero));
        Assert.False(other.Merge(first, Instant.Zero));
        Assert.Equal(4, Available(other));

        Hear(other, version: 3, free: 4);
        Assert.Equal(4, Available(other));
        Assert.True(other.Merge(second with { Incarnation = 2, Revision = 0 }, Instant.Zero));
        Assert.Equal(4, Available(other));
        other.CheckInvariants();
    }

    [Fact]
    public void Gates_that_hear_of_each_other_fill_a_datacenter_once()
    {
        var gates = Enumerable.Range(0, 5)
            .Select(_ => new DatacenterCapacityAggregator(CapacityConfig.Default)).ToList();
        foreach (var gate in gates) Hear(gate, version: 1, free: 20);
        var sent = 0;
        for (var round = 0; round < 40; round++)
        {
            var gate = gates[round % gates.Count];
            if (Available(gate) < 3) continue;
            gate.Dispatched(new JobId(0, round), 0, East, Manager, 3, Instant.Zero);
            sent += 3;
            var told = gate.Debits(NodeId.Of($"gate-{round % gates.Count}"), 1, Instant.Zero);
            foreach (var other in gates.Where(other => other != gate)) other.Merge(told, Instant.Zero);
        }

        Assert.Equal(18, sent);
    }

    [Fact]
    public void Without_gossip_each_gate_fills_it_once_between_two_heartbeats() =>
        Gen.Select(Gen.Int[1, 6], Gen.Int[1, 40], Gen.Int[1, 5]).Sample((gates, free, cores) =>
        {
            var sent = 0;
            for (var g = 0; g < gates; g++)
            {
                var gate = new DatacenterCapacityAggregator(CapacityConfig.Default);
                Hear(gate, version: 1, free: free);
                for (var slot = 0; Available(gate) >= cores; slot++)
                {
                    Dispatch(gate, slot, cores);
                    sent += cores;
                }
            }

            Assert.InRange(sent, 0, gates * free);
        });

    [Fact]
    public void Debits_come_back_from_their_bytes()
    {
        Hear(_gate, version: 3, free: 10);
        Dispatch(_gate, slot: 0, cores: 4);
        var report = _gate.Debits(GateA, 7, Instant.Zero);
        var writer = new FieldWriter();
        DebitReport.Write(writer, report);
        var reader = new FieldReader(writer.Written);
        var back = DebitReport.Read(ref reader);

        Assert.Null(reader.Fault);
        Assert.Equal((GateA, 7, report.Revision), (back!.Gate, back.Incarnation, back.Revision));
        Assert.Equal([new DebitShare(East, Manager, 0, 1, 3, 4)], back.Shares);
    }

    [Fact]
    public void Any_bytes_are_judged() => Gen.Byte.Array[0, 100].Sample(bytes =>
    {
        var reader = new FieldReader(bytes);
        Assert.Equal(DebitReport.Read(ref reader) is null, reader.Fault is not null);
    });

    private static Instant At(int seconds) => Instant.Zero + Duration.FromSeconds(seconds);

    private static void Hear(
        DatacenterCapacityAggregator gate, long version, int free, long incarnation = 1) =>
        gate.Accept(
            new ManagerCapacity(Manager, East, 0, incarnation, version, 100, free, null), Instant.Zero);

    private static void Dispatch(DatacenterCapacityAggregator gate, int slot, int cores)
    {
        gate.Dispatched(Job, slot, East, Manager, cores, Instant.Zero);
        gate.CheckInvariants();
    }

    private static int Available(DatacenterCapacityAggregator gate) => View(gate, cores: 1).AvailableCores;

    private static DatacenterCapacity View(DatacenterCapacityAggregator gate, int cores) =>
        gate.View(East, cores, DatacenterHealth.Healthy, Instant.Zero);
}
