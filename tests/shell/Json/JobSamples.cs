using System.Text;
using CsCheck;
using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Reliability;
using Hyperscale.Det.Resources;
using Hyperscale.Det.Slo;

namespace Hyperscale.Det.Tests.Shell.Json;

/// <summary>Jobs for the tests of what clients read.</summary>
internal static class JobSamples
{
    public static readonly JobId Id = new(12, 42);

    public static readonly Gen<JobStatus> AnyStatus =
        from id in Gen.Select(Gen.Int[0, 1023], Gen.Long[0, 9_999_999_999], (g, op) => new JobId(g, op))
        from spec in AnySpec()
        from state in Gen.Enum<JobState>()
        from reason in AnyText()
        from revision in Gen.Long
        from submitted in AnyTime()
        from ended in AnyTime().Nullable()
        from slots in AnySlot(spec.Workflows.Count).List[0, 3]
        from slo in AnyText().List[0, 2]
        select new JobStatus(id, spec, state, reason, revision, submitted, ended, slots) { Slo = slo };

    public static JobSpec Spec(params string[] workflows) => new(
        "checkout", new DatacenterChoice(1, [], []), null, null, null, null, [],
        [.. workflows.Select(Workflow)]);

    public static WorkflowSpec Workflow(string name) => new(
        name, WorkflowKind.Exec, 1, Duration.FromSeconds(1), Duration.FromSeconds(1), null, null, [], null,
        new ExecSpec(["true"]), null);

    public static JobStatus Status(JobState state, long revision) => new(
        Id, Spec("browse"), state, "", revision, new WallTime(1_700_000_000_000), null, []);

    /// <summary>One slot that runs, of whose workflows one backs off before its second attempt, and one that
    /// waits to be reserved.</summary>
    public static JobExplanation Explanation()
    {
        var (since, until) = (new WallTime(1_700_000_001_000), new WallTime(1_700_000_002_000));
        var status = Status(JobState.Running, 3) with
        {
            Spec = Spec("browse", "pay"),
            Since = since,
            Slots =
            [
                new SlotStatus(0, "dc-a", SlotPhase.Running, "running", null,
                [
                    new WorkflowProgress(0, WorkflowPhase.Retrying, "dc-a/worker-1", RunStats.None)
                    {
                        Attempt = 2,
                        RetriesGranted = 1,
                        Reason = "backing off",
                        Wait = new Wait(WaitReason.Backoff, since, until),
                    },
                    new WorkflowProgress(1, WorkflowPhase.Running, "dc-a/worker-1", RunStats.None)
                    {
                        Attempt = 1,
                        Started = since,
                    },
                ]),
                new SlotStatus(1, "dc-b", SlotPhase.Reserving, "waiting for dc-b", null, [])
                {
                    Wait = new Wait(WaitReason.Reservation, since),
                },
            ],
        };
        return new JobExplanation(
            status, new JobTerms(5, 3, 2, null, LateResultPolicy.LogOnly), CompletionReason.Waiting,
            "for both", until,
            [
                new SlotExplanation(0, 1, 2, 1, IsHeard: true, [new RetryGrant(0, 2, "exit code 3")], []),
                new SlotExplanation(1, 2, 1, 0, IsHeard: true, [], [new SlotRefusal("dc-c", "no worker")]),
            ])
        {
            Routing = ["Routed: initial_selection", "primary dc-a"],
        };
    }

    /// <summary>A job whose one workflow was killed by its guard twice: for its memory, and for what it used
    /// of the processor.</summary>
    public static JobExplanation Killed()
    {
        const long mib = 1 << 20;
        var (last, first) = (
            Kill(GuardDimension.Cpu, 1, 200, 198) with { Enforcer = "cgroup-v2", WasForced = true },
            Kill(GuardDimension.Memory, mib, 50 * mib, 48 * mib) with { Enforcer = "proc" });
        var result = new WorkflowResult(
            0, 2, "dc-a/worker-2",
            new AttemptOutcome(AttemptState.KilledByGuard, last.Message, null, RunStats.None, default)
            {
                Kill = last,
            })
        {
            Earlier =
            [
                new EarlierAttempt(
                    1, "dc-a/worker-1", AttemptState.KilledByGuard, first.Message, RunStats.None)
                {
                    Kill = first,
                },
            ],
        };
        var status = Status(JobState.Failed, 5) with
        {
            Reason = "1 of 1 datacenters failed",
            Since = new WallTime(1_700_000_001_000),
            Slots =
            [
                new SlotStatus(
                    0, "dc-a", SlotPhase.Reported, "",
                    new SlotOutcome(SlotState.Failed, "workflow browse was killed", [result]), []),
            ],
        };
        return new JobExplanation(
            status, new JobTerms(1, 1, 1, null, LateResultPolicy.LogOnly), CompletionReason.AllDcsReported,
            "", status.Since,
            [new SlotExplanation(0, 1, 1, 1, IsHeard: true, [new RetryGrant(0, 2, "killed_by_guard")], [])]);
    }

    /// <summary>Two samples a second apart, and the three levels on the way.</summary>
    private static ResourceKill Kill(GuardDimension violation, long unit, long raw, long filtered) => new(
        violation, 40 * unit, 28 * unit, 34 * unit, 40 * unit,
        [new KillSample(1000, raw - unit, filtered - unit, unit), new KillSample(0, raw, filtered, unit)],
        [
            new GuardMove(GuardLevel.None, GuardLevel.Warn, 1000),
            new GuardMove(GuardLevel.Warn, GuardLevel.Throttle, 1000),
            new GuardMove(GuardLevel.Throttle, GuardLevel.Kill, 0),
        ],
        3, WasForced: false);

    public static RunStats Stats(params long[] microseconds) => new(
        microseconds.Length, 0, 0, 0, LatencyDigest.From(microseconds.Select(us => (us, 1L))), []);

    public static WorkflowResult Result(int workflow, AttemptState state, string output) => new(
        workflow, 1, "dc-a/worker-1",
        new AttemptOutcome(state, "", 0, RunStats.None, Encoding.UTF8.GetBytes(output)));

    public static SlotStatus Ended(params WorkflowResult[] results) => new(
        0, "dc-a", SlotPhase.Reported, "", new SlotOutcome(SlotState.Completed, "", results), []);

    private static Gen<string> AnyText() => Gen.OneOf(Gen.String[Gen.Char[' ', '~'], 0, 20], OddText());

    private static Gen<string> OddText() => Gen.OneOf([.. new[]
    {
        "", "ü", "日本語", "line\nfeed", "\"quoted\" \\ </script>", "\u0000\u001f\u2028", "😀",
    }.Select(Gen.Const)]);

    // The whole range that the form can say, in milliseconds.
    private static Gen<WallTime> AnyTime() =>
        Gen.Long[-62_135_596_800_000, 253_402_300_799_999].Select(ms => new WallTime(ms));

    private static Gen<JobSpec> AnySpec() => Gen.Select(AnyText(), Gen.Int[1, 3], (name, workflows) =>
        Spec([.. Enumerable.Range(0, workflows).Select(i => $"w{i}")]) with { Name = name });

    private static Gen<RunStats> AnyStats() => Gen.Select(
        Gen.Select(Gen.Long[0, LatencyDigest.LatencyMax.Nanoseconds / 1000], Gen.Long[1, 1000]).List[0, 5],
        Gen.Long[0, 1000], Gen.Long[0, 10], Gen.Long[0, JobLimits.BytesReceivedMax],
        Gen.Select(AnyText(), Gen.Long[1, 9]).List[0, 3],
        (latencies, errors, dropped, bytes, kinds) =>
        {
            var latency = LatencyDigest.From(latencies);
            return new RunStats(
                latency.Count + errors, errors, dropped, bytes, latency,
                [.. kinds.Select(k => new ErrorCount(k.Item1, k.Item2))]);
        });

    private static Gen<WorkflowProgress> AnyProgress(int workflows) => Gen.Select(
        Gen.Int[0, workflows - 1], Gen.Enum<WorkflowPhase>(), AnyText(), AnyStats(),
        (workflow, phase, worker, stats) => new WorkflowProgress(workflow, phase, worker, stats));

    private static Gen<WorkflowResult> AnyResult(int workflows) => Gen.Select(
        Gen.Int[0, workflows - 1], Gen.Int[0, 5], AnyText(), Gen.Enum<AttemptState>(), AnyText(),
        Gen.Int.Nullable(), AnyStats(), Gen.Byte.Array[0, 20],
        (workflow, attempts, worker, state, reason, code, stats, output) => new WorkflowResult(
            workflow, attempts, worker, new AttemptOutcome(state, reason, code, stats, output)));

    private static Gen<SlotStatus> AnySlot(int workflows) => Gen.Select(
        Gen.Int[0, 63], AnyText(), Gen.Enum<SlotPhase>(), AnyText(),
        AnyProgress(workflows).List[0, 3], AnyResult(workflows).List[0, 3], Gen.Enum<SlotState>(), Gen.Bool)
        .Select((slot, datacenter, phase, reason, progress, results, state, isEnded) => new SlotStatus(
            slot, datacenter, phase, reason,
            isEnded ? new SlotOutcome(state, reason, [.. results.DistinctBy(r => r.Workflow)]) : null,
            [.. progress.DistinctBy(p => p.Workflow)]));
}
