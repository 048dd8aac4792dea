using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Protocol;

namespace Hyperscale.Det.Nodes;

/// <content>What managers answer and report.</content>
public sealed partial class GateNode
{
    private NodeVerdict OnManagerHeartbeat(NodeId from, Message.ManagerHeartbeat heartbeat, Turn turn)
    {
        var verdict = _board.OnHeartbeat(from, heartbeat, turn.Now);
        if (verdict == NodeVerdict.Unknown) return turn.Ignore(from, heartbeat, verdict);
        if (verdict != NodeVerdict.Accepted) return verdict;
        turn.Send(from, _routing.OnHeartbeat(from, heartbeat, turn.Now));
        if (_routing.TakePressure(from, heartbeat, turn.Now) is { } pressed) turn.Tell(pressed);
        return verdict;
    }

    private NodeVerdict OnSlotReserved(NodeId from, Message.SlotReserved reserved, Turn turn)
    {
        _routing.OnAnswered(from, turn.Now);
        if (Judge(from, reserved, reserved.Slot, turn, out var job, out var slot) is { } verdict)
            return verdict;
        if (slot.Stage != SlotStage.Assigned) return NodeVerdict.Duplicate;
        var work = WorkOf(job).Slots[slot.Slot];
        if (work.Proposed != SlotProposal.None) return NodeVerdict.Duplicate;

        work.Wait = reserved.Wait;
        _routing.OnReserved(job.Id, slot.Slot, turn.Now);
        var isProposed = ProposeSlot(
            SlotProposal.Start, job, slot, new JobCommand.SlotStarting(reserved.Slot), turn);
        return isProposed ? NodeVerdict.Accepted : NodeVerdict.Overloaded;
    }

    private NodeVerdict OnSlotDeferred(NodeId from, Message.SlotDeferred deferred, Turn turn)
    {
        _routing.OnAnswered(from, turn.Now);
        if (Judge(from, deferred, deferred.Slot, turn, out var job, out var slot) is { } verdict)
            return verdict;
        WorkOf(job).Slots[slot.Slot].ForgetSendings();
        return NodeVerdict.Accepted;
    }

    private NodeVerdict OnSlotStarted(NodeId from, Message.SlotStarted started, Turn turn)
    {
        _routing.OnAnswered(from, turn.Now);
        if (Judge(from, started, started.Slot, turn, out var job, out var slot) is { } verdict)
            return verdict;
        if (slot.Stage != SlotStage.Starting) return turn.Ignore(from, started, NodeVerdict.Unknown);
        return NoteStart(job, slot, turn.Now);
    }

    private NodeVerdict OnSlotProgressed(NodeId from, Message.SlotProgressed progressed, Turn turn)
    {
        if (Judge(from, progressed, progressed.Slot, turn, out var job, out var slot) is { } verdict)
            return verdict;
        if (slot.Stage != SlotStage.Starting) return turn.Ignore(from, progressed, NodeVerdict.Unknown);
        if (progressed.Workflows.Any(workflow => workflow.Workflow >= job.Spec.Workflows.Count))
            return turn.Ignore(from, progressed, NodeVerdict.Refused);
        var work = WorkOf(job).Slots[slot.Slot];
        if (!work.Reports.Accept(progressed.Boot, progressed.Revision)) return NodeVerdict.Stale;

        work.Workflows = progressed.Workflows;
        NoteStart(job, slot, turn.Now);
        return NoteChange(job.Id);
    }

    private NodeVerdict OnSlotRefused(NodeId from, Message.SlotRefused refused, Turn turn)
    {
        _routing.OnAnswered(from, turn.Now);
        if (JudgeEnd(from, refused, refused.Slot, turn, out var job, out var slot) is { } verdict)
            return verdict;
        var work = WorkOf(job).Slots[slot.Slot];
        if (work.Proposed != SlotProposal.None) return NodeVerdict.Duplicate;
        // It did start: the refusal is of an earlier moment, or of a manager that contradicts itself.
        if (work.IsStarted && !job.IsEnded && !job.IsCancelling)
            return turn.Ignore(from, refused, NodeVerdict.Stale);

        var isProposed = ProposeSlot(
            SlotProposal.Release, job, slot, new JobCommand.SlotReleased(refused.Slot, refused.Reason), turn);
        return isProposed ? NodeVerdict.Accepted : NodeVerdict.Overloaded;
    }

    private NodeVerdict OnSlotFinished(NodeId from, Message.SlotFinished finished, Turn turn)
    {
        _routing.OnAnswered(from, turn.Now);
        var key = finished.Slot;
        if (JudgeEnd(from, finished, key, turn, out var job, out var slot) is { } verdict)
        {
            // Known already, or of no use to anyone: the manager may forget it all the same.
            if (verdict is NodeVerdict.Duplicate or NodeVerdict.Stale)
                turn.Send(from, new Message.SlotResultCommitted(key, FenceOf(key.Job.Group)));
            return verdict;
        }

        if (finished.Outcome.Workflows.Any(result => result.Workflow >= job.Spec.Workflows.Count))
            return turn.Ignore(from, finished, NodeVerdict.Refused);
        var work = WorkOf(job).Slots[slot.Slot];
        if (work.Proposed != SlotProposal.None) return NodeVerdict.Duplicate;

        // Without a start there is no result: the datacenter gave its reservation up.
        var isReport = slot.Stage == SlotStage.Starting || job.IsCancelling || job.IsEnded;
        JobCommand command = isReport
            ? new JobCommand.SlotReported(key, finished.Outcome)
            : new JobCommand.SlotReleased(key, finished.Outcome.Reason);
        var kind = isReport ? SlotProposal.Report : SlotProposal.Release;
        if (!ProposeSlot(kind, job, slot, command, turn)) return NodeVerdict.Overloaded;
        work.Reporter = isReport ? from : default;
        return NodeVerdict.Accepted;
    }

    /// <summary>Tells a manager that its slot is wanted; <see cref="Judge"/> tells of one that is
    /// not.</summary>
    private NodeVerdict OnSlotHeld(NodeId from, Message.SlotHeld held, Turn turn)
    {
        var group = held.Slot.Job.Group;
        // All of the group are asked where nobody answered; the others have nothing to tell.
        if (!_led.ContainsKey(group)) return NodeVerdict.Misdirected;
        if (Judge(from, held, held.Slot, turn, out var job, out var slot) is { } verdict) return verdict;
        if (slot.Stage != SlotStage.Starting) return turn.Ignore(from, held, NodeVerdict.Unknown);
        WorkOf(job).Slots[slot.Slot].HeardAt = turn.Now;
        // Another gate may have begun to lead the group, and have ended the job.
        if (!_replicas.HasLease(group, turn.Now)) return NodeVerdict.Stale;
        turn.Send(from, new Message.SlotWanted(held.Slot, FenceOf(group), held.Boot, held.Question));
        return NodeVerdict.Accepted;
    }

    private NodeVerdict OnNotPrimary(NodeId from, Message.NotPrimary notPrimary, Turn turn)
    {
        _routing.OnAnswered(from, turn.Now);
        if (JudgeEnd(from, notPrimary, notPrimary.Slot, turn, out var job, out var slot) is { } verdict)
            return verdict;
        var datacenter = _topology.Datacenter(slot.Datacenter)!;
        var before = _board.ManagerFor(datacenter, silences: 0);
        _board.OnPrimaryTold(datacenter, notPrimary.Primary, notPrimary.View);
        if (_board.ManagerFor(datacenter, silences: 0) == before) return NodeVerdict.Misdirected;

        WorkOf(job).Slots[slot.Slot].ForgetSendings();
        Drive(new SlotPlace(job.Id, slot.Slot), turn);
        return NodeVerdict.Accepted;
    }

    /// <summary>Finds the slot that an answer is about; a verdict when it is not about an assignment of the
    /// present, after telling the manager to give up what is not wanted.</summary>
    private NodeVerdict? Judge(
        NodeId from, Message message, SlotKey key, Turn turn, out LedgerJob job, out LedgerSlot slot)
    {
        var verdict = JudgeEnd(from, message, key, turn, out job, out slot);
        if (verdict == NodeVerdict.Duplicate)
        {
            turn.Send(from, new Message.SlotResultCommitted(key, FenceOf(key.Job.Group)));
            return verdict;
        }

        if (verdict == NodeVerdict.Stale)
        {
            turn.Send(from, new Message.CancelSlot(
                key, FenceOf(key.Job.Group), "the slot is not this datacenter's any more"));
        }

        if (verdict is not null) return verdict;
        if (!job.IsEnded && !job.IsCancelling) return null;
        // While the cancellation is being sent, once more would not make it come sooner.
        if (job.IsEnded && !_timers.Has(new SlotPlace(key.Job, key.Slot)))
            turn.Send(from, new Message.CancelSlot(key, FenceOf(key.Job.Group), WithdrawalOf(job)));
        return NodeVerdict.Stale;
    }

    /// <summary>Like <see cref="Judge"/> for the last word on a slot, which is welcome while the job is being
    /// cancelled and after its end.</summary>
    /// <remarks>Duplicate: the slot's last word is known. Stale: it has moved on, or the job is no longer
    /// kept.</remarks>
    private NodeVerdict? JudgeEnd(
        NodeId from, Message message, SlotKey key, Turn turn, out LedgerJob job, out LedgerSlot slot)
    {
        slot = null!;
        job = null!;
        var group = key.Job.Group;
        // Only who leads the group knows what is the case.
        if (!_led.ContainsKey(group))
            return turn.Ignore(from, message, NodeVerdict.Misdirected);
        if (key.Job.Op < 1 || key.Job.Op > Ledger.AppliedOp(group))
            return turn.Ignore(from, message, NodeVerdict.Unknown);
        if (!_topology.Datacenters.Any(datacenter => datacenter.Managers.Contains(from)))
            return turn.Ignore(from, message, NodeVerdict.Unknown);
        if (!Ledger.TryGet(key.Job, out job!)) return turn.Ignore(from, message, NodeVerdict.Stale);
        if (job.Slot(key.Slot) is not { } found || key.Epoch > found.Epoch)
            return turn.Ignore(from, message, NodeVerdict.Unknown);
        slot = found;
        if (key.Epoch < slot.Epoch || slot.Stage == SlotStage.Unassigned)
            return turn.Ignore(from, message, NodeVerdict.Stale);
        if (_topology.Datacenter(slot.Datacenter)?.Managers.Contains(from) != true)
            return turn.Ignore(from, message, NodeVerdict.Refused);
        return slot.IsOpen ? null : NodeVerdict.Duplicate;
    }

    private NodeVerdict NoteStart(LedgerJob job, LedgerSlot slot, Instant now)
    {
        var work = WorkOf(job).Slots[slot.Slot];
        work.HeardAt = now;
        if (work.IsStarted) return NodeVerdict.Duplicate;
        work.IsStarted = true;
        _timers.Remove(new SlotPlace(job.Id, slot.Slot));
        return NoteChange(job.Id);
    }
}
