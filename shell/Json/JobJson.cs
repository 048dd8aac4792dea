using System.Globalization;
using System.Text;
using Hyperscale.Det.Jobs;

namespace Hyperscale.Det.Shell.Json;

/// <summary>Turns what the nodes know of jobs into what clients read.</summary>
public static class JobJson
{
    /// <summary>Most output bytes that one status carries, shared evenly by the workflows that have any: a
    /// job of many workflows shows less of each.</summary>
    public const int OutputBytesMax = 4 * 1024 * 1024;

    /// <summary>Everything there is to say.</summary>
    public static StatusJson Full(JobStatus status) => Of(status, hasDetails: true);

    /// <summary>What may change from one moment to the next: without the job file and without
    /// outputs.</summary>
    public static StatusJson Changes(JobStatus status) => Of(status, hasDetails: false);

    public static JobListJson List(IReadOnlyList<JobSummary> jobs, IReadOnlyList<string> missing) => new(
        [.. jobs.Select(job => new SummaryJson(job.Id, job.Name, job.State, job.Reason, job.Submitted))],
        missing);

    public static string RevisionText(long revision) => revision.ToString(CultureInfo.InvariantCulture);

    private static StatusJson Of(JobStatus status, bool hasDetails)
    {
        var outputMax = hasDetails ? OutputShare(status) : 0;
        return new StatusJson(
            status.Id,
            status.Spec.Name,
            status.State,
            status.Reason,
            RevisionText(status.Revision),
            status.IsTerminal,
            status.Submitted,
            status.Ended,
            [.. status.Slots.Select(slot => Slot(slot, status.Spec, outputMax))],
            null,
            null);
    }

    private static SlotJson Slot(SlotStatus slot, JobSpec spec, int outputMax) => new(
        slot.Slot,
        slot.Datacenter,
        slot.Phase,
        slot.Outcome?.State,
        slot.Outcome?.Reason ?? slot.Reason,
        [.. spec.Workflows.Select((workflow, i) => Workflow(slot, i, workflow.Name, outputMax))]);

    private static WorkflowJson Workflow(SlotStatus slot, int index, string name, int outputMax)
    {
        var progress = slot.Workflows.FirstOrDefault(p => p.Workflow == index);
        var result = slot.Outcome?.Workflows.FirstOrDefault(r => r.Workflow == index);
        return new WorkflowJson(
            name,
            slot.Outcome is not null ? WorkflowPhase.Ended : progress?.Phase ?? WorkflowPhase.Waiting,
            result?.Outcome.State,
            result?.Outcome.Reason ?? "",
            result?.Worker ?? progress?.Worker ?? "",
            result?.Attempts ?? 0,
            result?.Outcome.ExitCode,
            NumbersJson.Of(result?.Outcome.Stats ?? progress?.Stats ?? RunStats.None),
            result is null ? null : Output(result.Outcome.Output.Span, outputMax));
    }

    private static int OutputShare(JobStatus status)
    {
        var outputs = status.Slots.Sum(
            slot => slot.Outcome?.Workflows.Count(w => !w.Outcome.Output.IsEmpty) ?? 0);
        return OutputBytesMax / Math.Max(1, outputs);
    }

    private static string? Output(ReadOnlySpan<byte> output, int bytesMax)
    {
        if (output.IsEmpty || bytesMax == 0) return null;
        if (output.Length > bytesMax) output = output[^bytesMax..];
        // Whatever was cut in front may have split a character: its remaining bytes say nothing.
        var split = 0;
        while (split < Math.Min(3, output.Length) && (output[split] & 0xC0) == 0x80) split++;
        return Encoding.UTF8.GetString(output[split..]);
    }
}
