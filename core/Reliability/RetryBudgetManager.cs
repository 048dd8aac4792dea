using System.Diagnostics;
using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Reliability;

/// <summary>What is to be done about an attempt that failed or was lost.</summary>
public enum RetryDecision : byte
{
    Granted,

    /// <summary>The job wants no retries at all.</summary>
    NoRetries,

    /// <summary>The whole job's budget is used up, as far as this datacenter can ever have a part of it.
    /// </summary>
    JobExhausted,

    WorkflowExhausted,

    /// <summary>The slot's share is used up; the gates may have more.</summary>
    ShareUsed,
}

/// <summary>Who may retry and when (AD-44): the first attempt is free, every later one, whatever its cause,
/// needs a grant. Waiting for a core is not an attempt.</summary>
public static class RetryBudgetManager
{
    public static readonly Duration BackoffMin = Duration.FromSeconds(1);
    public static readonly Duration BackoffMax = Duration.FromSeconds(60);

    /// <summary>How long a workflow waits for a larger share of the budget once its backoff is over.
    /// </summary>
    public static readonly Duration ShareWait = Duration.FromSeconds(60);

    /// <summary>Most retries that a slot is given at once when it asks for more.</summary>
    private const int ChunkMax = 3;

    public static RetryDecision Decide(RetryBudgetState state, int workflow)
    {
        if (state.Total == 0) return RetryDecision.NoRetries;
        if (state.Left == 0 && (state.IsFinal || state.Consumed >= state.Total))
            return RetryDecision.JobExhausted;
        if (state.ConsumedByWorkflow[workflow] >= state.PerWorkflowMax)
            return RetryDecision.WorkflowExhausted;
        return state.Left == 0 ? RetryDecision.ShareUsed : RetryDecision.Granted;
    }

    /// <summary>The name of a refusal in reports.</summary>
    public static string NameOf(RetryDecision decision) => decision switch
    {
        RetryDecision.JobExhausted => "job_budget_exhausted",
        RetryDecision.ShareUsed => "budget_share_exhausted",
        RetryDecision.WorkflowExhausted => "workflow_budget_exhausted",
        RetryDecision.Granted or RetryDecision.NoRetries => "",
        _ => throw new UnreachableException($"unhandled {decision}"),
    };

    /// <summary>How long to wait before the attempt that follows <paramref name="attempts"/> others: full
    /// jitter below a ceiling of 1 s, which doubles with every further attempt up to 60 s.</summary>
    public static Duration Backoff(int attempts, Rng rng) =>
        new(rng.Between(0, BackoffCeiling(attempts).Nanoseconds));

    public static Duration BackoffCeiling(int attempts)
    {
        var ceiling = BackoffMin * (1L << Math.Clamp(attempts - 1, 0, 6));
        return ceiling < BackoffMax ? ceiling : BackoffMax;
    }

    /// <summary>The longest that so many backoffs take together.</summary>
    public static Duration BackoffSum(int retries) => Enumerable.Range(1, retries)
        .Aggregate(Duration.Zero, (sum, attempts) => sum + BackoffCeiling(attempts));

    /// <summary>What every slot of a job may use from the start; the rest stays with the gates.</summary>
    public static int FirstShare(int total, int slots) => total / slots;

    /// <summary>How much of what the gates have left a slot is given that asks; 0 when nothing is.</summary>
    /// <param name="openSlots">Slots that may come to ask.</param>
    public static int MoreFor(int reserve, int openSlots) =>
        Math.Min(reserve, Math.Clamp(reserve / Math.Max(1, openSlots), 1, ChunkMax));
}
