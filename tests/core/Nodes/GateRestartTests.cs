using Hyperscale.Det.Durability;
using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Nodes;
using Hyperscale.Det.Protocol;
using Hyperscale.Det.Replication;
using Hyperscale.Det.Wire;

namespace Hyperscale.Det.Tests.Core.Nodes;

/// <summary>Crashes in the middle of each phase: what was promised is kept, what was not is not
/// there.</summary>
public sealed class GateRestartTests
{
    private static readonly NodeId East = GateBench.East;

    private readonly GateBench _bench = new();

    [Fact]
    public void A_submission_that_was_not_on_disk_was_not_acknowledged_and_is_gone()
    {
        _bench.IsDiskFast = false;
        _bench.Ask(new ClientRequest.SubmitJob(Specs.Job()));
        Assert.Empty(_bench.Replies);
        _bench.Restart();

        Assert.Equal(0, _bench.Gate.Ledger.Count);
        Assert.Equal(Instant.Never, _bench.Gate.NextDeadline);
    }

    [Fact]
    public void A_refused_slot_whose_next_assignment_was_not_on_disk_is_assigned_again()
    {
        var key = _bench.Reserve(_bench.Submit(Specs.Job()), 0, East);
        _bench.IsDiskFast = false;
        _bench.Receive(East, new Message.SlotRefused(key, "full"));
        _bench.PersistOne();
        Assert.Equal(SlotStage.Unassigned, _bench.Job(key.Job).Slots[0].Stage);
        _bench.Forget();
        _bench.IsDiskFast = true;
        _bench.Restart();

        _bench.Reserve(key.Job, 0, GateBench.West);
    }

    [Fact]
    public void A_reservation_is_asked_for_again_under_its_epoch_and_the_fence_of_the_new_life()
    {
        var key = _bench.Reserve(_bench.Submit(Specs.Job()), 0, East);
        var fence = _bench.Gate.FenceOf(0);
        _bench.Forget();
        _bench.Restart();

        Assert.True(_bench.Gate.FenceOf(0) > fence);
        Assert.Equal(
            [(East, (Message)new Message.ReserveSlot(key, _bench.Gate.FenceOf(0), _bench.Job(key.Job).Spec))],
            _bench.Sent);
    }

    [Fact]
    public void A_reservation_whose_start_was_not_on_disk_is_asked_for_again()
    {
        var key = _bench.Reserve(_bench.Submit(Specs.Job()), 0, East);
        _bench.IsDiskFast = false;
        _bench.Receive(East, new Message.SlotReserved(key, Duration.Zero));
        _bench.IsDiskFast = true;
        _bench.Forget();
        _bench.Restart();

        Assert.IsType<Message.ReserveSlot>(Assert.Single(_bench.Sent).Message);
    }

    [Fact]
    public void A_start_is_sent_again_to_the_same_datacenter_and_its_slot_does_not_move()
    {
        var key = _bench.Run(Specs.Job());
        _bench.Forget();
        _bench.Restart();
        _bench.Heartbeat("west", GateBench.West);
        _bench.Pass(Duration.FromSeconds(60));

        var start = new Message.StartSlot(key, _bench.Gate.FenceOf(0));
        Assert.All(_bench.Sent, sent => Assert.Equal(start, sent.Message));
        Assert.DoesNotContain(_bench.Sent, sent => sent.To == GateBench.West);
        Assert.NotEmpty(_bench.Sent);
    }

    [Fact]
    public void A_result_that_was_not_on_disk_was_not_acknowledged_and_comes_again()
    {
        var key = _bench.Run(Specs.Job());
        _bench.IsDiskFast = false;
        _bench.Forget();
        _bench.Receive(East, new Message.SlotFinished(key, Specs.Outcome()));
        Assert.Empty(_bench.Sent);
        _bench.IsDiskFast = true;
        _bench.Restart();
        Assert.Equal(JobState.Running, _bench.Job(key.Job).State);
        _bench.Receive(East, new Message.SlotFinished(key, Specs.Outcome()));

        Assert.Equal(JobState.Completed, _bench.Job(key.Job).State);
    }

    [Fact]
    public void A_result_whose_acknowledgement_was_lost_is_acknowledged_by_the_next_life()
    {
        var key = _bench.Run(Specs.Job());
        _bench.Receive(East, new Message.SlotFinished(key, Specs.Outcome()));
        _bench.Restart();
        _bench.Forget();
        _bench.Receive(East, new Message.SlotFinished(key, Specs.Outcome()));

        Assert.Equal(NodeVerdict.Duplicate, _bench.Verdict);
        Assert.Equal(
            [(East, (Message)new Message.SlotResultCommitted(key, _bench.Gate.FenceOf(0)))], _bench.Sent);
    }

    [Fact]
    public void A_cancellation_goes_on_until_its_datacenters_acknowledge_it()
    {
        var key = _bench.Run(Specs.Job());
        _bench.Ask(new ClientRequest.CancelJob(key.Job));
        _bench.Forget();
        _bench.Restart();

        Assert.Equal(
            [
                (East, (Message)new Message.CancelSlot(
                    key, _bench.Gate.FenceOf(0), "the job is being cancelled")),
            ],
            _bench.Sent);
        _bench.Receive(East, new Message.SlotFinished(key, Specs.Outcome(SlotState.Cancelled)));
        Assert.Equal(JobState.Cancelled, _bench.Job(key.Job).State);
    }

    [Fact]
    public void Datacenters_of_a_job_that_has_ended_are_told_so_after_a_restart()
    {
        var key = _bench.Run(Specs.Job(bestEffort: Specs.BestEffort(deadline: Duration.FromSeconds(5))));
        _bench.Pass(Duration.FromSeconds(6));
        Assert.Equal(JobState.Failed, _bench.Job(key.Job).State);
        _bench.Forget();
        _bench.Restart();

        Assert.Equal(key, Assert.IsType<Message.CancelSlot>(Assert.Single(_bench.Sent).Message).Slot);
    }

    [Fact]
    public void A_deadline_counts_from_the_submission_whatever_happened_since()
    {
        var spec = Specs.Job(bestEffort: Specs.BestEffort(deadline: Duration.FromSeconds(60)));
        var job = _bench.Submit(spec);
        _bench.Pass(Duration.FromSeconds(20));
        _bench.Restart(outage: Duration.FromSeconds(30));
        _bench.Pass(Duration.FromSeconds(9));
        Assert.Equal(JobState.Accepted, _bench.Job(job).State);
        _bench.Pass(Duration.FromSeconds(1));

        Assert.Equal(JobState.Failed, _bench.Job(job).State);
    }

    [Fact]
    public void A_deadline_that_passed_during_the_outage_is_reached_at_once()
    {
        var job = _bench.Submit(Specs.Job(bestEffort: Specs.BestEffort(deadline: Duration.FromSeconds(60))));
        _bench.Restart(outage: Duration.FromSeconds(3600));

        Assert.Equal(JobState.Failed, _bench.Job(job).State);
    }

    [Fact]
    public void A_wall_clock_that_was_set_back_does_not_make_a_deadline_later_than_its_whole_term()
    {
        var job = _bench.Submit(Specs.Job(bestEffort: Specs.BestEffort(deadline: Duration.FromSeconds(60))));
        _bench.Wall = new WallTime(5);
        _bench.Restart();
        _bench.Pass(Duration.FromSeconds(60));

        Assert.Equal(JobState.Failed, _bench.Job(job).State);
    }

    [Fact]
    public void A_snapshot_and_the_entries_after_it_are_as_good_as_all_entries()
    {
        var bench = new GateBench(config: GateConfig.Default with { SnapshotEveryRecords = 5 });
        var keys = Enumerable.Range(0, 4).Select(_ => bench.Run(Specs.Job())).ToList();
        bench.Receive(East, new Message.SlotFinished(keys[0], Specs.Outcome()));
        Assert.Equal(1, bench.Snapshots);
        bench.When(new NodeInput.SnapshotDurable(5));
        Assert.Equal(2, bench.Snapshots);
        var before = Ledger(bench);
        bench.Restart();

        Assert.Equal(before, Ledger(bench));
        var fence = bench.Gate.FenceOf(0);
        Assert.Equal(3, bench.Sent.Count(sent => sent.Message is Message.StartSlot s && s.Fence == fence));
        // Each life began with an entry of its own.
        Assert.Equal(new JobId(0, 12), bench.Submit(Specs.Job()));
    }

    [Fact]
    public void A_recovery_is_told_with_what_it_found()
    {
        _bench.Run(Specs.Job());
        _bench.Forget();
        _bench.Restart();

        Assert.Equal(
            [new TelemetryEvent.Recovered(0, 5), new TelemetryEvent.GroupLed(0, 2, IsLed: true)],
            _bench.Told);
    }

    [Fact]
    public void A_gate_that_cannot_read_its_log_promises_nothing_and_says_why()
    {
        var gate = new GateNode(GateBench.GateA, GateBench.OneGate, GateConfig.Default);
        Assert.Equal(NodeVerdict.Refused, Start(gate, [new byte[] { 1, 2, 3 }]));
        JudgeSilent(gate, "the log holds what this build cannot read");
    }

    [Fact]
    public void A_gate_that_cannot_read_an_entry_promises_nothing_and_says_why()
    {
        var entry = VsrEntry.After(LogPosition.Start, 1, new WallTime(1), new byte[] { 1 });
        var installed = new VsrRecord.LogInstalled(1, LogPosition.Start, new WallTime(0), null, [entry], 0);
        var writer = new FieldWriter();
        GroupRecord.Write(writer, new GroupRecord(0, installed));
        var gate = new GateNode(GateBench.GateA, GateBench.OneGate, GateConfig.Default);
        Assert.Equal(NodeVerdict.Accepted, Start(gate, [writer.ToArray()]));
        var outbox = new Outbox<NodeEffect>();
        // Until the view has begun nothing is committed.
        Assert.Equal(NodeVerdict.Refused, gate.Step(new NodeInput.Durable(4), Instant.Zero, outbox));
        JudgeSilent(gate, "entry 1 of ledger group 0 cannot be read: has a field numbered 0");
    }

    private static NodeVerdict Start(GateNode gate, byte[][] records)
    {
        var log = RecoveredLog.Nothing with
        {
            Records = [.. records.Select(bytes => new WalRecord(WalRecordKind.LogEntry, bytes))],
        };
        return gate.Step(
            new NodeInput.Started(log, 1, new BootId(1), new WallTime(1)), Instant.Zero,
            new Outbox<NodeEffect>());
    }

    private static void JudgeSilent(GateNode gate, string reason)
    {
        var outbox = new Outbox<NodeEffect>();
        gate.Step(
            new NodeInput.ClientRequested(1, new ClientRequest.SubmitJob(Specs.Job())), Instant.Zero, outbox);
        gate.Step(
            new NodeInput.Received(
                GateBench.Client, new Message.ClientCall(9, 0, new ClientRequest.GetJob(new JobId(0, 1)))),
            Instant.Zero, outbox);
        gate.Step(new NodeInput.Tick(new WallTime(2)), Instant.Zero, outbox);
        gate.CheckInvariants();

        var answer = new ClientResponse.Unavailable(reason, Duration.FromSeconds(1));
        Assert.Equal(
            [
                GateBench.Reply(1, answer),
                GateBench.Send(GateBench.Client, new Message.ClientAnswer(9, answer)),
            ],
            outbox.Effects);
        Assert.Equal(Instant.Never, gate.NextDeadline);
    }

    private static ulong Ledger(GateBench bench)
    {
        var fingerprint = default(Fingerprint);
        bench.Gate.Ledger.AddTo(ref fingerprint);
        return fingerprint.Value;
    }
}
