using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Tests.Core.Jobs;

public sealed class JobSpecReaderTests
{
    private const string Least = """
        { "name": "j", "workflows": [
            { "name": "w", "kind": "http", "duration": 1, "vus": 1, "http": { "url": "http://h/" } } ] }
        """;

    [Fact]
    public void Every_field_of_the_file_is_read()
    {
        var job = JobFile.ReadValid(JobFile.Valid);

        Assert.Equal("checkout", job.Name);
        Assert.Equal(2, job.Datacenters.Count);
        Assert.Equal(["dc-a"], job.Datacenters.Preferred);
        Assert.Equal(["dc-a", "dc-b"], job.Datacenters.Only);
        Assert.Equal((20, 3), (job.RetryBudget, job.RetryBudgetPerWorkflow));
        Assert.Equal(new BestEffortSpec(true, 1, Duration.FromMinutes(5), false), job.BestEffort);
        Assert.Equal(new SloSpec(50, 200, 500), job.Slo);
        Assert.Equal(
            [
                new Threshold(ThresholdMetric.P95Ms, ThresholdOperator.Below, 200_000_000, "p95Ms < 200"),
                new Threshold(ThresholdMetric.ErrorRate, ThresholdOperator.Below, 10_000, "errorRate < 0.01"),
            ],
            job.Thresholds);
        Assert.Equal(["browse", "pay", "custom"], job.Workflows.Select(w => w.Name));
    }

    [Fact]
    public void Every_field_of_an_http_workflow_is_read()
    {
        var browse = JobFile.ReadValid(JobFile.Valid).Workflows[0];

        Assert.Equal((WorkflowKind.Http, 1), (browse.Kind, browse.Cores));
        Assert.Equal((Duration.FromSeconds(10), Duration.FromSeconds(5)), (browse.Duration, browse.Timeout));
        Assert.Equal((20, null), (browse.Vus, browse.Rate));
        Assert.Null(browse.Ramp);
        Assert.Equal(("GET", $"{JobFile.Target}/items"), (browse.Http!.Method, browse.Http.Url));
        Assert.Equal([new HttpHeader("Accept", "*/*")], browse.Http.Headers);
        Assert.Null(browse.Http.Body);
        Assert.Equal([200], browse.Http.Expect);
        Assert.Equal(Duration.FromSeconds(2), browse.Http.Timeout);
        Assert.Null(browse.Exec);
    }

    [Fact]
    public void Users_can_start_over_a_ramp_as_long_as_the_duration()
    {
        var browse = JobFile.ReadValid(JobFile.With("$.workflows[0].ramp", "'10s'")).Workflows[0];

        Assert.Equal(Duration.FromSeconds(10), browse.Ramp);
    }

    [Fact]
    public void Every_field_of_an_exec_workflow_is_read()
    {
        var custom = JobFile.ReadValid(JobFile.Valid).Workflows[2];

        Assert.Equal(WorkflowKind.Exec, custom.Kind);
        Assert.Equal(["sh", "-c", "exit 0"], custom.Exec!.Command);
        Assert.Equal(new ResourceBudget(100, 268_435_456, 1000), custom.Budget);
        Assert.Null(custom.Http);
    }

    [Fact]
    public void Dependencies_become_the_indices_of_the_workflows_they_name()
    {
        var ahead = JobFile.With("$.workflows[0].dependsOn", "['custom']");

        Assert.Equal([[2], [0], []], JobFile.ReadValid(ahead).Workflows.Select(w => w.DependsOn));
    }

    [Fact]
    public void Absent_fields_have_their_defaults()
    {
        var job = JobFile.ReadValid(Least, target: null);

        Assert.Equal(JobDefaults.Datacenters, job.Datacenters.Count);
        Assert.Empty(job.Datacenters.Preferred);
        Assert.Empty(job.Datacenters.Only);
        Assert.Null(job.RetryBudget);
        Assert.Null(job.RetryBudgetPerWorkflow);
        Assert.Null(job.BestEffort);
        Assert.Null(job.Slo);
        Assert.Empty(job.Thresholds);
        var workflow = Assert.Single(job.Workflows);
        Assert.Equal((1, JobDefaults.WorkflowTimeout), (workflow.Cores, workflow.Timeout));
        Assert.Empty(workflow.DependsOn);
        Assert.Null(workflow.Budget);
        Assert.Equal(("GET", JobDefaults.RequestTimeout), (workflow.Http!.Method, workflow.Http.Timeout));
        Assert.Empty(workflow.Http.Expect);
    }

    [Fact]
    public void A_best_effort_block_that_says_nothing_means_it()
    {
        var job = JobFile.ReadValid(JobFile.With("$.bestEffort", "{}"));

        Assert.Equal(new BestEffortSpec(true, null, null, false), job.BestEffort);
    }

    [Theory]
    [InlineData("'4s'", null, 4, 4)]
    [InlineData("'20s'", null, 20, 10)]
    [InlineData(null, "'3s'", 30, 3)]
    [InlineData(null, "'45s'", 45, 45)]
    [InlineData("'2s'", "'9s'", 2, 9)]
    public void The_default_of_one_timeout_respects_the_other(
        string? workflow, string? request, int workflowSeconds, int requestSeconds)
    {
        var json = JobFile.With("$.workflows[0].timeout", workflow);
        var read = JobFile.ReadValid(JobFile.With(json, "$.workflows[0].http.timeout", request)).Workflows[0];

        Assert.Equal(Duration.FromSeconds(workflowSeconds), read.Timeout);
        Assert.Equal(Duration.FromSeconds(requestSeconds), read.Http!.Timeout);
    }

    [Theory]
    [InlineData("'1m30s'", 90_000_000_000)]
    [InlineData("'250ms'", 250_000_000)]
    [InlineData("90", 90_000_000_000)]
    [InlineData("'90'", 90_000_000_000)]
    [InlineData("1.5", 1_500_000_000)]
    [InlineData("1e2", 100_000_000_000)]
    public void A_duration_is_a_text_or_a_number_of_seconds(string value, long nanoseconds)
    {
        var job = JobFile.ReadValid(JobFile.With("$.workflows[0].duration", value));

        Assert.Equal(nanoseconds, job.Workflows[0].Duration.Nanoseconds);
    }

    [Fact]
    public void A_whole_number_may_be_written_with_a_point() =>
        Assert.Equal(3, JobFile.ReadValid(JobFile.With("$.workflows[0].cores", "3.0")).Workflows[0].Cores);

    [Fact]
    public void An_optional_field_that_is_null_is_absent()
    {
        var job = JobFile.ReadValid(JobFile.With("$.slo", "null"));

        Assert.Null(job.Slo);
    }

    [Fact]
    public void The_target_is_filled_into_url_headers_body_and_command()
    {
        var json = JobFile.With("$.workflows[0].http.headers", "{'Referer': '${TARGET}/a'}");
        json = JobFile.With(json, "$.workflows[0].http.body", "'${TARGET} ${TARGET}'");
        json = JobFile.With(json, "$.workflows[2].exec.command", "['curl', '${TARGET}/b']");
        var job = JobFile.ReadValid(json, "http://t:1");

        var http = job.Workflows[0].Http!;
        Assert.Equal("http://t:1/items", http.Url);
        Assert.Equal("http://t:1/a", http.Headers[0].Value);
        Assert.Equal("http://t:1 http://t:1", http.Body);
        Assert.Equal("http://t:1/b", job.Workflows[2].Exec!.Command[1]);
    }

    [Fact]
    public void Slashes_that_end_the_target_do_not_count() =>
        Assert.Equal(
            "http://t/base/items",
            JobFile.ReadValid(JobFile.Valid, "http://t/base//").Workflows[0].Http!.Url);

    [Fact]
    public void A_job_that_does_not_use_the_target_needs_none() =>
        Assert.Equal("http://h/", JobFile.ReadValid(Least, target: null).Workflows[0].Http!.Url);

    [Fact]
    public void A_byte_order_mark_is_skipped() =>
        Assert.Equal("j", JobFile.ReadValid("\uFEFF" + Least).Name);

    [Theory]
    [InlineData("$.retryBudget", "51", "is 51; lowered to 50, the most that is allowed")]
    [InlineData("$.retryBudgetPerWorkflow", "6", "is 6; lowered to 5, the most that is allowed")]
    [InlineData("$.bestEffort.deadline", "'61m'", "is 1h1m; lowered to 1h, the most that is allowed")]
    [InlineData("$.bestEffort.minDcs", "3", "is 3; lowered to 2, the job's datacenters")]
    [InlineData("$.bestEffort.minDcs", "0", "is 0; raised to 1, the fewest that are allowed")]
    public void A_value_outside_of_its_range_is_moved_into_it_and_noted(
        string path, string value, string message)
    {
        var note = Assert.Single(JobFile.NotesOf(JobFile.With(path, value)));

        Assert.Equal((path, message), (note.Path, note.Message));
    }

    [Fact]
    public void Lowered_values_are_the_ceilings()
    {
        var json = JobFile.With("$.retryBudget", "1000");
        json = JobFile.With(json, "$.retryBudgetPerWorkflow", "1000");
        json = JobFile.With(json, "$.bestEffort.deadline", "'2h'");
        var job = JobFile.ReadValid(json);

        Assert.Equal((50, 5), (job.RetryBudget, job.RetryBudgetPerWorkflow));
        Assert.Equal(Duration.FromSeconds(3600), job.BestEffort!.Deadline);
    }

    [Fact]
    public void A_workflow_has_no_more_retries_than_its_job()
    {
        var json = JobFile.With("$.retryBudget", "0");

        var job = JobFile.ReadValid(json);
        Assert.Equal((0, 0), (job.RetryBudget, job.RetryBudgetPerWorkflow));
        Assert.Equal(
            new JobNote("$.retryBudgetPerWorkflow", "is 3; lowered to 0, the whole job's retryBudget"),
            Assert.Single(JobFile.NotesOf(json)));
    }

    [Fact]
    public void Settings_at_odds_are_noted()
    {
        var json = JobFile.With("$.datacenters.preferred", "['dc-x']");
        json = JobFile.With(json, "$.workflows[0].http.timeout", "'6s'");

        Assert.Equal(
            [
                new JobNote("$.datacenters", "prefers \"dc-x\", which only leaves out"),
                new JobNote(
                    "$.workflows[0]",
                    "gives a request 6s and ends 5s after its duration: a request that takes longer fails "
                    + "the workflow"),
            ],
            JobFile.NotesOf(json));
    }
}
