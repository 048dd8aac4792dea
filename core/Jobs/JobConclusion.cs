namespace Hyperscale.Det.Jobs;

/// <summary>How an ended job is to be taken; the values are the command line's exit codes.</summary>
public enum JobConclusion : byte
{
    /// <summary>Completed, and no threshold is crossed.</summary>
    Passed = 0,

    Failed = 3,

    Cancelled = 4,

    /// <summary>Completed, and at least one threshold is crossed.</summary>
    ThresholdCrossed = 6,
}

/// <summary>The one rule of how a job's end and its thresholds make a conclusion.</summary>
public static class JobConclusions
{
    /// <summary>The conclusion; null for a job that has not ended. A job that failed or was cancelled is
    /// that, whatever its thresholds say of the part that ran.</summary>
    public static JobConclusion? Of(JobState state, IReadOnlyList<ThresholdVerdict> thresholds) =>
        state switch
        {
            JobState.Accepted or JobState.Running or JobState.Cancelling => null,
            JobState.Failed => JobConclusion.Failed,
            JobState.Cancelled => JobConclusion.Cancelled,
            JobState.Completed => thresholds.Any(threshold => threshold.IsCrossed)
                ? JobConclusion.ThresholdCrossed
                : JobConclusion.Passed,
        };
}
