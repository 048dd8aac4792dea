using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Nodes;
using Hyperscale.Det.Protocol;
using Hyperscale.Det.Resources;
using Hyperscale.Det.Sim.Checkers;
using Hyperscale.Det.Sim.Plans;
using Hyperscale.Det.Sim.Processes;
using Barrier = Hyperscale.Det.Nodes.Barrier;

namespace Hyperscale.Det.Tests.Sim.Checkers;

/// <summary>The checker of guards notices what it is there for.</summary>
public sealed class ResourceGuardsTests
{
    // Samples come every second; a grace is five of them.
    private const int AfterTheGrace = 7;

    private static readonly WorkflowSpec Workflow = CheckerBench.Workflow();

    private static readonly Plan Runaways = CalmPlan.Smallest.With(CalmPlan.Workload with
    {
        RunawayPerThousand = 1000,
        HangPerThousand = 1000,
    });

    private int _samples;

    [Fact]
    public void A_leak_that_no_guard_ends_is_noticed()
    {
        var (bench, _) = Running(RunawayShape.Leak, (_, _) => []);

        Assert.Contains("over its budget of Memory", bench.BreaksWhenRun(30), StringComparison.Ordinal);
    }

    [Fact]
    public void A_hog_that_nobody_holds_is_noticed_after_two_graces()
    {
        var (bench, _) = Running(RunawayShape.Hog, (_, _) => []);

        bench.Run(seconds: 12);
        Assert.Contains("over its budget of Cpu", bench.BreaksWhenRun(10), StringComparison.Ordinal);
    }

    [Fact]
    public void A_kill_before_the_grace_is_over_is_noticed()
    {
        var (bench, _) = Running(RunawayShape.Leak, (attempt, sample) =>
            sample == 4 ? Killing(attempt, GuardDimension.Memory) : []);

        Assert.Contains("kills it; it was over", bench.BreaksWhenRun(30), StringComparison.Ordinal);
    }

    [Fact]
    public void A_kill_of_what_never_was_over_is_noticed()
    {
        var (bench, _) = Running(RunawayShape.Sawtooth, (attempt, sample) =>
            sample == 20 ? Killing(attempt, GuardDimension.Memory) : []);

        Assert.Contains("for 0", bench.BreaksWhenRun(30), StringComparison.Ordinal);
    }

    [Fact]
    public void A_level_that_is_skipped_is_noticed()
    {
        var (bench, _) = Running(RunawayShape.Leak, (attempt, sample) =>
            sample == 2 ? [Level(attempt, GuardDimension.Memory, GuardLevel.None, GuardLevel.Throttle)] : []);

        Assert.Contains("it was at None", bench.BreaksWhenRun(10), StringComparison.Ordinal);
    }

    [Fact]
    public void What_outlives_its_kill_is_noticed()
    {
        var (bench, _) = Running(RunawayShape.Deaf, (attempt, sample) =>
            sample == AfterTheGrace ? Killing(attempt, GuardDimension.Memory) : []);

        bench.Run(seconds: 12);
        bench.Checker.OnSample();
        bench.Run(seconds: 6);
        Assert.Contains("and lives at", bench.Breaks(bench.Checker.OnSample), StringComparison.Ordinal);
    }

    [Fact]
    public void A_kill_that_is_told_as_done_while_somebody_lives_is_noticed()
    {
        var (bench, _) = Running(RunawayShape.Orphan, (attempt, sample) => sample switch
        {
            AfterTheGrace => Killing(attempt, GuardDimension.Memory),
            AfterTheGrace + 1 => [Told(new TelemetryEvent.AttemptEnded(
                attempt, NodeId.Of(CheckerBench.Worker), AttemptState.KilledByGuard, ""))],
            _ => [],
        });

        // All took the SIGTERM but for the one that was forked twice.
        Assert.Contains("1 of its processes live", bench.BreaksWhenRun(20), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0, true)]
    [InlineData(2, false)]
    [InlineData(3, true)]
    public void A_wrong_number_of_processes_killed_is_noticed(int processes, bool isWrong)
    {
        var kill = new ResourceKill(GuardDimension.Memory, 1, 1, 1, 1, [], [], processes, false);
        var (bench, attempt) = Running(RunawayShape.Leak, (attempt, sample) =>
            sample == AfterTheGrace ? Killing(attempt, GuardDimension.Memory) : []);
        var script = bench.Nodes.At(CheckerBench.Worker);
        var before = script.OnInput!;
        script.OnInput = (input, now, outbox) =>
        {
            before(input, now, outbox);
            if (input is NodeInput.WorkloadExited)
                outbox.Emit(Told(new TelemetryEvent.ResourceKilled(attempt, "work", kill)));
        };

        if (!isWrong) bench.Run(seconds: 30);
        else Assert.Contains("2 to 2 were", bench.BreaksWhenRun(30), StringComparison.Ordinal);
    }

    [Fact]
    public void A_hog_that_is_killed_although_its_host_can_hold_it_is_noticed()
    {
        var (bench, _) = Running(RunawayShape.Hog, (attempt, sample) =>
            sample == AfterTheGrace ? Killing(attempt, GuardDimension.Cpu) : []);

        Assert.Contains("can hold to its budget", bench.BreaksWhenRun(30), StringComparison.Ordinal);
    }

    [Fact]
    public void A_hog_that_its_host_may_not_be_able_to_hold_can_be_killed()
    {
        var (bench, attempt) = Running(
            RunawayShape.Hog,
            (attempt, sample) => sample == AfterTheGrace ? Killing(attempt, GuardDimension.Cpu) : [],
            Runaways.Options.Workload with { LooseThrottlePerThousand = 1000 });

        bench.Run(seconds: 30);
        Assert.False(Assert.Single(bench.World.Processes.Of(attempt)).IsRunning);
    }

    [Fact]
    public void A_hog_that_is_held_above_its_budget_is_noticed()
    {
        var (bench, _) = Running(RunawayShape.Hog, (attempt, sample) =>
            sample == 5 ? [new NodeEffect.ThrottleWorkload(attempt, new ThrottleOrder(999, 1000))] : []);

        Assert.Contains("is held back since", bench.BreaksWhenRun(10), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(AttemptState.KilledByGuard, false, true)]
    [InlineData(AttemptState.KilledByGuard, true, false)]
    [InlineData(AttemptState.Lost, false, false)]
    public void A_killed_workload_that_is_tried_again_unasked_is_noticed(
        AttemptState last, bool isAsked, bool isWrong)
    {
        var bench = new CheckerBench(new ResourceGuards((_, _) => last));
        var workflow = Workflow with { Budget = new ResourceBudget(null, null, null, isAsked) };
        var start = new Message.StartAttempt(
            CheckerBench.Attempt with { Attempt = 2 }, Fence: 1, new BootId(1), workflow);
        bench.Nodes.Answer<NodeInput.Started>(
            CheckerBench.Manager,
            new NodeEffect.Send(NodeId.Of(CheckerBench.Worker), start, Barrier.None));

        if (!isWrong) bench.Run();
        else Assert.Contains("although the one before", bench.BreaksWhenRun(), StringComparison.Ordinal);
    }

    /// <summary>A worker that starts a workload of a shape and does what a test says at each sample of
    /// it.</summary>
    private (CheckerBench Bench, AttemptKey Attempt) Running(
        RunawayShape shape,
        Func<AttemptKey, int, IEnumerable<NodeEffect>> atSample,
        WorkloadOptions? options = null)
    {
        var plan = Runaways.With(options ?? Runaways.Options.Workload);
        var attempt = Enumerable.Range(0, 1000).Select(i => CheckerBench.Attempt with { Workflow = i })
            .First(one => ProcessTable.ShapeOf(plan, one, Workflow, isHealed: false).Shape == shape);
        var bench = new CheckerBench(new ResourceGuards(), plan);
        bench.Nodes.At(CheckerBench.Worker).OnInput = (input, _, outbox) =>
        {
            if (input is NodeInput.Started) outbox.Emit(new NodeEffect.StartWorkload(attempt, Workflow));
            if (input is not NodeInput.ResourcesSampled) return;
            foreach (var effect in atSample(attempt, ++_samples)) outbox.Emit(effect);
        };
        return (bench, attempt);
    }

    /// <summary>All levels up to the kill, and what follows from it.</summary>
    private static List<NodeEffect> Killing(AttemptKey attempt, GuardDimension dimension) =>
    [
        .. Enumerable.Range(0, 3).Select(level =>
            Level(attempt, dimension, (GuardLevel)level, (GuardLevel)(level + 1))),
        new NodeEffect.StopWorkload(attempt, WorkloadSignal.Terminate),
    ];

    private static NodeEffect.Emit Level(
        AttemptKey attempt, GuardDimension dimension, GuardLevel from, GuardLevel to) =>
        Told(new TelemetryEvent.GuardLevelChanged(attempt, dimension, from, to, default));

    private static NodeEffect.Emit Told(TelemetryEvent told) => new NodeEffect.Emit(told);
}
