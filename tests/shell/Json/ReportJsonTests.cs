using System.Text.Json;
using Hyperscale.Det.Jobs;
using Hyperscale.Det.Shell.Json;

namespace Hyperscale.Det.Tests.Shell.Json;

public sealed class ReportJsonTests
{
    [Fact]
    public void Every_number_stands_where_it_belongs()
    {
        var report = ReportJson.Of(Ended(
            Slot(0, "dc-a", Result(0, "a/w-1", requests: 1), Result(1, "a/w-2", requests: 10)),
            Slot(1, "dc-b", Result(0, "b/w-1", requests: 100), Result(1, "b/w-1", requests: 1000))));

        Assert.Equal(1111, report.Totals.Requests);
        Assert.Equal([("browse", 101), ("pay", 1010)], Rows(report.Workflows));
        Assert.Equal([("dc-a", 11), ("dc-b", 1100)], Rows(report.Datacenters));
        Assert.Equal([("a/w-1", 1), ("a/w-2", 10), ("b/w-1", 1100)], Rows(report.Workers));
        Assert.Equal(
            [("browse", "dc-a", 1), ("browse", "dc-b", 100), ("pay", "dc-a", 10), ("pay", "dc-b", 1000)],
            report.Cells.Select(c => (c.Workflow, c.Datacenter, c.Numbers.Requests)));
    }

    [Fact]
    public void A_report_says_how_much_it_covers()
    {
        var silent = new SlotStatus(1, "dc-b", SlotPhase.Running, "", null, []);
        var covered = ReportJson.Of(Ended(Slot(0, "dc-a", Result(0, "a/w-1", requests: 1)), silent)).Coverage;

        Assert.Equal((2, 1, 0, 0), (covered.Slots, covered.Completed, covered.Failed, covered.Cancelled));
        Assert.Equal(["dc-b"], covered.Missing);
    }

    [Fact]
    public void Thresholds_show_what_was_measured()
    {
        var status = Ended(Slot(0, "dc-a", Result(0, "a/w-1", requests: 3)));
        var report = ReportJson.Of(Judged(
            status,
            new Threshold(ThresholdMetric.MaxMs, ThresholdOperator.AtMost, 2_500_000, "maxMs <= 2.5"),
            new Threshold(ThresholdMetric.Requests, ThresholdOperator.Above, 3_000_000, "requests > 3")));

        Assert.Equal(
            [new ThresholdJson("maxMs <= 2.5", 2.5m, true), new ThresholdJson("requests > 3", 3, false)],
            report.Thresholds);
        Assert.False(report.ThresholdsPassed);
        Assert.Equal(JobConclusion.ThresholdCrossed, report.Conclusion);
    }

    [Fact]
    public void A_threshold_on_what_was_not_measured_has_no_value()
    {
        var report = ReportJson.Of(Judged(
            Ended(Slot(0, "dc-a")),
            new Threshold(ThresholdMetric.ErrorRate, ThresholdOperator.Below, 10_000, "errorRate < 0.01")));

        Assert.Equal([new ThresholdJson("errorRate < 0.01", null, false)], report.Thresholds);
    }

    [Fact]
    public void A_report_has_the_documented_form()
    {
        var status = Ended(Slot(0, "dc-a", Result(0, "w", requests: 1))) with
        {
            Spec = JobSamples.Spec("browse"),
        };
        const string numbers =
            """
            {"requests":1,"errors":0,"errorRate":0,"dropped":0,"bytesReceived":0,"minMs":2.5,"p50Ms":2.5,
            "p95Ms":2.5,"p99Ms":2.5,"maxMs":2.5,"errorKinds":[]}
            """;
        Assert.Equal(
            $$"""
            {"id":"012-0000000042","name":"checkout","state":"completed","reason":"all done",
            "submitted":"2023-11-14T22:13:20.000Z","ended":"2023-11-14T22:13:21.000Z",
            "coverage":{"slots":1,"completed":1,"failed":0,"cancelled":0,"missing":[],
            "plannedRequests":null,"doneRequests":null},"totals":{{numbers}},
            "thresholdsPassed":true,"thresholds":[],
            "workflows":[{"name":"browse","numbers":{{numbers}}}],
            "datacenters":[{"name":"dc-a","numbers":{{numbers}}}],
            "workers":[{"name":"w","numbers":{{numbers}}}],
            "conclusion":"passed",
            "cells":[{"workflow":"browse","datacenter":"dc-a","numbers":{{numbers}}}]}
            """.ReplaceLineEndings(""),
            JsonSerializer.Serialize(ReportJson.Of(status), ApiJson.Compact.ReportJson));
    }

    [Fact]
    public void A_report_names_what_guards_killed_with_the_evidence()
    {
        var report = ReportJson.Of(JobSamples.Killed().Status);

        using var document = JsonSerializer.SerializeToDocument(report, ApiJson.Compact.ReportJson);
        Assert.Equal(
            """
            [{"workflow":"browse","datacenter":"dc-a","worker":"dc-a/worker-2","kill":{"violation":"cpu",
            "message":"cpu of 200% against a budget of 40%; 3 processes killed, SIGTERM was ignored",
            "limit":40,"warnAt":28,"throttleAt":34,"killAt":40,"processesKilled":3,"wasForced":true,
            "enforcer":"cgroup-v2","samples":[{"ageMs":1000,"raw":199,"filtered":197,"deviation":1},
            {"ageMs":0,"raw":200,"filtered":198,"deviation":1}],
            "levels":[{"level":"warn","ageMs":1000},{"level":"throttle","ageMs":1000},
            {"level":"kill","ageMs":0}]}}]
            """.ReplaceLineEndings(""),
            document.RootElement.GetProperty("killed").GetRawText());
    }

    private static IEnumerable<(string, long)> Rows(IReadOnlyList<PartJson> parts) =>
        parts.Select(part => (part.Name, part.Numbers.Requests));

    private static JobStatus Ended(params SlotStatus[] slots) => JobSamples.Status(JobState.Completed, 1) with
    {
        Spec = JobSamples.Spec("browse", "pay") with
        {
            Datacenters = new DatacenterChoice(slots.Length, [], []),
        },
        Reason = "all done",
        Ended = new Kernel.WallTime(1_700_000_001_000),
        Slots = slots,
    };

    private static JobStatus Judged(JobStatus status, params Threshold[] thresholds) =>
        status with { Spec = status.Spec with { Thresholds = thresholds } };

    private static SlotStatus Slot(int slot, string datacenter, params WorkflowResult[] results) =>
        JobSamples.Ended(results) with { Slot = slot, Datacenter = datacenter };

    private static WorkflowResult Result(int workflow, string worker, int requests)
    {
        var result = JobSamples.Result(workflow, AttemptState.Completed, "");
        var latencies = Enumerable.Repeat(2500L, requests).ToArray();
        return result with
        {
            Worker = worker,
            Outcome = result.Outcome with { Stats = JobSamples.Stats(latencies) },
        };
    }
}
