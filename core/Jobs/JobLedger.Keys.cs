using System.Diagnostics;
using Hyperscale.Det.Idempotency;
using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Jobs;

/// <content>The keys that jobs were submitted under (AD-40).</content>
public sealed partial class JobLedger
{
    /// <summary>The keys of a group; for reading.</summary>
    public KeyIndex? KeysOf(int group) => _groups.GetValueOrDefault(group)?.Keys;

    /// <summary>What the group knows of a key.</summary>
    public KeyFinding Look(int group, IdempotencyKey key) => KeysOf(group)?.Look(key) ?? default;

    private JobVerdict OnJobRefused(JobCommand.JobRefused refused, Position entry) =>
        VerdictOf(_groups[entry.Group].Keys.Reject(
            refused.Reserved, JobLimits.Clip(refused.Reason), entry.Stamp)) ?? JobVerdict.Applied;

    private JobVerdict OnJobWithdrawn(JobCommand.JobWithdrawn withdrawn, Position entry)
    {
        if (!TryGet(withdrawn.Job, entry, out var job)) return JobVerdict.UnknownJob;
        if (job.IsEnded) return JobVerdict.Late;
        if (job.IsCancelling) return JobVerdict.Cancelling;
        if (job.Key is not { } key) return JobVerdict.Conflict;
        // Something of it may run, or ran: its answer is settled.
        var keys = _groups[entry.Group].Keys;
        if (keys.Look(key).Entry!.Status != IdempotencyStatus.Pending) return JobVerdict.Conflict;

        keys.Withdraw(key, job.Id);
        End(job with { Key = null }, JobState.Failed, $"withdrawn: {withdrawn.Reason}", entry);
        return JobVerdict.Applied;
    }

    private JobVerdict OnKeysExpired(JobCommand.KeysExpired expired, Position entry) =>
        _groups[entry.Group].Keys.Expire(expired.Retention, entry.Stamp)
            ? JobVerdict.Applied
            : JobVerdict.Duplicate;

    private static JobVerdict? VerdictOf(KeyVerdict verdict) => verdict switch
    {
        KeyVerdict.Applied => null,
        KeyVerdict.Duplicate => JobVerdict.Duplicate,
        KeyVerdict.Reused => JobVerdict.Conflict,
        KeyVerdict.Expired => JobVerdict.KeyExpired,
        _ => throw new UnreachableException($"unhandled {verdict}"),
    };

    private static void CheckKeys(GroupState group)
    {
        group.Keys.CheckInvariants();
        var live = group.Keys.Entries.Where(entry => entry.Ended is null).ToList();
        Invariant.Holds(live.Count == group.Jobs.Values.Count(job => !job.IsEnded && job.Key is not null));
        foreach (var entry in live)
        {
            var job = group.Jobs[entry.Job!.Value];
            Invariant.Holds(job.Key == entry.Key);
            // While nothing was promised, nothing may have been started.
            Invariant.Holds(entry.Status != IdempotencyStatus.Pending || job.State != JobState.Running);
        }
    }
}
