using System.Diagnostics;
using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Nodes;

/// <content>Jobs as clients see them: the ledger, and over it what managers told in passing.</content>
public sealed partial class GateNode
{
    private JobStatus StatusOf(LedgerJob job, Instant now)
    {
        var work = _work.GetValueOrDefault(job.Id);
        return new JobStatus(
            job.Id, job.Spec, job.State, job.Reason, RevisionOf(job), job.Submitted, job.Ended,
            [.. job.Slots.Select(slot => StatusOf(job, slot, work?.Slots[slot.Slot], now))])
        {
            Since = job.Since,
            Slo = _routing.SloLines(job.Id, DatacentersOf(job), now),
        };
    }

    private static IEnumerable<string> DatacentersOf(LedgerJob job) => job.Slots
        .Select(slot => slot.Datacenter).Where(name => name.Length > 0).Distinct(StringComparer.Ordinal);

    /// <summary>Differs whenever something visible does. 52 bits, so that every reader of JSON keeps
    /// them.</summary>
    private long RevisionOf(LedgerJob job)
    {
        var hash = default(Fingerprint);
        job.Id.AddTo(ref hash);
        hash.Add(job.ChangedOp);
        if (!job.IsEnded && _work.TryGetValue(job.Id, out var work))
        {
            // What the ledger does not know is counted anew in every life of the gate.
            hash.Add(_boot.Value);
            hash.Add(work.Changes);
        }

        return (long)(hash.Value >> 12);
    }

    private SlotStatus StatusOf(LedgerJob job, LedgerSlot slot, SlotWork? work, Instant now)
    {
        var (phase, reason) = PhaseOf(job, slot, work, now);
        var workflows = slot.Outcome is { } outcome
            ? [.. outcome.Workflows.Select(FinalOf)]
            : job.IsEnded ? [] : work?.Workflows ?? [];
        return new SlotStatus(slot.Slot, slot.Datacenter, phase, reason, slot.Outcome, workflows)
        {
            Wait = WaitOf(job, slot, phase, work, now),
        };
    }

    private Wait? WaitOf(LedgerJob job, LedgerSlot slot, SlotPhase phase, SlotWork? work, Instant now)
    {
        if (job.IsEnded || slot.Outcome is not null) return null;
        if (job.IsCancelling && slot.IsOpen)
            return new Wait(WaitReason.Stop, job.Since, DeadlineAt(job, now));
        if (IsSilent(work, now))
        {
            var silence = Duration.Zero - (now - work!.HeardAt!.Value);
            return new Wait(WaitReason.Contact, _clock.At(now) + silence, DeadlineAt(job, now));
        }

        return phase switch
        {
            SlotPhase.Unassigned => new Wait(WaitReason.Datacenter, slot.Since),
            SlotPhase.Reserving => new Wait(WaitReason.Reservation, slot.Since),
            SlotPhase.Starting => new Wait(WaitReason.Start, slot.Since),
            SlotPhase.Queued when work!.Workflows.Count == 0 => new Wait(WaitReason.Cores, slot.Since),
            SlotPhase.Queued or SlotPhase.Running or SlotPhase.Reported => null,
            _ => throw new UnreachableException($"unhandled {phase}"),
        };
    }

    private static WorkflowProgress FinalOf(WorkflowResult result) =>
        new(result.Workflow, WorkflowPhase.Ended, result.Worker, result.Outcome.Stats);

    private (SlotPhase Phase, string Reason) PhaseOf(
        LedgerJob job, LedgerSlot slot, SlotWork? work, Instant now)
    {
        var isStarted = work?.IsStarted == true;
        var phase = slot.Stage switch
        {
            SlotStage.Unassigned => SlotPhase.Unassigned,
            SlotStage.Assigned => SlotPhase.Reserving,
            SlotStage.Starting when !isStarted => SlotPhase.Starting,
            SlotStage.Starting => IsQueued(work!) ? SlotPhase.Queued : SlotPhase.Running,
            SlotStage.Reported or SlotStage.Closed => SlotPhase.Reported,
            _ => throw new UnreachableException($"unhandled {slot.Stage}"),
        };
        if (slot.Outcome is { } outcome) return (phase, outcome.Reason);
        if (job.IsEnded) return (phase, "the job ended without its result");
        if (job.IsCancelling && slot.IsOpen) return (phase, $"waiting for {slot.Datacenter} to stop");
        if (IsSilent(work, now))
            return (phase,
                $"no word from {slot.Datacenter}, which starts nothing new until it hears of a gate");
        return (phase, phase switch
        {
            SlotPhase.Unassigned => $"waiting for a datacenter{Detail(work?.Waiting)}",
            SlotPhase.Reserving => $"waiting for {slot.Datacenter} to reserve cores{Silence(slot, now)}",
            SlotPhase.Starting => $"waiting for {slot.Datacenter} to start{Silence(slot, now)}",
            SlotPhase.Queued when IsHeldBack(work!) =>
                $"{slot.Datacenter} waits for a gate to say that the job goes on",
            SlotPhase.Queued => $"waiting for free cores in {slot.Datacenter}{Estimate(work)}",
            SlotPhase.Running => RunningFor(work!),
            SlotPhase.Reported => "",
            _ => throw new UnreachableException($"unhandled {phase}"),
        });
    }

    /// <summary>Whether the datacenter of a slot that runs is not heard of.</summary>
    private static bool IsSilent(SlotWork? work, Instant now) =>
        work is { IsStarted: true, HeardAt: { } heard } && now - heard >= SlotContact.SilentAfter;

    // Until the first report nobody knows; the datacenter's own estimate is the best guess.
    private static bool IsQueued(SlotWork work) => work.Workflows.Count > 0
        ? work.Workflows.All(workflow => workflow.Phase is WorkflowPhase.Waiting or WorkflowPhase.Queued)
        : work.Wait > Duration.Zero;

    private static bool IsHeldBack(SlotWork work) =>
        work.Workflows.Any(workflow => workflow.Wait?.For == WaitReason.Contact);

    // Where anything runs, the slot runs; else what it waits for is worth more than that.
    private static string RunningFor(SlotWork work) =>
        work.Workflows.Any(workflow => workflow.Phase == WorkflowPhase.Running)
            ? "running"
            : work.Workflows.FirstOrDefault(workflow => workflow.Phase == WorkflowPhase.Retrying)?.Reason
                ?? "running";

    private static string Detail(string? waiting) => string.IsNullOrEmpty(waiting) ? "" : $": {waiting}";

    private static string Estimate(SlotWork? work) =>
        work?.Wait is { } wait && wait > Duration.Zero ? $", estimated {wait}" : "";

    private string Silence(LedgerSlot slot, Instant now) =>
        _board.View(slot.Datacenter, now).IsFresh ? "" : ", which is silent";
}
