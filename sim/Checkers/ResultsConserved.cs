using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Protocol;
using Hyperscale.Det.Sim.Engine;

namespace Hyperscale.Det.Sim.Checkers;

/// <summary>What a job's result counts is exactly what the counted attempts did: nothing twice, nothing lost,
/// nothing of an attempt that was given up.</summary>
public sealed class ResultsConserved() : Checker("results-conserved", CheckerViews.Sent)
{
    private readonly SortedDictionary<(JobId Job, int Slot, int Workflow), AttemptKey> _newest = [];
    private readonly SortedSet<JobId> _judged = [];

    public override void OnSent(SimHost host, NodeId to, Message message)
    {
        if (message is not Message.StartAttempt { Attempt: var attempt }) return;
        var key = (attempt.Slot.Job, attempt.Slot.Slot, attempt.Workflow);
        if (!_newest.TryGetValue(key, out var newest) || newest < attempt) _newest[key] = attempt;
    }

    public override void OnAnswer(
        SimHost host, ClientRequest request, ClientResponse response, Instant askedAt)
    {
        var job = response switch
        {
            ClientResponse.Status status => status.Job,
            ClientResponse.CancelAccepted cancelled => cancelled.Job,
            _ => null,
        };
        if (job is not { IsTerminal: true } || !_judged.Add(job.Id)) return;
        var truth = default(Sum);
        foreach (var slot in job.Slots)
        {
            if (slot.Outcome is { } outcome)
                truth = truth.With(Judge(job, slot.Slot, slot.Datacenter, outcome));
        }

        IsWhole(job);
        AddsUp(job, truth);
    }

    /// <summary>The sum of what the slot's counted attempts really did.</summary>
    private Sum Judge(JobStatus job, int slot, string datacenter, SlotOutcome outcome)
    {
        var truth = default(Sum);
        var seen = new SortedSet<int>();
        foreach (var result in outcome.Workflows)
        {
            Require(seen.Add(result.Workflow), () =>
                $"{job.Id}/{slot} has two results of w{result.Workflow}");
            if (result.Outcome.State is AttemptState.Cancelled or AttemptState.Lost) continue;
            if (result.Attempts > 0) truth = truth.With(Sum.Of(Judge(job, slot, datacenter, result)));
        }

        return truth;
    }

    private RunStats Judge(JobStatus job, int slot, string datacenter, WorkflowResult result)
    {
        var what = $"w{result.Workflow} of {job.Id}/{slot} in {datacenter}";
        Require(_newest.TryGetValue((job.Id, slot, result.Workflow), out var newest), () =>
            $"{what} has a result and was never started");
        Require(newest.Attempt == result.Attempts, () =>
            $"{what} counts attempt {result.Attempts}, the newest one is {newest}");
        var processes = World.Processes.Of(newest);
        Require(processes.Count > 0, () => $"{what} has an outcome and never ran");
        var process = processes[0];
        Require(process.Host.Id.Name == result.Worker, () =>
            $"{what} is said to have run on {result.Worker}; it ran on {process.Host.Id}");
        Require(process.Told is not null, () => $"{what} counts {newest}, whose worker died before its end");
        Require(DigestOf(process.Told!) == DigestOf(result.Outcome.Stats), () =>
            $"{what} counts {result.Outcome.Stats.Requests} requests, {result.Outcome.Stats.Errors} errors; "
            + $"{newest} made {process.Told!.Requests} with {process.Told.Errors}");
        var isFine = process is { ExitCode: 0, Fault: null, IsStopped: false };
        Require(result.Outcome.State != AttemptState.Completed || isFine, () =>
            $"{what} is said to have completed; {newest} ended with {process.ExitCode} {process.Fault}");
        return process.Told!;
    }

    /// <summary>The report's totals, and the sum of its rows of each kind, are the truth.</summary>
    private void AddsUp(JobStatus job, Sum truth)
    {
        var report = JobReport.Of(job);
        Same(job, "totals", truth, [report.Totals]);
        Same(job, "workflows", truth, report.Workflows);
        Same(job, "datacenters", truth, report.Datacenters);
        Same(job, "workers", truth, report.Workers);
    }

    private void Same(JobStatus job, string what, Sum truth, IReadOnlyList<ReportRow> rows)
    {
        var sum = rows.Aggregate(default(Sum), (total, row) => total.With(Sum.Of(row.Stats)));
        Require(sum == truth, () =>
            $"the {what} of {job.Id} add up to {sum}; its counted attempts made {truth}");
    }

    private void IsWhole(JobStatus job)
    {
        foreach (var slot in job.Slots)
        {
            if (slot.Outcome is not { State: SlotState.Completed } outcome) continue;
            var completed = outcome.Workflows.Count(one => one.Outcome.State == AttemptState.Completed);
            Require(completed == job.Spec.Workflows.Count, () =>
                $"slot {slot.Slot} of {job.Id} completed with {completed} workflows "
                + $"of {job.Spec.Workflows.Count}");
        }

        if (job.State != JobState.Completed) return;
        var min = job.Spec.BestEffort is { Enabled: true } effort ? effort.MinDcs : job.Slots.Count;
        var slots = job.Slots.Count(slot => slot.Outcome?.State == SlotState.Completed);
        Require(slots >= min, () => $"{job.Id} completed with {slots} slots; it needs {min}");
    }

    private static ulong DigestOf(RunStats stats)
    {
        var digest = new Fingerprint();
        stats.AddTo(ref digest);
        return digest.Value;
    }

    // Added up here, since what is checked is how the others add.
    private readonly record struct Sum(
        long Requests, long Errors, long Dropped, long Bytes, long Latencies, long ErrorKinds)
    {
        public static Sum Of(RunStats stats) => new(
            stats.Requests,
            stats.Errors,
            stats.Dropped,
            stats.BytesReceived,
            stats.Latency.Centroids.Sum(centroid => centroid.Weight),
            stats.ErrorKinds.Sum(kind => kind.Count));

        public Sum With(Sum other) => new(
            Requests + other.Requests,
            Errors + other.Errors,
            Dropped + other.Dropped,
            Bytes + other.Bytes,
            Latencies + other.Latencies,
            ErrorKinds + other.ErrorKinds);
    }
}
