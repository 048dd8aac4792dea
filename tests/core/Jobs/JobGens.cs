using CsCheck;
using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Reliability;
using Hyperscale.Det.Slo;
using Hyperscale.Det.Tests.Core.Resources;

namespace Hyperscale.Det.Tests.Core.Jobs;

/// <summary>Arbitrary values of the job model, all within its bounds.</summary>
internal static class JobGens
{
    private static readonly Gen<char> Character = Gen.OneOf(
        Gen.Char['a', 'z'], Gen.Char['\u00A1', '\u00FF'], Gen.Char['\u4E00', '\u4E20']);

    public static readonly Gen<string> Text = Gen.String[Character, 0, 12];

    public static readonly Gen<string> Reason = Gen.Frequency(
        (9, Text), (1, Gen.Int[1000, JobLimits.ReasonLengthMax].Select(length => new string('x', length))));

    public static readonly Gen<Duration> Duration =
        Gen.Long[0, JobLimits.DurationSecondsMax * 1_000_000_000].Select(n => new Duration(n));

    public static readonly Gen<WallTime> WallTime =
        Gen.Long[0, 253_402_300_799_999].Select(ms => new WallTime(ms));

    public static readonly Gen<JobId> JobId =
        Gen.Select(
            Gen.Int[0, Det.Kernel.JobId.GroupMax],
            Gen.Long[0, long.MaxValue],
            (group, op) => new JobId(group, op));

    public static readonly Gen<SlotKey> SlotKey = Gen.Select(
        JobId,
        Gen.Int[0, JobLimits.DatacentersMax - 1],
        Gen.Int[0, JobLimits.EpochMax],
        (job, slot, epoch) => new SlotKey(job, slot, epoch));

    public static readonly Gen<int> WorkflowIndex = Gen.Int[0, JobLimits.WorkflowsMax - 1];

    public static readonly Gen<AttemptKey> AttemptKey = Gen.Select(
        SlotKey,
        WorkflowIndex,
        Gen.Int[1, JobLimits.AttemptMax],
        (slot, workflow, attempt) => new AttemptKey(slot, workflow, attempt));

    public static readonly Gen<JobFault> JobFault =
        Gen.Select(Text, Reason, (path, message) => new JobFault(path, message));

    private static readonly Gen<long> Microseconds = Gen.Long[0, LatencyDigest.LatencyMax.Nanoseconds / 1000];

    public static readonly Gen<LatencyDigest> Latency =
        Gen.Select(Microseconds, Gen.Long[1, 1_000_000_000]).List[0, 40].Select(LatencyDigest.From);

    private static readonly Gen<List<ErrorCount>> ErrorKinds =
        Gen.Select(Text, Gen.Long[1, JobLimits.CountMax], (kind, count) => new ErrorCount(kind, count))
            .List[0, JobLimits.ErrorKindsMax]
            .Select(kinds => kinds.DistinctBy(k => k.Kind)
                .OrderBy(k => k.Kind, StringComparer.Ordinal).ToList());

    public static readonly Gen<RunStats> RunStats =
        from latency in Latency
        from requests in Gen.Long[latency.Count, JobLimits.CountMax]
        from errors in Gen.Long[0, requests]
        from dropped in Gen.Long[0, JobLimits.CountMax]
        from bytes in Gen.Long[0, JobLimits.BytesReceivedMax]
        from kinds in ErrorKinds
        select new RunStats(requests, errors, dropped, bytes, latency, kinds);

    private static readonly Gen<EarlierAttempt> Earlier = Gen.Select(
        Gen.Int[1, JobLimits.AttemptMax], Text, Gen.Enum<AttemptState>(), Text, RunStats,
        ResourceGens.Kill.Null(),
        (attempt, worker, state, reason, stats, kill) =>
            new EarlierAttempt(attempt, worker, state, reason, stats) { Kill = kill });

    public static readonly Gen<AttemptOutcome> AttemptOutcome = Gen.Select(
        Gen.Enum<AttemptState>(),
        Reason,
        Gen.Int.Nullable(),
        RunStats,
        Gen.Byte.Array[0, 100],
        ResourceGens.Kill.Null(),
        (state, reason, exit, stats, output, kill) =>
            new AttemptOutcome(state, reason, exit, stats, output) { Kill = kill });

    public static readonly Gen<SlotOutcome> SlotOutcome = SlotOutcomeOf(JobLimits.WorkflowsMax);

    public static readonly Gen<List<WorkflowProgress>> Progress = ProgressOf(JobLimits.WorkflowsMax);

    private static readonly Gen<HttpSpec> Http = Gen.Select(
        Gen.OneOf(Gen.Const("GET"), Gen.Const("POST"), Gen.Const("DELETE")),
        Text,
        Gen.Select(Text, Text, (name, value) => new HttpHeader(name, value)).List[0, 3],
        Text.Null(),
        Gen.Int[100, 599].List[0, 3],
        Duration,
        (method, url, headers, body, expect, timeout) =>
            new HttpSpec(method, url, headers, body, expect, timeout));

    private static readonly Gen<ExecSpec> Exec = Text.List[1, 4].Select(parts => new ExecSpec(parts));

    private static readonly Gen<ResourceBudget> Budget = Gen.Select(
        Gen.Int[1, 100].Nullable(),
        Gen.Long[1, long.MaxValue].Nullable(),
        Gen.Int[1, 1000].Nullable(),
        Gen.Bool,
        (cpu, memory, descriptors, isRetried) =>
            new ResourceBudget(cpu, memory, descriptors, isRetried));

    public static readonly Gen<WorkflowSpec> Workflow = WorkflowAt(0);

    private static readonly Gen<Threshold> Threshold = Gen.Select(
        Gen.Enum<ThresholdMetric>(),
        Gen.Enum<ThresholdOperator>(),
        Gen.Long,
        Text,
        (metric, comparison, limit, text) => new Threshold(metric, comparison, limit, text));

    private static readonly Gen<DatacenterChoice> Datacenters = Gen.Select(
        Gen.Int[1, JobLimits.DatacentersMax],
        Text.List[0, 3],
        Text.List[0, 3],
        (count, preferred, only) => new DatacenterChoice(count, preferred, only));

    private static readonly Gen<BestEffortSpec> BestEffort = Gen.Select(
        Gen.Bool,
        Gen.Int[0, JobLimits.DatacentersMax].Nullable(),
        Duration.Nullable(),
        Gen.Bool,
        (enabled, least, deadline, all) => new BestEffortSpec(enabled, least, deadline, all));

    public static readonly Gen<JobTerms> Terms =
        from total in Gen.Int[0, JobLimits.RetryBudgetMax]
        from each in Gen.Int[0, Math.Min(total, JobLimits.RetryBudgetPerWorkflowMax)]
        from min in Gen.Int[1, JobLimits.DatacentersMax]
        from deadline in Duration.Nullable()
        from late in Gen.Enum<LateResultPolicy>()
        select new JobTerms(total, each, min, deadline, late);

    public static readonly Gen<RetryShare> RetryShare =
        from total in Gen.Int[0, JobLimits.RetryBudgetMax]
        from each in Gen.Int[0, JobLimits.RetryBudgetPerWorkflowMax]
        from share in Gen.Int[0, total]
        from revision in Gen.Long[0, long.MaxValue]
        select new RetryShare(total, each, share, revision);

    private static readonly Gen<SloSpec> Slo = Gen.Select(
        Gen.Int[1, 1000].Nullable(),
        Gen.Int[1, 1000].Nullable(),
        Gen.Int[1, JobLimits.SloMillisecondsMax].Nullable(),
        (p50, p95, p99) => new SloSpec(p50, p95, p99));

    public static readonly Gen<JobSpec> JobSpec =
        from count in Gen.Int[1, 6]
        from name in Text
        from datacenters in Datacenters
        from budget in Gen.Int[0, JobLimits.RetryBudgetMax].Nullable()
        from each in Gen.Int[0, JobLimits.RetryBudgetPerWorkflowMax].Nullable()
        from bestEffort in BestEffort.Null()
        from slo in Slo.Null()
        from thresholds in Threshold.List[0, 3]
        from workflows in Workflows(count)
        select new JobSpec(name, datacenters, budget, each, bestEffort, slo, thresholds, workflows);

    public static readonly Gen<Wait> Wait = Gen.Select(
        Gen.Enum<WaitReason>(), WallTime, WallTime.Nullable(),
        (reason, since, until) => new Wait(reason, since, until));

    public static readonly Gen<JobStatus> JobStatus =
        from spec in JobSpec
        from id in JobId
        from state in Gen.Enum<JobState>()
        from reason in Reason
        from revision in Gen.Long
        from submitted in WallTime
        from ended in WallTime.Nullable()
        from slots in SlotStatusOf(spec.Workflows.Count).List[0, 3]
        from since in WallTime
        from slo in Reason.List[0, 3]
        select new JobStatus(id, spec, state, reason, revision, submitted, ended, slots)
        {
            Since = since,
            Slo = slo,
        };

    public static readonly Gen<JobExplanation> JobExplanation =
        from status in JobStatus
        from terms in Terms
        from completion in Gen.Enum<CompletionReason>()
        from completesWhen in Reason
        from deadline in WallTime
        from slots in SlotExplanationOf(status.Spec.Workflows.Count).List[0, 3]
        from routing in Reason.List[0, 3]
        select new JobExplanation(
            status, terms, completion, completesWhen, deadline,
            [.. slots.Take(status.Slots.Count).Select((slot, i) => slot with { Slot = i })])
        {
            Routing = routing,
        };

    public static readonly Gen<JobSummary> JobSummary = Gen.Select(
        JobId,
        Text,
        Gen.Enum<JobState>(),
        Reason,
        WallTime,
        (id, name, state, reason, submitted) => new JobSummary(id, name, state, reason, submitted));

    /// <summary>A workflow that may depend on those before it.</summary>
    private static Gen<WorkflowSpec> WorkflowAt(int index) =>
        from kind in Gen.Enum<WorkflowKind>()
        let isHttp = kind == WorkflowKind.Http
        from isOpen in Gen.Bool
        from name in Text
        from cores in Gen.Int[1, JobLimits.CoresMax]
        from duration in Duration
        from timeout in Duration
        from ramp in Gen.Long[0, duration.Nanoseconds].Select(length => new Duration(length)).Nullable()
        from vus in Gen.Int[1, JobLimits.VusMax]
        from rate in Gen.Int[1, JobLimits.RateMax]
        from dependsOn in index == 0 ? Gen.Const(new List<int>()) : Gen.Int[0, index - 1].List[0, 3]
        from http in Http
        from exec in Exec
        from budget in Budget.Null()
        select new WorkflowSpec(
            name,
            kind,
            cores,
            duration,
            timeout,
            isHttp && !isOpen ? vus : null,
            isHttp && isOpen ? rate : null,
            dependsOn,
            isHttp ? http : null,
            isHttp ? null : exec,
            budget)
        {
            Ramp = isHttp && !isOpen ? ramp : null,
        };

    private static Gen<List<WorkflowSpec>> Workflows(int count) => count == 0
        ? Gen.Const(new List<WorkflowSpec>())
        : Gen.Select(
            Workflows(count - 1), WorkflowAt(count - 1), (list, last) => (List<WorkflowSpec>)[.. list, last]);

    private static Gen<List<int>> Indices(int workflows) => Gen.Int[0, workflows - 1].List[0, 3]
        .Select(list => list.Distinct().Order().ToList());

    private static Gen<SlotOutcome> SlotOutcomeOf(int workflows) =>
        from state in Gen.Enum<SlotState>()
        from reason in Reason
        from indices in Indices(workflows)
        from attempts in Gen.Int[0, JobLimits.AttemptMax]
        from worker in Text
        from outcomes in AttemptOutcome.List[indices.Count]
        from earlier in Earlier.List[0, 2]
        from granted in Gen.Int[0, JobLimits.RetryBudgetMax]
        select new SlotOutcome(
            state,
            reason,
            [
                .. indices.Zip(
                    outcomes, (i, o) => new WorkflowResult(i, attempts, worker, o) { Earlier = earlier }),
            ])
        {
            RetriesGranted = granted,
        };

    private static Gen<List<WorkflowProgress>> ProgressOf(int workflows) =>
        from indices in Indices(workflows)
        from phase in Gen.Enum<WorkflowPhase>()
        from worker in Text
        from stats in RunStats.List[indices.Count]
        from reason in Text
        from wait in Wait.Null()
        from causes in Text.List[0, EarlierAttempt.CountMax]
        from granted in Gen.Int[0, JobLimits.RetryBudgetPerWorkflowMax]
        select indices.Zip(stats, (i, s) => new WorkflowProgress(i, phase, worker, s)
        {
            Reason = reason,
            Started = wait?.Until,
            Wait = wait,
            RetriesGranted = granted,
            RetryCauses = causes,
        }).ToList();

    private static Gen<SlotExplanation> SlotExplanationOf(int workflows) =>
        from slot in Gen.Int[0, JobLimits.DatacentersMax - 1]
        from epoch in Gen.Int[0, JobLimits.EpochMax]
        from share in Gen.Int[0, JobLimits.RetryBudgetMax]
        from granted in Gen.Int[0, share]
        from isHeard in Gen.Bool
        from grants in Gen.Select(
            Gen.Int[0, workflows - 1], Gen.Int[2, JobLimits.AttemptMax], Text,
            (workflow, attempt, cause) => new RetryGrant(workflow, attempt, cause)).List[0, 4]
        from refusals in Gen.Select(
            Text, Reason, (name, reason) => new SlotRefusal(name, reason)).List[0, 3]
        select new SlotExplanation(slot, epoch, share, granted, isHeard, grants, refusals);

    private static Gen<SlotStatus> SlotStatusOf(int workflows) => Gen.Select(
        Gen.Int[0, JobLimits.DatacentersMax - 1],
        Text,
        Gen.Enum<SlotPhase>(),
        Reason,
        SlotOutcomeOf(workflows).Null(),
        ProgressOf(workflows),
        Wait.Null(),
        (slot, datacenter, phase, reason, outcome, progress, wait) =>
            new SlotStatus(slot, datacenter, phase, reason, outcome, progress) { Wait = wait });
}
