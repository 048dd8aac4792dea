using Hyperscale.Det.Idempotency;
using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Nodes;
using Hyperscale.Det.Protocol;
using Hyperscale.Det.Replication;
using Hyperscale.Det.Sim.Coverage;
using Hyperscale.Det.Sim.Engine;

namespace Hyperscale.Det.Sim.Checkers;

/// <summary>One key, at most one job: in all committed ledgers (I1) and in all answers (I2), which are those
/// of one history per key in the order of real time; and a key is neither expired nor free before its
/// time.</summary>
public sealed class OneJobPerKey() : ReplicaChecker("one-job-per-key", CheckerViews.None)
{
    private readonly SortedDictionary<IdempotencyKey, KeyHistory> _histories = [];
    private readonly SortedDictionary<int, List<KeyHistory>> _ofGroup = [];
    private bool _hasForgottenEarly;

    private bool IsClockSteady => !World.Plan.Options.Has(FaultFamily.Clock);

    private IdempotencyConfig Config => World.Plan.Options.Gate.Idempotency;

    public override void OnAsked(SimHost host, long requestId, ClientRequest request)
    {
        if (request is not ClientRequest.SubmitJob { Key: { } key } || _histories.ContainsKey(key)) return;
        var group = World.Topology.GroupOfKey(key);
        var history = new KeyHistory(key);
        _histories.Add(key, history);
        if (!_ofGroup.TryGetValue(group, out var all)) _ofGroup.Add(group, all = []);
        all.Add(history);
    }

    public override void OnAnswer(
        SimHost host, ClientRequest request, ClientResponse response, Instant askedAt)
    {
        if (request is not ClientRequest.SubmitJob { Key: { } key } submit) return;
        var history = _histories[key];
        var given = PayloadFingerprint.Of(submit.Spec, JobFields.Write);
        var isLater = history.Answer is { } first && askedAt > first.At;
        switch (response)
        {
            case ClientResponse.Accepted accepted:
                OnAccepted(history, given, accepted, isLater);
                break;
            case ClientResponse.Rejected rejected:
                OnRejected(history, given, rejected, isLater);
                break;
            case ClientResponse.KeyReused reused:
                World.Coverage.Sometimes(Probe.KeyReusedForAnother);
                Require(reused.Given == given && reused.Stored != given, () =>
                    $"{key} of payload {given} is answered {reused}");
                // Before it was answered for the first time another may have had it, and lost it again.
                Require(!isLater || IsForgettable(history) || reused.Stored == history.Answer!.Payload, () =>
                    $"{key} was answered at {history.Answer!.At} for payload {history.Answer.Payload}; asked "
                    + $"again at {askedAt} it is said to be of {reused.Stored}");
                break;
            case ClientResponse.KeyExpired:
                World.Coverage.Sometimes(Probe.KeyExpired);
                Require(MayBeExpired(history), () =>
                    $"{key} is said to be expired before its time: {history}; "
                    + string.Join("; ", _histories.Values.Where(other => other.EndedAt < Instant.Never)));
                break;
            default:
                break;
        }
    }

    protected override void OnMoved(SimHost host, VsrReplica replica, Outbox<NodeEffect> effects)
    {
        if (host.Node is not GateNode gate || !_ofGroup.TryGetValue(replica.Group, out var histories)) return;
        if (gate.Ledger.KeysOf(replica.Group) is not { } keys) return;
        _hasForgottenEarly |= keys.EvictedEarly + keys.ForgottenEarly > 0;
        foreach (var history in histories)
        {
            var found = keys.Look(history.Key);
            if (EndOf(gate.Ledger, found) is { } ended)
            {
                // By the entry's stamp, which is older than its commit.
                var since = host.Clock.WallAt(World.Now).UnixMilliseconds - ended.UnixMilliseconds;
                history.EndedAt = Instant.Sooner(
                    history.EndedAt, World.Now - Duration.FromMilliseconds(since));
            }

            if (found.Entry is { Job: { } job } entry) IsOnlyJob(host, history, entry, job);
        }
    }

    // The end and the expiry may come in one step, when a new primary commits both.
    private static WallTime? EndOf(JobLedger ledger, KeyFinding found) =>
        found.Entry?.Ended ?? (found.Job is { } id && ledger.TryGet(id, out var job) ? job.Ended : null);

    /// <summary>A job whose key is committed stays the key's only one; those before it were
    /// withdrawn.</summary>
    private void IsOnlyJob(SimHost host, KeyHistory history, IdempotencyEntry entry, JobId job)
    {
        if (entry.Status == IdempotencyStatus.Committed) history.Job ??= job;
        if (history.Job is not { } first) return;
        Require(job.Op <= first.Op || IsForgettable(history), () =>
            $"the ledger of {host.Id} has {entry.Status} {job} of {history.Key}, whose job is {first}");
        Require(job == first || entry.Status == IdempotencyStatus.Pending || IsForgettable(history), () =>
            $"the ledger of {host.Id} has {entry.Status} {job} of {history.Key}, whose job is {first}");
    }

    private void OnAccepted(
        KeyHistory history, PayloadFingerprint given, ClientResponse.Accepted accepted, bool isLater)
    {
        if (accepted.WasDuplicate) World.Coverage.Sometimes(Probe.KeyAnsweredAgain);
        Require(accepted.IsDeduplicated, () => $"{history.Key} is accepted as if it were no key");
        var answer = history.Answer ??= new Answer(World.Now, given, accepted.Job, "");
        if (IsForgettable(history)) return;
        Require(answer.Job == accepted.Job && answer.Payload == given, () =>
            $"{history.Key} of payload {given} is answered {accepted.Job}; {answer} was before");
        Require(history.Job is null || history.Job == accepted.Job, () =>
            $"{history.Key} is answered {accepted.Job}; the ledger has {history.Job}");
        Require(!isLater || accepted.WasDuplicate, () =>
            $"{history.Key} is accepted for the first time again; {answer} was before");
        Require(accepted.WasDuplicate || !history.WasFirstTold, () =>
            $"{history.Key} is accepted for the first time twice; {answer}");
        history.WasFirstTold |= !accepted.WasDuplicate;
    }

    private void OnRejected(
        KeyHistory history, PayloadFingerprint given, ClientResponse.Rejected rejected, bool isLater)
    {
        World.Coverage.Sometimes(Probe.KeyRejected);
        var answer = history.Answer ??= new Answer(World.Now, given, null, rejected.Reason);
        if (IsForgettable(history)) return;
        Require(answer.Job is null && answer.Payload == given && answer.Reason == rejected.Reason, () =>
            $"{history.Key} of payload {given} is rejected: {rejected.Reason}; {answer} was before");
        Require(!isLater || rejected.WasDuplicate, () =>
            $"{history.Key} is rejected for the first time again; {answer} was before");
    }

    /// <summary>Whether a key may be expired: it, or a later one of its client, has ended long enough
    /// ago.</summary>
    private bool MayBeExpired(KeyHistory history)
    {
        if (!IsClockSteady || _hasForgottenEarly) return true;
        var ttl = Config.CommittedTtl < Config.RejectedTtl ? Config.CommittedTtl : Config.RejectedTtl;
        if (World.Now >= history.EndedAt + TtlOf(history)) return true;
        return history.Key.TryGetSequence(out var series, out var sequence) && _histories.Values.Any(
            other => World.Now >= other.EndedAt + ttl && other.Key.TryGetSequence(out var its, out var later)
                && its == series && later > sequence);
    }

    private Duration TtlOf(KeyHistory history) =>
        history.Job is null ? Config.RejectedTtl : Config.CommittedTtl;

    /// <summary>Whether all memory of a key may be gone: that of its expiry is kept for its time to live once
    /// more, and for good where it has a sequence.</summary>
    private bool IsForgettable(KeyHistory history)
    {
        if (_hasForgottenEarly) return true;
        if (history.Key.TryGetSequence(out _, out _)) return false;
        return !IsClockSteady || World.Now >= history.EndedAt + (TtlOf(history) * 2);
    }

    /// <summary>The first answer that settled a key.</summary>
    private sealed record Answer(Instant At, PayloadFingerprint Payload, JobId? Job, string Reason);

    private sealed class KeyHistory(IdempotencyKey key)
    {
        public IdempotencyKey Key { get; } = key;

        public Answer? Answer { get; set; }

        /// <summary>The job that a ledger has committed the key to.</summary>
        public JobId? Job { get; set; }

        /// <summary>When a ledger first had its job ended, or its rejection.</summary>
        public Instant EndedAt { get; set; } = Instant.Never;

        public bool WasFirstTold { get; set; }

        public override string ToString() =>
            $"{Key}: {Answer?.ToString() ?? "unanswered"}, job {Job}, ended {EndedAt}";
    }
}
