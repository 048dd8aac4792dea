using System.Globalization;
using System.Text;
using System.Text.Json;
using Hyperscale.Det.Jobs;
using Hyperscale.Det.Protocol;

namespace Hyperscale.Det.Shell.Json;

/// <summary>Turns what the nodes know of jobs into what clients read.</summary>
public static class JobJson
{
    /// <summary>Everything there is to say.</summary>
    public static StatusJson Full(JobStatus status) => Of(status, hasDetails: true);

    /// <summary>What may change from one moment to the next: without the job file and without
    /// outputs.</summary>
    public static StatusJson Changes(JobStatus status) => Of(status, hasDetails: false);

    public static AcceptedJson Accepted(
        ClientResponse.Accepted accepted, string name, IReadOnlyList<JobNote> notes) => new(
            accepted.Job,
            name,
            $"/v1/jobs/{accepted.Job}",
            $"/v1/jobs/{accepted.Job}/events",
            [.. notes.Select(note => new FaultJson(note.Path, note.Message))],
            accepted.IsDeduplicated,
            accepted.WasDuplicate,
            accepted.OriginalJob);

    public static JobListJson List(IReadOnlyList<JobSummary> jobs, IReadOnlyList<string> missing) => new(
        [.. jobs.Select(job => new SummaryJson(job.Id, job.Name, job.State, job.Reason, job.Submitted))],
        missing);

    public static string RevisionText(long revision) => revision.ToString(CultureInfo.InvariantCulture);

    private static StatusJson Of(JobStatus status, bool hasDetails) => new(
        status.Id,
        status.Spec.Name,
        status.State,
        status.Reason,
        RevisionText(status.Revision),
        status.IsTerminal,
        status.Submitted,
        status.Ended,
        [.. status.Slots.Select(slot => Slot(slot, status.Spec, hasDetails))],
        status.Slo,
        status.IsTerminal ? ReportJson.Of(status) : null,
        hasDetails ? Spec(status.Spec) : null);

    private static JsonElement Spec(JobSpec spec)
    {
        using var document = JsonDocument.Parse(JobSpecWriter.Canonical(spec));
        return document.RootElement.Clone();
    }

    private static SlotJson Slot(SlotStatus slot, JobSpec spec, bool hasDetails) => new(
        slot.Slot,
        slot.Datacenter,
        slot.Phase,
        slot.Outcome?.State,
        slot.Outcome?.Reason ?? slot.Reason,
        [.. spec.Workflows.Select((workflow, i) => Workflow(slot, i, workflow.Name, hasDetails))]);

    private static WorkflowJson Workflow(SlotStatus slot, int index, string name, bool hasDetails)
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
            hasDetails && result is not null ? Output(result.Outcome.Output.Span) : null);
    }

    private static string? Output(ReadOnlySpan<byte> output)
    {
        if (output.IsEmpty) return null;
        // Only the end of an output is kept, and the cut may have split a character: the rest of it says
        // nothing.
        var split = 0;
        while (split < Math.Min(3, output.Length) && (output[split] & 0xC0) == 0x80) split++;
        return Encoding.UTF8.GetString(output[split..]);
    }
}
