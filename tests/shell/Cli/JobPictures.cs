using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Shell.Cli;
using Hyperscale.Det.Shell.Cli.Views;
using Hyperscale.Det.Shell.Json;
using Hyperscale.Det.Slo;

namespace Hyperscale.Det.Tests.Shell.Cli;

/// <summary>A job of two workflows in two datacenters at several moments of its life.</summary>
internal static class JobPictures
{
    public static readonly DateTimeOffset Submitted = new(2026, 1, 31, 12, 0, 0, TimeSpan.Zero);

    public static readonly JobPlan Plan = new(
        [Duration.FromSeconds(10), Duration.FromSeconds(5)], Duration.FromSeconds(15));

    public static NumbersJson Nothing => NumbersJson.Of(RunStats.None);

    /// <summary>Requests that took 10 ms each, but for the last one, which took 250 ms.</summary>
    public static NumbersJson Numbers(long requests, long errors = 0) => NumbersJson.Of(new RunStats(
        requests, errors, 0, 0, LatencyDigest.From([(10_000, requests - 1), (250_000, 1)]),
        errors == 0 ? [] : [new ErrorCount("status 503", errors)]));

    public static StatusJson Accepted() => Status(
        JobState.Accepted, "", Slot(0, "", SlotPhase.Unassigned), Slot(1, "", SlotPhase.Unassigned));

    /// <summary>The first workflow runs in one datacenter; the other one has no free core.</summary>
    public static StatusJson Running(long requests, long errors = 0) => Status(
        JobState.Running, "",
        Slot(0, "dc-a", SlotPhase.Running, Workflow(
            "browse", WorkflowPhase.Running, "dc-a/worker-1", null, Numbers(requests, errors))),
        Slot(1, "dc-b", SlotPhase.Queued) with { Reason = "no free core" });

    public static StatusJson Completed() => Ended(
        JobState.Completed, "all datacenters completed",
        [new("p95Ms < 200", 10, true), new("errorRate < 0.01", 0.015m, false)],
        new CoverageJson(2, 2, 0, 0, []));

    /// <summary>One datacenter failed: its second workflow ended with exit code 3.</summary>
    public static StatusJson Failed()
    {
        var status = Ended(
            JobState.Failed, "1 of 2 datacenters failed", [], new CoverageJson(2, 1, 1, 0, ["dc-b"]));
        var slot = status.Slots[1];
        var pay = slot.Workflows[1] with
        {
            State = AttemptState.Failed,
            Reason = "exit code 3",
            ExitCode = 3,
            Attempts = 2,
            Output = "first line\nno such \u001b[31maccount\n",
        };
        return status with
        {
            Slots =
            [
                status.Slots[0],
                slot with
                {
                    State = SlotState.Failed,
                    Reason = "workflow pay failed",
                    Workflows = [slot.Workflows[0], pay],
                },
            ],
        };
    }

    public static CliContext Plain(TextWriter output, TimeProvider? time = null) =>
        new(output, TextWriter.Null, false, false, 120, time ?? new ManualTime(Submitted));

    public static CliContext Terminal(TextWriter output, bool hasColors = false) =>
        new(output, TextWriter.Null, true, hasColors, 100, new ManualTime(Submitted.AddSeconds(6)));

    private static StatusJson Ended(
        JobState state, string reason, IReadOnlyList<ThresholdJson> thresholds, CoverageJson coverage)
    {
        var (browse, pay) = (Numbers(1000, 10), Numbers(500, 5));
        SlotJson Slot(int slot, string place) => JobPictures.Slot(
            slot, place, SlotPhase.Reported,
            Workflow("browse", WorkflowPhase.Ended, $"{place}/worker-1", AttemptState.Completed, browse),
            Workflow("pay", WorkflowPhase.Ended, $"{place}/worker-2", AttemptState.Completed, pay)) with
        {
            State = SlotState.Completed,
        };

        var status = Status(state, reason, Slot(0, "dc-a"), Slot(1, "dc-b"));
        var report = new ReportJson(
            status.Id, status.Name, state, reason, status.Submitted, status.Submitted + Plan.Whole, coverage,
            Numbers(3000, 30), thresholds.All(threshold => threshold.Passed), thresholds,
            [new("browse", Numbers(2000, 20)), new("pay", Numbers(1000, 10))],
            [new("dc-a", Numbers(1500, 15)), new("dc-b", Numbers(1500, 15))],
            [])
        {
            Conclusion = JobConclusion.Passed,
            Cells =
            [
                new("browse", "dc-a", browse), new("browse", "dc-b", browse),
                new("pay", "dc-a", pay), new("pay", "dc-b", pay),
            ],
        };
        return status with { Report = report, Ended = report.Ended, IsTerminal = true };
    }

    private static StatusJson Status(JobState state, string reason, params SlotJson[] slots) => new(
        new JobId(12, 42), "checkout", state, reason, "1", false,
        new WallTime(Submitted.ToUnixTimeMilliseconds()), null, slots, [], null, null);

    private static SlotJson Slot(int slot, string place, SlotPhase phase, params WorkflowJson[] workflows)
    {
        string[] names = ["browse", "pay"];
        var waiting = names.Skip(workflows.Length)
            .Select(name => Workflow(name, WorkflowPhase.Waiting, "", null, Nothing));
        return new SlotJson(slot, place, phase, null, "", [.. workflows, .. waiting]);
    }

    private static WorkflowJson Workflow(
        string name, WorkflowPhase phase, string worker, AttemptState? state, NumbersJson numbers) =>
        new(name, phase, state, "", worker, state is null ? 0 : 1, null, numbers, null);
}
