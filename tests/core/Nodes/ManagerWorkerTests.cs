using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Nodes;
using Hyperscale.Det.Protocol;
using static Hyperscale.Det.Tests.Core.Nodes.Dispatch;

namespace Hyperscale.Det.Tests.Core.Nodes;

public sealed class ManagerWorkerTests
{
    private readonly ManagerBench _bench = new();

    [Fact]
    public void A_heartbeat_registers_its_worker_and_renews_its_lease()
    {
        _bench.Join(Worker1, cores: 4);

        Expect.Messages(
            _bench.SentTo<Message.HeartbeatAnswered>(Worker1),
            new Message.HeartbeatAnswered(1001, ManagerConfig.Default.LeaseTerm, Fence: 1));
        Assert.Equal([new WorkerView(Worker1, new BootId(1), 4, 4)], _bench.Node.Workers);
        Assert.Contains(new TelemetryEvent.WorkerJoined(Worker1, new BootId(1), 4), _bench.Told);
    }

    [Fact]
    public void A_heartbeat_that_comes_again_or_late_renews_nothing()
    {
        _bench.Join(Worker1);
        _bench.Heartbeat(Worker1);
        _bench.Pass(Seconds(11));
        _bench.Forget();

        Assert.Equal(NodeVerdict.Stale, Beat(Worker1, boot: 1, sequence: 1002));
        Assert.Equal(NodeVerdict.Stale, Beat(Worker1, boot: 1, sequence: 1001));
        Assert.Empty(_bench.SentTo<Message.HeartbeatAnswered>(Worker1));
        _bench.Pass(Seconds(1));
        Assert.Empty(_bench.Node.Workers);
    }

    [Fact]
    public void A_worker_that_is_silent_until_its_lease_is_surely_over_is_given_up()
    {
        _bench.Join(Worker1);
        _bench.Run(Job());
        _bench.Accept(Worker1, Attempt());
        _bench.Pass(Duration.FromMilliseconds(11_999));
        Assert.True(_bench.Node.Ledger.IsLive(Attempt()));
        Assert.Single(_bench.Node.Workers);

        _bench.Pass(Duration.FromMilliseconds(1));
        var outcome = _bench.Node.Ledger.Find(Attempt())!.Outcome!;
        Assert.Equal((AttemptState.Lost, "no heartbeat for 12s"), (outcome.State, outcome.Reason));
        Assert.Empty(_bench.Node.Workers);
        Assert.Contains(new TelemetryEvent.WorkerLost(Worker1, "no heartbeat for 12s"), _bench.Told);
        Assert.Single(_bench.SentTo<Message.SlotFinished>(Gate));
    }

    [Fact]
    public void What_a_worker_given_up_still_runs_is_stopped_when_it_is_heard_again()
    {
        _bench.Join(Worker1);
        _bench.Run(Job());
        _bench.Accept(Worker1, Attempt());
        _bench.Pass(Seconds(12));
        _bench.Forget();

        _bench.Heartbeat(Worker1);
        Assert.Single(_bench.SentTo<Message.StopAttempt>(Worker1));
        Assert.Single(_bench.Node.Workers);
    }

    [Fact]
    public void What_an_earlier_life_of_a_worker_ran_is_lost()
    {
        _bench.Join(Worker1, boot: 1);
        _bench.Run(Job());
        _bench.Accept(Worker1, Attempt());
        _bench.Inventories.Clear();
        _bench.Forget();

        _bench.Join(Worker1, boot: 2);
        var outcome = _bench.Node.Ledger.Find(Attempt())!.Outcome!;
        Assert.Equal((AttemptState.Lost, "worker restarted"), (outcome.State, outcome.Reason));
        Assert.Equal([new WorkerView(Worker1, new BootId(2), 1, 1)], _bench.Node.Workers);
        Assert.Empty(_bench.SentTo<Message.StartAttempt>(Worker1));
    }

    [Fact]
    public void A_late_heartbeat_of_an_earlier_life_does_not_end_what_the_new_one_runs()
    {
        _bench.Join(Worker1, boot: 1);
        _bench.Join(Worker1, boot: 2);
        _bench.Run(Job());
        _bench.Accept(Worker1, Attempt());
        _bench.Forget();

        Assert.Equal(NodeVerdict.Stale, Beat(Worker1, boot: 1, sequence: 1002));
        Assert.Empty(_bench.SentTo<Message.HeartbeatAnswered>(Worker1));
        Assert.True(_bench.Node.Ledger.IsLive(Attempt()));
    }

    [Fact]
    public void A_later_life_whose_clock_was_set_back_is_heard_once_the_earlier_is_given_up()
    {
        _bench.Join(Worker1, boot: 5);
        _bench.Pass(Seconds(11));
        Assert.Equal(NodeVerdict.Stale, Beat(Worker1, boot: 6, sequence: 10));
        _bench.Pass(Seconds(1));
        Assert.Equal(NodeVerdict.Accepted, Beat(Worker1, boot: 6, sequence: 11));
    }

    [Fact]
    public void A_late_result_of_an_earlier_life_counts_while_nothing_else_has_been_decided()
    {
        _bench.Join(Worker1, boot: 1);
        _bench.Run(Job());
        _bench.IsDiskFast = false;
        _bench.Finish(Worker1, Attempt());
        _bench.Join(Worker1, boot: 2);
        _bench.Persist();

        Assert.Equal(AttemptState.Completed, _bench.Node.Ledger.Find(Attempt())!.Outcome!.State);
    }

    [Fact]
    public void An_attempt_whose_worker_went_before_its_entry_was_on_disk_is_lost_without_being_sent()
    {
        _bench.Join(Worker1);
        _bench.Reserve(Job());
        _bench.IsDiskFast = false;
        _bench.Start();
        _bench.PersistOne();
        _bench.Pass(Seconds(12));
        Assert.Empty(_bench.Node.Workers);
        _bench.Persist();

        Assert.Empty(_bench.SentTo(Worker1));
        Assert.Equal(
            "the worker was gone before the start was sent",
            _bench.Node.Ledger.Find(Attempt())!.Outcome!.Reason);
    }

    [Fact]
    public void More_workers_than_the_datacenter_may_have_are_not_registered()
    {
        var bench = new ManagerBench(ManagerConfig.Default with { WorkersMax = 1 });
        bench.Join(Worker1);
        bench.Join(Worker2);

        Assert.Equal(NodeVerdict.Overloaded, bench.Verdict);
        Assert.Empty(bench.SentTo<Message.HeartbeatAnswered>(Worker2));
        Assert.Equal(NodeVerdict.Accepted, bench.Heartbeat(Worker1));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(JobLimits.CoresMax + 1)]
    public void A_worker_with_an_impossible_number_of_cores_is_not_registered(int cores)
    {
        _bench.Join(Worker1, cores);

        Assert.Equal(NodeVerdict.Refused, _bench.Verdict);
        Assert.Empty(_bench.Node.Workers);
    }

    [Fact]
    public void A_worker_that_says_it_has_less_than_this_life_of_it_was_given_is_not_registered()
    {
        _bench.Join(Worker1, cores: 4);
        _bench.Run(Job(cores: 4));
        _bench.Restart();

        _bench.Join(Worker1, cores: 3);
        Assert.Equal(NodeVerdict.Refused, _bench.Verdict);
        _bench.Join(Worker1, cores: 3, boot: 2);
        Assert.Equal(NodeVerdict.Accepted, _bench.Verdict);
    }

    [Fact]
    public void Progress_reaches_the_gate_at_most_twice_a_second_with_the_newest_numbers()
    {
        _bench.Join(Worker1, cores: 2);
        var started = _bench.Wall;
        _bench.Run(Job(Workflow("a"), Workflow("b", 1, 0)));
        _bench.Accept(Worker1, Attempt());
        _bench.Pass(Seconds(1), Worker1);
        _bench.Forget();

        for (var revision = 1; revision <= 5; revision++)
        {
            var stats = Stats with { Requests = 100 * revision };
            Assert.Equal(
                NodeVerdict.Accepted,
                _bench.Receive(Worker1, new Message.AttemptProgressed(Attempt(), revision, stats)));
        }

        Assert.Equal(
            NodeVerdict.Stale, _bench.Receive(Worker1, new Message.AttemptProgressed(Attempt(), 3, Stats)));
        _bench.Pass(Duration.FromMilliseconds(400));
        var progress = Assert.Single(_bench.SentTo<Message.SlotProgressed>(Gate));
        Assert.Equal(
            Content.Of<IReadOnlyList<WorkflowProgress>>(
                [
                    new(0, WorkflowPhase.Running, Worker1.Name, Stats with { Requests = 500 })
                    {
                        Attempt = 1,
                        Started = started,
                    },
                    new(1, WorkflowPhase.Waiting, "", RunStats.None)
                    {
                        Reason = "waits for 'a'",
                        Wait = new Wait(WaitReason.Dependencies, started),
                    },
                ]),
            Content.Of(progress.Workflows));

        _bench.Receive(Worker1, new Message.AttemptProgressed(Attempt(), 6, Stats));
        Assert.Single(_bench.SentTo<Message.SlotProgressed>(Gate));
        _bench.Pass(Duration.FromMilliseconds(500));
        Assert.Equal(2, _bench.SentTo<Message.SlotProgressed>(Gate).Count);
        Assert.True(_bench.SentTo<Message.SlotProgressed>(Gate)[1].Revision > progress.Revision);
    }

    private NodeVerdict Beat(NodeId worker, ulong boot, long sequence) =>
        _bench.Receive(worker, new Message.WorkerHeartbeat(new BootId(boot), sequence, 1, []));
}
