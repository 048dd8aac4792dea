using Hyperscale.Det.Idempotency;
using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Nodes;
using Hyperscale.Det.Protocol;
using Hyperscale.Det.Tests.Core.Idempotency;
using static Hyperscale.Det.Tests.Core.Nodes.Dispatch;

namespace Hyperscale.Det.Tests.Core.Nodes;

/// <summary>What a datacenter remembers of the jobs that were dispatched to it (AD-40).</summary>
public sealed class ManagerKeyTests
{
    private static readonly IdempotencyKey Key = KeyGens.Opaque("order-1");
    private readonly ManagerBench _bench = new();

    public ManagerKeyTests() => _bench.Join(Worker1, cores: 4);

    [Fact]
    public void A_second_job_of_a_key_is_refused_while_the_first_is_here_and_after_a_restart_too()
    {
        Reserve(1);
        Reserve(2);
        Assert.Contains("its key is that of job", RefusalOf(2), StringComparison.Ordinal);

        _bench.Restart();
        _bench.Join(Worker1, cores: 4, boot: 2);
        Reserve(3);
        Assert.Contains($"{Slot(1).Job}", RefusalOf(3), StringComparison.Ordinal);
        Assert.Equal(Slot(1).Job, _bench.Node.Ledger.Keys.GetByKey(Key)!.Job);
    }

    [Fact]
    public void A_job_that_was_let_go_of_before_it_started_leaves_its_key_to_another()
    {
        Reserve(1);
        _bench.Pass(ManagerConfig.Default.ReservationTerm, Worker1);
        Assert.Equal(IdempotencyStatus.Rejected, _bench.Node.Ledger.Keys.GetByJob(Slot(1).Job)!.Status);

        _bench.Forget();
        Reserve(2);
        Assert.Contains(_bench.SentTo(Gate), message => message is Message.SlotReserved);
    }

    [Fact]
    public void A_job_that_is_over_is_not_taken_again_even_when_its_place_is_forgotten()
    {
        Reserve(1);
        _bench.Start(1);
        _bench.Receive(Gate, new Message.CancelSlot(Slot(1), 1, "enough"));
        foreach (var attempt in _bench.Node.Ledger.LiveOn(Worker1).ToList())
            _bench.Finish(Worker1, attempt, new AttemptOutcome(
                AttemptState.Cancelled, "stopped", null, RunStats.None, default));
        _bench.Receive(Gate, new Message.SlotResultCommitted(Slot(1), 1));
        var entry = _bench.Node.Ledger.Keys.GetByJob(Slot(1).Job)!;
        Assert.Equal((IdempotencyStatus.Committed, true), (entry.Status, entry.Ended is not null));

        // The same job in another of its places, which this datacenter has never heard of.
        _bench.Forget();
        _bench.Receive(Gate, new Message.ReserveSlot(Slot(1) with { Slot = 1 }, 1, Job(), Key));
        var refused = Assert.IsType<Message.SlotRefused>(Assert.Single(_bench.SentTo(Gate)));
        Assert.Equal("its job ran here and is over", refused.Reason);
    }

    [Fact]
    public void What_is_remembered_leaves_after_its_time_to_live()
    {
        Reserve(1);
        _bench.Pass(ManagerConfig.Default.ReservationTerm, Worker1);
        Assert.Equal(1, _bench.Node.Ledger.Keys.Count);
        var keys = IdempotencyConfig.Default;
        _bench.Pass(keys.RejectedTtl - Duration.FromSeconds(5), Worker1);
        Assert.Equal(1, _bench.Node.Ledger.Keys.Count);
        _bench.Pass(Duration.FromSeconds(5) + keys.CleanupInterval, Worker1);
        Assert.Equal(0, _bench.Node.Ledger.Keys.Count);
    }

    [Fact]
    public void Too_much_of_it_leaves_before_that()
    {
        var bench = new ManagerBench(ManagerConfig.Default with
        {
            Idempotency = IdempotencyConfig.Default with { MaxEntries = 1 },
        });
        bench.Join(Worker1, cores: 4);
        foreach (var job in new[] { 1, 2, 3 }) bench.Reserve(Job(), job);
        bench.Pass(ManagerConfig.Default.ReservationTerm + Duration.FromSeconds(2), Worker1);
        Assert.Equal(1, bench.Node.Ledger.Keys.Count);
        Assert.Equal(2, bench.Node.Ledger.Keys.EvictedEarly);
        Assert.Equal(2, bench.Told.OfType<TelemetryEvent.KeysEvicted>().Sum(told => told.Evicted));
    }

    private void Reserve(long job) =>
        _bench.Receive(Gate, new Message.ReserveSlot(Slot(job), 1, Job(), Key));

    private string RefusalOf(long job) => Assert.Single(
        _bench.SentTo(Gate).OfType<Message.SlotRefused>(), refused => refused.Slot == Slot(job)).Reason;
}
