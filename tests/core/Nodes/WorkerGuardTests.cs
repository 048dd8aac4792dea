using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Nodes;
using Hyperscale.Det.Protocol;
using Hyperscale.Det.Resources;
using static Hyperscale.Det.Tests.Core.Nodes.Dispatch;

namespace Hyperscale.Det.Tests.Core.Nodes;

/// <summary>A worker that guards its workloads, and itself (AD-41).</summary>
public sealed class WorkerGuardTests
{
    private static readonly WorkflowSpec Small = Workflow() with
    {
        Duration = Seconds(600),
        Budget = new ResourceBudget(100, 1L << 30, 100),
    };

    private readonly WorkerBench _bench = new();

    [Fact]
    public void A_workload_that_uses_too_much_is_asked_to_end_and_ends_as_killed_with_the_evidence()
    {
        _bench.Start(Attempt(), Small);
        _bench.Use(Attempt(), seconds: 6, gib: 2, processes: 3);
        Assert.Equal(
            new NodeEffect.StopWorkload(Attempt(), WorkloadSignal.Terminate), _bench.Workloads.Last());

        _bench.Exit(Attempt(), 143);

        var outcome = Finished(Attempt());
        Assert.Equal(AttemptState.KilledByGuard, outcome.State);
        Assert.Equal(
            "memory of 2048.0 MiB against a budget of 1024.0 MiB; 3 processes killed",
            outcome.Reason);
        Assert.Equal(Stats, outcome.Stats);
        Assert.Equal((GuardDimension.Memory, 3, false), (
            outcome.Kill!.Violation, outcome.Kill.ProcessesKilled, outcome.Kill.WasForced));
        Assert.Equal(
            [GuardLevel.Warn, GuardLevel.Throttle, GuardLevel.Kill],
            _bench.Told.OfType<TelemetryEvent.GuardLevelChanged>().Select(change => change.To));
        var told = Assert.Single(_bench.Told.OfType<TelemetryEvent.ResourceKilled>());
        Assert.Equal(Content.Of(outcome.Kill), Content.Of(told.Kill));
        Assert.Equal("cgroup-v9", told.Kill.Enforcer);
    }

    [Fact]
    public void What_could_not_be_killed_of_a_workload_is_told_with_its_end()
    {
        _bench.Start(Attempt(), Small);
        _bench.Use(Attempt(), seconds: 6, gib: 2, processes: 3);
        _bench.Exit(Attempt(), 137, "a process of the workload could not be killed");

        var outcome = Finished(Attempt());
        Assert.Equal(AttemptState.KilledByGuard, outcome.State);
        Assert.Equal(
            "memory of 2048.0 MiB against a budget of 1024.0 MiB; 3 processes killed; a process of the "
                + "workload could not be killed",
            outcome.Reason);
        Assert.NotNull(outcome.Kill);
    }

    [Fact]
    public void A_workload_that_does_not_end_within_five_seconds_is_killed_until_it_has()
    {
        _bench.Start(Attempt(), Small);
        _bench.Use(Attempt(), seconds: 6, gib: 2);
        _bench.Pass(Duration.FromMilliseconds(4999), isAnswered: true);
        Assert.DoesNotContain(
            new NodeEffect.StopWorkload(Attempt(), WorkloadSignal.Kill), _bench.Workloads);
        _bench.Pass(Duration.FromMilliseconds(1101), isAnswered: true);

        Assert.Equal(3, _bench.Workloads.Count(
            e => e == new NodeEffect.StopWorkload(Attempt(), WorkloadSignal.Kill)));
        _bench.Exit(Attempt(), 137);
        Assert.True(Finished(Attempt()).Kill!.WasForced);
    }

    [Fact]
    public void A_lost_lease_does_not_leave_it_the_five_seconds()
    {
        _bench.Start(Attempt(), Small);
        // The lease runs out a few seconds after it is asked to end.
        _bench.Use(Attempt(), seconds: 2, gib: 0.5, isAnswered: false);
        _bench.Use(Attempt(), seconds: 6, gib: 2, isAnswered: false);
        Assert.Equal(
            new NodeEffect.StopWorkload(Attempt(), WorkloadSignal.Terminate), _bench.Workloads.Last());
        var left = _bench.Node.LeaseUntil - _bench.Now;
        Assert.InRange(left.Milliseconds, 1, 4000);

        _bench.Pass(left + Duration.FromMilliseconds(499));
        Assert.DoesNotContain(new NodeEffect.StopWorkload(Attempt(), WorkloadSignal.Kill), _bench.Workloads);
        _bench.Pass(Duration.FromMilliseconds(1));
        Assert.Contains(new NodeEffect.StopWorkload(Attempt(), WorkloadSignal.Kill), _bench.Workloads);
        _bench.Exit(Attempt(), 137);
        Assert.True(Finished(Attempt()).Kill!.WasForced);
        Assert.Equal(AttemptState.KilledByGuard, _bench.Told
            .OfType<TelemetryEvent.AttemptEnded>().Single().State);
    }

    [Fact]
    public void A_spike_within_the_grace_and_a_workload_within_its_budget_are_left_alone()
    {
        _bench.Start(Attempt(), Small);
        _bench.Use(Attempt(), seconds: 10, gib: 0.5);
        _bench.Use(Attempt(), seconds: 1, gib: 1.5);
        _bench.Use(Attempt(), seconds: 10, gib: 0.5);

        Assert.Equal([typeof(NodeEffect.StartWorkload)], _bench.Workloads.Select(e => e.GetType()));
    }

    [Fact]
    public void A_throttled_workload_runs_freely_again_before_it_is_stopped_for_another_reason()
    {
        _bench.Start(Attempt(), Small);
        _bench.Use(Attempt(), seconds: 7, gib: 0.93);
        Assert.NotNull(_bench.Workloads.OfType<NodeEffect.ThrottleWorkload>().Last().Order);

        _bench.Receive(new Message.StopAttempt(Attempt(), 1, "taken back"));

        Assert.Equal(
            [
                new NodeEffect.ThrottleWorkload(Attempt(), null),
                new NodeEffect.StopWorkload(Attempt(), WorkloadSignal.Terminate),
            ],
            _bench.Workloads.TakeLast(2));
        _bench.Use(Attempt(), seconds: 20, gib: 5);
        _bench.Exit(Attempt(), 143);
        Assert.Equal(AttemptState.Cancelled, Finished(Attempt()).State);
    }

    [Fact]
    public void A_load_generator_starts_no_further_users_while_its_memory_is_at_the_throttle()
    {
        _bench.Start(Attempt(), Small with { Kind = WorkflowKind.Http });
        _bench.Use(Attempt(), seconds: 7, gib: 0.93);
        Assert.Equal(new NodeEffect.HoldRamp(Attempt(), true), _bench.Workloads.Last());

        _bench.Use(Attempt(), seconds: 30, gib: 0.1);

        Assert.Equal(new NodeEffect.HoldRamp(Attempt(), false), _bench.Workloads.Last());
        Assert.Equal(
            [true, false], _bench.Told.OfType<TelemetryEvent.RampHeld>().Select(told => told.IsHeld));
    }

    [Fact]
    public void A_machine_that_cannot_be_read_puts_no_guard_off()
    {
        _bench.Start(Attempt(), Small);
        _bench.Use(Attempt(), seconds: 6, gib: 2, machine: null);

        Assert.Equal(NodeVerdict.Accepted, _bench.Verdict);
        Assert.Equal(
            new NodeEffect.StopWorkload(Attempt(), WorkloadSignal.Terminate), _bench.Workloads.Last());
        Assert.Empty(_bench.Told.OfType<TelemetryEvent.ResourcesReported>());
    }

    [Fact]
    public void Without_guards_nothing_is_guarded()
    {
        var bench = new WorkerBench(WorkerConfig.Default(2) with
        {
            Resources = ResourceConfig.Default with { IsEnabled = false },
        });
        bench.Start(Attempt(), Small);
        bench.Use(Attempt(), seconds: 20, gib: 50, machine: 1);

        Assert.Equal([typeof(NodeEffect.StartWorkload)], bench.Workloads.Select(e => e.GetType()));
        Assert.Null(bench.Node.OverBudget);
    }

    [Fact]
    public void A_worker_over_its_own_budget_takes_no_work_and_says_why()
    {
        _bench.Use(Attempt(), seconds: 8, gib: 0, machine: 0.99);

        Assert.Equal(NodeVerdict.Refused, _bench.Start(Attempt(), Small));
        Assert.Equal(
            new Message.AttemptRefused(
                Attempt(), $"{Worker1} takes no work: memory of its machine is used to 99%"),
            _bench.Sent[^1]);
        var told = _bench.SentTo<Message.WorkerHeartbeat>(Dispatch.Manager)[^1].Resources!;
        Assert.Equal("memory of its machine is used to 99%", told.OverBudget);
        Assert.Equal(0.99, told.MemoryPressure, 0.01);

        _bench.Use(Attempt(), seconds: 20, gib: 0, machine: 0.5);
        Assert.Equal(NodeVerdict.Accepted, _bench.Start(Attempt(), Small));
        Assert.Equal(
            ["memory of its machine is used to 99%", null],
            _bench.Told.OfType<TelemetryEvent.WorkerOverBudget>().Select(told => told.Reason));
    }

    [Fact]
    public void A_heartbeat_tells_what_each_workflow_uses()
    {
        _bench.Start(Attempt(), Small);
        _bench.Use(Attempt(), seconds: 8, gib: 0.8);
        _bench.Pass(Seconds(1), isAnswered: true);

        var told = _bench.SentTo<Message.WorkerHeartbeat>(Dispatch.Manager)[^1].Resources!;
        var usage = Assert.Single(told.Workflows);
        Assert.Equal(
            (Slot().Job, 0, 0, GuardLevel.Warn), (usage.Job, usage.Slot, usage.Workflow, usage.Level));
        Assert.Equal(0.8 * (1L << 30), usage.Usage.MemoryBytes, 1e6);
        Assert.Equal((2, 1, "cgroup-v9"), (told.Cores, told.Processes, told.Enforcer));
    }

    private AttemptOutcome Finished(AttemptKey attempt) =>
        _bench.SentTo<Message.AttemptFinished>(Dispatch.Manager).Last(m => m.Attempt == attempt).Outcome;
}
