using Hyperscale.Det.Durability;
using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Nodes;
using Hyperscale.Det.Protocol;
using Hyperscale.Det.Replication;
using Hyperscale.Det.Wire;
using static Hyperscale.Det.Tests.Core.Nodes.Dispatch;

namespace Hyperscale.Det.Tests.Core.Nodes;

/// <summary>A manager that ends and starts again in each phase of a slot.</summary>
public sealed class ManagerRestartTests
{
    private readonly ManagerBench _bench = new();

    [Fact]
    public void What_was_not_on_disk_was_not_promised_and_can_be_asked_again()
    {
        _bench.Join(Worker1);
        _bench.IsDiskFast = false;
        _bench.Reserve(Job());
        _bench.Restart();
        Assert.Empty(_bench.Node.Ledger.Slots);
        Assert.Empty(_bench.SentTo(Gate));

        _bench.IsDiskFast = true;
        _bench.Persist();
        _bench.Join(Worker1);
        _bench.Reserve(Job());
        Expect.Messages(_bench.SentTo(Gate), new Message.SlotReserved(Slot(), Duration.Zero));
    }

    [Fact]
    public void A_reservation_survives_and_can_be_started()
    {
        _bench.Join(Worker1);
        _bench.Reserve(Job());
        Restart();

        _bench.Join(Worker1);
        _bench.Start();
        Expect.Messages(_bench.SentTo(Gate), new Message.SlotStarted(Slot()));
        Assert.Single(_bench.SentTo<Message.StartAttempt>(Worker1));
    }

    [Fact]
    public void A_started_slot_is_placed_when_a_worker_is_heard()
    {
        _bench.Join(Worker1);
        _bench.Reserve(Job());
        _bench.IsDiskFast = false;
        _bench.Start();
        _bench.PersistOne();
        // The attempt's entry is lost with the process.
        _bench.IsDiskFast = true;
        Restart();
        Assert.Empty(_bench.SentTo(Worker1));

        _bench.Join(Worker1);
        Assert.Equal(Attempt(), Assert.Single(_bench.SentTo<Message.StartAttempt>(Worker1)).Attempt);
    }

    [Fact]
    public void An_attempt_that_was_never_sent_is_sent_to_the_same_life_of_its_worker()
    {
        _bench.Join(Worker1);
        _bench.Run(Job());
        Restart();
        _bench.Join(Worker2);
        Assert.Empty(_bench.SentTo<Message.StartAttempt>(Worker2));

        _bench.Heartbeat(Worker1);
        var start = Assert.Single(_bench.SentTo<Message.StartAttempt>(Worker1));
        Assert.Equal((Attempt(), _bench.Fence), (start.Attempt, start.Fence));
    }

    [Fact]
    public void A_running_attempt_is_adopted_by_inventory()
    {
        _bench.Join(Worker1);
        _bench.Run(Job());
        _bench.Accept(Worker1, Attempt());
        Restart();

        _bench.Pass(Seconds(5), Worker1);
        Assert.Empty(_bench.SentTo(Worker1));
        Assert.Equal([new WorkerView(Worker1, new BootId(1), 1, 0)], _bench.Node.Workers);
        _bench.Finish(Worker1, Attempt());
        Assert.Single(_bench.SentTo<Message.SlotFinished>(Gate));
    }

    [Fact]
    public void A_worker_that_is_not_heard_is_given_all_the_time_a_lease_may_last()
    {
        _bench.Join(Worker1);
        _bench.Run(Job());
        _bench.Accept(Worker1, Attempt());
        _bench.Pass(Seconds(11));
        Restart();

        _bench.Pass(Duration.FromMilliseconds(11_999));
        Assert.True(_bench.Node.Ledger.IsLive(Attempt()));
        _bench.Pass(Duration.FromMilliseconds(1));
        Assert.Equal("no heartbeat for 12s", _bench.Node.Ledger.Find(Attempt())!.Outcome!.Reason);
    }

    [Fact]
    public void A_worker_that_restarted_meanwhile_loses_its_attempts()
    {
        _bench.Join(Worker1);
        _bench.Run(Job());
        _bench.Accept(Worker1, Attempt());
        _bench.Inventories.Clear();
        Restart();

        _bench.Join(Worker1, boot: 2);
        Assert.Equal("worker restarted", _bench.Node.Ledger.Find(Attempt())!.Outcome!.Reason);
    }

    [Fact]
    public void A_slot_that_was_being_cancelled_goes_on_being_stopped()
    {
        _bench.Join(Worker1);
        _bench.Run(Job());
        _bench.Accept(Worker1, Attempt());
        _bench.Receive(Gate, new Message.CancelSlot(Slot(), 1, "taken back"));
        Restart();

        _bench.Heartbeat(Worker1);
        _bench.Pass(Seconds(1), Worker1);
        var stop = new Message.StopAttempt(Attempt(), _bench.Fence, "taken back");
        Expect.Messages(_bench.SentTo(Worker1), stop, stop, stop);
    }

    [Fact]
    public void An_outcome_that_was_not_taken_over_is_reported_again()
    {
        _bench.Join(Worker1);
        _bench.Run(Job());
        _bench.Finish(Worker1, Attempt());
        var before = Content.Of(_bench.SentTo<Message.SlotFinished>(Gate)[0]);
        Restart();

        _bench.Pass(Duration.FromMilliseconds(1));
        Assert.Equal(before, Content.Of(Assert.Single(_bench.SentTo<Message.SlotFinished>(Gate))));
    }

    [Fact]
    public void A_forgotten_slot_stays_forgotten()
    {
        _bench.Join(Worker1);
        _bench.Run(Job());
        _bench.Finish(Worker1, Attempt());
        _bench.Receive(Gate, new Message.SlotResultCommitted(Slot(), 1));
        Restart();

        _bench.Join(Worker1);
        Assert.Equal(NodeVerdict.Refused, _bench.Reserve(Job()));
        Assert.Equal(NodeVerdict.Refused, _bench.Start());
        _bench.Pass(Seconds(2));
        Assert.Empty(_bench.SentTo<Message.SlotFinished>(Gate));
    }

    [Fact]
    public void Every_life_of_a_manager_commands_under_a_higher_fence()
    {
        _bench.Join(Worker1);
        _bench.Run(Job());
        var first = _bench.SentTo<Message.StartAttempt>(Worker1)[0].Fence;
        Restart();
        _bench.Heartbeat(Worker1);

        Assert.True(_bench.SentTo<Message.StartAttempt>(Worker1)[0].Fence > first);
    }

    [Fact]
    public void A_snapshot_and_what_came_after_it_give_the_same_ledger()
    {
        var bench = new ManagerBench(ManagerConfig.Default with { SnapshotEveryRecords = 7 });
        bench.Join(Worker1, cores: 4);
        for (var job = 1; job <= 6; job++)
        {
            bench.Run(Job(Workflow("a"), Workflow("b", 2, 0)), job);
            bench.When(new NodeInput.SnapshotDurable(0));
        }

        bench.Finish(Worker1, Attempt(1));
        bench.Finish(Worker1, Attempt(2), Failed);
        var before = FingerprintOf(bench.Node.Ledger);
        bench.Restart();

        Assert.Contains(
            bench.Told, told => told is TelemetryEvent.Recovered { SnapshotLsn: > 0, Records: > 0 });
        Assert.Equal(before, FingerprintOf(bench.Node.Ledger));
    }

    [Fact]
    public void Only_one_snapshot_is_on_its_way_to_disk_at_a_time()
    {
        var bench = new ManagerBench(ManagerConfig.Default with { SnapshotEveryRecords = 4 });
        bench.Join(Worker1);
        var snapshots = 0;
        for (var job = 1; job <= 5; job++)
        {
            var reserve = new Message.ReserveSlot(Slot(job), 1, Job());
            var effects = bench.When(new NodeInput.Received(Gate, reserve));
            snapshots += effects.OfType<NodeEffect.Snapshot>().Count();
        }

        Assert.Equal(1, snapshots);

        Assert.Single(bench.When(new NodeInput.SnapshotDurable(2)).OfType<NodeEffect.Snapshot>());
    }

    [Fact]
    public void A_manager_that_cannot_read_its_log_touches_nothing()
    {
        var entry = VsrEntry.After(LogPosition.Start, 1, new WallTime(1), new byte[] { 1 });
        var installed = new VsrRecord.LogInstalled(1, LogPosition.Start, new WallTime(0), null, [entry], 1);
        var writer = new FieldWriter();
        GroupRecord.Write(writer, new GroupRecord(ManagerNode.DispatchGroup, installed));
        var record = new WalRecord(WalRecordKind.LogEntry, writer.ToArray());
        var node = new ManagerNode(Dispatch.Manager, Datacenter, Cluster, ManagerConfig.Default);
        var outbox = new Outbox<NodeEffect>();

        var verdict = node.Step(
            new NodeInput.Started(new RecoveredLog(0, default, [record]), 1, new BootId(1), new WallTime(1)),
            Instant.Zero, outbox);
        Assert.Equal(NodeVerdict.Refused, verdict);
        var told = Assert.IsType<TelemetryEvent.Ignored>(
            Assert.Single(outbox.Effects.OfType<NodeEffect.Emit>()).Event);
        Assert.DoesNotContain(outbox.Effects, effect => effect is NodeEffect.Send);
        Assert.StartsWith("entry 1 of the dispatch ledger cannot be read: ", told.Verdict, default);

        outbox.Clear();
        var heartbeat = new Message.WorkerHeartbeat(new BootId(1), 1, 1, []);
        Assert.Equal(
            NodeVerdict.Refused,
            node.Step(new NodeInput.Received(Worker1, heartbeat), Instant.Zero, outbox));
        Assert.Empty(outbox.Effects);
        node.Step(
            new NodeInput.ClientRequested(1, new ClientRequest.ListJobs(1, false)), Instant.Zero, outbox);
        Assert.IsType<NodeEffect.Reply>(Assert.Single(outbox.Effects));
        Assert.Equal(Instant.Never, node.NextDeadline);
        node.CheckInvariants();
    }

    private void Restart()
    {
        _bench.Restart();
        _bench.Forget();
    }

    private static ulong FingerprintOf(DispatchLedger ledger)
    {
        var fingerprint = default(Fingerprint);
        ledger.AddTo(ref fingerprint);
        return fingerprint.Value;
    }
}
