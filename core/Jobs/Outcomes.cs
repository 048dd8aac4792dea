namespace Hyperscale.Det.Jobs;

public enum AttemptState : byte
{
    /// <summary>Ran to its end with the exit it was meant to have.</summary>
    Completed,

    /// <summary>Could not start, ended in error or ran past its timeout.</summary>
    Failed,

    /// <summary>Stopped because the job was cancelled.</summary>
    Cancelled,

    /// <summary>Its worker died or lost its lease; what it did is unknown.</summary>
    Lost,
}

/// <summary>How an attempt ended. Only a completed or failed attempt's numbers count in a result.</summary>
/// <param name="Output">The last bytes of an exec workload's output, at most
/// <see cref="JobLimits.OutputBytesMax"/>.</param>
public sealed record AttemptOutcome(
    AttemptState State, string Reason, int? ExitCode, RunStats Stats, ReadOnlyMemory<byte> Output);

/// <summary>The accepted outcome of one workflow in one slot.</summary>
public sealed record WorkflowResult(int Workflow, int Attempts, string Worker, AttemptOutcome Outcome);

public enum SlotState : byte { Completed, Failed, Cancelled }

/// <summary>How a slot ended, with one result for each workflow that was tried, by workflow index.</summary>
public sealed record SlotOutcome(SlotState State, string Reason, IReadOnlyList<WorkflowResult> Workflows);

public enum JobState : byte { Accepted, Running, Cancelling, Completed, Failed, Cancelled }
