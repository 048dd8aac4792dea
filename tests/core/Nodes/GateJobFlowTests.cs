using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Nodes;
using Hyperscale.Det.Protocol;

namespace Hyperscale.Det.Tests.Core.Nodes;

public sealed class GateJobFlowTests
{
    private static readonly NodeId East = GateBench.East;

    private readonly GateBench _bench = new();

    [Fact]
    public void A_job_goes_from_its_submission_to_its_end_one_committed_entry_at_a_time()
    {
        _bench.IsDiskFast = false;
        var key = new SlotKey(new JobId(0, 2), 0, 1);
        var fence = _bench.Gate.FenceOf(0);
        Assert.Empty(_bench.Ask(new ClientRequest.SubmitJob(Specs.Job()), requestId: 5));
        var effects = _bench.Persist();
        Assert.Equal(
            [
                Tell(new TelemetryEvent.JobAccepted(key.Job, "job")),
                // The first assignment is part of the entry; the reservation follows it.
                Tell(new TelemetryEvent.SlotAssigned(key, "east")),
                GateBench.Reply(5, new ClientResponse.Accepted(key.Job)),
                Send(new Message.ReserveSlot(key, fence, _bench.Job(key.Job).Spec)),
            ],
            effects);

        Assert.Empty(_bench.Receive(East, new Message.SlotReserved(key, Duration.Zero)));
        Assert.Equal([Send(new Message.StartSlot(key, fence))], _bench.Persist());
        Assert.Empty(_bench.Receive(East, new Message.SlotStarted(key)));
        Assert.Empty(_bench.Receive(East, new Message.SlotFinished(key, Specs.Outcome())));
        Assert.Equal(
            [
                Send(new Message.SlotResultCommitted(key, fence)),
                Tell(new TelemetryEvent.SlotEnded(key, "east", SlotState.Completed)),
                Tell(new TelemetryEvent.JobEnded(
                    key.Job, JobState.Completed, "all_dcs_reported: 1 of 1 datacenters completed")),
            ],
            _bench.Persist());
        Assert.Equal(Instant.Never, _bench.Gate.NextDeadline);
    }

    [Fact]
    public void Every_slot_goes_to_a_datacenter_of_its_own()
    {
        var job = _bench.Submit(Specs.Job(count: 2));
        var reserved = _bench.Sent.Where(sent => sent.Message is Message.ReserveSlot)
            .Select(sent => (sent.To, ((Message.ReserveSlot)sent.Message).Slot));

        Assert.Equal(
            [(East, new SlotKey(job, 0, 1)), (GateBench.West, new SlotKey(job, 1, 1))], reserved);
    }

    [Fact]
    public void A_result_that_comes_twice_is_merged_once_and_acknowledged_twice()
    {
        var key = _bench.Run(Specs.Job(count: 2));
        var first = Specs.Outcome(requests: 3);
        _bench.Receive(East, new Message.SlotFinished(key, first));
        _bench.Forget();
        var effects = _bench.Receive(East, new Message.SlotFinished(key, Specs.Outcome(requests: 4)));

        Assert.Equal(NodeVerdict.Duplicate, _bench.Verdict);
        Assert.Equal([Send(new Message.SlotResultCommitted(key, _bench.Gate.FenceOf(0)))], effects);
        Assert.Equal(3, _bench.Job(key.Job).Slots[0].Outcome!.Workflows[0].Outcome.Stats.Requests);
    }

    [Fact]
    public void A_result_that_comes_again_before_it_is_on_disk_is_proposed_once()
    {
        var key = _bench.Run(Specs.Job());
        _bench.IsDiskFast = false;
        _bench.Forget();
        _bench.Receive(East, new Message.SlotFinished(key, Specs.Outcome()));
        _bench.Receive(East, new Message.SlotFinished(key, Specs.Outcome()));

        Assert.Equal(NodeVerdict.Duplicate, _bench.Verdict);
        Assert.IsType<NodeEffect.Append>(Assert.Single(_bench.History));
    }

    [Fact]
    public void A_result_after_the_end_is_late_and_its_manager_may_forget_it()
    {
        var first = _bench.Run(Specs.Job(count: 2, bestEffort: Specs.BestEffort()));
        var second = _bench.Reserve(first.Job, 1, GateBench.West);
        _bench.Receive(GateBench.West, new Message.SlotReserved(second, Duration.Zero));
        _bench.Receive(East, new Message.SlotFinished(first, Specs.Outcome()));
        Assert.Equal(JobState.Completed, _bench.Job(first.Job).State);
        Assert.IsType<Message.CancelSlot>(_bench.Sent.Last(sent => sent.To == GateBench.West).Message);
        _bench.Forget();
        _bench.Receive(GateBench.West, new Message.SlotFinished(second, Specs.Outcome()));

        Assert.Equal(
            [(GateBench.West, (Message)new Message.SlotResultCommitted(second, _bench.Gate.FenceOf(0)))],
            _bench.Sent);
        Assert.Equal(
            [
                new TelemetryEvent.Ignored(GateBench.West, "SlotFinished", "Late"),
                new TelemetryEvent.LateResult(second, "west", SlotState.Completed, IsMerged: false),
            ],
            _bench.Told);
        Assert.Null(_bench.Job(first.Job).Slots[1].Outcome);
        Assert.Equal(1, _bench.Gate.Ledger.LateOutcomes);
        Assert.Equal(Instant.Never, _bench.Gate.NextDeadline);
    }

    [Fact]
    public void Progress_shows_in_the_status_and_never_goes_backwards()
    {
        var key = _bench.Run(Specs.Job());
        Assert.Equal(NodeVerdict.Accepted, Progress(boot: 1, revision: 5, requests: 50));
        Assert.Equal(NodeVerdict.Stale, Progress(boot: 1, revision: 4, requests: 40));
        Assert.Equal(NodeVerdict.Stale, Progress(boot: 1, revision: 5, requests: 51));
        Assert.Equal(50, Requests());
        // A manager that was started again counts from one; what its earlier life sent is old.
        Assert.Equal(NodeVerdict.Accepted, Progress(boot: 2, revision: 1, requests: 60));
        Assert.Equal(NodeVerdict.Stale, Progress(boot: 1, revision: 9, requests: 55));
        Assert.Equal(60, Requests());
        Assert.Equal(SlotPhase.Running, _bench.Status(key.Job).Slots[0].Phase);

        NodeVerdict Progress(ulong boot, long revision, long requests)
        {
            var stats = RunStats.None with { Requests = requests };
            var progress = new WorkflowProgress(0, WorkflowPhase.Running, "w", stats);
            _bench.Receive(East, new Message.SlotProgressed(key, new BootId(boot), revision, [progress]));
            return _bench.Verdict;
        }

        long Requests() => _bench.Status(key.Job).Slots[0].Workflows[0].Stats.Requests;
    }

    [Fact]
    public void A_status_names_what_its_slots_wait_for()
    {
        var job = _bench.Submit(Specs.Job());
        var key = new SlotKey(job, 0, 1);
        AssertSlot(SlotPhase.Reserving, "waiting for east to reserve cores, which is silent");
        _bench.Heartbeat("east", East);
        AssertSlot(SlotPhase.Reserving, "waiting for east to reserve cores");
        _bench.Receive(East, new Message.SlotReserved(key, Duration.FromSeconds(7)));
        AssertSlot(SlotPhase.Starting, "waiting for east to start");
        _bench.Receive(East, new Message.SlotStarted(key));
        AssertSlot(SlotPhase.Queued, "waiting for free cores in east, estimated 7s");
        _bench.Receive(East, new Message.SlotProgressed(
            key, new BootId(1), 1, [new WorkflowProgress(0, WorkflowPhase.Running, "w", RunStats.None)]));
        AssertSlot(SlotPhase.Running, "running");
        _bench.Receive(East, new Message.SlotFinished(key, Specs.Outcome(reason: "all done")));
        AssertSlot(SlotPhase.Reported, "all done");
        Assert.Equal(
            WorkflowPhase.Ended, Assert.Single(_bench.Status(job).Slots[0].Workflows).Phase);

        void AssertSlot(SlotPhase phase, string reason)
        {
            var slot = Assert.Single(_bench.Status(job).Slots);
            Assert.Equal((phase, reason), (slot.Phase, slot.Reason));
        }
    }

    [Fact]
    public void Revisions_differ_whenever_something_visible_does_and_else_do_not()
    {
        var key = _bench.Run(Specs.Job());
        var first = _bench.Status(key.Job).Revision;
        Assert.Equal(first, _bench.Status(key.Job).Revision);
        _bench.Receive(East, new Message.SlotProgressed(key, new BootId(1), 1, []));
        var second = _bench.Status(key.Job).Revision;
        _bench.Receive(East, new Message.SlotFinished(key, Specs.Outcome()));
        var third = _bench.Status(key.Job).Revision;
        _bench.Restart();

        Assert.Equal(3, new[] { first, second, third }.Distinct().Count());
        Assert.Equal(third, _bench.Status(key.Job).Revision);
        Assert.All([first, second, third], revision => Assert.InRange(revision, 0, (1L << 52) - 1));
    }

    private static NodeEffect.Send Send(Message message) => GateBench.Send(East, message);

    private static NodeEffect.Emit Tell(TelemetryEvent telemetry) => GateBench.Tell(telemetry);
}
