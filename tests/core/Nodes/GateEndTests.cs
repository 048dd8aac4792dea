using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Nodes;
using Hyperscale.Det.Protocol;

namespace Hyperscale.Det.Tests.Core.Nodes;

/// <summary>Cancellations and deadlines, and their races with results.</summary>
public sealed class GateEndTests
{
    private static readonly NodeId East = GateBench.East;
    private static readonly NodeId West = GateBench.West;

    private readonly GateBench _bench = new();

    [Fact]
    public void A_cancellation_is_answered_when_it_is_durable_and_ends_with_the_last_acknowledgement()
    {
        var key = _bench.Run(Specs.Job());
        _bench.IsDiskFast = false;
        Assert.Empty(_bench.Ask(new ClientRequest.CancelJob(key.Job), requestId: 8));
        var effects = _bench.Persist();
        var answer = Assert.IsType<ClientResponse.CancelAccepted>(
            Assert.Single(effects.OfType<NodeEffect.Reply>()).Response);
        Assert.Equal(JobState.Cancelling, answer.Job.State);
        Assert.Equal("waiting for east to stop", answer.Job.Slots[0].Reason);
        Assert.Equal(
            [
                (East, (Message)new Message.CancelSlot(
                    key, _bench.Gate.FenceOf(0), "the job is being cancelled")),
            ],
            GateBench.SentIn(effects));

        _bench.Receive(East, new Message.SlotFinished(key, Specs.Outcome(SlotState.Cancelled)));
        effects = _bench.Persist();
        Assert.Equal(
            [
                GateBench.Send(East, new Message.SlotResultCommitted(key, _bench.Gate.FenceOf(0))),
                GateBench.Tell(new TelemetryEvent.SlotEnded(key, "east", SlotState.Cancelled)),
                GateBench.Tell(new TelemetryEvent.JobEnded(
                    key.Job, JobState.Cancelled, "cancelled on request")),
            ],
            effects);
        Assert.Equal(Instant.Never, _bench.Gate.NextDeadline);
    }

    [Fact]
    public void A_cancellation_asked_for_twice_is_one_entry_and_two_answers()
    {
        var key = _bench.Run(Specs.Job());
        _bench.IsDiskFast = false;
        _bench.Forget();
        _bench.Ask(new ClientRequest.CancelJob(key.Job), requestId: 8);
        _bench.Ask(new ClientRequest.CancelJob(key.Job), requestId: 9);
        Assert.IsType<NodeEffect.Append>(Assert.Single(_bench.History));
        _bench.Persist();
        Assert.Equal([8, 9], _bench.History.OfType<NodeEffect.Reply>().Select(reply => reply.RequestId));

        _bench.Forget();
        _bench.Ask(new ClientRequest.CancelJob(key.Job), requestId: 10);
        Assert.Equal(NodeVerdict.Duplicate, _bench.Verdict);
        Assert.IsType<ClientResponse.CancelAccepted>(Assert.Single(_bench.Replies));
        Assert.DoesNotContain(_bench.History, effect => effect is NodeEffect.Append);
    }

    [Fact]
    public void A_cancellation_in_the_log_before_the_last_result_wins()
    {
        var key = _bench.Run(Specs.Job());
        _bench.IsDiskFast = false;
        _bench.Ask(new ClientRequest.CancelJob(key.Job));
        _bench.Receive(East, new Message.SlotFinished(key, Specs.Outcome()));
        _bench.Persist();

        Assert.Equal(JobState.Cancelled, _bench.Job(key.Job).State);
        Assert.Equal(SlotState.Completed, _bench.Job(key.Job).Slots[0].Outcome!.State);
        Assert.DoesNotContain(_bench.Sent, sent => sent.Message is Message.CancelSlot);
    }

    [Fact]
    public void A_result_in_the_log_before_the_cancellation_wins()
    {
        var key = _bench.Run(Specs.Job());
        _bench.IsDiskFast = false;
        _bench.Receive(East, new Message.SlotFinished(key, Specs.Outcome()));
        _bench.Ask(new ClientRequest.CancelJob(key.Job), requestId: 8);
        var effects = _bench.Persist();

        Assert.Equal(JobState.Completed, _bench.Job(key.Job).State);
        var answer = Assert.IsType<ClientResponse.CancelAccepted>(
            Assert.Single(effects.OfType<NodeEffect.Reply>()).Response);
        Assert.Equal(JobState.Completed, answer.Job.State);
    }

    [Fact]
    public void A_start_that_the_cancellation_overtook_is_never_sent()
    {
        var key = _bench.Reserve(_bench.Submit(Specs.Job()), 0, East);
        _bench.IsDiskFast = false;
        _bench.Ask(new ClientRequest.CancelJob(key.Job));
        _bench.Receive(East, new Message.SlotReserved(key, Duration.Zero));
        _bench.Forget();
        _bench.Persist();

        Assert.Equal(
            [
                (East, (Message)new Message.CancelSlot(
                    key, _bench.Gate.FenceOf(0), "the job is being cancelled")),
            ],
            _bench.Sent);
        Assert.Equal(SlotStage.Assigned, _bench.Job(key.Job).Slots[0].Stage);
        _bench.Receive(East, new Message.SlotRefused(key, "cancelled"));
        _bench.Persist();
        Assert.Equal(JobState.Cancelled, _bench.Job(key.Job).State);
    }

    [Fact]
    public void A_job_that_no_datacenter_has_is_cancelled_without_asking_any()
    {
        _bench.IsDiskFast = false;
        _bench.Ask(new ClientRequest.SubmitJob(Specs.Job()));
        _bench.PersistOne();
        // The assignment is on its way to disk behind the cancellation's back.
        _bench.Ask(new ClientRequest.CancelJob(new JobId(0, 2)));
        _bench.Persist();
        Assert.Equal(JobState.Cancelling, _bench.Job(new JobId(0, 2)).State);

        var bench = new GateBench();
        var key = bench.Reserve(bench.Submit(Specs.Job()), 0, East);
        bench.Receive(East, new Message.SlotRefused(key, "full"));
        bench.Receive(West, new Message.SlotRefused(key with { Epoch = 2 }, "full"));
        bench.Forget();
        bench.Ask(new ClientRequest.CancelJob(key.Job));
        Assert.Equal(JobState.Cancelled, bench.Job(key.Job).State);
        Assert.Empty(bench.Sent);
    }

    [Fact]
    public void A_datacenter_that_does_not_acknowledge_keeps_a_cancellation_open_for_its_term_only()
    {
        var key = _bench.Run(Specs.Job());
        _bench.Ask(new ClientRequest.CancelJob(key.Job));
        _bench.Forget();
        _bench.Pass(Duration.FromSeconds(29));
        Assert.Equal(JobState.Cancelling, _bench.Job(key.Job).State);
        Assert.All(_bench.Sent, sent => Assert.IsType<Message.CancelSlot>(sent.Message));
        _bench.Pass(Duration.FromSeconds(1));
        Assert.Equal(
            (JobState.Cancelled, "cancelled on request; no acknowledgement from east"),
            (_bench.Job(key.Job).State, _bench.Job(key.Job).Reason));

        // It is told a while longer, then again whenever it speaks.
        _bench.Pass(Duration.FromSeconds(31));
        _bench.Forget();
        _bench.Pass(Duration.FromSeconds(3600));
        Assert.Empty(_bench.Sent);
        Assert.Equal(Instant.Never, _bench.Gate.NextDeadline);
        _bench.Receive(East, new Message.SlotProgressed(key, new BootId(1), 1, []));
        Assert.Equal(key, Assert.IsType<Message.CancelSlot>(Assert.Single(_bench.Sent).Message).Slot);
    }

    [Fact]
    public void A_jobs_deadline_does_not_end_its_cancellation_before_its_term()
    {
        var key = _bench.Run(Specs.Job(bestEffort: Specs.BestEffort(deadline: Duration.FromSeconds(10))));
        _bench.Pass(Duration.FromSeconds(5));
        _bench.Ask(new ClientRequest.CancelJob(key.Job));
        _bench.Pass(Duration.FromSeconds(29));
        Assert.Equal(JobState.Cancelling, _bench.Job(key.Job).State);
        var until = Assert.IsType<Wait>(_bench.Status(key.Job).Slots[0].Wait).Until;
        Assert.Equal(_bench.Wall + Duration.FromSeconds(1), until);
        _bench.Pass(Duration.FromSeconds(1));
        Assert.Equal(JobState.Cancelled, _bench.Job(key.Job).State);
    }

    [Fact]
    public void A_deadline_that_passes_while_the_cancellation_is_on_its_way_does_not_end_it()
    {
        var key = _bench.Run(Specs.Job(bestEffort: Specs.BestEffort(deadline: Duration.FromSeconds(10))));
        _bench.Pass(Duration.FromSeconds(9));
        _bench.IsDiskFast = false;
        _bench.Ask(new ClientRequest.CancelJob(key.Job));
        _bench.Pass(Duration.FromSeconds(2));
        _bench.Persist();
        Assert.Equal(JobState.Cancelling, _bench.Job(key.Job).State);
    }

    [Fact]
    public void The_deadline_ends_a_job_and_withdraws_what_is_open()
    {
        var spec = Specs.Job(
            count: 2, bestEffort: Specs.BestEffort(deadline: Duration.FromSeconds(60), waitForAll: true));
        var east = _bench.Run(spec);
        var west = _bench.Reserve(east.Job, 1, West);
        _bench.Receive(East, new Message.SlotFinished(east, Specs.Outcome()));
        _bench.Pass(Duration.FromSeconds(59));
        Assert.Equal(JobState.Running, _bench.Job(east.Job).State);
        _bench.Forget();
        _bench.Pass(Duration.FromSeconds(1));

        var job = _bench.Job(east.Job);
        Assert.Equal(JobState.Completed, job.State);
        Assert.Equal(
            "min_dcs_reached: 1 of 2 datacenters completed; west had not reported", job.Reason);
        Assert.Contains(
            (West, new Message.CancelSlot(west, _bench.Gate.FenceOf(0), $"the job has ended: {job.Reason}")),
            _bench.Sent);
        Assert.Equal("the job ended without its result", _bench.Status(job.Id).Slots[1].Reason);
    }

    [Fact]
    public void A_job_without_a_deadline_of_its_own_gets_its_critical_path_and_the_allowance()
    {
        // One workflow of 10 s and 5 s of grace, and five minutes.
        var job = _bench.Submit(Specs.Job());
        _bench.Pass(Duration.FromSeconds(314));
        Assert.Equal(JobState.Accepted, _bench.Job(job).State);
        _bench.Pass(Duration.FromSeconds(1));
        Assert.Equal(JobState.Failed, _bench.Job(job).State);
    }

    [Fact]
    public void A_result_before_the_deadline_in_the_log_wins_and_one_after_it_is_late()
    {
        var spec = Specs.Job(bestEffort: Specs.BestEffort(deadline: Duration.FromSeconds(60)));
        var first = _bench.Run(spec);
        var second = _bench.Run(spec);
        _bench.IsDiskFast = false;
        _bench.Pass(Duration.FromSeconds(59));
        _bench.Receive(East, new Message.SlotFinished(first, Specs.Outcome()));
        _bench.Pass(Duration.FromSeconds(1));
        _bench.Receive(East, new Message.SlotFinished(second, Specs.Outcome()));
        _bench.Persist();

        Assert.Equal(JobState.Completed, _bench.Job(first.Job).State);
        Assert.Equal(JobState.Failed, _bench.Job(second.Job).State);
        Assert.Equal(1, _bench.Gate.Ledger.LateOutcomes);
        Assert.Equal(2, _bench.Sent.Count(sent => sent.Message is Message.SlotResultCommitted));
    }

    [Fact]
    public void A_wall_clock_that_jumps_moves_no_deadline_of_this_life()
    {
        var job = _bench.Submit(Specs.Job(bestEffort: Specs.BestEffort(deadline: Duration.FromSeconds(60))));
        _bench.Wall += Duration.FromMinutes(600);
        _bench.Pass(Duration.FromSeconds(30));
        _bench.Receive(East, new Message.SlotRefused(_bench.Reserve(job, 0, East), "full"));
        Assert.False(_bench.Job(job).IsEnded);
        _bench.Pass(Duration.FromSeconds(30));
        Assert.True(_bench.Job(job).IsEnded);
    }

    [Fact]
    public void A_best_effort_job_is_looked_at_every_few_seconds_and_ends_at_its_deadline()
    {
        var key = _bench.Run(Specs.Job(bestEffort: Specs.BestEffort(deadline: Duration.FromSeconds(12))));
        foreach (var next in (int[])[5, 5, 2])
        {
            Assert.False(_bench.Job(key.Job).IsEnded);
            Assert.Equal(_bench.Now + Duration.FromSeconds(next), _bench.Gate.NextDeadline);
            _bench.Pass(Duration.FromSeconds(next));
        }

        Assert.Equal(JobState.Failed, _bench.Job(key.Job).State);
    }

    [Fact]
    public void A_job_that_was_dropped_is_not_found_and_its_managers_may_forget_it()
    {
        var bench = new GateBench(config: GateConfig.Default with { EndedJobsMax = 1 });
        var first = bench.Run(Specs.Job());
        bench.Receive(East, new Message.SlotFinished(first, Specs.Outcome()));
        var second = bench.Run(Specs.Job());
        bench.Receive(East, new Message.SlotFinished(second, Specs.Outcome()));
        bench.Forget();

        Assert.Equal(
            [GateBench.Reply(3, new ClientResponse.NotFound(first.Job))],
            bench.Ask(new ClientRequest.GetJob(first.Job), requestId: 3));
        bench.Receive(East, new Message.SlotFinished(first, Specs.Outcome()));
        bench.Receive(East, new Message.SlotProgressed(first, new BootId(1), 1, []));
        Assert.Equal(
            [
                (East, new Message.SlotResultCommitted(first, bench.Gate.FenceOf(0))),
                (East, (Message)new Message.CancelSlot(
                    first, bench.Gate.FenceOf(0), "the slot is not this datacenter's any more")),
            ],
            bench.Sent);
    }

    [Fact]
    public void A_job_that_is_dropped_while_its_slots_are_withdrawn_leaves_nothing_behind()
    {
        var bench = new GateBench(config: GateConfig.Default with { EndedJobsMax = 1 });
        var first = bench.Run(Specs.Job(bestEffort: Specs.BestEffort(deadline: Duration.FromSeconds(5))));
        bench.Pass(Duration.FromSeconds(5));
        Assert.NotEqual(Instant.Never, bench.Gate.NextDeadline);
        var second = bench.Run(Specs.Job());
        bench.Receive(East, new Message.SlotFinished(second, Specs.Outcome()));
        Assert.False(bench.Gate.Ledger.TryGet(first.Job, out _));
        bench.Pass(Duration.FromSeconds(10));

        Assert.Equal(Instant.Never, bench.Gate.NextDeadline);
    }
}
