using Hyperscale.Det.Idempotency;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Reliability;

namespace Hyperscale.Det.Jobs;

/// <summary>A job as the committed entries of its group made it.</summary>
/// <param name="SpecDigest">Stands for <paramref name="Spec"/> in fingerprints.</param>
/// <param name="CancelledAt">Stamp of the entry that asked for cancellation.</param>
/// <param name="ChangedOp">Op of the newest entry that changed the job.</param>
/// <param name="Bytes">Encoded size of the specification and the outcomes.</param>
/// <param name="Key">What its client called the submission; null where it did not, or where the job was
/// withdrawn.</param>
public sealed record LedgerJob(
    JobId Id,
    JobSpec Spec,
    ulong SpecDigest,
    WallTime Submitted,
    JobState State,
    string Reason,
    WallTime? CancelledAt,
    WallTime? Ended,
    long ChangedOp,
    long Bytes,
    IReadOnlyList<LedgerSlot> Slots,
    IdempotencyKey? Key,
    JobTerms Terms)
{
    /// <summary>Stamp of the entry that made <see cref="State"/> what it is.</summary>
    public WallTime Since { get; init; }

    /// <summary>Why the job was complete; <see cref="CompletionReason.Waiting"/> while it is not, and when it
    /// ended otherwise.</summary>
    public CompletionReason Completion { get; init; }

    /// <summary>Retries of the budget that no slot has: what slots ask for is taken from it.</summary>
    public int RetryReserve => Terms.RetryBudget - Slots.Sum(slot => slot.Share);

    /// <summary>What decides whether the job is complete.</summary>
    public BestEffortState BestEffort => new(
        Id,
        Spec.BestEffort is { Enabled: true },
        Terms.MinDcs,
        Spec.BestEffort is { WaitForAll: true },
        [
            .. Slots.Select(slot => slot.Outcome?.State switch
            {
                null => TargetOutcome.Open,
                SlotState.Completed => TargetOutcome.Completed,
                _ => TargetOutcome.Failed,
            }),
        ]);

    public bool IsEnded => State is JobState.Completed or JobState.Failed or JobState.Cancelled;

    public bool IsCancelling => State == JobState.Cancelling;

    public LedgerSlot? Slot(int slot) => slot >= 0 && slot < Slots.Count ? Slots[slot] : null;

    public JobSummary ToSummary() => new(Id, Spec.Name, State, Reason, Submitted);

    internal LedgerJob With(LedgerSlot slot, long op)
    {
        var slots = new LedgerSlot[Slots.Count];
        for (var i = 0; i < slots.Length; i++) slots[i] = i == slot.Slot ? slot : Slots[i];
        return this with { Slots = slots, ChangedOp = op };
    }

    internal LedgerJob In(JobState state, string reason, WallTime stamp) => this with
    {
        State = state,
        Reason = JobLimits.Clip(reason),
        Since = State == state ? Since : stamp,
    };

    internal void AddTo(ref Fingerprint fingerprint)
    {
        Id.AddTo(ref fingerprint);
        fingerprint.Add(SpecDigest);
        fingerprint.Add(Submitted.UnixMilliseconds);
        fingerprint.Add((long)State);
        fingerprint.Add(Reason);
        fingerprint.Add(Since.UnixMilliseconds);
        fingerprint.Add(CancelledAt?.UnixMilliseconds ?? -1);
        fingerprint.Add(Ended?.UnixMilliseconds ?? -1);
        fingerprint.Add(ChangedOp);
        fingerprint.Add(Key?.Hash ?? 0);
        Terms.AddTo(ref fingerprint);
        fingerprint.Add((long)Completion);
        foreach (var slot in Slots) slot.AddTo(ref fingerprint);
    }
}

/// <summary>Where a slot stands in the ledger.</summary>
public enum SlotStage : byte
{
    /// <summary>No datacenter has it.</summary>
    Unassigned,

    /// <summary>Meant for a datacenter, which was not told to start; it can still be moved.</summary>
    Assigned,

    /// <summary>Its datacenter may have been told to start; only a refusal moves it.</summary>
    Starting,

    /// <summary>Its outcome is part of the job.</summary>
    Reported,

    /// <summary>Its datacenter answered for it after the job had ended.</summary>
    Closed,
}

/// <summary>A target place of a job.</summary>
/// <param name="Epoch">Counts assignments, from 1; 0 before the first.</param>
/// <param name="Datacenter">Empty while unassigned.</param>
/// <param name="OutcomeDigest">Stands for <paramref name="Outcome"/> in fingerprints.</param>
/// <param name="Refusals">At most one a datacenter, the newest last.</param>
public sealed record LedgerSlot(
    int Slot,
    int Epoch,
    SlotStage Stage,
    string Datacenter,
    SlotOutcome? Outcome,
    ulong OutcomeDigest,
    IReadOnlyList<SlotRefusal> Refusals)
{
    /// <summary>Stamp of the entry that brought the slot to its stage.</summary>
    public WallTime Since { get; init; }

    /// <summary>Retries of the job's budget that the slot has: what it may use while it runs, what it did use
    /// once it has reported.</summary>
    public int Share { get; init; }

    /// <summary>Counts how often the share was raised.</summary>
    public long ShareRevision { get; init; }

    public static LedgerSlot Fresh(int slot, WallTime since, int share = 0) =>
        new(slot, 0, SlotStage.Unassigned, "", null, 0, []) { Share = share, Since = since };

    /// <summary>The slot as it is meant for a datacenter.</summary>
    internal LedgerSlot For(string datacenter, int epoch, WallTime stamp) =>
        In(SlotStage.Assigned, stamp) with { Epoch = epoch, Datacenter = datacenter };

    /// <summary>Whether a datacenter may hold the slot.</summary>
    public bool IsOpen => Stage is SlotStage.Assigned or SlotStage.Starting;

    public SlotKey KeyIn(JobId job) => new(job, Slot, Epoch);

    internal LedgerSlot In(SlotStage stage, WallTime stamp) => this with { Stage = stage, Since = stamp };

    internal void AddTo(ref Fingerprint fingerprint)
    {
        fingerprint.Add((long)Slot);
        fingerprint.Add((long)Epoch);
        fingerprint.Add((long)Stage);
        fingerprint.Add(Since.UnixMilliseconds);
        fingerprint.Add(Datacenter);
        fingerprint.Add(Outcome is not null);
        fingerprint.Add(OutcomeDigest);
        fingerprint.Add((long)Share);
        fingerprint.Add(ShareRevision);
        fingerprint.Add((long)Refusals.Count);
        foreach (var refusal in Refusals)
        {
            fingerprint.Add(refusal.Datacenter);
            fingerprint.Add(refusal.Reason);
        }
    }
}

/// <summary>A datacenter does not take a slot.</summary>
public sealed record SlotRefusal(string Datacenter, string Reason);
