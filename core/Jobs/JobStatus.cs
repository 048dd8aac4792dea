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
    /// <summary>Since when it is in its state.</summary>
    public WallTime Since { get; init; }

    /// <summary>How its latencies keep to their targets where it runs, in lines; empty where nothing is
    /// known.</summary>
    public IReadOnlyList<string> Slo { get; init; } = [];

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
    IReadOnlyList<WorkflowProgress> Workflows)
{
    /// <summary>What it waits for; null where workflows run, or wait, each for itself, and at its end.
    /// </summary>
    public Wait? Wait { get; init; }
}

public enum WorkflowPhase : byte
{
    /// <summary>For workflows that it depends on, or for its slot's start.</summary>
    Waiting,

    /// <summary>For a free core; or has one, and waits for a gate's word to be started there.</summary>
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

    /// <summary>When that attempt was given to its worker; null before the first.</summary>
    public WallTime? Started { get; init; }

    /// <summary>What it waits for, or why it ended otherwise than well, in words; else empty.</summary>
    public string Reason { get; init; } = "";

    /// <summary>What it waits for; null when it runs or has ended.</summary>
    public Wait? Wait { get; init; }

    /// <summary>Retries that its datacenter's ledger says were granted to it.</summary>
    public int RetriesGranted { get; init; }

    /// <summary>Why each retry was granted: the first belongs to attempt 2, and so on.</summary>
    public IReadOnlyList<string> RetryCauses { get; init; } = [];
}

/// <summary>The names of what slots and workflows wait for.</summary>
public enum WaitReason : byte
{
    /// <summary>A slot, for a datacenter that takes it.</summary>
    Datacenter,

    /// <summary>A slot, for its datacenter to reserve cores.</summary>
    Reservation,

    /// <summary>A slot, for its datacenter to start it.</summary>
    Start,

    /// <summary>A slot of a job that is cancelled, for its datacenter to stop.</summary>
    Stop,

    /// <summary>A workflow, for others that it depends on.</summary>
    Dependencies,

    /// <summary>A workflow, for free cores.</summary>
    Cores,

    /// <summary>A workflow whose last attempt failed, for the time of the next.</summary>
    Backoff,

    /// <summary>A workflow, for a part of its job's retry budget.</summary>
    RetryBudget,

    /// <summary>A slot that runs, for its datacenter, of which nothing is heard; a workflow, for a gate to
    /// say that its slot is still wanted.</summary>
    Contact,
}

/// <param name="Until">When it will be over; null where that depends on others.</param>
public sealed record Wait(WaitReason For, WallTime Since, WallTime? Until = null);

/// <summary>One line of a list of jobs.</summary>
public sealed record JobSummary(JobId Id, string Name, JobState State, string Reason, WallTime Submitted)
{
    public bool IsTerminal => State is JobState.Completed or JobState.Failed or JobState.Cancelled;
}
