using System.Text.Json;
using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Shell.Json;

/// <summary>A job as <c>GET /v1/jobs/{id}</c>, its events and a cancellation show it.</summary>
/// <param name="Revision">Changes with every visible change; compare for equality only.</param>
/// <param name="IsTerminal">Whether nothing more will change.</param>
/// <param name="Slo">How its latencies keep to their targets where it runs, in lines; empty where the gate
/// that is asked heard nothing of them lately.</param>
/// <param name="Report">The merged result, once the job has ended.</param>
/// <param name="Spec">The job file; left out of events.</param>
public sealed record StatusJson(
    JobId Id,
    string Name,
    JobState State,
    string Reason,
    string Revision,
    bool IsTerminal,
    WallTime Submitted,
    WallTime? Ended,
    IReadOnlyList<SlotJson> Slots,
    IReadOnlyList<string> Slo,
    ReportJson? Report,
    JsonElement? Spec);

/// <summary>One target place of a job, with every workflow of the job in order.</summary>
/// <param name="Datacenter">Empty as long as the slot is assigned to none.</param>
/// <param name="State">How the slot ended; null until it has.</param>
public sealed record SlotJson(
    int Slot,
    string Datacenter,
    SlotPhase Phase,
    SlotState? State,
    string Reason,
    IReadOnlyList<WorkflowJson> Workflows);

/// <summary>One workflow in one slot: live numbers while it runs, then the final ones.</summary>
/// <param name="Worker">Where it runs or ran; empty as long as it has no worker.</param>
/// <param name="State">How its accepted attempt ended; null until then, and for one never tried.</param>
/// <param name="Attempts">Attempts made, known once it has ended; 0 before.</param>
/// <param name="Output">The end of an exec workload's output; null when there is none, and in events.</param>
public sealed record WorkflowJson(
    string Name,
    WorkflowPhase Phase,
    AttemptState? State,
    string Reason,
    string Worker,
    int Attempts,
    int? ExitCode,
    NumbersJson Numbers,
    string? Output);
