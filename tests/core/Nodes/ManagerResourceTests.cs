using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Nodes;
using Hyperscale.Det.Protocol;
using Hyperscale.Det.Reliability;
using Hyperscale.Det.Resources;
using static Hyperscale.Det.Tests.Core.Nodes.Dispatch;

namespace Hyperscale.Det.Tests.Core.Nodes;

/// <summary>What a manager makes of its workers' resources, and tells of them (AD-41).</summary>
public sealed class ManagerResourceTests
{
    private static readonly AttemptOutcome Killed = Completed with
    {
        State = AttemptState.KilledByGuard,
        Reason = "killed by its guard",
        Kill = new ResourceKill(GuardDimension.Memory, 100, 70, 85, 100, [], [], 1, false),
    };

    private readonly ManagerBench _bench = new();

    [Fact]
    public void A_worker_under_pressure_comes_after_those_that_are_not_whatever_it_has_free()
    {
        _bench.Reports[Worker1] = Report(memory: 0.9);
        _bench.Join(Worker1, cores: 8);
        _bench.Join(Worker2, cores: 2);

        _bench.Run(Job(Workflow("a"), Workflow("b"), Workflow("c")));

        Assert.Equal([0, 1], StartedOn(Worker2));
        Assert.Equal([2], StartedOn(Worker1));
    }

    [Theory]
    [InlineData(0.8, null, false)]
    [InlineData(0.8, "memory", false)]
    [InlineData(0.7, null, true)]
    [InlineData(0.7, "memory", true)]
    public void A_worker_stays_under_pressure_until_it_is_well_below(
        double memory, string? overBudget, bool isTaken)
    {
        _bench.Reports[Worker1] = Report(memory: 0.9) with { OverBudget = overBudget };
        _bench.Join(Worker1, cores: 8);
        _bench.Join(Worker2, cores: 2);
        _bench.Reports[Worker1] = Report(memory);
        _bench.Pass(Seconds(3), Worker1, Worker2);

        _bench.Run(Job(Workflow("a")));

        Assert.Equal(isTaken, StartedOn(Worker1).Any());
        Assert.Equal(!isTaken, StartedOn(Worker2).Any());
    }

    [Fact]
    public void A_worker_over_its_budget_gets_nothing_until_it_is_not()
    {
        _bench.Reports[Worker1] = Report(memory: 0.99) with { OverBudget = "memory" };
        _bench.Join(Worker1, cores: 8);
        _bench.Run(Job());
        _bench.Pass(Seconds(3), Worker1);
        Assert.Empty(StartedOn(Worker1));
        Assert.Equal(0, _bench.SentTo<Message.ManagerHeartbeat>(Gate)[^1].CoresFree);

        _bench.Reports[Worker1] = Report(memory: 0.5);
        _bench.Pass(Seconds(3), Worker1);
        Assert.Equal([0], StartedOn(Worker1));
    }

    [Fact]
    public void Gates_are_told_what_the_workers_use_together()
    {
        _bench.Reports[Worker1] = Report(memory: 0.5, cpu: 150);
        _bench.Reports[Worker2] = Report(memory: 0.25, cpu: 50);
        _bench.Join(Worker1, cores: 2);
        _bench.Join(Worker2, cores: 2);
        _bench.Pass(Seconds(6), Worker1, Worker2);

        var told = _bench.SentTo<Message.ManagerHeartbeat>(Gate)[^1].Resources!;
        Assert.Equal((2, 4L, 0.5, 0.375), (
            told.Workers, told.Cores, told.CpuPressure, told.MemoryPressure));
    }

    [Fact]
    public void What_a_guard_killed_is_not_tried_again_and_its_slot_fails_with_the_evidence()
    {
        Run(Workflow());
        _bench.Finish(Worker1, Attempt(), Killed);
        _bench.Pass(Seconds(5), Worker1);

        var outcome = _bench.SentTo<Message.SlotFinished>(Gate)[0].Outcome;
        Assert.Equal(SlotState.Failed, outcome.State);
        Assert.Equal("workflow 'work' was killed by its guard: killed by its guard", outcome.Reason);
        Assert.Equal(Content.Of(Killed.Kill), Content.Of(outcome.Workflows[0].Outcome.Kill));
        Assert.Single(StartedOn(Worker1));
        Assert.Empty(_bench.Told.OfType<TelemetryEvent.RetryBudgetExhausted>());
    }

    [Fact]
    public void What_a_guard_killed_is_tried_again_where_its_submission_asks_for_it()
    {
        Run(Workflow() with { Budget = new ResourceBudget(null, null, null, RetryKilled: true) });
        _bench.Finish(Worker1, Attempt(), Killed);
        _bench.Pass(Seconds(5), Worker1);

        Assert.Equal([0, 0], StartedOn(Worker1));
        Assert.Equal(1, _bench.Node.Ledger.Find(Slot())!.Budget.Consumed);

        var second = Attempt() with { Attempt = 2 };
        _bench.Accept(Worker1, second);
        _bench.Finish(Worker1, second, Completed);
        _bench.Pass(Seconds(1), Worker1);
        var result = _bench.SentTo<Message.SlotFinished>(Gate)[0].Outcome.Workflows[0];
        Assert.Equal(AttemptState.Completed, result.Outcome.State);
        // What it was killed for the first time is not lost by that.
        Assert.Equal(Content.Of(Killed.Kill), Content.Of(Assert.Single(result.Earlier).Kill));
    }

    [Fact]
    public void A_manager_that_lost_its_disk_goes_over_what_others_know_of_its_earlier_life()
    {
        var before = new ManagerLocalView(
            Dispatch.Manager, new StateVersion(90, 7), default, [], Duration.FromSeconds(1));
        var other = NodeId.Of("east/manager-2");
        var bench = new ManagerBench(topology: Cluster with
        {
            Datacenters = [new DatacenterTopology(Datacenter, [Dispatch.Manager, other])],
        });

        bench.Receive(other, new Message.ResourcesGossiped([before]));
        bench.Pass(Seconds(6));

        var told = bench.SentTo<Message.ResourcesGossiped>(other)[^1].Views;
        var own = Assert.Single(told, view => view.Manager == Dispatch.Manager);
        Assert.Equal(91, own.Version.Life);
        Assert.Equal(TrackerVerdict.Accepted, Heard(before, own));
    }

    private static TrackerVerdict Heard(ManagerLocalView first, ManagerLocalView then)
    {
        var view = new ManagerClusterResourceView();
        view.Merge(first, Instant.Zero);
        return view.Merge(then, Instant.Zero);
    }

    private void Run(WorkflowSpec workflow)
    {
        _bench.Join(Worker1, cores: 2);
        _bench.Receive(
            Gate, new Message.ReserveSlot(Slot(), 1, Job(workflow), Retries: new RetryShare(5, 3, 2, 0)));
        _bench.Start();
        _bench.Accept(Worker1, Attempt());
    }

    private IEnumerable<int> StartedOn(NodeId worker) => _bench.SentTo<Message.StartAttempt>(worker)
        .Select(start => start.Attempt).Distinct().Select(attempt => attempt.Workflow);

    private static WorkerResourceReport Report(double memory, double cpu = 0) =>
        new(2, new ResourceUsage(cpu, 0, memory * 1000, 0), 1000, 1, [], null);
}
