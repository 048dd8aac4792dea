using System.Diagnostics;
using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Protocol;

namespace Hyperscale.Det.Nodes;

// Commands of gates, and the ways of a slot.
public sealed partial class ManagerNode
{
    /// <summary>Largest reservation that is taken: its entry fits a record of the log.</summary>
    private const int SpecBytesMax = 14 * 1024 * 1024;

    // What is proposed and not yet committed, with the fence it was proposed under: a repeat is answered by
    // the commit that is on its way already.
    private readonly SortedDictionary<SlotKey, long> _reserving = [];
    private readonly SortedDictionary<SlotKey, long> _starting = [];
    private readonly SortedDictionary<SlotKey, long> _cancelling = [];
    private readonly SortedDictionary<SlotKey, long> _forgetting = [];
    private readonly SortedDictionary<SlotKey, long> _expiring = [];

    private SortedDictionary<SlotKey, long>[] Proposals =>
        [_reserving, _starting, _cancelling, _forgetting, _expiring, _sharing];

    private readonly DeadlineQueue<SlotKey> _expireAt = new();
    private readonly DeadlineQueue<SlotKey> _finishAt = new();

    private NodeVerdict OnGateCommand(NodeId from, Message message)
    {
        var (slot, fence) = message switch
        {
            Message.ReserveSlot reserve => (reserve.Slot, reserve.Fence),
            Message.StartSlot start => (start.Slot, start.Fence),
            Message.CancelSlot cancel => (cancel.Slot, cancel.Fence),
            Message.SlotResultCommitted committed => (committed.Slot, committed.Fence),
            Message.BudgetShared shared => (shared.Slot, shared.Fence),
            Message.SlotWanted wanted => (wanted.Slot, wanted.Fence),
            _ => throw new UnreachableException($"unhandled {message}"),
        };
        if (!_topology.Gates.Contains(from)) return NodeVerdict.Misdirected;
        if (!Leads)
        {
            // Who is about to lead says nothing until its ledger is whole; the gate asks again.
            var primary = _replicas.PrimaryOf(DispatchGroup);
            if (primary != Id)
                Send(from, new Message.NotPrimary(slot, primary, _replicas.ViewOf(DispatchGroup)));
            return NodeVerdict.Misdirected;
        }

        // Not answered: the same gate may have commanded the slot anew since, and would take a refusal of the
        // old command for one of the new.
        if (fence < Ledger.FenceOf(slot.Job)) return NodeVerdict.Stale;
        return message switch
        {
            Message.ReserveSlot reserve => OnReserveSlot(from, reserve),
            Message.StartSlot start => OnStartSlot(from, start),
            Message.CancelSlot cancel => OnCancelSlot(from, cancel),
            Message.SlotResultCommitted committed => OnSlotResultCommitted(committed),
            Message.BudgetShared shared => OnBudgetShared(from, shared),
            Message.SlotWanted wanted => OnSlotWanted(from, wanted),
            _ => throw new UnreachableException($"unhandled {message}"),
        };
    }

    private NodeVerdict OnReserveSlot(NodeId from, Message.ReserveSlot reserve)
    {
        if (IsUnderWay(_reserving, reserve.Slot, reserve.Fence)) return NodeVerdict.Duplicate;
        var isKnownFence = reserve.Fence == Ledger.FenceOf(reserve.Slot.Job);
        var held = Ledger.Find(reserve.Slot);
        var closed = Ledger.ClosedBecause(reserve.Slot);
        if (isKnownFence && held is not null) return AnswerReserved(from, held);
        if (isKnownFence && closed is not null) return AnswerRefused(from, reserve.Slot, closed);

        var command = DispatchCommandCodec.Encode(
            new DispatchCommand.SlotReserved(
                reserve.Slot, reserve.Fence, from, reserve.Spec, reserve.Key, reserve.Retries));
        var isNew = held is null && closed is null;
        var lack = isNew ? LackFor(reserve.Spec) : null;
        if (lack is not null && IsGathering)
        {
            // A worker that can may not have been heard of yet.
            Send(from, new Message.SlotDeferred(reserve.Slot));
            return NodeVerdict.Unready;
        }

        var refusal = isNew ? lack ?? Refusal(command.Length) : null;
        if (refusal is not null)
        {
            command = DispatchCommandCodec.Encode(
                new DispatchCommand.SlotRefused(reserve.Slot, reserve.Fence, from, refusal));
        }

        if (!Propose(command)) return NodeVerdict.Overloaded;
        _reserving[reserve.Slot] = reserve.Fence;
        return refusal is null ? NodeVerdict.Accepted : NodeVerdict.Refused;
    }

    private NodeVerdict OnStartSlot(NodeId from, Message.StartSlot start)
    {
        if (IsUnderWay(_starting, start.Slot, start.Fence)) return NodeVerdict.Duplicate;
        var isKnownFence = start.Fence == Ledger.FenceOf(start.Slot.Job);
        if (isKnownFence && Ledger.Find(start.Slot) is { IsReserved: false } held)
            return AnswerStarted(from, held);
        if (isKnownFence && Ledger.ClosedBecause(start.Slot) is { } closed)
            return AnswerRefused(from, start.Slot, closed);

        if (!Propose(new DispatchCommand.SlotStarted(start.Slot, start.Fence, from)))
            return NodeVerdict.Overloaded;
        _starting[start.Slot] = start.Fence;
        _startAskedAt.TryAdd(start.Slot, _now);
        return NodeVerdict.Accepted;
    }

    private NodeVerdict OnCancelSlot(NodeId from, Message.CancelSlot cancel)
    {
        if (IsUnderWay(_cancelling, cancel.Slot, cancel.Fence)) return NodeVerdict.Duplicate;
        var isKnownFence = cancel.Fence == Ledger.FenceOf(cancel.Slot.Job);
        if (isKnownFence && Ledger.Find(cancel.Slot) is { } held
            && (held.Outcome is not null || held.CancelReason is not null))
        {
            if (held.Outcome is not null) SendOutcome(cancel.Slot);
            return NodeVerdict.Duplicate;
        }

        if (isKnownFence && Ledger.ClosedBecause(cancel.Slot) is { } closed)
            return AnswerRefused(from, cancel.Slot, closed);

        var command = new DispatchCommand.SlotCancelled(cancel.Slot, cancel.Fence, from, cancel.Reason);
        if (!Propose(command)) return NodeVerdict.Overloaded;
        _cancelling[cancel.Slot] = cancel.Fence;
        return NodeVerdict.Accepted;
    }

    private NodeVerdict OnSlotResultCommitted(Message.SlotResultCommitted committed)
    {
        if (Ledger.Find(committed.Slot) is not { } slot) return NodeVerdict.Unknown;
        if (slot.Outcome is null) return NodeVerdict.Refused;
        if (_forgetting.ContainsKey(committed.Slot)) return NodeVerdict.Duplicate;

        if (!Propose(new DispatchCommand.SlotForgotten(committed.Slot, committed.Fence)))
            return NodeVerdict.Overloaded;
        _forgetting[committed.Slot] = committed.Fence;
        return NodeVerdict.Accepted;
    }

    private void OnReservationDue(SlotKey key)
    {
        if (Ledger.Find(key) is not { IsReserved: true }) return;
        // Looked at again should the log have no room, or a start that is on its way come to nothing.
        _expireAt.Set(key, _now + _config.ResendInterval);
        if (_starting.ContainsKey(key) || _expiring.ContainsKey(key)) return;
        if (Propose(new DispatchCommand.ReservationExpired(key))) _expiring[key] = 0;
    }

    private void OnSlotReserved(DispatchCommand.SlotReserved reserved, DispatchVerdict verdict)
    {
        Commit(_reserving, reserved.Slot, reserved.Fence);
        if (verdict == DispatchVerdict.StaleFence) return;
        if (verdict == DispatchVerdict.Accepted)
            _expireAt.Set(reserved.Slot, _now + _config.ReservationTerm);
        if (Ledger.Find(reserved.Slot) is { } slot) AnswerReserved(reserved.Gate, slot);
        else AnswerRefused(reserved.Gate, reserved.Slot, Ledger.ClosedBecause(reserved.Slot)!);
    }

    private void OnSlotRefused(DispatchCommand.SlotRefused refused, DispatchVerdict verdict)
    {
        Commit(_reserving, refused.Slot, refused.Fence);
        if (verdict == DispatchVerdict.StaleFence) return;
        if (Ledger.Find(refused.Slot) is { } slot) AnswerReserved(refused.Gate, slot);
        else AnswerRefused(refused.Gate, refused.Slot, Ledger.ClosedBecause(refused.Slot)!);
    }

    private void OnSlotStarted(DispatchCommand.SlotStarted started, DispatchVerdict verdict)
    {
        Commit(_starting, started.Slot, started.Fence);
        Instant? askedAt = _startAskedAt.Remove(started.Slot, out var at) ? at : null;
        if (verdict == DispatchVerdict.StaleFence) return;
        if (verdict == DispatchVerdict.Accepted)
        {
            _expireAt.Remove(started.Slot);
            FollowStart(started.Slot, askedAt);
        }

        _isPlacingDue = true;
        if (Ledger.Find(started.Slot) is { } slot) AnswerStarted(started.Gate, slot);
        else AnswerRefused(started.Gate, started.Slot, Ledger.ClosedBecause(started.Slot)!);
        MarkProgress(started.Slot);
    }

    private void OnSlotCancelled(DispatchCommand.SlotCancelled cancelled, DispatchVerdict verdict)
    {
        Commit(_cancelling, cancelled.Slot, cancelled.Fence);
        if (verdict == DispatchVerdict.StaleFence) return;
        _isPlacingDue = true;
        if (Ledger.Find(cancelled.Slot) is not { } slot)
        {
            AnswerRefused(cancelled.Gate, cancelled.Slot, Ledger.ClosedBecause(cancelled.Slot)!);
            return;
        }

        EndContact(cancelled.Slot);
        if (slot.Outcome is not null)
        {
            _expireAt.Remove(cancelled.Slot);
            if (verdict == DispatchVerdict.Accepted) OnSlotEnded(slot);
            else SendOutcome(cancelled.Slot);
            return;
        }

        for (var i = 0; i < slot.Workflows.Count; i++)
        {
            if (slot.Workflows[i].State != WorkflowState.Running) continue;
            OnSendDue(new AttemptKey(slot.Key, i, slot.Workflows[i].Attempts));
        }
    }

    private void OnReservationExpired(DispatchCommand.ReservationExpired expired, DispatchVerdict verdict)
    {
        _expiring.Remove(expired.Slot);
        LookAtKeys();
        _expireAt.Remove(expired.Slot);
        if (verdict != DispatchVerdict.Accepted || Ledger.GateOf(expired.Slot.Job) is not { } gate) return;
        AnswerRefused(gate, expired.Slot, Ledger.ClosedBecause(expired.Slot)!);
    }

    private void OnSlotForgotten(DispatchCommand.SlotForgotten forgotten)
    {
        Commit(_forgetting, forgotten.Slot, forgotten.Fence);
        LookAtKeys();
        if (Ledger.Find(forgotten.Slot) is null) _finishAt.Remove(forgotten.Slot);
    }

    private void OnSlotEnded(SlotRecord slot)
    {
        Emit(new TelemetryEvent.SlotEnded(slot.Key, _datacenter, slot.Outcome!.State));
        _progressAt.Remove(slot.Key);
        _progressSentAt.Remove(slot.Key);
        EndContact(slot.Key);
        SendOutcome(slot.Key);
    }

    /// <summary>Reports a slot's outcome to the gate that last commanded the job, and again until a gate says
    /// that it is in the job's ledger.</summary>
    private void SendOutcome(SlotKey key) =>
        SendOutcome(key, [Ledger.GateOf(key.Job)!.Value], _config.ResendInterval);

    /// <summary>The gate did not take the outcome; it may no longer lead the job's group. Of a job that has
    /// ended no other would ask.</summary>
    // An outcome may be large, so it does not go to all of them often.
    private void SendOutcomeToAll(SlotKey key) =>
        SendOutcome(key, _topology.ReplicasOfGroup(key.Job.Group), _config.ResendInterval * 4);

    private void SendOutcome(SlotKey key, IReadOnlyList<NodeId> gates, Duration again)
    {
        if (Ledger.Find(key) is not { Outcome: { } outcome }) return;
        foreach (var gate in gates) Send(gate, new Message.SlotFinished(key, outcome));
        _finishAt.Set(key, _now + again);
    }

    private NodeVerdict AnswerReserved(NodeId gate, SlotRecord slot)
    {
        Send(gate, new Message.SlotReserved(slot.Key, WaitOf(slot)));
        return NodeVerdict.Duplicate;
    }

    private NodeVerdict AnswerStarted(NodeId gate, SlotRecord slot)
    {
        // What was cancelled before it started has an outcome that says so.
        if (slot.IsStarted) Send(gate, new Message.SlotStarted(slot.Key));
        else SendOutcome(slot.Key);
        return NodeVerdict.Duplicate;
    }

    private NodeVerdict AnswerRefused(NodeId gate, SlotKey slot, string reason)
    {
        Emit(new TelemetryEvent.SlotRefused(slot, _datacenter, reason));
        Send(gate, new Message.SlotRefused(slot, reason));
        return NodeVerdict.Refused;
    }

    /// <summary>Which worker there would have to be for a job; null when there is.</summary>
    private string? LackFor(JobSpec spec)
    {
        var largest = spec.Workflows.Max(workflow => workflow.Cores);
        if (_workers.Count == 0) return $"{_datacenter} has no worker";
        return largest <= _workers.LargestCores ? null
            : $"a workflow needs {largest} cores; the largest worker of {_datacenter} has "
            + $"{_workers.LargestCores}";
    }

    /// <summary>Why a new slot is not taken that workers could run; null when it is.</summary>
    private string? Refusal(int bytes)
    {
        if (bytes > SpecBytesMax) return $"the job takes {bytes} bytes; {SpecBytesMax} are the most";
        var slots = Ledger.SlotCount + _reserving.Count;
        if (slots >= _config.LiveSlotsMax)
            return $"{_datacenter} holds {slots} slots; {_config.LiveSlotsMax} are the most";
        if (Ledger.Bytes >= _config.LedgerBytesMax)
            return $"what {_datacenter} holds takes {Ledger.Bytes} bytes; {_config.LedgerBytesMax} are the "
                + "most";
        return _replicas.IsLogFull ? ReplicaTraffic.LogIsFull : null;
    }

    private static bool IsUnderWay(SortedDictionary<SlotKey, long> proposed, SlotKey slot, long fence) =>
        proposed.TryGetValue(slot, out var known) && known >= fence;

    private static void Commit(SortedDictionary<SlotKey, long> proposed, SlotKey slot, long fence)
    {
        if (proposed.TryGetValue(slot, out var known) && known <= fence) proposed.Remove(slot);
    }
}
