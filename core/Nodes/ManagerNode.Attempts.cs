using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Protocol;

namespace Hyperscale.Det.Nodes;

// Starting, following and ending attempts.
//
// An attempt belongs to one life of one worker from the moment its entry is committed. A refusal, like a lost
// message, never moves it: a copy of the start may still be under way to that worker, and the same attempt
// must not run in two places. So the start is sent again, to the same worker, until it is accepted or until
// DeadAfter has passed since the first time; then the attempt ends, and should a late copy start it all the
// same, the worker's next heartbeat shows it and it is stopped. While no gate says that the slot is wanted
// the start is not sent, and DeadAfter does not pass: an attempt that its worker could not be asked for is
// not lost, and no retry is spent on it.
public sealed partial class ManagerNode
{
    // Proposed and not yet committed.
    private readonly SortedDictionary<AttemptKey, Placing> _placing = [];

    // Proposed and not yet committed; true when the worker waits for the answer.
    private readonly SortedDictionary<AttemptKey, bool> _ending = [];

    // One for each live attempt.
    private readonly SortedDictionary<AttemptKey, AttemptTrack> _tracks = [];

    private readonly DeadlineQueue<AttemptKey> _sendAt = new();

    private NodeVerdict OnAttemptAccepted(NodeId from, Message.AttemptAccepted accepted)
    {
        if (!_tracks.TryGetValue(accepted.Attempt, out var track)) return NodeVerdict.Unknown;
        if (Ledger.Find(accepted.Attempt)!.Worker != from) return NodeVerdict.Stale;
        if (track.IsAccepted) return NodeVerdict.Duplicate;
        track.IsAccepted = true;
        if (!NeedsSending(accepted.Attempt)) _sendAt.Remove(accepted.Attempt);
        return NodeVerdict.Accepted;
    }

    private NodeVerdict OnAttemptRefused(NodeId from, Message.AttemptRefused refused)
    {
        if (!_tracks.TryGetValue(refused.Attempt, out var track)) return NodeVerdict.Unknown;
        if (Ledger.Find(refused.Attempt)!.Worker != from) return NodeVerdict.Stale;
        if (track.IsAccepted) return NodeVerdict.Stale;
        track.Refusal = refused.Reason;
        return NodeVerdict.Accepted;
    }

    private NodeVerdict OnAttemptProgressed(NodeId from, Message.AttemptProgressed progressed)
    {
        if (!_tracks.TryGetValue(progressed.Attempt, out var track)) return NodeVerdict.Unknown;
        if (Ledger.Find(progressed.Attempt)!.Worker != from) return NodeVerdict.Stale;
        // Of an earlier bucket this may be the last word, though the next one's first came before it.
        NoteLatencies(progressed.Attempt, progressed.Revision, progressed.Earlier, progressed.Stats);
        NoteLatencies(progressed.Attempt, progressed.Revision, progressed.Bucket, progressed.Stats);
        if (progressed.Revision <= track.Revision) return NodeVerdict.Stale;
        track.Revision = progressed.Revision;
        track.Stats = progressed.Stats;
        MarkProgress(progressed.Attempt.Slot);
        return NodeVerdict.Accepted;
    }

    private NodeVerdict OnAttemptFinished(NodeId from, Message.AttemptFinished finished)
    {
        var attempt = finished.Attempt;
        if (!Ledger.IsLive(attempt) || Ledger.Find(attempt)!.Worker != from)
        {
            // Its outcome is settled one way or another: the worker may forget it.
            Send(from, new Message.AttemptResultCommitted(attempt));
            return Ledger.Find(attempt) is null ? NodeVerdict.Unknown : NodeVerdict.Duplicate;
        }

        // What comes again, or is not taken for want of room, counts no second time.
        NoteLatencies(attempt, finished.Revision, finished.Earlier, finished.Outcome.Stats);
        NoteLatencies(attempt, finished.Revision, finished.Bucket, finished.Outcome.Stats);
        if (_ending.ContainsKey(attempt))
        {
            _ending[attempt] = true;
            return NodeVerdict.Duplicate;
        }

        var backoff = BackoffAfter(attempt, finished.Outcome.State);
        if (!Propose(new DispatchCommand.AttemptEnded(attempt, from, finished.Outcome, backoff)))
            return NodeVerdict.Overloaded;
        _ending[attempt] = true;
        return NodeVerdict.Accepted;
    }

    /// <summary>Ends a live attempt that its worker says nothing of; false when the log has no
    /// room.</summary>
    private bool End(AttemptKey attempt, AttemptState state, string reason)
    {
        if (_ending.ContainsKey(attempt)) return true;
        // What a lost attempt did is stated as far as it was heard of; it counts in no sum.
        var stats = state == AttemptState.Lost ? _tracks[attempt].Stats : RunStats.None;
        var outcome = new AttemptOutcome(state, reason, null, stats, default);
        var worker = Ledger.Find(attempt)!.Worker;
        var backoff = BackoffAfter(attempt, state);
        if (!Propose(new DispatchCommand.AttemptEnded(attempt, worker, outcome, backoff))) return false;
        _ending[attempt] = false;
        return true;
    }

    private void OnAttemptStarted(DispatchCommand.AttemptStarted started, DispatchVerdict verdict)
    {
        _placing.Remove(started.Attempt, out var placing);
        if (verdict != DispatchVerdict.Accepted)
        {
            _workers.Use(started.Worker, -placing.Cores);
            _isPlacingDue = true;
            return;
        }

        _tracks.Add(started.Attempt, new AttemptTrack());
        Emit(new TelemetryEvent.AttemptStarted(started.Attempt, started.Worker));
        MarkProgress(started.Attempt.Slot);
        OnSendDue(started.Attempt);
    }

    private void OnAttemptEnded(DispatchCommand.AttemptEnded ended, DispatchVerdict verdict)
    {
        _ending.Remove(ended.Attempt, out var isAwaited);
        if (isAwaited) Send(ended.Worker, new Message.AttemptResultCommitted(ended.Attempt));
        if (verdict != DispatchVerdict.Accepted) return;

        var slot = Ledger.Find(ended.Attempt.Slot)!;
        _isPlacingDue = true;
        _tracks.Remove(ended.Attempt);
        _sendAt.Remove(ended.Attempt);
        _workers.Use(ended.Worker, -slot.Spec.Workflows[ended.Attempt.Workflow].Cores);
        Emit(new TelemetryEvent.AttemptEnded(
            ended.Attempt, ended.Worker, ended.Outcome.State, ended.Outcome.Reason));
        FollowRetry(slot, ended.Attempt, ended.Outcome.State);
        if (slot.Outcome is null) MarkProgress(slot.Key);
        else OnSlotEnded(slot);
    }

    /// <summary>Whether an attempt that is given to a worker is not known to be there, and its start is not
    /// sent, as no gate says that its slot is wanted.</summary>
    private bool IsHeldBack(SlotRecord slot, int index) =>
        _tracks.TryGetValue(new AttemptKey(slot.Key, index, slot.Workflows[index].Attempts), out var track)
        && track is { IsHeldBack: true, IsAccepted: false }
        && !IsWanted(slot.Key);

    /// <summary>Whether a command to the attempt's worker is still unanswered.</summary>
    private bool NeedsSending(AttemptKey attempt) =>
        Ledger.Find(attempt.Slot)!.IsCancelling || !_tracks[attempt].IsAccepted;

    /// <summary>Sends what the attempt's worker has not answered yet: its start, or its stop.</summary>
    private void OnSendDue(AttemptKey attempt)
    {
        if (_ending.ContainsKey(attempt) || !Ledger.IsLive(attempt) || !NeedsSending(attempt)) return;
        var workflow = Ledger.Find(attempt)!;
        var track = _tracks[attempt];
        if (!_workers.Contains(workflow.Worker, workflow.Boot))
        {
            OnSendUnplaced(attempt, workflow);
            return;
        }

        _sendAt.Set(attempt, _now + _config.ResendInterval);
        var slot = Ledger.Find(attempt.Slot)!;
        // The entry that gave it to the worker may be an old one.
        var isHeldBack = slot.CancelReason is null && !IsWanted(slot.Key);
        if (isHeldBack != track.IsHeldBack) MarkProgress(slot.Key);
        track.IsHeldBack = isHeldBack;
        if (isHeldBack)
        {
            // The worker is not asked, so that time does not count against it.
            track.FirstSentAt = null;
            return;
        }

        if (!track.IsAccepted && track.FirstSentAt is { } first && _now - first >= _config.DeadAfter)
        {
            GiveUp(attempt, track);
            return;
        }

        track.FirstSentAt ??= _now;
        Send(workflow.Worker, slot.CancelReason is { } reason
            ? new Message.StopAttempt(attempt, Fence, reason)
            : new Message.StartAttempt(
                attempt, Fence, workflow.Boot, slot.Spec.Workflows[attempt.Workflow]));
    }

    /// <summary>The life of the worker that the attempt was given to is not registered.</summary>
    private void OnSendUnplaced(AttemptKey attempt, WorkflowRecord workflow)
    {
        // Heard of again, or given up with the rest of the worker's attempts.
        if (_deadAt.TryGet(workflow.Worker, out _) && !_lives.ContainsKey(workflow.Worker)) return;
        // The worker went while the entry was on its way to disk; no start was ever sent.
        if (!End(attempt, AttemptState.Lost, "the worker was gone before the start was sent"))
            _sendAt.Set(attempt, _now + _config.ResendInterval);
    }

    private void GiveUp(AttemptKey attempt, AttemptTrack track)
    {
        if (Ledger.Find(attempt.Slot)!.CancelReason is { } cancelled)
            End(attempt, AttemptState.Cancelled, cancelled);
        // Asked again after it refused, it may have taken it: how it ended is not known.
        else if (track.Refusal is { } refusal)
            End(attempt, AttemptState.Lost, $"the worker refused it for {_config.DeadAfter}: {refusal}");
        else
            End(attempt, AttemptState.Lost, $"the worker did not take it within {_config.DeadAfter}");
    }

    /// <summary>An attempt that is to be started, and the cores it is to have.</summary>
    private readonly record struct Placing(NodeId Worker, BootId Boot, int Cores);

    /// <summary>What is known of a live attempt beyond the ledger.</summary>
    private sealed class AttemptTrack
    {
        /// <summary>Whether the worker is known to have it.</summary>
        public bool IsAccepted { get; set; }

        /// <summary>Whether its start was not sent, the last time it was due.</summary>
        public bool IsHeldBack { get; set; }

        /// <summary>When its start or stop was first sent without being answered.</summary>
        public Instant? FirstSentAt { get; set; }

        /// <summary>Why the worker did not start it, the last time it was asked.</summary>
        public string? Refusal { get; set; }

        public long Revision { get; set; } = long.MinValue;

        public RunStats Stats { get; set; } = RunStats.None;
    }
}
