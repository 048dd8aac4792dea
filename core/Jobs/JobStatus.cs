using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Jobs;

/// <summary>A job as its ledger and the newest progress reports show it.</summary>
/// <param name="Revision">Changes with every visible change; compare for inequality only.</param>
/// <param name="Reason">Why the job is in this state, in words.</param>
public sealed record JobStatus(
    JobId Id,
    JobSpec Spec,
    JobState State,
    string Reason,
    long Revision,
    WallTime Submitted,
    WallTime? Ended,
    IReadOnlyList<SlotStatus> Slots)
{
    public bool IsTerminal => State is JobState.Completed or JobState.Failed or JobState.Cancelled;
}

public enum SlotPhase : byte { Unassigned, Reserving, Starting, Queued, Running, Reported }

/// <summary>One target place of a job. <paramref name="Workflows"/> holds the newest numbers while it runs
/// and the final ones once <paramref name="Phase"/> is <see cref="SlotPhase.Reported"/>.</summary>
public sealed record SlotStatus(
    int Slot,
    string Datacenter,
    SlotPhase Phase,
    string Reason,
    SlotOutcome? Outcome,
    IReadOnlyList<WorkflowProgress> Workflows);

public enum WorkflowPhase : byte
{
    /// <summary>For workflows that it depends on, or for its slot's start.</summary>
    Waiting,

    /// <summary>For a free core.</summary>
    Queued,

    Running,

    Ended,

    /// <summary>Its last attempt did not do; another one is to follow.</summary>
    Retrying,
}

/// <summary>Newest known numbers of one workflow in one slot.</summary>
public sealed record WorkflowProgress(int Workflow, WorkflowPhase Phase, string Worker, RunStats Stats)
{
    /// <summary>Whose numbers these are, from 1; 0 before the first attempt.</summary>
    public int Attempt { get; init; }

    /// <summary>What a workflow waits for that is to be tried again.</summary>
    public string Reason { get; init; } = "";
}

/// <summary>One line of a list of jobs.</summary>
public sealed record JobSummary(JobId Id, string Name, JobState State, string Reason, WallTime Submitted)
{
    public bool IsTerminal => State is JobState.Completed or JobState.Failed or JobState.Cancelled;
}
