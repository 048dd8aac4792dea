using System.Diagnostics;
using Hyperscale.Det.Idempotency;
using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Protocol;

namespace Hyperscale.Det.Nodes;

/// <content>Submissions with a key (AD-40): one key, at most one job.</content>
/// <remarks>The primary of the key's group decides, in one step: it looks the key up, has a repeat wait, or
/// proposes the entry that takes the key. Every other gate passes the submission on, but for answers that it
/// has seen.</remarks>
public sealed partial class GateNode
{
    private readonly GateIdempotencyCache<Caller> _keys;

    // Jobs whose entry is proposed and not committed, with their keys; their callers wait in the cache.
    private readonly ArrivalTable<JobId, IdempotencyKey> _reserving = new();
    private readonly SortedSet<IdempotencyKey> _rejecting = [];
    private readonly List<KeyWaiter<Caller>> _answered = [];

    private NodeVerdict OnSubmitKeyed(
        Asked asked, ClientRequest.SubmitJob submit, IdempotencyKey key, Turn turn)
    {
        var group = _topology.GroupOfKey(key);
        var isLed = _led.ContainsKey(group);
        if (!isLed && !_keys.Knows(key)) return Pass(asked, group, turn);

        var payload = PayloadFingerprint.Of(submit.Spec, JobFields.Write);
        var found = _keys.Look(key, payload, asked.Caller, turn.Now, Waiters < _config.WaitersMax);
        if (found.Verdict == CacheVerdict.Reused && _keys.IsPending(key) && !MaySpeakOf(group, turn))
            return Postpone(asked, turn);
        if (found.Verdict != CacheVerdict.Miss) return AnswerFound(asked.Caller, found, payload, turn);
        return isLed
            ? OnSubmitUnseen(asked, submit, new IdempotencyReservedEvent(key, payload, SourceOf(asked)), turn)
            : Pass(asked, group, turn);
    }

    /// <summary>Asks the ledger of a group that this gate leads. What it says is settled is so whoever leads
    /// by now; what it says is free, the entry will show.</summary>
    private NodeVerdict OnSubmitUnseen(
        Asked asked, ClientRequest.SubmitJob submit, IdempotencyReservedEvent wanted, Turn turn)
    {
        var (caller, key) = (asked.Caller, wanted.Key);
        var found = Ledger.Look(_topology.GroupOfKey(key), key);
        if (found.Standing == KeyStanding.Free) return OnSubmitNew(caller, submit, wanted, turn);
        if (found.Standing == KeyStanding.Expired)
        {
            turn.Answer(caller, new ClientResponse.KeyExpired(found.Job));
            return NodeVerdict.Refused;
        }

        var entry = found.Entry!;
        if (entry.Fingerprint != wanted.Fingerprint)
        {
            if (entry.Status == IdempotencyStatus.Pending && !MaySpeakOf(_topology.GroupOfKey(key), turn))
                return Postpone(asked, turn);
            turn.Answer(
                caller, new ClientResponse.KeyReused(entry.Job, entry.Fingerprint, wanted.Fingerprint));
            return NodeVerdict.Refused;
        }

        if (entry.Status == IdempotencyStatus.Pending)
        {
            if (!_keys.TryAdopt(key, entry.Fingerprint))
                return TurnAway(caller, "too many submissions are pending", turn);
            var pending = _keys.Look(
                key, entry.Fingerprint, caller, turn.Now, Waiters < _config.WaitersMax);
            return AnswerFound(caller, pending, wanted.Fingerprint, turn);
        }

        _keys.Settle(key, entry.Fingerprint, entry.Job, entry.Answer, turn.Now, _answered);
        Invariant.Holds(_answered.Count == 0);
        turn.Tell(new TelemetryEvent.SubmissionRepeated(entry.Status.ToString()));
        turn.Answer(caller, AnswerOf(entry.Job, entry.Answer, wasDuplicate: true));
        return NodeVerdict.Duplicate;
    }

    /// <summary>Whether what is pending in a group is so beyond doubt: another gate that has begun to lead it
    /// may have let go of a key.</summary>
    private bool MaySpeakOf(int group, Turn turn) => _replicas.HasLease(group, turn.Now);

    /// <summary>Takes the key: for a job, or for the refusal of what can never be one.</summary>
    private NodeVerdict OnSubmitNew(
        Caller caller, ClientRequest.SubmitJob submit, IdempotencyReservedEvent wanted, Turn turn)
    {
        var group = _topology.GroupOfKey(wanted.Key);
        var faults = SubmissionCheck.Faults(submit.Spec, _topology);
        RoutedJob? routed = null;
        if (faults.Count == 0)
        {
            // A datacenter, or a larger worker, may come: the key stays free, and nothing is left behind.
            var views = _board.Views(turn.Now);
            if (SlotPlacement.Unplaceable(submit.Spec, views) is { } tooSmall)
                return TurnAway(caller, tooSmall, turn);
            routed = Route(submit.Spec, views, turn, out var reason);
            if (routed is null) return TurnAway(caller, reason, turn);
        }

        var entry = routed is null ? null : SubmissionCheck.Encode(
            submit.Spec, wanted, TermsOf(submit.Spec), routed.Places, out faults);
        var isJob = entry is not null;
        if (isJob && WhyFull() is { } full) return TurnAway(caller, full, turn);
        if (Waiters >= _config.WaitersMax
            || !_keys.TryReserve(wanted.Key, wanted.Fingerprint, caller, turn.Now))
            return TurnAway(caller, "too many requests wait here", turn);

        entry ??= JobCommandCodec.Encode(new JobCommand.JobRefused(wanted, Describe(faults)));
        var id = new JobId(group, _replicas.NextOp(group));
        if (!Propose(group, entry, turn))
        {
            // Nothing was promised to anybody else: the lookup that found the key free was in this step.
            _keys.Withdraw(wanted.Key, _answered);
            _answered.Clear();
            return TurnAway(caller, "the disk is behind", turn);
        }

        if (isJob) _reserving.Add(id, wanted.Key);
        if (isJob) _routing.Remember(id, routed!.Decision);
        else _rejecting.Add(wanted.Key);
        return isJob ? NodeVerdict.Accepted : NodeVerdict.Refused;
    }

    private NodeVerdict AnswerFound(
        Caller caller, CacheFinding found, PayloadFingerprint given, Turn turn)
    {
        turn.Tell(new TelemetryEvent.SubmissionRepeated(found.Verdict.ToString()));
        switch (found.Verdict)
        {
            case CacheVerdict.Waiting:
                return NodeVerdict.Duplicate;
            case CacheVerdict.Pending:
                turn.Answer(caller, new ClientResponse.Pending(RetryAfter));
                return NodeVerdict.Duplicate;
            case CacheVerdict.Reused:
                turn.Answer(caller, new ClientResponse.KeyReused(found.Job, found.Fingerprint, given));
                return NodeVerdict.Refused;
            case CacheVerdict.Committed:
            case CacheVerdict.Rejected:
                turn.Answer(caller, AnswerOf(found.Job, found.Answer, wasDuplicate: true));
                return NodeVerdict.Duplicate;
            case CacheVerdict.Miss:
            default:
                throw new UnreachableException($"unhandled {found.Verdict}");
        }
    }

    /// <summary>The answer of a settled key: its job, or why there is none.</summary>
    private ClientResponse AnswerOf(JobId? job, string answer, bool wasDuplicate) => job is { } taken
        ? new ClientResponse.Accepted(taken, wasDuplicate, IsDeduplicated: true) { Notes = NotesOn(taken) }
        : new ClientResponse.Rejected(answer, wasDuplicate);

    /// <summary>Another gate settled the key; repeats are answered here from now on.</summary>
    private void Learn(ClientRequest request, ClientResponse response, Turn turn)
    {
        if (request is not ClientRequest.SubmitJob { Key: { } key } submit) return;
        var (job, answer) = response switch
        {
            ClientResponse.Accepted accepted => (accepted.Job, ""),
            ClientResponse.Rejected rejected => ((JobId?)null, rejected.Reason),
            _ => (null, null),
        };
        if (answer is null) return;
        var payload = PayloadFingerprint.Of(submit.Spec, JobFields.Write);
        _keys.Settle(key, payload, job, answer, turn.Now, _answered);
        AnswerSettled(job, answer, turn);
    }

    private void AnswerSettled(JobId? job, string answer, Turn turn)
    {
        foreach (var (caller, isFirst) in _answered)
            turn.Answer(caller, AnswerOf(job, answer, wasDuplicate: !isFirst));
        _answered.Clear();
    }

    private void AnswerAll(ClientResponse response, Turn turn)
    {
        foreach (var (caller, _) in _answered) turn.Answer(caller, response);
        _answered.Clear();
    }

    // The gate that a client asked, which is not the one that carries the request out when it was passed on.
    private NodeId SourceOf(Asked asked) =>
        asked.Hops > 0 && _topology.Gates.Contains(asked.Caller.From) ? asked.Caller.From : Id;

    private static string Describe(IReadOnlyList<JobFault> faults) =>
        JobLimits.Clip(string.Join("; ", faults.Select(fault => $"{fault.Path} {fault.Message}")));
}
