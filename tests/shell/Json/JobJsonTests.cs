using System.Text.Json;
using CsCheck;
using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Shell.Json;

namespace Hyperscale.Det.Tests.Shell.Json;

public sealed class JobJsonTests
{
    [Fact]
    public void A_status_that_is_written_and_read_is_the_same() => JobSamples.AnyStatus.Sample(status =>
    {
        foreach (var written in new[] { JobJson.Full(status), JobJson.Changes(status) })
        {
            var text = JsonSerializer.Serialize(written, ApiJson.Compact.StatusJson);
            var read = JsonSerializer.Deserialize(text, ApiJson.Compact.StatusJson)!;

            Assert.Equivalent(written with { Spec = null }, read with { Spec = null }, strict: true);
            Assert.Equal(text, JsonSerializer.Serialize(read, ApiJson.Compact.StatusJson));
        }
    }, iter: 500);

    [Fact]
    public void A_status_names_every_workflow_of_the_job_in_every_slot() => JobSamples.AnyStatus.Sample(
        status => Assert.All(JobJson.Full(status).Slots, slot => Assert.Equal(
            status.Spec.Workflows.Select(w => w.Name), slot.Workflows.Select(w => w.Name))),
        iter: 200);

    [Fact]
    public void A_status_has_the_documented_form()
    {
        var running = new SlotStatus(
            0, "dc-a", SlotPhase.Running, "", null,
            [new WorkflowProgress(0, WorkflowPhase.Running, "dc-a/worker-1", JobSamples.Stats(1500, 2500))]);
        var status = JobSamples.Status(JobState.Running, 17) with
        {
            Slots = [running],
            Slo = ["dc-a: p50 1.5 ms"],
        };

        Assert.Equal(
            """
            {"id":"012-0000000042","name":"checkout","state":"running","reason":"","revision":"17",
            "isTerminal":false,"submitted":"2023-11-14T22:13:20.000Z","ended":null,"slots":[
            {"slot":0,"datacenter":"dc-a","phase":"running","state":null,"reason":"","workflows":[
            {"name":"browse","phase":"running","state":null,"reason":"","worker":"dc-a/worker-1","attempts":0,
            "exitCode":null,"numbers":{"requests":2,"errors":0,"errorRate":0,"dropped":0,"bytesReceived":0,
            "minMs":1.5,"p50Ms":1.5,"p95Ms":2.5,"p99Ms":2.5,"maxMs":2.5,"errorKinds":[]},"output":null}]}],
            "slo":["dc-a: p50 1.5 ms"],"report":null,"spec":null}
            """.ReplaceLineEndings(""),
            JsonSerializer.Serialize(JobJson.Changes(status), ApiJson.Compact.StatusJson));
    }

    [Fact]
    public void Latencies_of_nothing_are_null_and_not_zero() =>
        Assert.Null(NumbersJson.Of(RunStats.None).P99Ms);

    [Fact]
    public void Microseconds_show_in_a_latency()
    {
        var numbers = NumbersJson.Of(JobSamples.Stats(1, 1_234_567));
        Assert.Equal((0.001m, 1234.567m), (numbers.MinMs, numbers.MaxMs));
    }

    [Fact]
    public void The_error_rate_has_six_decimals() =>
        Assert.Equal(0.333333m, NumbersJson.Of(JobSamples.Stats(1, 1, 1) with { Errors = 1 }).ErrorRate);

    [Fact]
    public void An_ended_workflow_shows_its_result_and_not_its_last_progress()
    {
        var result = JobSamples.Result(0, AttemptState.Failed, "bye");
        var slot = JobSamples.Ended(result) with
        {
            Workflows = [new WorkflowProgress(0, WorkflowPhase.Running, "old", JobSamples.Stats(1))],
        };
        var status = JobSamples.Status(JobState.Failed, 1) with { Slots = [slot] };

        var workflow = Assert.Single(Assert.Single(JobJson.Full(status).Slots).Workflows);
        Assert.Equal(WorkflowPhase.Ended, workflow.Phase);
        Assert.Equal(AttemptState.Failed, workflow.State);
        Assert.Equal("dc-a/worker-1", workflow.Worker);
        Assert.Equal(0, workflow.Numbers.Requests);
        Assert.Equal("bye", workflow.Output);
    }

    [Theory]
    [InlineData(new byte[] { 0xBC, 0x61 }, "a")]
    [InlineData(new byte[] { 0x98, 0x80, 0x80, 0x61 }, "a")]
    [InlineData(new byte[] { 0x80, 0x80, 0x80, 0x80, 0x61 }, "\uFFFDa")]
    [InlineData(new byte[] { 0xC3, 0xBC }, "ü")]
    [InlineData(new byte[] { 0x61, 0xFF }, "a\uFFFD")]
    [InlineData(new byte[0], null)]
    public void An_output_whose_first_character_was_cut_starts_with_the_next(byte[] output, string? text)
    {
        var result = JobSamples.Result(0, AttemptState.Completed, "");
        var slot = JobSamples.Ended(result with { Outcome = result.Outcome with { Output = output } });
        var status = JobSamples.Status(JobState.Completed, 1) with { Slots = [slot] };

        Assert.Equal(text, JobJson.Full(status).Slots[0].Workflows[0].Output);
        Assert.Null(JobJson.Changes(status).Slots[0].Workflows[0].Output);
    }

    [Theory]
    [InlineData("-62135596800001", "0001-01-01T00:00:00.000Z")]
    [InlineData("9223372036854775807", "9999-12-31T23:59:59.999Z")]
    public void A_clock_beyond_what_the_form_can_say_is_shown_at_its_end(string milliseconds, string text)
    {
        var time = new WallTime(long.Parse(milliseconds, System.Globalization.CultureInfo.InvariantCulture));
        var list = JobJson.List([new JobSummary(JobSamples.Id, "a", JobState.Running, "", time)], []);
        var written = JsonSerializer.Serialize(list, ApiJson.Compact.JobListJson);

        Assert.Contains(text, written, StringComparison.Ordinal);
    }

    [Fact]
    public void Members_that_a_newer_gate_adds_are_skipped()
    {
        var read = JsonSerializer.Deserialize(
            """{"id":"001-0000000002","name":"a","status":"/s","events":"/e","notes":[],"extra":{"x":[1]}}""",
            ApiJson.Compact.AcceptedJson);

        Assert.Equivalent(new AcceptedJson(new JobId(1, 2), "a", "/s", "/e", []), read, strict: true);
    }

    [Theory]
    [InlineData("""{"id":"001-0000000002","name":"a","status":"/s","notes":[]}""")]
    [InlineData("""{"id":"nonsense","name":"a","status":"/s","events":"/e","notes":[]}""")]
    [InlineData("""{"id":"001-0000000002","name":null,"status":"/s","events":"/e","notes":[]}""")]
    [InlineData("""{"id":7,"name":"a","status":"/s","events":"/e","notes":[]}""")]
    public void A_missing_or_ill_typed_member_is_an_error_and_not_a_default(string text) =>
        Assert.Throws<JsonException>(() => JsonSerializer.Deserialize(text, ApiJson.Compact.AcceptedJson));
}
