using System.Diagnostics;
using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Protocol;

namespace Hyperscale.Det.Nodes;

/// <content>What the gate wants of datacenters: reserve, start, cancel.</content>
public sealed partial class GateNode
{
    /// <summary>Does what the ledger asks for about one slot, and sets when to look again.</summary>
    private void Drive(SlotPlace place, Turn turn)
    {
        _timers.Remove(place);
        if (!Ledger.TryGet(place.Job, out var job))
        {
            Forget(place.Job);
            return;
        }

        var slot = job.Slots[place.Slot];
        var work = WorkOf(job).Slots[place.Slot];
        work.Follow(slot.Epoch);
        if (work.Proposed == SlotProposal.None)
        {
            if (job.IsEnded || job.IsCancelling) Withdraw(job, slot, work, turn);
            else if (slot.Stage == SlotStage.Unassigned) Place(job, slot, work, turn);
            else if (slot.Stage == SlotStage.Assigned) Reserve(job, slot, work, turn);
            else if (slot.Stage == SlotStage.Starting && !work.IsStarted)
                Start(job, slot, work, turn);
        }

        if (job.IsEnded) Forget(job.Id);
    }

    private void Place(LedgerJob job, LedgerSlot slot, SlotWork work, Turn turn)
    {
        var place = new SlotPlace(job.Id, slot.Slot);
        var views = _board.Views(turn.Now);
        if (SlotPlacement.Unplaceable(job.Spec, views) is { } reason
            && job.Slots.All(other => other.Stage <= SlotStage.Assigned))
        {
            // Nothing was promised to the client so far, and a larger worker may come: the key stays free.
            if (IsPending(job)) TryWithdraw(job, reason, turn);
            else ProposeUnplaceable(job, reason, turn);
            Await(place, work, reason, turn.Now + PlacementRetryMin, turn);
            return;
        }

        var choice = SlotPlacement.Choose(
            job.Spec, slot.Refusals, UsedByOthers(job, slot.Slot), views, RankingFor(job, turn.Now));
        var isRefused = slot.Refusals.Count > 0 && choice is null or { IsDoubtful: true };
        if (isRefused && IsRefusedByAll(job, _work[job.Id])
            && TryWithdraw(job, $"every datacenter refused it: {Describe(slot.Refusals)}", turn))
            Await(place, work, Describe(slot.Refusals), turn.Now + PlacementRetryMax, turn);
        else if (choice is null || slot.Epoch >= JobLimits.EpochMax)
            Await(place, work, "none is left", turn.Now + PlacementRetryMax, turn);
        else if (choice.IsDoubtful && turn.Now < work.RetryAt)
            Await(place, work, Describe(slot.Refusals), work.RetryAt, turn);
        else if (Propose(
            job.Id,
            new JobCommand.SlotAssigned(
                new SlotKey(job.Id, slot.Slot, slot.Epoch + 1), choice.Datacenter.Name),
            turn))
            (work.Proposed, work.ProposedDatacenter) = (SlotProposal.Assign, choice.Datacenter.Name);
        else
            Await(place, work, "the disk is behind", turn.Now + _config.ResendInterval, turn);
    }

    private void ProposeUnplaceable(LedgerJob job, string reason, Turn turn)
    {
        var work = _work[job.Id];
        work.IsUnplaceableProposed = work.IsUnplaceableProposed
            || Propose(job.Id, new JobCommand.JobUnplaceable(job.Id, reason), turn);
    }

    /// <summary>Leaves a slot unassigned for a while.</summary>
    private void Await(SlotPlace place, SlotWork work, string reason, Instant until, Turn turn)
    {
        _timers.Wait(place, Instant.Later(until, turn.Now + _config.ResendInterval));
        if (work.Waiting == reason) return;
        work.Waiting = reason;
        NoteChange(place.Job);
    }

    private void Reserve(LedgerJob job, LedgerSlot slot, SlotWork work, Turn turn)
    {
        work.AskedAt ??= turn.Now;
        var silence = turn.Now - work.AskedAt.Value;
        if (silence >= _config.ManagerStaleness && IsBetterElsewhere(job, slot, turn.Now))
        {
            // Nothing was started there, so a datacenter that stays silent does not keep the slot.
            var reason = $"no answer to the reservation for {_config.ManagerStaleness}";
            if (ProposeSlot(SlotProposal.Release, job, slot, new JobCommand.SlotReleased(
                slot.KeyIn(job.Id), reason), turn)) return;
        }

        Ask(job, slot, work, SlotCommand.Reserve, turn);
    }

    private bool IsBetterElsewhere(LedgerJob job, LedgerSlot slot, Instant now)
    {
        if (_board.View(slot.Datacenter, now).IsFresh) return false;
        var others = UsedByOthers(job, slot.Slot);
        others.Add(slot.Datacenter);
        var choice = SlotPlacement.Choose(
            job.Spec, slot.Refusals, others, _board.Views(now), RankingFor(job, now));
        return choice is { IsDoubtful: false, Datacenter.IsFresh: true };
    }

    private SortedSet<string> UsedByOthers(LedgerJob job, int slot)
    {
        var used = new SortedSet<string>(StringComparer.Ordinal);
        var work = WorkOf(job);
        foreach (var other in job.Slots)
        {
            if (other.Slot == slot) continue;
            used.Add(other.Datacenter);
            used.Add(work.Slots[other.Slot].ProposedDatacenter);
        }

        return used;
    }

    /// <summary>Without a lease another gate may lead the group, and have ended the job.</summary>
    private void Start(LedgerJob job, LedgerSlot slot, SlotWork work, Turn turn)
    {
        if (_replicas.HasLease(job.Id.Group, turn.Now)) Ask(job, slot, work, SlotCommand.Start, turn);
        else _timers.Wait(new SlotPlace(job.Id, slot.Slot), turn.Now + _config.ResendInterval);
    }

    /// <summary>Tells a datacenter that its slot is not wanted, until it has answered or long
    /// enough.</summary>
    private void Withdraw(LedgerJob job, LedgerSlot slot, SlotWork work, Turn turn)
    {
        if (!slot.IsOpen) return;
        if (job.IsEnded)
        {
            work.WithdrawUntil ??= turn.Now + CancelTerm;
            if (turn.Now >= work.WithdrawUntil) return;
        }

        Ask(job, slot, work, SlotCommand.Cancel, turn);
    }

    private void Ask(LedgerJob job, LedgerSlot slot, SlotWork work, SlotCommand command, Turn turn)
    {
        var place = new SlotPlace(job.Id, slot.Slot);
        var key = slot.KeyIn(job.Id);
        if (_topology.Datacenter(slot.Datacenter) is not { } datacenter)
        {
            // The ledger is older than the configuration: that datacenter is gone, and only the job's
            // deadline ends the wait for it.
            _timers.Wait(place, turn.Now + PlacementRetryMax);
            return;
        }

        var fence = FenceOf(job.Id.Group);
        work.CountSending(command);
        var manager = _board.ManagerFor(datacenter, work.Sent - 1);
        NoteSending(job, slot, command, work.Sent, datacenter, turn.Now);
        turn.Send(manager, command switch
        {
            SlotCommand.Reserve => new Message.ReserveSlot(
                key, fence, job.Spec, job.Key, ShareOf(job, slot)),
            SlotCommand.Start => new Message.StartSlot(key, fence),
            SlotCommand.Cancel => new Message.CancelSlot(key, fence, WithdrawalOf(job)),
            SlotCommand.None => throw new UnreachableException($"unhandled {command}"),
        });
        _timers.Ask(place, manager, turn.Now + _config.ResendAfter(work.Sent));
    }

    private bool ProposeSlot(
        SlotProposal kind, LedgerJob job, LedgerSlot slot, JobCommand command, Turn turn)
    {
        var work = WorkOf(job).Slots[slot.Slot];
        Invariant.Holds(work.Proposed == SlotProposal.None);
        if (!Propose(job.Id, command, turn)) return false;
        work.Proposed = kind;
        _timers.Remove(new SlotPlace(job.Id, slot.Slot));
        return true;
    }

    private static Duration RetryIntervalAfter(int epoch)
    {
        var interval = PlacementRetryMin * (1L << Math.Clamp(epoch - 1, 0, 10));
        return interval < PlacementRetryMax ? interval : PlacementRetryMax;
    }

    private static string WithdrawalOf(LedgerJob job) => job.IsEnded
        ? JobLimits.Clip($"the job has ended: {job.Reason}")
        : "the job is being cancelled";

    private static string Describe(IReadOnlyList<SlotRefusal> refusals) => JobLimits.Clip(
        string.Join("; ", refusals.Select(refusal => $"{refusal.Datacenter}: {refusal.Reason}")));
}
