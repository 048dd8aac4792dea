using Hyperscale.Det.Idempotency;
using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Jobs;

/// <content>The jobs that were dispatched here, by key and by id (AD-40).</content>
public sealed partial class DispatchLedger
{
    /// <summary>Whether the job, or another one of its key, is or was here.</summary>
    private (DispatchVerdict Verdict, string Reason)? WhyNotDispatched(
        WallTime stamp, DispatchCommand.SlotReserved reserved) =>
        _keys.CheckOrReserve(reserved.Key, reserved.Slot.Job, stamp) switch
        {
            DispatchStanding.Reserved or DispatchStanding.Held => null,
            DispatchStanding.Over => (DispatchVerdict.Gone, "its job ran here and is over"),
            DispatchStanding.KeyTaken =>
                (DispatchVerdict.KeyTaken,
                    $"its key is that of job {_keys.GetByKey(reserved.Key!.Value)!.Job}, which is here"),
        };

    /// <summary>A slot of the job is not held any more: the last one takes the job with it.</summary>
    private void LetGo(JobId job, string reason, WallTime stamp)
    {
        var places = _jobs.GetValueOrDefault(job)?.Places.Values;
        if (places?.Any(place => place.Held is not null) != true) _keys.Reject(job, reason, stamp);
    }

    private DispatchVerdict OnKeysExpired(WallTime stamp, DispatchCommand.KeysExpired expired) =>
        _keys.Expire(expired.Retention, stamp) ? DispatchVerdict.Accepted : DispatchVerdict.Duplicate;

    private void CheckKeys()
    {
        _keys.CheckInvariants();
        var held = _slots.Keys.Select(slot => slot.Job).Distinct().ToList();
        Invariant.Holds(held.Count == _keys.Count - _keys.EndedCount);
        foreach (var job in held) Invariant.Holds(_keys.GetByJob(job) is { Ended: null });

        foreach (var slot in _slots.Values.Where(slot => slot.IsStarted))
            Invariant.Holds(_keys.GetByJob(slot.Key.Job) is { Status: IdempotencyStatus.Committed });
    }
}
