namespace Hyperscale.Det.Jobs;

/// <summary>A job's numbers, merged: of its whole result once it has ended, of what is known until
/// then.</summary>
/// <remarks>
/// What counts: of a slot that has reported, the numbers of its completed, failed and killed attempts; of a
/// slot that has not, the newest progress, but only while the job runs: in an ended job it stands for no
/// result. Every row is the exact sum of its parts, and its latencies are merged of theirs, so the rows of
/// any one kind add up to the totals.
/// </remarks>
/// <param name="IsFinal">The job has ended: nothing here changes any more.</param>
/// <param name="Workflows">One row for each, in the job's order.</param>
/// <param name="Datacenters">By name.</param>
/// <param name="Cells">Each workflow in each datacenter: by workflow in the job's order, then by
/// datacenter.</param>
/// <param name="Workers">Those whose numbers count, by name.</param>
/// <param name="Thresholds">Each judged on the totals, in the job's order; of a job that still runs, as it
/// stands.</param>
/// <param name="Runs">What is known of each workflow in each slot, counted or not, with its output.</param>
public sealed record JobReport(
    JobState State,
    string Reason,
    bool IsFinal,
    ReportCoverage Coverage,
    ReportRow Totals,
    IReadOnlyList<ReportRow> Workflows,
    IReadOnlyList<ReportRow> Datacenters,
    IReadOnlyList<ReportRow> Cells,
    IReadOnlyList<ReportRow> Workers,
    IReadOnlyList<ThresholdVerdict> Thresholds,
    IReadOnlyList<WorkflowRun> Runs)
{
    /// <summary>How the job ended; null while it runs.</summary>
    public JobConclusion? Conclusion => JobConclusions.Of(State, Thresholds);

    public static JobReport Of(JobStatus status)
    {
        var spec = status.Spec;
        List<WorkflowRun> runs = [.. status.Slots.SelectMany(slot => RunsOf(status, slot))];
        var totals = ReportRow.Sum(runs);
        return new JobReport(
            status.State,
            status.Reason,
            status.IsTerminal,
            ReportCoverage.Of(status, runs),
            totals,
            [.. spec.Workflows.Select((workflow, i) =>
                ReportRow.Sum(runs.Where(run => run.Index == i)) with { Workflow = workflow.Name })],
            [.. Grouped(runs, run => run.Datacenter)
                .Select(group => group.Row with { Datacenter = group.Name })],
            [.. spec.Workflows.SelectMany((workflow, i) =>
                Grouped(runs.Where(run => run.Index == i), run => run.Datacenter).Select(group =>
                    group.Row with { Workflow = workflow.Name, Datacenter = group.Name }))],
            [.. Grouped(runs.Where(run => run.Counts), run => run.Worker)
                .Select(group => group.Row with { Worker = group.Name })],
            [.. spec.Thresholds.Select(threshold => ThresholdVerdict.Of(threshold, totals.Stats))],
            runs);
    }

    private static IEnumerable<WorkflowRun> RunsOf(JobStatus status, SlotStatus slot)
    {
        var workflows = status.Spec.Workflows;
        if (slot.Outcome is not { } outcome)
            return slot.Workflows.Select(progress => WorkflowRun.Of(
                slot, workflows[progress.Workflow].Name, progress, counts: !status.IsTerminal));
        return outcome.Workflows.Select(result => WorkflowRun.Of(
            slot, workflows[result.Workflow].Name, result));
    }

    private static IEnumerable<(string Name, ReportRow Row)> Grouped(
        IEnumerable<WorkflowRun> runs, Func<WorkflowRun, string> nameOf) =>
        runs.GroupBy(nameOf, StringComparer.Ordinal)
            .OrderBy(group => group.Key, StringComparer.Ordinal)
            .Select(group => (group.Key, ReportRow.Sum(group)));
}
