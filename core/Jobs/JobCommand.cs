using Hyperscale.Det.Idempotency;
using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Jobs;

/// <summary>What the entries of a job ledger say; a job is named by the group and op of the entry that
/// created it.</summary>
public abstract record JobCommand
{
    private JobCommand() { }

    /// <summary>A job was submitted; the entry's own group and op become its id, its stamp the time of
    /// submission.</summary>
    /// <param name="Reserved">The key that it takes, which has to be free; null where the client gave none.
    /// </param>
    /// <param name="Terms">What the job is entitled to; null where whoever wrote the entry knew of no
    /// terms.</param>
    public sealed record JobCreated(
        JobSpec Spec, IdempotencyReservedEvent? Reserved = null, JobTerms? Terms = null) : JobCommand
    {
        /// <summary>The datacenters that the first slots are meant for, in the slots' order, each under its
        /// slot's first epoch: what <see cref="SlotAssigned"/> would say of them. Slots beyond are assigned
        /// later.</summary>
        public IReadOnlyList<string> Datacenters { get; init; } = [];
    }

    /// <summary>A submission can never be a job; its key is rejected.</summary>
    public sealed record JobRefused(IdempotencyReservedEvent Reserved, string Reason) : JobCommand;

    /// <summary>A job whose key is pending comes to nothing for the time being: no datacenter took it, or it
    /// has waited long enough. It ends, and its key is free.</summary>
    public sealed record JobWithdrawn(JobId Job, string Reason) : JobCommand;

    /// <summary>What is due of the group's keys is let go of.</summary>
    public sealed record KeysExpired(KeyRetention Retention) : JobCommand;

    /// <summary>The slot is meant for this datacenter, under the next epoch.</summary>
    public sealed record SlotAssigned(SlotKey Slot, string Datacenter) : JobCommand;

    /// <summary>The datacenter reserved its cores; from here on it may be told to start.</summary>
    public sealed record SlotStarting(SlotKey Slot) : JobCommand;

    /// <summary>The datacenter does not run the slot under this epoch and never will.</summary>
    public sealed record SlotReleased(SlotKey Slot, string Reason) : JobCommand;

    public sealed record SlotReported(SlotKey Slot, SlotOutcome Outcome) : JobCommand;

    /// <summary>Moves retries of the job's budget from the gates' reserve to a slot.</summary>
    /// <param name="Amount">How many; 1 and more.</param>
    /// <param name="Revision">The slot's next: the same move is made once.</param>
    public sealed record BudgetShare(SlotKey Slot, int Amount, long Revision) : JobCommand;

    public sealed record CancelRequested(JobId Job) : JobCommand;

    /// <summary>The job has waited as long as it may.</summary>
    public sealed record DeadlineReached(JobId Job) : JobCommand;

    /// <summary>No datacenter can run the job, and nothing of it was started.</summary>
    public sealed record JobUnplaceable(JobId Job, string Reason) : JobCommand;
}

/// <summary>What an entry did to a job ledger.</summary>
public enum JobVerdict : byte
{
    Applied,

    /// <summary>The ledger already says so; nothing changed.</summary>
    Duplicate,

    /// <summary>From an older epoch of its slot; nothing changed.</summary>
    Stale,

    /// <summary>No such job, or no longer kept; nothing changed.</summary>
    UnknownJob,

    /// <summary>The job has no such slot; nothing changed.</summary>
    UnknownSlot,

    /// <summary>The job had ended: its state and results stay; an open slot is closed.</summary>
    Late,

    /// <summary>The job is being cancelled, so nothing new of it starts; nothing changed.</summary>
    Cancelling,

    /// <summary>The slot is not where the entry supposes, the datacenter is not free for it, or the key is
    /// another submission's; nothing changed.</summary>
    Conflict,

    /// <summary>The submission's key has expired; nothing changed.</summary>
    KeyExpired,
}
