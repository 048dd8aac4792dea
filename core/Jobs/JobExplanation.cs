using Hyperscale.Det.Kernel;
using Hyperscale.Det.Reliability;

namespace Hyperscale.Det.Jobs;

/// <summary>A job with everything that says why it is where it is: what its parts wait for, what it needs to
/// be complete, and what became of its retry budget.</summary>
/// <param name="Completion">Why it was complete; <see cref="CompletionReason.Waiting"/> while it is not, and
/// when it ended otherwise.</param>
/// <param name="CompletesWhen">What it waits for, in words; empty once it has ended.</param>
/// <param name="Deadline">When it ends whatever has been reported by then.</param>
/// <param name="Slots">What its ledger and the newest reports know of each slot.</param>
public sealed record JobExplanation(
    JobStatus Status,
    JobTerms Terms,
    CompletionReason Completion,
    string CompletesWhen,
    WallTime Deadline,
    IReadOnlyList<SlotExplanation> Slots)
{
    /// <summary>How its datacenters were chosen, in lines; empty where another gate chose them, or this one
    /// in an earlier life or long ago.</summary>
    public IReadOnlyList<string> Routing { get; init; } = [];

    /// <summary>Retries that no slot has.</summary>
    public int RetryReserve => Terms.RetryBudget - Slots.Sum(slot => slot.RetryShare);

    /// <summary>Retries granted so far, over all slots, as far as is known.</summary>
    public int RetriesGranted => Slots.Sum(slot => slot.RetriesGranted);

    /// <summary>Retries that datacenters may have granted beside those, which are not heard of.</summary>
    public int RetriesUnheard =>
        Slots.Where(slot => !slot.IsHeard).Sum(slot => slot.RetryShare - slot.RetriesGranted);
}

/// <param name="Epoch">How often it was given to a datacenter.</param>
/// <param name="RetryShare">Retries of the job's budget that it may use in all, those used included.</param>
/// <param name="RetriesGranted">Those used, by the result that is in the job's ledger, or else by what the
/// datacenter last told of its own.</param>
/// <param name="IsHeard">Whether that is the whole truth: the slot has ended, does not run so far, or its
/// datacenter is heard of.</param>
/// <param name="Grants">Those whose cause is known, by workflow and attempt.</param>
/// <param name="Refusals">Datacenters that did not take it, the newest last; at most
/// <see cref="JobLimits.RefusalsToldMax"/> of them travel.</param>
public sealed record SlotExplanation(
    int Slot,
    int Epoch,
    int RetryShare,
    int RetriesGranted,
    bool IsHeard,
    IReadOnlyList<RetryGrant> Grants,
    IReadOnlyList<SlotRefusal> Refusals);

/// <param name="Attempt">The one that the retry was granted for; 2 or more.</param>
/// <param name="Cause">How the attempt before it ended.</param>
public sealed record RetryGrant(int Workflow, int Attempt, string Cause);
