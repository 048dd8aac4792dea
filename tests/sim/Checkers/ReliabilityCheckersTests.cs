using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Nodes;
using Hyperscale.Det.Reliability;
using Hyperscale.Det.Sim.Checkers;

namespace Hyperscale.Det.Tests.Sim.Checkers;

/// <summary>The checkers of retry budgets and best effort notice what they are there for.</summary>
public sealed class ReliabilityCheckersTests
{
    private static readonly NodeEffect.Emit Taken =
        new(new TelemetryEvent.JobAccepted(CheckerBench.Job, "job"));

    [Fact]
    public void A_job_that_is_entitled_to_other_retries_than_it_asked_for_is_noticed()
    {
        var checker = new RetryBudgets();
        var bench = new CheckerBench(checker);
        var job = JobOf(CheckerBench.Spec() with { RetryBudget = 0 }, budget: 20, each: 3);

        Assert.Contains("0 retries and 0 a workflow are right", bench.Breaks(() => checker.Take(job)),
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(2, 2, 3, "is retry 3 of its workflow; 2 are allowed")]
    [InlineData(3, 3, 4, "has used 4 retries; 3 are allowed")]
    public void More_retries_than_there_may_be_are_noticed(int budget, int each, int retries, string fault)
    {
        var checker = new RetryBudgets();
        var bench = new CheckerBench(checker);
        var spec = CheckerBench.Spec(2) with { RetryBudget = budget, RetryBudgetPerWorkflow = each };
        checker.Take(JobOf(spec, budget, each));
        var slots = budget == each && budget == 3
            ? new[] { Attempt(0, 1 + 2), Attempt(1, retries - 1) }
            : [Attempt(0, 1 + retries)];
        bench.Nodes.Answer<NodeInput.Started>(
            CheckerBench.Worker, [.. slots.Select(slot => CheckerBench.Start(slot))]);

        Assert.Contains(fault, bench.BreaksWhenRun(), StringComparison.Ordinal);
    }

    [Fact]
    public void As_many_retries_as_there_may_be_are_fine()
    {
        var checker = new RetryBudgets();
        var bench = new CheckerBench(checker);
        checker.Take(JobOf(CheckerBench.Spec(2) with { RetryBudget = 3 }, budget: 3, each: 3));
        bench.Nodes.Answer<NodeInput.Started>(
            CheckerBench.Worker, CheckerBench.Start(Attempt(0, 3)), CheckerBench.Start(Attempt(1, 2)));

        bench.Run();

        Assert.Equal(2, bench.World.Processes.StartedCount);
    }

    /// <summary>Slots as letters: completed, failed, open.</summary>
    [Theory]
    [InlineData("cc", CompletionReason.MinDcsReached, JobState.Completed, "it is AllDcsReported")]
    [InlineData("co", CompletionReason.AllDcsReported, JobState.Completed, "it is MinDcsReached")]
    [InlineData("ff", CompletionReason.MinDcsUnreachable, JobState.Failed, "it is AllDcsReported")]
    [InlineData("fo", CompletionReason.DeadlineExpired, JobState.Failed, "is at its deadline at")]
    [InlineData("co", CompletionReason.MinDcsReached, JobState.Failed, "it needs 1")]
    public void A_job_that_is_complete_for_another_reason_is_noticed(
        string slots, CompletionReason reason, JobState state, string fault)
    {
        var checker = new BestEffort();
        var bench = new CheckerBench(checker);

        Assert.Contains(fault, bench.Breaks(() => checker.Judge(Ended(slots, reason, state, seconds: 5))),
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("cc", CompletionReason.AllDcsReported, JobState.Completed, 5)]
    [InlineData("co", CompletionReason.MinDcsReached, JobState.Completed, 5)]
    [InlineData("fo", CompletionReason.DeadlineExpired, JobState.Failed, 10)]
    public void A_job_that_is_complete_for_the_right_reason_is_fine(
        string slots, CompletionReason reason, JobState state, int seconds)
    {
        var checker = new BestEffort();
        var bench = new CheckerBench(checker);

        checker.Judge(Ended(slots, reason, state, seconds));

        Assert.Same(checker, bench.Checker);
    }

    [Fact]
    public void Work_that_goes_on_after_its_job_is_noticed()
    {
        var plan = CalmPlan.Smallest with { FaultsEnd = Duration.FromSeconds(1) };
        var bench = new CheckerBench(new BestEffort(), plan);
        bench.Nodes.Answer<NodeInput.Started>(CheckerBench.Gate, Taken, new NodeEffect.Emit(
            new TelemetryEvent.JobEnded(CheckerBench.Job, JobState.Completed, "because")));
        var work = CheckerBench.Workflow() with { Duration = Duration.FromSeconds(60) };
        bench.Nodes.Answer<NodeInput.Started>(
            CheckerBench.Worker, new NodeEffect.StartWorkload(CheckerBench.Attempt, work));

        Assert.Contains("still runs", bench.BreaksWhenRun(seconds: 70), StringComparison.Ordinal);
    }

    [Fact]
    public void A_job_that_outlives_its_deadline_in_a_healed_world_is_noticed()
    {
        var checker = new BestEffort();
        var bench = new CheckerBench(checker, CalmPlan.Smallest with { FaultsEnd = Duration.FromSeconds(1) });
        bench.Nodes.Answer<NodeInput.Started>(CheckerBench.Gate, Taken);
        bench.Run(seconds: 60);
        checker.OnEffect(bench.Host(CheckerBench.Gate), new NodeEffect.Emit(
            new TelemetryEvent.JobEnded(CheckerBench.Job, JobState.Completed, "because")));
        checker.Take(Ended("co", CompletionReason.MinDcsReached, JobState.Completed, seconds: 5));

        Assert.Contains("its deadline was 10s", bench.Breaks(checker.OnEnd), StringComparison.Ordinal);
    }

    [Fact]
    public void A_job_that_never_ends_has_outlived_its_deadline()
    {
        var checker = new BestEffort();
        var bench = new CheckerBench(checker, CalmPlan.Smallest with { FaultsEnd = Duration.FromSeconds(1) });
        bench.Nodes.Answer<NodeInput.Started>(CheckerBench.Gate, Taken);
        bench.Run(seconds: 44);
        checker.Take(Ended("co", CompletionReason.MinDcsReached, JobState.Completed, seconds: 5));
        checker.OnEnd();

        bench.Run(seconds: 40);
        Assert.Contains("its deadline was 10s", bench.Breaks(checker.OnEnd), StringComparison.Ordinal);
    }

    private static AttemptKey Attempt(int slot, int attempt) =>
        new(new SlotKey(CheckerBench.Job, slot, 1), 0, attempt);

    private static LedgerJob JobOf(JobSpec spec, int budget, int each)
    {
        var ledger = new JobLedger(10);
        var terms = JobTerms.Of(spec, RetryBudgetConfig.Standard, BestEffortConfig.Standard) with
        {
            RetryBudget = budget,
            RetryBudgetPerWorkflow = each,
        };
        ledger.Apply(0, 1, new WallTime(0), new JobCommand.JobCreated(spec, null, terms));
        Assert.True(ledger.TryGet(CheckerBench.Job, out var job));
        return job;
    }

    /// <summary>A job that needs one of its datacenters within ten seconds, so long after its
    /// submission.</summary>
    private static LedgerJob Ended(string slots, CompletionReason reason, JobState state, int seconds)
    {
        var spec = CheckerBench.Spec(slots.Length) with
        {
            BestEffort = new BestEffortSpec(true, 1, Duration.FromSeconds(10), WaitForAll: false),
        };
        var job = JobOf(spec, budget: 20, each: 3);
        return job with
        {
            State = state,
            Completion = reason,
            Ended = new WallTime(seconds * 1000),
            Slots =
            [
                .. job.Slots.Select(slot => slots[slot.Slot] == 'o' ? slot : slot with
                {
                    Outcome = new SlotOutcome(
                        slots[slot.Slot] == 'c' ? SlotState.Completed : SlotState.Failed, "", []),
                }),
            ],
        };
    }
}
