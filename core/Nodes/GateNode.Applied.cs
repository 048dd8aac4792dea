using System.Diagnostics;
using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Protocol;
using Hyperscale.Det.Replication;

namespace Hyperscale.Det.Nodes;

/// <content>What committed entries make of the ledger, and what follows from that.</content>
public sealed partial class GateNode
{
    private void OnRestored(int group, ReadOnlyMemory<byte> state)
    {
        if (!Ledger.TryRestore(group, state.Span, out var fault))
            _fault ??= $"the state of ledger group {group} cannot be read: {fault}";
    }

    /// <summary>This gate leads a group from here on: it takes up what the ledger says is open.</summary>
    private void Lead(int group, long view, Turn turn)
    {
        if (_fault is not null) return;
        _led[group] = view;
        _isLeadershipNews = true;
        _clock.NotBefore(_replicas.NewestStamp);
        turn.Tell(new TelemetryEvent.GroupLed(group, view, IsLed: true));
        foreach (var job in Ledger.In(group))
        {
            if (job.IsEnded && !job.Slots.Any(slot => slot.IsOpen)) continue;
            Resume(job, turn);
        }

        LookAtKeys(group, turn);
    }

    /// <summary>Another gate leads the group from here on, or nobody does: what was proposed and not
    /// committed may be lost, and what is under way is the next leader's.</summary>
    private void StopLeading(int group, Turn turn)
    {
        _isLeadershipNews = true;
        if (!_led.Remove(group)) return;
        turn.Tell(new TelemetryEvent.GroupLed(group, _replicas.ViewOf(group), IsLed: false));
        foreach (var id in _creations.Keys.Where(id => id.Group == group).ToList())
        {
            _creations.Remove(id, out var creation);
            _routing.Forget(id);
            turn.Answer(creation.Caller, new ClientResponse.OutcomeUnknown(
                "the gate stopped leading the job's ledger group before the job was committed"));
        }

        LeaveKeys(group, turn);
        foreach (var id in _work.Keys.Where(id => id.Group == group).ToList()) Release(id, turn);
        foreach (var id in _watches.Jobs.Where(id => id.Group == group).ToList())
            foreach (var caller in _watches.Take(id)) AnswerWatch(caller, id, turn);
    }

    private void Release(JobId id, Turn turn)
    {
        _work.Remove(id, out var work);
        _deadlines.Remove(id);
        _withdrawAt.Remove(id);
        _changed.Remove(id);
        for (var slot = 0; slot < work!.Slots.Count; slot++) _timers.Remove(new SlotPlace(id, slot));
        _cancelCallers -= work.CancelCallers.Count;
        var until = turn.Now + _config.ForwardDeadline;
        foreach (var caller in work.CancelCallers)
            Postpone(
                new Asked(caller, 0, new ClientRequest.CancelJob(id), until) { MayBeDone = true }, turn);
    }

    private void OnApplied(LogEntry entry, Turn turn)
    {
        if (_fault is not null) return;
        if (JobCommandCodec.Decode(entry.Command.Span, out var fault) is not { } command)
        {
            _fault = $"entry {entry.Op} of ledger group {entry.Group} cannot be read: {fault}";
            return;
        }

        if (JobOf(command, entry) is not { } id)
        {
            ApplyToKeys(entry, command, turn);
            return;
        }

        Ledger.TryGet(id, out var before);
        var verdict = Ledger.Apply(entry.Group, entry.Op, entry.Stamp, command);
        Ledger.TryGet(id, out var after);
        if (!_led.ContainsKey(entry.Group))
        {
            if (IsFirstToApply(entry)) TellEnd(command, verdict, before, after, turn);
            return;
        }

        Conclude(id, command, verdict, before, turn);
        TellEnd(command, verdict, before, after, turn);
        if (!ReferenceEquals(before, after)) _changed.Add(id);
        if ((before ?? after)?.Key is { } key) FollowKey(key, after, command, verdict, turn);
        if (after is null) Forget(id);
        else if (SlotOf(command) is { } slot && !after.IsEnded)
            Drive(new SlotPlace(id, slot), turn);
        else Resume(after, turn);
    }

    /// <summary>Whether this gate, which is about to lead the entry's group, is the first leader to apply it,
    /// as far as can be known: its own view committed it. What was known to be committed before, an earlier
    /// leader has told; one that is alone was that leader.</summary>
    private bool IsFirstToApply(LogEntry entry) =>
        _members[entry.Group].Count > 1
        && _replicas.PrimaryOf(entry.Group) == Id
        && !_replicas.WasCommittedBefore(entry.Group, entry.Op);

    /// <summary>The job that an entry is about; null for one about keys alone.</summary>
    private static JobId? JobOf(JobCommand command, LogEntry entry) => command switch
    {
        JobCommand.JobCreated => new JobId(entry.Group, entry.Op),
        JobCommand.SlotAssigned assigned => assigned.Slot.Job,
        JobCommand.SlotStarting starting => starting.Slot.Job,
        JobCommand.SlotReleased released => released.Slot.Job,
        JobCommand.SlotReported reported => reported.Slot.Job,
        JobCommand.BudgetShare share => share.Slot.Job,
        JobCommand.CancelRequested cancel => cancel.Job,
        JobCommand.DeadlineReached deadline => deadline.Job,
        JobCommand.JobUnplaceable unplaceable => unplaceable.Job,
        JobCommand.JobWithdrawn withdrawn => withdrawn.Job,
        JobCommand.JobRefused or JobCommand.KeysExpired => null,
        _ => throw new UnreachableException($"unhandled {command}"),
    };

    private static int? SlotOf(JobCommand command) => command switch
    {
        JobCommand.SlotAssigned assigned => assigned.Slot.Slot,
        JobCommand.SlotStarting starting => starting.Slot.Slot,
        JobCommand.SlotReleased released => released.Slot.Slot,
        JobCommand.SlotReported reported => reported.Slot.Slot,
        JobCommand.BudgetShare share => share.Slot.Slot,
        _ => null,
    };

    /// <summary>Ends the wait for an entry: it is in the log, whatever it did.</summary>
    private void Conclude(JobId id, JobCommand command, JobVerdict verdict, LedgerJob? before, Turn turn)
    {
        switch (command)
        {
            case JobCommand.JobCreated { Reserved: not null } reserved:
                ConcludeReservation(id, reserved, verdict, turn);
                break;
            case JobCommand.JobCreated created:
                ConcludeCreation(id, created, verdict, turn);
                break;
            case JobCommand.SlotAssigned assigned:
                if (verdict == JobVerdict.Applied)
                    turn.Tell(new TelemetryEvent.SlotAssigned(assigned.Slot, assigned.Datacenter));
                EndProposal(assigned.Slot);
                break;
            case JobCommand.SlotStarting starting:
                EndProposal(starting.Slot);
                break;
            case JobCommand.SlotReleased released:
                ConcludeRelease(released, verdict, before, turn);
                break;
            case JobCommand.SlotReported reported:
                ConcludeReport(reported, verdict, before, turn);
                break;
            case JobCommand.BudgetShare share:
                ConcludeShare(share, turn);
                break;
            case JobCommand.CancelRequested:
                ConcludeCancel(id, turn);
                break;
            case JobCommand.DeadlineReached:
                if (_work.TryGetValue(id, out var due)) due.IsDeadlineProposed = false;
                break;
            case JobCommand.JobUnplaceable:
                if (_work.TryGetValue(id, out var work)) work.IsUnplaceableProposed = false;
                break;
            case JobCommand.JobWithdrawn:
                if (_work.TryGetValue(id, out var given)) given.IsWithdrawProposed = false;
                break;
            default:
                throw new UnreachableException($"unhandled {command}");
        }
    }

    private void ConcludeCreation(JobId id, JobCommand.JobCreated created, JobVerdict verdict, Turn turn)
    {
        Invariant.Holds(verdict == JobVerdict.Applied);
        Invariant.Holds(_creations.Remove(id, out var creation));
        _submissions.Became(creation.Caller, id);
        TellCreated(id, created, turn);
        turn.Answer(creation.Caller, new ClientResponse.Accepted(id) { Notes = NotesOn(id) });
    }

    private void TellCreated(JobId id, JobCommand.JobCreated created, Turn turn)
    {
        turn.Tell(new TelemetryEvent.JobAccepted(id, created.Spec.Name));
        if (_routing.DecisionOf(id) is { } decision) TellRouted(created.Spec, decision, turn);
        for (var slot = 0; slot < created.Datacenters.Count; slot++)
            turn.Tell(new TelemetryEvent.SlotAssigned(new SlotKey(id, slot, 1), created.Datacenters[slot]));
    }

    private void ConcludeRelease(
        JobCommand.SlotReleased released, JobVerdict verdict, LedgerJob? before, Turn turn)
    {
        EndProposal(released.Slot);
        if (verdict != JobVerdict.Applied) return;
        var datacenter = before!.Slots[released.Slot.Slot].Datacenter;
        turn.Tell(new TelemetryEvent.SlotRefused(released.Slot, datacenter, released.Reason));
        var work = _work[before.Id].Slots[released.Slot.Slot];
        var isFailure = work.AskedAt is { } asked && turn.Now - asked >= _config.ManagerStaleness
            && !_board.View(datacenter, turn.Now).IsFresh;
        _routing.OnReleased(before.Id, released.Slot.Slot, datacenter, isFailure, turn.Now);
        work.RetryAt = turn.Now + RetryIntervalAfter(released.Slot.Epoch);
    }

    private void ConcludeReport(
        JobCommand.SlotReported reported, JobVerdict verdict, LedgerJob? before, Turn turn)
    {
        if (EndProposal(reported.Slot) is { } work && work.Reporter != default)
        {
            turn.Send(work.Reporter, new Message.SlotResultCommitted(
                reported.Slot, FenceOf(reported.Slot.Job.Group)));
            if (verdict != JobVerdict.Applied)
                turn.Tell(new TelemetryEvent.Ignored(work.Reporter, "SlotFinished", verdict.ToString()));
        }

        if (verdict != JobVerdict.Applied) return;
        var datacenter = before!.Slots[reported.Slot.Slot].Datacenter;
        turn.Tell(new TelemetryEvent.SlotEnded(reported.Slot, datacenter, reported.Outcome.State));
        var learned = _routing.OnReported(
            reported.Slot.Job, reported.Slot.Slot, datacenter, reported.Outcome.State, turn.Now);
        if (learned is not null) turn.Tell(learned);
    }

    private void ConcludeCancel(JobId id, Turn turn)
    {
        if (!_work.TryGetValue(id, out var work)) return;
        work.IsCancelProposed = false;
        _cancelCallers -= work.CancelCallers.Count;
        ClientResponse response = Ledger.TryGet(id, out var job)
            ? new ClientResponse.CancelAccepted(StatusOf(job, turn.Now))
            : new ClientResponse.NotFound(id);
        foreach (var caller in work.CancelCallers) turn.Answer(caller, response);
        work.CancelCallers.Clear();
    }

    private SlotWork? EndProposal(SlotKey key)
    {
        if (!_work.TryGetValue(key.Job, out var work)) return null;
        var slot = work.Slots[key.Slot];
        slot.Proposed = SlotProposal.None;
        slot.ProposedDatacenter = "";
        return slot;
    }

    /// <summary>Does whatever a job asks for whose state changed: its deadline, then each of its
    /// slots.</summary>
    private void Resume(LedgerJob job, Turn turn)
    {
        var work = WorkOf(job);
        if (job.IsEnded) _deadlines.Remove(job.Id);
        else if (!work.IsDeadlineProposed) SetDeadline(job, work, turn.Now);
        if (job.Key is not null) SetWithdrawal(job, work, turn.Now);
        foreach (var slot in job.Slots) Drive(new SlotPlace(job.Id, slot.Slot), turn);
    }

    private JobWork WorkOf(LedgerJob job)
    {
        if (!_work.TryGetValue(job.Id, out var work)) _work.Add(job.Id, work = new JobWork(job.Slots.Count));
        return work;
    }

    /// <summary>Lets go of a job that nothing is done about any more; entries in flight are waited
    /// for.</summary>
    private void Forget(JobId id)
    {
        if (!_work.TryGetValue(id, out var work)) return;
        for (var slot = 0; slot < work.Slots.Count; slot++)
            if (!Ledger.TryGet(id, out _)) _timers.Remove(new SlotPlace(id, slot));
        if (work.Proposed > 0) return;
        for (var slot = 0; slot < work.Slots.Count; slot++)
            if (_timers.Has(new SlotPlace(id, slot))) return;
        _deadlines.Remove(id);
        _withdrawAt.Remove(id);
        _work.Remove(id);
    }

    private NodeVerdict NoteChange(JobId id)
    {
        _work[id].Changes++;
        _changed.Add(id);
        return NodeVerdict.Accepted;
    }

    /// <summary>Sets when the job has waited as long as it may, on this node's clock. Its deadline is found
    /// once in a life of the gate from the ledger's stamps, so that the wall clock's jumps do not move it.
    /// The term of a cancellation counts from when this gate took the job over, or applied the cancellation:
    /// no stamp of another clock cuts it short, nor does the job's deadline, as that rests on
    /// stamps.</summary>
    private void SetDeadline(LedgerJob job, JobWork work, Instant now)
    {
        work.Deadline ??= Remaining(job.Submitted, DeadlineOf(job), now);
        if (job.IsCancelling) work.CancelDeadline ??= now + CancelTerm;
        LookAtDeadline(job, EndOf(job, work)!.Value, now);
    }

    private static Instant? EndOf(LedgerJob job, JobWork work) =>
        job.IsCancelling ? work.CancelDeadline : work.Deadline;

    private Duration DeadlineOf(LedgerJob job) =>
        JobDeadline.Of(job.Spec, job.Terms, _config.DefaultDeadlineAllowance);

    /// <summary>When the job ends whatever has been reported by then, as far as this gate can tell.</summary>
    private WallTime DeadlineAt(LedgerJob job, Instant now)
    {
        if (!job.IsCancelling) return job.Submitted + DeadlineOf(job);
        return _work.TryGetValue(job.Id, out var work) && work.CancelDeadline is { } end
            ? _clock.At(now) + (end - now)
            : job.CancelledAt!.Value + CancelTerm;
    }

    /// <summary>At the deadline itself; a best-effort job is looked at before it too, as a safety
    /// net.</summary>
    private void LookAtDeadline(LedgerJob job, Instant deadline, Instant now) => _deadlines.Set(
        job.Id,
        job.Spec.BestEffort is { Enabled: true }
            ? Instant.Sooner(deadline, now + _config.BestEffort.CheckInterval)
            : deadline);

    private Instant Remaining(WallTime since, Duration term, Instant now)
    {
        // In milliseconds, as stamps are: the widest of terms and stamps stay within 64 bits.
        var left = since.UnixMilliseconds + term.Milliseconds - _clock.At(now).UnixMilliseconds;
        return now + Duration.FromMilliseconds(Math.Clamp(left, 0, term.Milliseconds));
    }

    private void OnJobDeadline(JobId id, Turn turn)
    {
        if (!Ledger.TryGet(id, out var job) || job.IsEnded) return;
        var work = WorkOf(job);
        if (work.IsDeadlineProposed) return;
        // In the log behind the cancellation the job's deadline would end its term.
        var deadline = work.IsCancelProposed
            ? turn.Now + _config.ResendInterval
            : EndOf(job, work) ?? turn.Now;
        if (turn.Now < deadline)
        {
            LookAtDeadline(job, deadline, turn.Now);
            return;
        }

        work.IsDeadlineProposed = Propose(id, new JobCommand.DeadlineReached(id), turn);
        if (!work.IsDeadlineProposed) _deadlines.Set(id, turn.Now + _config.ResendInterval);
    }
}
