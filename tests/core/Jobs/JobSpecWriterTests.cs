using System.Text;
using CsCheck;
using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Tests.Core.Jobs;

public sealed class JobSpecWriterTests
{
    [Fact]
    public void What_was_written_reads_back_as_the_same_job() =>
        ValidJobs.Any.Sample(job =>
        {
            var back = JobFile.ReadValid(Encoding.UTF8.GetString(JobSpecWriter.Canonical(job)), target: null);

            Assert.Equal(Content.Of(job), Content.Of(back));
        });

    [Fact]
    public void Jobs_are_equal_exactly_when_their_contents_are() =>
        Gen.Select(ValidJobs.Any, ValidJobs.Any).Sample((a, b) =>
        {
            var copy = JobFile.ReadValid(Encoding.UTF8.GetString(JobSpecWriter.Canonical(a)), target: null);

            Assert.True(JobSpecWriter.AreEqual(a, copy));
            Assert.Equal(Content.Of(a) == Content.Of(b), JobSpecWriter.AreEqual(a, b));
        });

    [Fact]
    public void Every_single_difference_counts()
    {
        var job = JobFile.ReadValid(JobFile.Valid);
        JobSpec With(Func<WorkflowSpec, WorkflowSpec> change, int index) => job with
        {
            Workflows = [.. job.Workflows.Select((workflow, i) => i == index ? change(workflow) : workflow)],
        };
        JobSpec[] others =
        [
            job with { Name = "other" },
            job with { RetryBudget = null },
            job with { RetryBudgetPerWorkflow = 0 },
            job with { BestEffort = null },
            job with { Slo = job.Slo! with { P95Ms = null } },
            job with { Thresholds = [job.Thresholds[0]] },
            job with { Datacenters = job.Datacenters with { Preferred = [] } },
            With(w => w with { Timeout = Duration.FromSeconds(6) }, 0),
            With(w => w with { DependsOn = [] }, 1),
            With(w => w with { Http = w.Http! with { Body = "" } }, 0),
            With(w => w with { Http = w.Http! with { Headers = [new HttpHeader("accept", "*/*")] } }, 0),
            With(w => w with { Exec = new ExecSpec(["sh", "-c", "exit", "0"]) }, 2),
            With(w => w with { Budget = w.Budget! with { MemoryBytes = null } }, 2),
        ];

        Assert.All(others, other => Assert.False(JobSpecWriter.AreEqual(job, other)));
    }

    [Fact]
    public void Fields_have_one_order_and_defaults_are_written_out()
    {
        const string Written = """
            { "workflows": [ { "http": { "url": "http://h/" }, "vus": 3, "ramp": 1, "duration": "61s",
                "kind": "http", "name": "w" } ], "name": "j" }
            """;
        const string Canonical = """
            {"name":"j","datacenters":{"count":1,"preferred":[],"only":[]},"thresholds":[],"workflows":[
            {"name":"w","kind":"http","cores":1,"duration":"1m1s","timeout":"30s","vus":3,"ramp":"1s",
            "dependsOn":[],
            "http":{"method":"GET","url":"http://h/","headers":{},"expect":[],"timeout":"10s"}}]}
            """;

        Assert.Equal(
            Canonical.Replace("\n", ""),
            Encoding.UTF8.GetString(JobSpecWriter.Canonical(JobFile.ReadValid(Written))));
    }
}
