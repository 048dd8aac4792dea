using System.Text;
using CsCheck;
using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Slo;

namespace Hyperscale.Det.Tests.Core.Jobs;

public sealed class JobReportTests
{
    private const AttemptState Completed = AttemptState.Completed;
    private const AttemptState Failed = AttemptState.Failed;

    private const string File = """
        { "name": "j", "datacenters": { "count": 2 }, "thresholds": ["requests > 10", "p95Ms < 2"],
          "workflows": [
            { "name": "browse", "kind": "http", "duration": "2s", "vus": 1, "http": { "url": "http://h/" } },
            { "name": "pay", "kind": "http", "duration": "2s", "rate": 3, "http": { "url": "http://h/" } },
            { "name": "clean", "kind": "exec", "duration": "2s", "exec": { "command": ["sh"] } } ] }
        """;

    [Fact]
    public void Results_of_completed_and_failed_attempts_add_up()
    {
        var report = JobReport.Of(Job(
            JobState.Completed,
            Reported(0, "dc-b", Result(0, "b1", Completed, 1), Result(1, "b2", Failed, 10)),
            Reported(1, "dc-a", Result(0, "a1", Completed, 100), Result(1, "a1", Completed, 1000))));

        Assert.True(report.IsFinal);
        Assert.Equal(1111, report.Totals.Requests);
        Assert.Equal(
            [("browse", 101), ("pay", 1010), ("clean", 0)],
            report.Workflows.Select(row => (row.Workflow, row.Requests)));
        Assert.Equal(
            [("dc-a", 1100), ("dc-b", 11)],
            report.Datacenters.Select(row => (row.Datacenter, row.Requests)));
        Assert.Equal(
            [("browse", "dc-a", 100), ("browse", "dc-b", 1), ("pay", "dc-a", 1000), ("pay", "dc-b", 10)],
            report.Cells.Select(row => (row.Workflow, row.Datacenter, row.Requests)));
        Assert.Equal(
            [("a1", 1100), ("b1", 1), ("b2", 10)],
            report.Workers.Select(row => (row.Worker, row.Requests)));
    }

    [Theory]
    [InlineData(AttemptState.Cancelled)]
    [InlineData(AttemptState.Lost)]
    public void Results_of_other_attempts_do_not_count_and_can_be_seen(AttemptState state)
    {
        var report = JobReport.Of(Job(JobState.Failed, Reported(0, "dc-a", Result(0, "a1", state, 5))));

        Assert.Equal(0, report.Totals.Requests);
        Assert.Empty(report.Workers);
        var run = Assert.Single(report.Runs);
        Assert.Equal((5, false, state), (run.Stats.Requests, run.Counts, run.State));
    }

    [Fact]
    public void While_a_job_runs_the_newest_progress_counts_for_slots_that_have_not_reported()
    {
        var report = JobReport.Of(Job(
            JobState.Running,
            Reported(0, "dc-a", Result(0, "a1", Completed, 1)) with
            {
                Workflows = [Progress(0, 70)],
            },
            Running(1, "dc-b", Progress(0, 20), Progress(1, 300))));

        Assert.False(report.IsFinal);
        Assert.Null(report.Conclusion);
        Assert.Equal(321, report.Totals.Requests);
        Assert.Equal((2, 1), (report.Coverage.Wanted, report.Coverage.Reported));
        Assert.Equal(["dc-b"], report.Coverage.Missing);
    }

    [Fact]
    public void Progress_is_no_result_of_an_ended_job()
    {
        var report = JobReport.Of(Job(
            JobState.Completed,
            Reported(0, "dc-a", Result(0, "a1", Completed, 1)),
            Running(1, "dc-b", Progress(0, 20))));

        Assert.Equal(1, report.Totals.Requests);
        Assert.Equal(["dc-b"], report.Coverage.Missing);
        Assert.Equal([true, false], report.Runs.Select(run => run.Counts));
    }

    [Fact]
    public void Coverage_counts_how_the_datacenters_ended()
    {
        var job = Job(
            JobState.Failed,
            Reported(0, "a") with { Outcome = new SlotOutcome(SlotState.Failed, "", []) },
            Reported(1, "b") with { Outcome = new SlotOutcome(SlotState.Cancelled, "", []) },
            Reported(2, "c"),
            Running(3, "d"),
            Running(4, ""));
        var coverage = JobReport.Of(job).Coverage;

        Assert.Equal((1, 1, 1), (coverage.Completed, coverage.Failed, coverage.Cancelled));
        Assert.Equal(3, coverage.Reported);
        Assert.Equal(["d"], coverage.Missing);
    }

    [Fact]
    public void Planned_requests_are_those_of_the_open_models_in_all_wanted_datacenters()
    {
        var report = JobReport.Of(Job(
            JobState.Completed,
            Reported(0, "a", Result(0, "w", Completed, 50), Result(1, "w", Completed, 5))));

        Assert.Equal((2 * 2 * 3, 5), (report.Coverage.PlannedRequests, report.Coverage.DoneRequests));
    }

    [Fact]
    public void Without_an_open_model_no_requests_are_planned()
    {
        var job = Job(JobState.Completed);
        var closed = job with { Spec = job.Spec with { Workflows = [job.Spec.Workflows[0]] } };

        Assert.Null(JobReport.Of(closed).Coverage.PlannedRequests);
        Assert.Null(JobReport.Of(closed).Coverage.DoneRequests);
    }

    [Fact]
    public void Thresholds_are_judged_on_the_totals()
    {
        // Neither datacenter has more than ten requests; both together have.
        var slow = Stats(6) with { Latency = LatencyDigest.From([(3_000, 6)]) };
        var report = JobReport.Of(Job(
            JobState.Completed,
            Reported(0, "a", Result(0, "w", Completed, 6)),
            Reported(1, "b", Result(0, "v", Completed, slow))));

        Assert.Equal([false, true], report.Thresholds.Select(verdict => verdict.IsCrossed));
        Assert.Equal(JobConclusion.ThresholdCrossed, report.Conclusion);
    }

    [Fact]
    public void Output_and_exit_code_of_a_command_can_be_seen()
    {
        var outcome = new AttemptOutcome(
            AttemptState.Failed, "exit code 3", 3, RunStats.None, Encoding.UTF8.GetBytes("no such table"));
        var report = JobReport.Of(Job(
            JobState.Failed, Reported(0, "dc-a", new WorkflowResult(2, 4, "dc-a/worker-1", outcome))));

        var run = Assert.Single(report.Runs);
        Assert.Equal(("clean", 2), (run.Workflow, run.Index));
        Assert.Equal(("dc-a", "dc-a/worker-1"), (run.Datacenter, run.Worker));
        Assert.Equal((Failed, "exit code 3", 3), (run.State, run.Reason, run.ExitCode));
        Assert.Equal(4, run.Attempts);
        Assert.Equal("no such table", Encoding.UTF8.GetString(run.Output.Span));
    }

    [Fact]
    public void A_row_shows_its_numbers()
    {
        var latency = LatencyDigest.From([(100, 50), (200, 45), (250, 4), (255, 1)]);
        var stats = new RunStats(300, 2, 4, 5, latency, [new ErrorCount("timeout", 2)]);
        var row = new ReportRow("w", null, null, stats);

        Assert.Equal((300, 2, 6667, 4, 5),
            (row.Requests, row.Errors, row.ErrorRateMillionths, row.Dropped, row.BytesReceived));
        Assert.Equal((100, 200, 250, 255),
            (row.P50Microseconds, row.P95Microseconds, row.P99Microseconds, row.MaxMicroseconds));
        Assert.True(row.HasLatency);
        Assert.Equal([new ErrorCount("timeout", 2)], row.ErrorKinds);
    }

    [Fact]
    public void A_row_of_nothing_has_no_error_rate()
    {
        var row = new ReportRow(null, null, null, RunStats.None);

        Assert.Equal(0, row.ErrorRateMillionths);
        Assert.False(row.HasLatency);
    }

    [Fact]
    public void Rows_of_every_kind_add_up_to_the_totals_exactly() =>
        JobGens.JobStatus.Sample(
            status =>
            {
                var report = JobReport.Of(status);
                var counted = report.Runs.Where(run => run.Counts).Select(run => run.Stats);

                var totals = Counted(report.Totals.Stats);
                Assert.Equal(totals, Sum(counted));
                Assert.Equal(totals, Sum(report.Workflows.Select(row => row.Stats)));
                Assert.Equal(totals, Sum(report.Datacenters.Select(row => row.Stats)));
                Assert.Equal(totals, Sum(report.Cells.Select(row => row.Stats)));
                Assert.Equal(totals, Sum(report.Workers.Select(row => row.Stats)));
            },
            iter: 500);

    // Centroids depend a little on the order of merging; all that is counted does not.
    private static string Sum(IEnumerable<RunStats> parts) => Counted(RunStats.Sum(parts));

    private static string Counted(RunStats stats) => Content.Of((
        stats with { Latency = LatencyDigest.Empty }, stats.Latency.Count, stats.Latency.Min,
        stats.Latency.Max));

    private static JobStatus Job(JobState state, params SlotStatus[] slots) => new(
        new JobId(1, 2), JobFile.ReadValid(File), state, "", 1, default, null, slots);

    private static SlotStatus Reported(int slot, string datacenter, params WorkflowResult[] results) => new(
        slot, datacenter, SlotPhase.Reported, "", new SlotOutcome(SlotState.Completed, "", results), []);

    private static SlotStatus Running(int slot, string datacenter, params WorkflowProgress[] progress) => new(
        slot, datacenter, SlotPhase.Running, "", null, progress);

    private static WorkflowProgress Progress(int workflow, long requests) =>
        new(workflow, WorkflowPhase.Running, "w", Stats(requests));

    private static WorkflowResult Result(int workflow, string worker, AttemptState state, long requests) =>
        Result(workflow, worker, state, Stats(requests));

    private static WorkflowResult Result(int workflow, string worker, AttemptState state, RunStats stats) =>
        new(workflow, 1, worker, new AttemptOutcome(state, "", 0, stats, default));

    private static RunStats Stats(long requests) => RunStats.None with
    {
        Requests = requests,
        Latency = LatencyDigest.From([(1_000, requests)]),
    };
}
