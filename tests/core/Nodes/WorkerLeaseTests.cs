using Hyperscale.Det.Durability;
using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Nodes;
using Hyperscale.Det.Protocol;
using static Hyperscale.Det.Tests.Core.Nodes.Dispatch;

namespace Hyperscale.Det.Tests.Core.Nodes;

public sealed class WorkerLeaseTests
{
    private readonly WorkerBench _bench = new();

    [Fact]
    public void Every_manager_hears_every_second_what_the_worker_has()
    {
        _bench.Start(Attempt(1));
        _bench.Start(Attempt(2));
        _bench.Exit(Attempt(1));
        _bench.Forget();

        _bench.Pass(Seconds(1));
        var heartbeat = new Message.WorkerHeartbeat(
            WorkerBench.Boot, _bench.Sequence, 2,
            [new(Attempt(2), IsFinished: false), new(Attempt(1), IsFinished: true)]);
        Expect.Messages(_bench.SentTo<Message.WorkerHeartbeat>(Dispatch.Manager), heartbeat);
        Expect.Messages(_bench.SentTo<Message.WorkerHeartbeat>(Follower), heartbeat);
    }

    [Fact]
    public void The_lease_counts_from_when_the_answered_heartbeat_was_sent()
    {
        var bench = new WorkerBench(hasLease: false);
        var first = bench.Sequence;
        bench.Pass(Seconds(4));

        Assert.Equal(NodeVerdict.Accepted, bench.Answer(first));
        Assert.Equal(Instant.Zero + Seconds(10), bench.Node.LeaseUntil);
        Assert.Equal(NodeVerdict.Accepted, bench.Answer());
        Assert.Equal(Instant.Zero + Seconds(14), bench.Node.LeaseUntil);
    }

    [Fact]
    public void An_answer_that_comes_after_a_later_one_or_too_late_renews_nothing()
    {
        var bench = new WorkerBench(hasLease: false);
        var first = bench.Sequence;
        bench.Pass(Seconds(2));
        bench.Answer();
        Assert.Equal(NodeVerdict.Stale, bench.Answer(first));
        Assert.Equal(NodeVerdict.Stale, bench.Answer(first + 1000));
        Assert.Equal(NodeVerdict.Duplicate, AnswerAgain(bench, Seconds(9)));
        Assert.Equal(Instant.Zero + Seconds(12), bench.Node.LeaseUntil);

        bench.Pass(Seconds(13));
        var late = bench.Sequence - 12;
        Assert.Equal(NodeVerdict.Stale, bench.Answer(late));
        Assert.Equal(NodeVerdict.Refused, bench.Start(Attempt()));
    }

    [Fact]
    public void When_the_lease_runs_out_every_workload_is_stopped_and_lost()
    {
        _bench.Start(Attempt(1));
        _bench.Start(Attempt(2));
        _bench.Pass(Duration.FromMilliseconds(9_999));
        _bench.Forget();

        _bench.Pass(Duration.FromMilliseconds(1));
        Assert.Equal(
            [
                new NodeEffect.StopWorkload(Attempt(1), WorkloadSignal.Terminate),
                new NodeEffect.StopWorkload(Attempt(2), WorkloadSignal.Terminate),
            ],
            _bench.Workloads);
        Assert.Contains(new TelemetryEvent.LeaseExpired(Worker1, 2), _bench.Told);

        _bench.Exit(Attempt(1), 143);
        _bench.Pass(Duration.FromMilliseconds(500));
        Assert.Equal(new NodeEffect.StopWorkload(Attempt(2), WorkloadSignal.Kill), _bench.Workloads.Last());
        _bench.Exit(Attempt(2), 137);
        Assert.All(
            _bench.SentTo<Message.AttemptFinished>(Dispatch.Manager),
            finished => Assert.Equal(
                (AttemptState.Lost, "lease expired"), (finished.Outcome.State, finished.Outcome.Reason)));
        Assert.Equal(NodeVerdict.Refused, _bench.Start(Attempt(3)));
    }

    [Fact]
    public void A_lease_that_has_run_out_is_over_before_anything_else_happens()
    {
        _bench.Start(Attempt(1));
        _bench.Pass(Duration.FromMilliseconds(9_999));
        _bench.Forget();
        _bench.Skip(Duration.FromMilliseconds(1));

        Assert.Equal(NodeVerdict.Refused, _bench.Start(Attempt(2)));
        Assert.Equal(
            [new NodeEffect.StopWorkload(Attempt(1), WorkloadSignal.Terminate)], _bench.Workloads);
    }

    [Fact]
    public void A_lease_that_ran_out_on_its_way_ends_what_runs()
    {
        _bench.Start(Attempt());
        _bench.Pass(Seconds(5));
        var late = _bench.Sequence;
        // Nothing was heard of the clock until the answer came, and all that it brings is over.
        _bench.Skip(Seconds(20));
        _bench.Forget();

        Assert.Equal(NodeVerdict.Stale, _bench.Answer(late));

        Assert.Equal(
            [new NodeEffect.StopWorkload(Attempt(), WorkloadSignal.Terminate)], _bench.Workloads);
        Assert.Equal(NodeVerdict.Refused, _bench.Start(Attempt(2)));
    }

    [Fact]
    public void As_long_as_heartbeats_are_answered_workloads_run()
    {
        _bench.Start(Attempt(), Workflow() with { Duration = Duration.FromMinutes(10) });

        _bench.Pass(Duration.FromMinutes(5), isAnswered: true);
        Assert.Equal([Attempt()], _bench.Node.Running);
        Assert.Single(_bench.Workloads);
    }

    [Fact]
    public void After_a_lost_lease_a_new_one_lets_work_be_started_again()
    {
        _bench.Pass(Seconds(11));
        Assert.Equal(NodeVerdict.Refused, _bench.Start(Attempt(1)));

        _bench.Answer();
        Assert.Equal(NodeVerdict.Accepted, _bench.Start(Attempt(1)));
    }

    [Fact]
    public void Answers_to_an_earlier_life_renew_nothing_and_a_later_life_counts_higher()
    {
        var first = FirstSequence(seed: 1, boot: 1, wall: 1_000_000);
        var later = FirstSequence(seed: 1, boot: 2, wall: 1_000_001);
        var sameMoment = FirstSequence(seed: 1, boot: 3, wall: 1_000_000);

        Assert.True(later > first + 1000);
        Assert.NotEqual(first, sameMoment);
        Assert.True(FirstSequence(1, 1, wall: -5) > 0);
        Assert.True(FirstSequence(1, 1, wall: long.MaxValue) < long.MaxValue / 2);
    }

    [Fact]
    public void Reports_go_to_the_manager_that_answers()
    {
        _bench.Start(Attempt());
        _bench.Receive(new Message.HeartbeatAnswered(_bench.Sequence, Seconds(10), Fence: 1), from: Follower);
        _bench.Pass(Seconds(1));
        _bench.Receive(new Message.HeartbeatAnswered(_bench.Sequence, Seconds(10), Fence: 1), from: Follower);
        _bench.Forget();

        _bench.Exit(Attempt());
        Assert.Single(_bench.SentTo<Message.AttemptFinished>(Follower));
        Assert.Empty(_bench.SentTo<Message.AttemptFinished>(Dispatch.Manager));
    }

    private static NodeVerdict AnswerAgain(WorkerBench bench, Duration term)
    {
        bench.Pass(Seconds(1));
        return bench.Answer(term: term);
    }

    private static long FirstSequence(ulong seed, ulong boot, long wall)
    {
        var node = new WorkerNode(Worker1, Datacenter, Cluster, WorkerConfig.Default(1));
        var outbox = new Outbox<NodeEffect>();
        node.Step(
            new NodeInput.Started(RecoveredLog.Nothing, seed, new BootId(boot), new WallTime(wall)),
            Instant.Zero, outbox);
        var send = Assert.IsType<NodeEffect.Send>(outbox[0]);
        return Assert.IsType<Message.WorkerHeartbeat>(send.Message).Sequence;
    }
}
