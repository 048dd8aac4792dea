using System.Diagnostics;

namespace Hyperscale.Det.Reliability;

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
    public string Name => BestEffortManager.NameOf(Reason);
}

/// <summary>When a job is complete (AD-44).</summary>
/// <remarks>Completion is carried by the committed entry that makes the check true, so that it happens once
/// and a race of result and deadline has the winner that the log orders first.</remarks>
public static class BestEffortManager
{
    /// <summary>check_completion, in the requirement's order of rules.</summary>
    /// <remarks>Without best effort every slot is waited for, so that a failed job still has the results of
    /// the slots that did complete.</remarks>
    public static CompletionCheck CheckCompletion(BestEffortState state, bool isDeadlineReached)
    {
        var completed = state.Completed;
        var open = state.Open;
        var isEnough = state.Enabled && completed >= state.MinDcs;
        var isWorthWaiting = state.WaitForAll && !isDeadlineReached;

        if (open.Count == 0)
            return Complete(CompletionReason.AllDcsReported, isEnough || completed == state.Targets.Count);
        if (isEnough && !isWorthWaiting) return Complete(CompletionReason.MinDcsReached, true);
        if (state.Enabled && completed + open.Count < state.MinDcs)
            return Complete(CompletionReason.MinDcsUnreachable, false);
        if (isDeadlineReached) return Complete(CompletionReason.DeadlineExpired, isEnough);
        return Complete(CompletionReason.Waiting, false);

        CompletionCheck Complete(CompletionReason reason, bool isSuccess) =>
            new(reason, isSuccess, completed, open);
    }

    public static string NameOf(CompletionReason reason) => reason switch
    {
        CompletionReason.Waiting => "waiting",
        CompletionReason.AllDcsReported => "all_dcs_reported",
        CompletionReason.MinDcsReached => "min_dcs_reached",
        CompletionReason.MinDcsUnreachable => "min_dcs_unreachable",
        CompletionReason.DeadlineExpired => "deadline_expired",
        _ => throw new UnreachableException($"unhandled {reason}"),
    };

    /// <summary>How many datacenters have to complete of so many.</summary>
    public static int MinDcs(int wanted, int targets) => Math.Clamp(wanted, 1, Math.Max(1, targets));
}
