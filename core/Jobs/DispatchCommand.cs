using Hyperscale.Det.Idempotency;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Reliability;

namespace Hyperscale.Det.Jobs;

/// <summary>What the entries of a datacenter's dispatch ledger say.</summary>
/// <remarks>What comes from a gate carries the fence of the job's ledger group and names the gate, which is
/// where answers and results go.</remarks>
public abstract record DispatchCommand
{
    private DispatchCommand() { }

    /// <summary>The datacenter takes the slot; it waits for its start.</summary>
    /// <param name="Key">What the job's client called it.</param>
    /// <param name="Retries">What the slot may use of the job's retry budget; null is nothing.</param>
    public sealed record SlotReserved(
        SlotKey Slot,
        long Fence,
        NodeId Gate,
        JobSpec Spec,
        IdempotencyKey? Key = null,
        RetryShare? Retries = null) : DispatchCommand;

    /// <summary>The datacenter does not take the slot. The gate may then give the slot to another one, so a
    /// refusal is for good: nothing that arrives later reserves or starts this epoch.</summary>
    public sealed record SlotRefused(SlotKey Slot, long Fence, NodeId Gate, string Reason) : DispatchCommand;

    public sealed record SlotStarted(SlotKey Slot, long Fence, NodeId Gate) : DispatchCommand;

    public sealed record SlotCancelled(SlotKey Slot, long Fence, NodeId Gate, string Reason)
        : DispatchCommand;

    /// <summary>The reservation has waited for its start as long as it may.</summary>
    public sealed record ReservationExpired(SlotKey Slot) : DispatchCommand;

    /// <summary>The slot's outcome is in the job's ledger.</summary>
    public sealed record SlotForgotten(SlotKey Slot, long Fence) : DispatchCommand;

    /// <summary>The attempt is given to this life of the worker and to no other.</summary>
    public sealed record AttemptStarted(AttemptKey Attempt, NodeId Worker, BootId Boot) : DispatchCommand;

    /// <param name="Backoff">How long the next attempt waits, should there be one.</param>
    public sealed record AttemptEnded(
        AttemptKey Attempt, NodeId Worker, AttemptOutcome Outcome, Duration Backoff = default)
        : DispatchCommand;

    /// <summary>The job's ledger let the slot have a larger share of the retry budget, or says that there
    /// will be none.</summary>
    /// <param name="Share">Retries that the slot may use in all.</param>
    public sealed record BudgetShared(
        SlotKey Slot, long Fence, NodeId Gate, int Share, long Revision, bool IsFinal) : DispatchCommand;

    /// <summary>The attempt may be made: it takes one retry from the slot's share.</summary>
    /// <param name="Cause">Why the attempt before it did not do.</param>
    public sealed record RetryGranted(AttemptKey Attempt, string Cause) : DispatchCommand;

    /// <summary>The attempt will not be made, and its workflow has failed.</summary>
    public sealed record RetryDenied(AttemptKey Attempt, string Reason) : DispatchCommand;

    /// <summary>What is due of the jobs that were dispatched here is let go of.</summary>
    public sealed record KeysExpired(KeyRetention Retention) : DispatchCommand;
}

/// <summary>What an entry did to a dispatch ledger.</summary>
public enum DispatchVerdict : byte
{
    Accepted,

    /// <summary>The ledger already says so; at most a higher fence was noted.</summary>
    Duplicate,

    /// <summary>A higher fence of the job is known; nothing changed.</summary>
    StaleFence,

    /// <summary>This epoch of the slot was refused, expired, replaced, forgotten or never reserved. It is
    /// closed for good.</summary>
    Gone,

    /// <summary>An older epoch of the slot has started here, so this one never will.</summary>
    Occupied,

    /// <summary>The ledger has no such slot, workflow or attempt; nothing changed.</summary>
    Unknown,

    /// <summary>The slot has not started, the workflow waits for others, or the slot has no outcome yet;
    /// nothing changed.</summary>
    NotReady,

    /// <summary>An entry before it settled the matter otherwise; at most a higher fence was
    /// noted.</summary>
    Overtaken,

    /// <summary>The attempt was given to another worker; nothing changed.</summary>
    Foreign,

    /// <summary>No retry is left of the slot's share; nothing changed.</summary>
    Exhausted,

    /// <summary>Another job of the same key is or was here: this epoch of the slot is closed for
    /// good.</summary>
    KeyTaken,
}
