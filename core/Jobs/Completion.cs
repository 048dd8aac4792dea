namespace Hyperscale.Det.Jobs;

public enum CompletionReason : byte
{
    /// <summary>The job goes on.</summary>
    Waiting,
    AllDcsReported,
    MinDcsReached,
    MinDcsUnreachable,
    DeadlineExpired,
}

/// <summary>Whether a job is complete, and why.</summary>
/// <param name="IsSuccess">Means nothing while <paramref name="Reason"/> is
/// <see cref="CompletionReason.Waiting"/>.</param>
/// <param name="OpenSlots">The slots without an outcome, ascending.</param>
public sealed record CompletionCheck(
    CompletionReason Reason, bool IsSuccess, int Completed, IReadOnlyList<int> OpenSlots)
{
    public bool IsComplete => Reason != CompletionReason.Waiting;

    /// <summary>The reason's name in reports.</summary>
    public string Name => Reason switch
    {
        CompletionReason.Waiting => "waiting",
        CompletionReason.AllDcsReported => "all_dcs_reported",
        CompletionReason.MinDcsReached => "min_dcs_reached",
        CompletionReason.MinDcsUnreachable => "min_dcs_unreachable",
        CompletionReason.DeadlineExpired => "deadline_expired",
    };
}

/// <summary>When a job is complete (AD-44, check_completion), in that order of rules.</summary>
public static class Completion
{
    /// <summary>Judges a job by its slots' outcomes; null is a slot without one.</summary>
    /// <remarks>Without best effort every slot is waited for, so that a failed job still has the results of
    /// the slots that did complete.</remarks>
    public static CompletionCheck Check(
        BestEffortSpec? spec, IReadOnlyList<SlotState?> slots, bool isDeadlineReached)
    {
        var isBestEffort = spec is { Enabled: true };
        var min = isBestEffort ? Math.Clamp(spec!.MinDcs, 1, Math.Max(1, slots.Count)) : slots.Count;
        var completed = slots.Count(state => state == SlotState.Completed);
        IReadOnlyList<int> open = [.. Enumerable.Range(0, slots.Count).Where(i => slots[i] is null)];
        var isEnough = isBestEffort && completed >= min;
        var isWorthWaiting = spec is { WaitForAll: true } && !isDeadlineReached;

        if (open.Count == 0)
            return Complete(CompletionReason.AllDcsReported, isEnough || completed == slots.Count);
        if (isEnough && !isWorthWaiting) return Complete(CompletionReason.MinDcsReached, true);
        if (isBestEffort && completed + open.Count < min)
            return Complete(CompletionReason.MinDcsUnreachable, false);
        if (isDeadlineReached) return Complete(CompletionReason.DeadlineExpired, isEnough);
        return Complete(CompletionReason.Waiting, false);

        CompletionCheck Complete(CompletionReason reason, bool isSuccess) =>
            new(reason, isSuccess, completed, open);
    }
}
