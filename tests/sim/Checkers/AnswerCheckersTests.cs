using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Nodes;
using Hyperscale.Det.Protocol;
using Hyperscale.Det.Sim.Checkers;
using Barrier = Hyperscale.Det.Nodes.Barrier;

namespace Hyperscale.Det.Tests.Sim.Checkers;

/// <summary>The checkers of what clients are told notice what they are there for.</summary>
public sealed class AnswerCheckersTests
{
    [Fact]
    public void A_job_that_ends_twice_is_noticed()
    {
        var bench = new CheckerBench(new OneCompletion());
        bench.Answer(Status(CheckerBench.Status(JobState.Completed)));

        Assert.Contains("ended as Failed", bench.Breaks(() =>
            bench.Answer(Status(CheckerBench.Status(JobState.Failed)))), StringComparison.Ordinal);
    }

    [Fact]
    public void A_result_that_changes_after_the_end_is_noticed()
    {
        var bench = new CheckerBench(new OneCompletion());
        var before = CheckerBench.Ended(CheckerBench.Completed(RunStats.None));
        var after = CheckerBench.Ended(CheckerBench.Completed(RunStats.None with { Requests = 1 }));
        bench.Answer(Status(CheckerBench.Status(JobState.Completed, "because", before)));

        Assert.Contains("other results", bench.Breaks(() => bench.Answer(
            Status(CheckerBench.Status(JobState.Completed, "because", after)))), StringComparison.Ordinal);
    }

    [Fact]
    public void A_job_that_runs_again_after_its_end_is_noticed_unless_the_question_is_older()
    {
        var bench = new CheckerBench(new OneCompletion());
        var before = bench.World.Now;
        bench.Run();
        bench.Answer(Status(CheckerBench.Status(JobState.Completed)));
        bench.Answer(Status(CheckerBench.Status(JobState.Running)), askedAt: before);
        bench.Run();

        Assert.Contains("is Running", bench.Breaks(() =>
            bench.Answer(Status(CheckerBench.Status(JobState.Running)))), StringComparison.Ordinal);
    }

    [Fact]
    public void Two_jobs_of_one_submission_are_noticed()
    {
        var bench = new CheckerBench(new OneJobPerSubmission());
        JobSummary Summary(long op) => new(new JobId(0, op), "job", JobState.Running, "", new WallTime(0));

        Assert.Contains("submission job made", bench.Breaks(() => bench.Answer(
            new ClientResponse.Jobs([Summary(1), Summary(2)], []))), StringComparison.Ordinal);
    }

    [Fact]
    public void A_result_that_counts_more_than_was_done_is_noticed()
    {
        var bench = WithOneAttempt(out var told);
        var outcome = CheckerBench.Completed(told with { Requests = told.Requests + 1 });

        Assert.Contains("counts", Judged(bench, outcome), StringComparison.Ordinal);
    }

    [Fact]
    public void A_result_that_is_true_is_fine()
    {
        var bench = WithOneAttempt(out var told);

        bench.Answer(Status(CheckerBench.Status(
            JobState.Completed, "because", CheckerBench.Ended(CheckerBench.Completed(told)))));

        Assert.True(told.Requests > 0);
    }

    [Fact]
    public void A_result_of_an_attempt_that_was_given_up_is_noticed()
    {
        var bench = WithOneAttempt(out var told);
        var next = CheckerBench.Attempt with { Attempt = 2 };
        bench.Checker.OnSent(bench.Host(CheckerBench.Manager), default, Start(next));

        Assert.Contains(
            "counts attempt 1, the newest one is", Judged(bench, CheckerBench.Completed(told)),
            StringComparison.Ordinal);
    }

    [Fact]
    public void A_failed_attempt_that_is_said_to_have_completed_is_noticed()
    {
        var failing = CalmPlan.Smallest.With(CalmPlan.Workload with { FailPerThousand = 1000 });
        var bench = WithOneAttempt(out var told, failing);

        Assert.Contains(
            "is said to have completed", Judged(bench, CheckerBench.Completed(told)),
            StringComparison.Ordinal);
    }

    [Fact]
    public void A_job_that_completed_without_all_of_its_workflows_is_noticed()
    {
        var bench = new CheckerBench(new ResultsConserved());
        var slot = new SlotStatus(
            0, "dc-a", SlotPhase.Reported, "", new SlotOutcome(SlotState.Completed, "", []), []);

        Assert.Contains("0 workflows of 1", bench.Breaks(() => bench.Answer(
            Status(CheckerBench.Status(JobState.Completed, "because", slot)))), StringComparison.Ordinal);
    }

    [Fact]
    public void Progress_that_falls_is_noticed()
    {
        var bench = new CheckerBench(new ProgressRises());
        bench.Run(seconds: 10);
        bench.Answer(Status(CheckerBench.Status(JobState.Running, "", Running(requests: 5))));
        bench.Run();

        var fallen = Status(CheckerBench.Status(JobState.Running, "", Running(requests: 4)));
        Assert.Contains(
            "shows 4 requests", bench.Breaks(() => bench.Answer(fallen)), StringComparison.Ordinal);
    }

    [Fact]
    public void An_acknowledged_job_that_is_not_found_is_noticed()
    {
        var plan = CheckerPlans.OneSubmission;
        var bench = new CheckerBench(new AcknowledgedJobs(), plan);
        var accepted = new ClientResponse.Accepted(CheckerBench.Job);
        bench.Nodes.At(CheckerBench.Client).OnInput = (input, _, outbox) =>
        {
            if (input is NodeInput.ClientRequested { Request: ClientRequest.SubmitJob } submit)
                outbox.Emit(new NodeEffect.Reply(submit.RequestId, accepted, Barrier.None));
        };
        bench.Run();

        Assert.Contains("is not found", bench.Breaks(() =>
            bench.Answer(new ClientResponse.NotFound(CheckerBench.Job))), StringComparison.Ordinal);
    }

    [Fact]
    public void A_second_answer_to_one_request_is_noticed()
    {
        var bench = new CheckerBench(new OneAnswer(), CheckerPlans.OneSubmission);
        var answer = new NodeEffect.Reply(
            1, new ClientResponse.Unavailable("busy", Duration.Zero), Barrier.None);
        bench.Nodes.Answer<NodeInput.ClientRequested>(CheckerBench.Client, answer, answer);

        Assert.Contains(
            "answers request 1, which is not open", bench.BreaksWhenRun(), StringComparison.Ordinal);
    }

    private static CheckerBench WithOneAttempt(out RunStats told, Hyperscale.Det.Sim.Plans.Plan? plan = null)
    {
        var bench = new CheckerBench(new ResultsConserved(), plan);
        bench.Nodes.Answer<NodeInput.Started>(CheckerBench.Worker, CheckerBench.Start());
        bench.Checker.OnSent(bench.Host(CheckerBench.Manager), default, Start(CheckerBench.Attempt));
        bench.Run(seconds: 5);
        told = bench.World.Processes.Of(CheckerBench.Attempt)[0].Told!;
        return bench;
    }

    private static string Judged(CheckerBench bench, AttemptOutcome outcome)
    {
        var status = CheckerBench.Status(JobState.Completed, "because", CheckerBench.Ended(outcome));
        return bench.Breaks(() => bench.Answer(Status(status)));
    }

    private static Message.StartAttempt Start(AttemptKey attempt) =>
        new(attempt, 1, new BootId(1), CheckerBench.Workflow());

    private static SlotStatus Running(long requests) => new(
        0, "dc-a", SlotPhase.Running, "", null,
        [
            new WorkflowProgress(
                0, WorkflowPhase.Running, CheckerBench.Worker, RunStats.None with { Requests = requests }),
        ]);

    private static ClientResponse.Status Status(JobStatus job) => new(job);
}
