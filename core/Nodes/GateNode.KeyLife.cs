using Hyperscale.Det.Idempotency;
using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Protocol;
using Hyperscale.Det.Replication;

namespace Hyperscale.Det.Nodes;

/// <content>What becomes of keys: settled, withdrawn, expired.</content>
public sealed partial class GateNode
{
    private static readonly Duration Soon = Duration.FromMilliseconds(1);

    // When a job whose key is pending has waited long enough for its first datacenter.
    private readonly DeadlineQueue<JobId> _withdrawAt = new();

    // When a group's keys are looked at, and the groups of which an expiry is proposed and not committed.
    private readonly DeadlineQueue<int> _expireKeysAt = new();
    private readonly SortedSet<int> _expiring = [];

    /// <summary>Entries about keys alone that are proposed and not committed.</summary>
    private int KeyProposals => _reserving.Count + _rejecting.Count + _expiring.Count;

    private Instant KeyDeadline => Instant.Sooner(
        _keys.NextDeadline, Instant.Sooner(_withdrawAt.NextDeadline, _expireKeysAt.NextDeadline));

    // Equal on every replica of a group, or who leads it would matter.
    private KeyRetention Retention => _config.Idempotency.RetentionOf(_topology.LedgerGroups);

    /// <summary>An entry about keys alone is committed.</summary>
    private void ApplyToKeys(LogEntry entry, JobCommand command, Turn turn)
    {
        var keys = Ledger.KeysOf(entry.Group);
        var (evicted, forgotten) = (keys?.EvictedEarly ?? 0, keys?.ForgottenEarly ?? 0);
        var verdict = Ledger.Apply(entry.Group, entry.Op, entry.Stamp, command);
        if (!_led.ContainsKey(entry.Group)) return;

        keys = Ledger.KeysOf(entry.Group)!;
        (evicted, forgotten) = (keys.EvictedEarly - evicted, keys.ForgottenEarly - forgotten);
        if (evicted + forgotten > 0)
            turn.Tell(new TelemetryEvent.KeysEvicted(entry.Group, evicted, forgotten));
        if (command is JobCommand.JobRefused refused)
        {
            _rejecting.Remove(refused.Reserved.Key);
            if (verdict == JobVerdict.Applied)
                turn.Tell(new TelemetryEvent.JobRefused(refused.Reserved.Key.Text, refused.Reason));
            Resolve(entry.Group, refused.Reserved, verdict, turn);
        }

        if (command is JobCommand.KeysExpired) _expiring.Remove(entry.Group);
        LookAtKeys(entry.Group, turn);
    }

    /// <summary>A job with a key was created, unless the key was taken already.</summary>
    private void ConcludeReservation(
        JobId id, JobCommand.JobCreated created, JobVerdict verdict, Turn turn)
    {
        Invariant.Holds(_reserving.Remove(id));
        if (verdict == JobVerdict.Applied) TellCreated(id, created, turn);
        else Resolve(id.Group, created.Reserved!, verdict, turn);
    }

    /// <summary>Tells those who wait for a key what the ledger says of it.</summary>
    private void Resolve(int group, IdempotencyReservedEvent wanted, JobVerdict verdict, Turn turn)
    {
        var found = Ledger.Look(group, wanted.Key);
        if (found is { Standing: KeyStanding.Held, Entry: { } entry }
            && entry.Fingerprint == wanted.Fingerprint)
        {
            if (entry.Status != IdempotencyStatus.Pending) Settle(entry, turn);
            return;
        }

        _keys.Withdraw(wanted.Key, _answered);
        AnswerAll(
            found.Entry is { } other
                ? new ClientResponse.KeyReused(other.Job, other.Fingerprint, wanted.Fingerprint)
                : new ClientResponse.KeyExpired(found.Job),
            turn);
    }

    private void Settle(IdempotencyEntry entry, Turn turn)
    {
        _keys.Settle(entry.Key, entry.Fingerprint, entry.Job, entry.Answer, turn.Now, _answered);
        AnswerSettled(entry.Job, entry.Answer, turn);
    }

    /// <summary>An entry about a job with a key is committed: its key may be settled, or free.</summary>
    private void FollowKey(
        IdempotencyKey key, LedgerJob? after, JobCommand command, JobVerdict verdict, Turn turn)
    {
        if (verdict != JobVerdict.Applied) return;
        if (command is JobCommand.JobWithdrawn withdrawn)
        {
            _withdrawAt.Remove(withdrawn.Job);
            _keys.Withdraw(key, _answered);
            AnswerAll(new ClientResponse.Unavailable(withdrawn.Reason, RetryAfter), turn);
            return;
        }

        if (after is null || Ledger.Look(after.Id.Group, key).Entry is not { } entry) return;
        if (entry.Status == IdempotencyStatus.Pending) return;
        _withdrawAt.Remove(after.Id);
        if (_keys.IsPending(key)) Settle(entry, turn);
        if (after.IsEnded) LookAtKeys(after.Id.Group, turn);
    }

    private bool IsPending(LedgerJob job) =>
        job.Key is { } key
        && Ledger.Look(job.Id.Group, key).Entry is { Status: IdempotencyStatus.Pending } entry
        && entry.Job == job.Id;

    /// <summary>Sets when a job whose key is pending has waited long enough.</summary>
    private void SetWithdrawal(LedgerJob job, JobWork work, Instant now)
    {
        if (job.IsEnded || job.IsCancelling || work.IsWithdrawProposed || !IsPending(job))
            _withdrawAt.Remove(job.Id);
        else if (!_withdrawAt.TryGet(job.Id, out _))
            _withdrawAt.Set(job.Id, Remaining(job.Submitted, _config.Idempotency.PendingTtl, now));
    }

    private void OnWithdrawalDue(JobId id, Turn turn)
    {
        if (!Ledger.TryGet(id, out var job) || job.IsCancelling || !IsPending(job)) return;
        if (!TryWithdraw(job, $"no datacenter took the job within {_config.Idempotency.PendingTtl}", turn))
            _withdrawAt.Set(id, turn.Now + _config.ResendInterval);
    }

    /// <summary>Gives a job up whose key is pending, where nothing of it is on its way to a start.</summary>
    private bool TryWithdraw(LedgerJob job, string reason, Turn turn)
    {
        if (!IsPending(job)) return false;
        var work = WorkOf(job);
        if (work.IsWithdrawProposed) return true;
        if (work.Slots.Any(slot => slot.Proposed == SlotProposal.Start)) return false;
        work.IsWithdrawProposed = Propose(
            job.Id, new JobCommand.JobWithdrawn(job.Id, JobLimits.Clip(reason)), turn);
        return work.IsWithdrawProposed;
    }

    /// <summary>Whether every datacenter that the job may use has refused it: no slot of it is, or is about
    /// to be, with one.</summary>
    private static bool IsRefusedByAll(LedgerJob job, JobWork work) =>
        job.Slots.All(slot => slot.Stage == SlotStage.Unassigned)
        && work.Slots.All(slot => slot.Proposed is SlotProposal.None);

    private void OnKeysDue(int group, Turn turn)
    {
        if (!_led.ContainsKey(group)) return;
        var isDue = Ledger.KeysOf(group)?.IsExpiryDue(Retention, _clock.At(turn.Now)) == true;
        if (isDue && !_expiring.Contains(group)
            && Propose(group, JobCommandCodec.Encode(new JobCommand.KeysExpired(Retention)), turn))
            _expiring.Add(group);
        LookAtKeys(group, turn);
    }

    /// <summary>Sets when a group's keys are looked at: at an interval while there are any that can expire,
    /// and soon when they are too many.</summary>
    private void LookAtKeys(int group, Turn turn)
    {
        if (Ledger.KeysOf(group) is not { } keys) return;
        var max = Retention.EntriesMax;
        if (keys.EndedCount > max + (max / 8) && !_expiring.Contains(group))
            _expireKeysAt.Set(group, turn.Now + Soon);
        else if (keys.EndedCount + keys.TombstoneCount > 0 && !_expireKeysAt.TryGet(group, out _))
            _expireKeysAt.Set(group, turn.Now + _config.Idempotency.CleanupInterval);
    }

    /// <summary>Another gate leads the group: who waits for its keys asks there.</summary>
    private void LeaveKeys(int group, Turn turn)
    {
        _expireKeysAt.Remove(group);
        _expiring.Remove(group);
        foreach (var id in _reserving.Keys.Where(id => id.Group == group).ToList())
        {
            _reserving.Remove(id);
            _routing.Forget(id);
        }

        _rejecting.RemoveWhere(key => _topology.GroupOfKey(key) == group);
        foreach (var key in _keys.PendingKeys.Where(key => _topology.GroupOfKey(key) == group).ToList())
            _keys.Withdraw(key, _answered);
        AnswerAll(
            new ClientResponse.OutcomeUnknown("the gate stopped leading the key's ledger group"), turn);
    }

    private void FireKeysDue(Turn turn)
    {
        while (_withdrawAt.TryPop(turn.Now, out var job)) OnWithdrawalDue(job, turn);
        while (_expireKeysAt.TryPop(turn.Now, out var group)) OnKeysDue(group, turn);
        while (_keys.TryPopWaiter(turn.Now, out var waiter))
            turn.Answer(waiter.Caller, new ClientResponse.Pending(RetryAfter));
    }

    /// <summary>This gate stops: whoever waits for a key asks another.</summary>
    private void DismissWaiters(Turn turn)
    {
        while (_keys.TryPopWaiter(Instant.Never, out var waiter))
            turn.Answer(waiter.Caller, new ClientResponse.OutcomeUnknown("this gate is stopping"));
    }

    private void CheckKeys()
    {
        _keys.CheckInvariants();
        // Only who leads a key's group knows that it is pending, and every entry on its way is waited for.
        Invariant.Holds(_keys.PendingKeys.All(key => _led.ContainsKey(_topology.GroupOfKey(key))));
        Invariant.Holds(_reserving.Values.All(_keys.IsPending));
        Invariant.Holds(_rejecting.All(_keys.IsPending));
        Invariant.Holds(_expiring.All(_led.ContainsKey));
        foreach (var job in Ledger.Live)
        {
            if (!_led.ContainsKey(job.Id.Group) || job.IsCancelling || !IsPending(job)) continue;
            // Whoever submitted it gets an answer, or may try again.
            Invariant.Holds(_withdrawAt.TryGet(job.Id, out _) || _work[job.Id].IsWithdrawProposed);
        }
    }

    private void AddKeysTo(ref Fingerprint fingerprint)
    {
        _keys.AddTo(
            ref fingerprint, caller => unchecked(Rng.HashText(caller.From.Name) ^ (ulong)caller.Id));
        foreach (var (id, key) in _reserving.Entries)
        {
            id.AddTo(ref fingerprint);
            fingerprint.Add(key.Hash);
        }

        foreach (var key in _rejecting) fingerprint.Add(key.Hash);
        foreach (var group in _expiring) fingerprint.Add((long)group);
        _withdrawAt.AddTo(ref fingerprint, id => id.Hash);
        _expireKeysAt.AddTo(ref fingerprint, group => (ulong)group);
    }
}
