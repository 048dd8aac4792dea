using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Nodes;
using Hyperscale.Det.Protocol;
using static Hyperscale.Det.Tests.Core.Nodes.Dispatch;

namespace Hyperscale.Det.Tests.Core.Nodes;

public sealed class WorkerAttemptTests
{
    private readonly WorkerBench _bench = new();

    [Fact]
    public void A_start_runs_the_workload_and_is_accepted()
    {
        _bench.Forget();
        var workflow = Workflow();

        Assert.Equal(NodeVerdict.Accepted, _bench.Start(Attempt(), workflow));
        Assert.Equal(
            [
                new NodeEffect.Emit(new TelemetryEvent.AttemptStarted(Attempt(), Worker1)),
                new NodeEffect.StartWorkload(Attempt(), workflow),
                new NodeEffect.Send(
                    Dispatch.Manager, new Message.AttemptAccepted(Attempt()), Det.Nodes.Barrier.None),
            ],
            _bench.History);
        Assert.Equal([Attempt()], _bench.Node.Running);
        Assert.Equal(1, _bench.Node.CoresUsed);
    }

    [Fact]
    public void A_start_that_comes_again_gets_the_same_answer_and_runs_nothing()
    {
        _bench.Start(Attempt());
        _bench.Forget();

        Assert.Equal(NodeVerdict.Duplicate, _bench.Start(Attempt(), fence: 0));
        Expect.Messages(_bench.Sent, new Message.AttemptAccepted(Attempt()));
        Assert.Empty(_bench.Workloads);
    }

    [Fact]
    public void A_start_that_comes_again_after_the_end_is_answered_with_the_outcome()
    {
        _bench.Start(Attempt());
        _bench.Exit(Attempt());
        _bench.Forget();

        Assert.Equal(NodeVerdict.Duplicate, _bench.Start(Attempt()));
        Expect.Messages(_bench.Sent, new Message.AttemptFinished(Attempt(), Completed));
        Assert.Empty(_bench.Workloads);
    }

    [Fact]
    public void A_start_that_comes_again_after_its_outcome_was_taken_over_runs_nothing()
    {
        _bench.Start(Attempt());
        _bench.Exit(Attempt());
        _bench.Receive(new Message.AttemptResultCommitted(Attempt()));
        _bench.Forget();

        Assert.Equal(NodeVerdict.Stale, _bench.Start(Attempt()));
        Assert.Empty(_bench.Sent);
        Assert.Empty(_bench.Workloads);
    }

    [Fact]
    public void A_start_meant_for_another_life_is_refused()
    {
        Refused(
            "it was meant for boot 0000000000000004 of east/worker-1, which runs 0000000000000005",
            () => _bench.Start(Attempt(), boot: new BootId(4)));
    }

    [Fact]
    public void A_start_under_a_lower_fence_than_the_highest_is_refused()
    {
        _bench.Start(Attempt(), fence: 3);
        Refused(
            "east/worker-1 knows a higher fence than 2: 3",
            () => _bench.Start(Attempt(1, 1), fence: 2));
        Assert.Equal(NodeVerdict.Accepted, _bench.Start(Attempt(2), fence: 3));
    }

    [Fact]
    public void A_manager_that_led_before_another_one_neither_starts_anything_nor_renews_the_lease()
    {
        var until = _bench.Node.LeaseUntil;
        _bench.Pass(Seconds(1));
        _bench.Answer(fence: 5);
        var renewed = _bench.Node.LeaseUntil;
        Assert.True(renewed > until);
        _bench.Pass(Seconds(1));

        Assert.Equal(NodeVerdict.Stale, _bench.Answer(fence: 4));
        Assert.Equal(renewed, _bench.Node.LeaseUntil);
        Refused(
            "east/worker-1 knows a higher fence than 4: 5", () => _bench.Start(Attempt(), fence: 4));
    }

    [Fact]
    public void A_start_that_needs_more_cores_than_are_free_is_refused_until_they_are()
    {
        _bench.Start(Attempt(1));
        Refused(
            "east/worker-1 has 1 of 2 cores free; 2 are needed",
            () => _bench.Start(Attempt(2), Workflow(cores: 2)));

        _bench.Exit(Attempt(1));
        Assert.Equal(NodeVerdict.Accepted, _bench.Start(Attempt(2), Workflow(cores: 2)));
    }

    [Fact]
    public void A_workload_that_is_being_stopped_keeps_its_cores()
    {
        _bench.Start(Attempt(1), Workflow(cores: 2));
        _bench.Receive(new Message.StopAttempt(Attempt(1), 1, "taken back"));

        Assert.Equal(NodeVerdict.Refused, _bench.Start(Attempt(2)));
        _bench.Exit(Attempt(1), 143);
        Assert.Equal(NodeVerdict.Accepted, _bench.Start(Attempt(2)));
    }

    [Fact]
    public void Without_a_lease_nothing_is_started()
    {
        var bench = new WorkerBench(hasLease: false);

        Assert.Equal(NodeVerdict.Refused, bench.Start(Attempt()));
        Expect.Messages(bench.Sent, new Message.AttemptRefused(Attempt(), "east/worker-1 has no lease"));
        Assert.Empty(bench.Workloads);
    }

    [Fact]
    public void With_too_many_outcomes_kept_nothing_more_is_started()
    {
        var bench = new WorkerBench(WorkerConfig.Default(4) with { FinishedMax = 2 });
        bench.Start(Attempt(1));
        bench.Exit(Attempt(1));
        bench.Start(Attempt(2));
        bench.Forget();

        Assert.Equal(NodeVerdict.Refused, bench.Start(Attempt(3)));
        Expect.Messages(bench.Sent, new Message.AttemptRefused(
            Attempt(3),
            "east/worker-1 keeps 1 outcomes that no manager has taken over; with what runs, 2 are the most"));
        Assert.Equal(NodeVerdict.Overloaded, bench.Receive(new Message.StopAttempt(Attempt(4), 1, "no")));
        bench.Receive(new Message.AttemptResultCommitted(Attempt(1)));
        Assert.Equal(NodeVerdict.Accepted, bench.Start(Attempt(3)));
    }

    [Theory]
    [InlineData(0, null, AttemptState.Completed, "exit code 0")]
    [InlineData(3, null, AttemptState.Failed, "exit code 3")]
    [InlineData(null, "no such file", AttemptState.Failed, "no such file")]
    [InlineData(0, "numbers were unreadable", AttemptState.Failed, "numbers were unreadable")]
    [InlineData(null, null, AttemptState.Failed, "ended without an exit code")]
    public void How_a_workload_ends_is_the_outcome(
        int? exitCode, string? fault, AttemptState state, string reason)
    {
        _bench.Start(Attempt());
        _bench.Forget();

        Assert.Equal(NodeVerdict.Accepted, _bench.Exit(Attempt(), exitCode, fault, new byte[] { 1, 2 }));
        Expect.Messages(_bench.Sent, new Message.AttemptFinished(
            Attempt(), new AttemptOutcome(state, reason, exitCode, Stats, new byte[] { 1, 2 })));
        Assert.Empty(_bench.Node.Running);
    }

    [Fact]
    public void An_outcome_is_sent_until_it_is_taken_over()
    {
        _bench.Start(Attempt());
        _bench.Forget();
        _bench.Exit(Attempt());
        _bench.Pass(Seconds(1));
        var finished = new Message.AttemptFinished(Attempt(), Completed);
        Expect.Messages(_bench.Sent, finished, finished, finished);
        Assert.Equal([Attempt()], _bench.Node.Finished);

        _bench.Forget();
        Assert.Equal(
            NodeVerdict.Accepted, _bench.Receive(new Message.AttemptResultCommitted(Attempt())));
        Assert.Equal(
            NodeVerdict.Duplicate, _bench.Receive(new Message.AttemptResultCommitted(Attempt())));
        _bench.Pass(Seconds(5), isAnswered: true);
        Assert.Empty(_bench.Sent);
        Assert.Empty(_bench.Node.Finished);
    }

    [Fact]
    public void When_the_connection_is_lost_outcomes_are_sent_again_soon()
    {
        _bench.Start(Attempt());
        _bench.Exit(Attempt());
        _bench.Forget();

        _bench.When(new NodeInput.PeerLost(Follower));
        _bench.Pass(Duration.FromMilliseconds(125));
        Assert.Empty(_bench.Sent);
        _bench.When(new NodeInput.PeerLost(Dispatch.Manager));
        _bench.Pass(Duration.FromMilliseconds(125));
        Assert.Single(_bench.Sent);
    }

    [Fact]
    public void What_still_runs_is_not_forgotten_when_the_manager_has_given_it_up()
    {
        _bench.Start(Attempt());

        Assert.Equal(NodeVerdict.Stale, _bench.Receive(new Message.AttemptResultCommitted(Attempt())));
        Assert.Equal([Attempt()], _bench.Node.Running);
        Assert.Equal(NodeVerdict.Duplicate, _bench.Start(Attempt()));
    }

    [Fact]
    public void A_stopped_workload_is_asked_to_end_and_killed_after_its_grace()
    {
        _bench.Start(Attempt());
        _bench.Forget();

        Assert.Equal(
            NodeVerdict.Accepted, _bench.Receive(new Message.StopAttempt(Attempt(), 1, "taken back")));
        Assert.Equal(
            NodeVerdict.Duplicate, _bench.Receive(new Message.StopAttempt(Attempt(), 1, "taken back")));
        _bench.Pass(Duration.FromMilliseconds(499));
        Assert.Equal([new NodeEffect.StopWorkload(Attempt(), WorkloadSignal.Terminate)], _bench.Workloads);
        _bench.Pass(Duration.FromMilliseconds(1));
        Assert.Equal(
            [
                new NodeEffect.StopWorkload(Attempt(), WorkloadSignal.Terminate),
                new NodeEffect.StopWorkload(Attempt(), WorkloadSignal.Kill),
            ],
            _bench.Workloads);

        _bench.Exit(Attempt(), 137);
        Expect.Messages(_bench.Sent, new Message.AttemptFinished(
            Attempt(), new AttemptOutcome(AttemptState.Cancelled, "taken back", 137, Stats, default)));
    }

    [Fact]
    public void A_workload_that_ends_by_itself_while_being_stopped_counts_as_stopped()
    {
        _bench.Start(Attempt());
        _bench.Receive(new Message.StopAttempt(Attempt(), 1, "taken back"));
        _bench.Forget();

        _bench.Exit(Attempt(), 0);
        var finished = Assert.IsType<Message.AttemptFinished>(Assert.Single(_bench.Sent));
        Assert.Equal(AttemptState.Cancelled, finished.Outcome.State);
    }

    [Fact]
    public void A_stop_that_overtakes_its_start_keeps_it_from_running()
    {
        _bench.Forget();
        var finished = new Message.AttemptFinished(Attempt(), new AttemptOutcome(
            AttemptState.Cancelled, "taken back", null, RunStats.None, default));

        Assert.Equal(
            NodeVerdict.Accepted, _bench.Receive(new Message.StopAttempt(Attempt(), 1, "taken back")));
        Assert.Equal(NodeVerdict.Duplicate, _bench.Start(Attempt()));
        Expect.Messages(_bench.Sent, finished, finished);
        _bench.Receive(new Message.AttemptResultCommitted(Attempt()));
        Assert.Equal(NodeVerdict.Stale, _bench.Start(Attempt()));
        Assert.Equal(
            NodeVerdict.Duplicate, _bench.Receive(new Message.StopAttempt(Attempt(), 1, "taken back")));
        Assert.Empty(_bench.Workloads);
    }

    [Fact]
    public void A_stop_under_a_lower_fence_stops_nothing()
    {
        _bench.Start(Attempt(), fence: 3);
        _bench.Forget();

        Assert.Equal(NodeVerdict.Stale, _bench.Receive(new Message.StopAttempt(Attempt(), 2, "late")));
        Assert.Empty(_bench.Workloads);
    }

    [Fact]
    public void A_workload_that_outlives_its_duration_and_timeout_is_stopped_as_hung()
    {
        _bench.Start(Attempt());
        _bench.Forget();
        _bench.Pass(Duration.FromMilliseconds(14_999), isAnswered: true);
        Assert.Empty(_bench.Workloads);

        _bench.Pass(Duration.FromMilliseconds(1), isAnswered: true);
        Assert.Equal([new NodeEffect.StopWorkload(Attempt(), WorkloadSignal.Terminate)], _bench.Workloads);
        _bench.Exit(Attempt(), 143);
        var finished = Assert.IsType<Message.AttemptFinished>(Assert.Single(_bench.Sent));
        Assert.Equal(
            (AttemptState.Failed, "hung: stopped after its duration of 10s and timeout of 5s"),
            (finished.Outcome.State, finished.Outcome.Reason));
    }

    [Fact]
    public void Progress_is_told_at_most_twice_a_second_with_the_newest_numbers()
    {
        _bench.Start(Attempt());
        _bench.Pass(Seconds(1), isAnswered: true);
        _bench.Forget();

        for (var i = 1; i <= 3; i++)
            _bench.When(new NodeInput.WorkloadReported(Attempt(), Stats with { Requests = 10 * i }));
        _bench.Pass(Duration.FromMilliseconds(1));
        _bench.When(new NodeInput.WorkloadReported(Attempt(), Stats with { Requests = 99 }));
        _bench.Pass(Duration.FromMilliseconds(498));
        Expect.Messages(
            _bench.SentTo<Message.AttemptProgressed>(Dispatch.Manager),
            new Message.AttemptProgressed(Attempt(), 1, Stats with { Requests = 30 }));
        _bench.Pass(Duration.FromMilliseconds(1));
        Assert.Equal(
            new Message.AttemptProgressed(Attempt(), 2, Stats with { Requests = 99 }),
            _bench.SentTo<Message.AttemptProgressed>(Dispatch.Manager)[1]);
    }

    [Fact]
    public void What_is_told_of_unknown_workloads_is_ignored()
    {
        Assert.Equal(NodeVerdict.Unknown, _bench.When(new NodeInput.WorkloadReported(Attempt(), Stats)));
        Assert.Equal(NodeVerdict.Unknown, _bench.Exit(Attempt()));
    }

    [Fact]
    public void A_shutdown_stops_every_workload_and_starts_none()
    {
        _bench.Start(Attempt(1));
        _bench.Start(Attempt(2));
        _bench.Forget();

        _bench.When(new NodeInput.Shutdown());
        Assert.Equal(
            [
                new NodeEffect.StopWorkload(Attempt(1), WorkloadSignal.Terminate),
                new NodeEffect.StopWorkload(Attempt(2), WorkloadSignal.Terminate),
            ],
            _bench.Workloads);
        _bench.Exit(Attempt(1), 143);
        Refused("east/worker-1 is shutting down", () => _bench.Start(Attempt(3)));
    }

    [Fact]
    public void Commands_of_nodes_that_do_not_manage_the_datacenter_are_not_followed()
    {
        var start = new Message.StartAttempt(Attempt(), 1, WorkerBench.Boot, Workflow());

        Assert.Equal(NodeVerdict.Misdirected, _bench.Receive(start, from: Gate));
        Assert.Equal(NodeVerdict.Misdirected, _bench.Receive(start, from: Worker2));
        Assert.Equal(NodeVerdict.Misdirected, _bench.Receive(new Message.SlotStarted(Slot())));
        Assert.Equal(NodeVerdict.Misdirected, _bench.When(new NodeInput.Durable(1)));
        Assert.Empty(_bench.Workloads);
    }

    private void Refused(string reason, Func<NodeVerdict> start)
    {
        var workloads = _bench.Workloads.Count();
        Assert.Equal(NodeVerdict.Refused, start());
        Assert.Equal(reason, Assert.IsType<Message.AttemptRefused>(_bench.Sent[^1]).Reason);
        Assert.Equal(workloads, _bench.Workloads.Count());
    }
}
