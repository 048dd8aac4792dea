using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Nodes;
using Hyperscale.Det.Protocol;
using Hyperscale.Det.Sim.Checkers;
using Barrier = Hyperscale.Det.Nodes.Barrier;

namespace Hyperscale.Det.Tests.Sim.Checkers;

/// <summary>The checkers of what workers run notice what they are there for.</summary>
public sealed class WorkCheckersTests
{
    private static readonly AttemptKey Second = CheckerBench.Attempt with { Workflow = 1 };

    [Fact]
    public void More_cores_than_a_worker_has_are_noticed()
    {
        var bench = new CheckerBench(new CoreConservation());
        bench.Nodes.Answer<NodeInput.Started>(
            CheckerBench.Worker, CheckerBench.Start(cores: 1), CheckerBench.Start(Second, cores: 2));

        Assert.Contains("has 2 cores and runs 3", bench.BreaksWhenRun(), StringComparison.Ordinal);
    }

    [Fact]
    public void Cores_that_are_free_again_can_be_used()
    {
        var bench = new CheckerBench(new CoreConservation());
        bench.Nodes.Answer<NodeInput.Started>(CheckerBench.Worker, CheckerBench.Start(cores: 2));
        bench.Run(seconds: 4);
        bench.Nodes.Answer<NodeInput.PeerLost>(CheckerBench.Worker, CheckerBench.Start(Second, cores: 2));
        bench.Host(CheckerBench.Worker).Post(new NodeInput.PeerLost(default));
        bench.Run();

        Assert.Equal(2, bench.World.Processes.StartedCount);
    }

    [Fact]
    public void An_attempt_that_is_started_twice_is_noticed()
    {
        var bench = new CheckerBench(new AttemptOnce());
        bench.Nodes.Answer<NodeInput.WorkloadExited>(CheckerBench.Worker, CheckerBench.Start());
        bench.Nodes.Answer<NodeInput.Started>(CheckerBench.OtherWorker, CheckerBench.Start());
        bench.Run(seconds: 4);

        var exited = new NodeInput.WorkloadExited(Second, 0, RunStats.None, default, null);
        Assert.Contains("is started again", bench.Breaks(() =>
            bench.Host(CheckerBench.Worker).Post(exited)), StringComparison.Ordinal);
    }

    [Fact]
    public void A_slot_that_starts_in_two_datacenters_is_noticed()
    {
        var bench = new CheckerBench(new OneDatacenter());
        bench.Nodes.Answer<NodeInput.Started>(CheckerBench.Worker, CheckerBench.Start());
        bench.Nodes.Answer<NodeInput.Started>(CheckerBench.OtherWorker, CheckerBench.Start(Second));

        Assert.Contains("it started in dc-", bench.BreaksWhenRun(), StringComparison.Ordinal);
    }

    [Fact]
    public void Two_slots_of_a_job_in_one_datacenter_are_noticed()
    {
        var other = new AttemptKey(new SlotKey(CheckerBench.Job, 1, 1), 0, 1);
        var bench = new CheckerBench(new OneDatacenter());
        bench.Nodes.Answer<NodeInput.Started>(
            CheckerBench.Worker, CheckerBench.Start(), CheckerBench.Start(other));

        Assert.Contains("where slot 0 started", bench.BreaksWhenRun(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_workflow_that_does_not_wait_for_another_is_noticed()
    {
        var bench = new CheckerBench(new DependenciesFirst());
        bench.Nodes.Answer<NodeInput.Started>(
            CheckerBench.Worker, CheckerBench.Start(), CheckerBench.Start(Second, 1, 0));

        Assert.Contains("w0 has not completed", bench.BreaksWhenRun(), StringComparison.Ordinal);
    }

    [Fact]
    public void Work_that_starts_without_a_lease_is_noticed()
    {
        var bench = new CheckerBench(new LeasedWork());
        bench.Nodes.Answer<NodeInput.Started>(CheckerBench.Worker, CheckerBench.Start());

        Assert.Contains("its lease ended at", bench.BreaksWhenRun(), StringComparison.Ordinal);
    }

    [Fact]
    public void Work_that_outlives_its_lease_is_noticed()
    {
        var bench = Leased(Duration.FromSeconds(1));

        bench.Run();

        Assert.Contains("still runs", bench.BreaksWhenRun(seconds: 3), StringComparison.Ordinal);
    }

    [Fact]
    public void A_lease_counts_from_the_sending_of_the_heartbeat()
    {
        // The answer comes a second later; only half a second of the lease is left by then.
        var bench = Leased(Duration.FromMilliseconds(2500), answerAfter: Duration.FromSeconds(2));

        Assert.Contains("still runs", bench.BreaksWhenRun(seconds: 5), StringComparison.Ordinal);
    }

    [Fact]
    public void Work_under_a_lease_is_fine()
    {
        var bench = Leased(Duration.FromSeconds(10));

        bench.Run(seconds: 5);

        Assert.Equal(0, bench.World.Processes.RunningCount);
        Assert.Equal(1, bench.World.Processes.StartedCount);
    }

    /// <summary>A worker that starts work with its first lease and never stops it.</summary>
    private static CheckerBench Leased(Duration term, Duration? answerAfter = null)
    {
        var bench = new CheckerBench(new LeasedWork());
        var (worker, manager) = (NodeId.Of(CheckerBench.Worker), NodeId.Of(CheckerBench.Manager));
        var answerAt = Instant.Never;
        var script = bench.Nodes.At(CheckerBench.Manager);
        script.Deadline = _ => answerAt;
        script.OnInput = (input, now, outbox) =>
        {
            if (input is NodeInput.Received) answerAt = now + (answerAfter ?? Duration.Zero);
            if (input is not NodeInput.Tick) return;
            answerAt = Instant.Never;
            var answer = new Message.HeartbeatAnswered(1, term, Fence: 1);
            outbox.Emit(new NodeEffect.Send(worker, answer, Barrier.None));
        };
        var beatAt = Instant.Zero + Duration.FromMilliseconds(100);
        bench.Nodes.At(CheckerBench.Worker).Deadline = _ => beatAt;
        bench.Nodes.At(CheckerBench.Worker).OnInput = (input, _, outbox) =>
        {
            if (input is NodeInput.Received) outbox.Emit(CheckerBench.Start());
            if (input is not NodeInput.Tick) return;
            beatAt = Instant.Never;
            var heartbeat = new Message.WorkerHeartbeat(new BootId(1), 1, 2, []);
            outbox.Emit(new NodeEffect.Send(manager, heartbeat, Barrier.None));
        };
        return bench;
    }
}
