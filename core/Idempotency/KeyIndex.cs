using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Idempotency;

/// <summary>The keys of one ledger group, as its committed entries made them: one key, at most one
/// job.</summary>
/// <remarks>
/// A key is reserved, then committed or rejected, or free again once withdrawn. It stays while its job lives
/// and for its time to live after that, by the stamps of entries alone; then its job is remembered for as
/// long again, and of a structured key for good that its sequence is used up.
/// </remarks>
public sealed partial class KeyIndex
{
    private const int Live = 0;
    private const int Committed = 1;
    private const int Rejected = 2;

    private readonly LaneTable<IdempotencyKey, IdempotencyEntry> _entries = new(3);

    // By kind, as the times to live differ and each lane is in the order in which it is forgotten.
    private readonly LaneTable<IdempotencyKey, Tombstone> _tombstones = new(3);

    // The highest sequence that has expired, by client; the one that was raised least lately first.
    private readonly LaneTable<KeySeries, long> _watermarks = new(1);

    /// <summary>Keys that are held.</summary>
    public int Count => _entries.Count;

    /// <summary>Held keys that only wait for their time to live.</summary>
    public int EndedCount => _entries.CountIn(Committed) + _entries.CountIn(Rejected);

    public int TombstoneCount => _tombstones.Count;

    public int ClientCount => _watermarks.Count;

    /// <summary>Answers that were given up before their time because there were too many.</summary>
    public long EvictedEarly { get; private set; }

    /// <summary>Expired keys and clients that were forgotten before their time because there were too many:
    /// a very late repeat of theirs could become a second job.</summary>
    public long ForgottenEarly { get; private set; }

    /// <summary>Every key that is held: of live jobs, of ended ones, of rejections; each in the order in
    /// which it came there.</summary>
    public IEnumerable<IdempotencyEntry> Entries =>
        _entries.In(Live).Concat(_entries.In(Committed)).Concat(_entries.In(Rejected)).Select(e => e.Value);

    public KeyFinding Look(IdempotencyKey key)
    {
        var slot = _entries.Find(key);
        if (slot >= 0) return new KeyFinding(KeyStanding.Held, _entries.ValueAt(slot), null);
        var tombstone = _tombstones.Find(key);
        if (tombstone >= 0)
            return new KeyFinding(KeyStanding.Expired, null, _tombstones.ValueAt(tombstone).Job);
        return IsUsedUp(key)
            ? new KeyFinding(KeyStanding.Expired, null, null)
            : new KeyFinding(KeyStanding.Free, null, null);
    }

    /// <summary>Takes a key for a job, once: whoever comes second changes nothing.</summary>
    public KeyVerdict Reserve(IdempotencyReservedEvent reserved, JobId job, WallTime stamp)
    {
        if (Refuse(reserved) is { } verdict) return verdict;
        var entry = new IdempotencyEntry(
            reserved.Key, reserved.Fingerprint, IdempotencyStatus.Pending, job, "", reserved.SourceGate,
            stamp, null, null);
        _entries.Add(reserved.Key, entry, Live);
        return KeyVerdict.Applied;
    }

    /// <summary>Takes a key for a submission that can never be a job.</summary>
    public KeyVerdict Reject(IdempotencyReservedEvent reserved, string reason, WallTime stamp)
    {
        if (Refuse(reserved) is { } verdict) return verdict;
        var entry = new IdempotencyEntry(
            reserved.Key, reserved.Fingerprint, IdempotencyStatus.Rejected, null, reason,
            reserved.SourceGate, stamp, stamp, stamp);
        _entries.Add(reserved.Key, entry, Rejected);
        return KeyVerdict.Applied;
    }

    /// <summary>Settles a pending key; one that is settled stays as it is.</summary>
    public void Commit(IdempotencyCommittedEvent committed, WallTime stamp)
    {
        ref var entry = ref _entries.ValueAt(SlotOf(committed.Key, committed.Job));
        if (entry.Status != IdempotencyStatus.Pending) return;
        entry = entry with { Status = IdempotencyStatus.Committed, Settled = stamp };
    }

    /// <summary>The key's job came to nothing before anything of it was promised: the key is free.</summary>
    public void Withdraw(IdempotencyKey key, JobId job)
    {
        var slot = SlotOf(key, job);
        Invariant.Holds(_entries.ValueAt(slot).Status == IdempotencyStatus.Pending);
        _entries.Remove(slot);
    }

    /// <summary>The key's job has ended, whatever the way: from here on its time to live counts.</summary>
    public void End(IdempotencyKey key, JobId job, WallTime stamp)
    {
        Commit(new IdempotencyCommittedEvent(key, job), stamp);
        var slot = SlotOf(key, job);
        Invariant.Holds(_entries.LaneOf(slot) == Live);
        ref var entry = ref _entries.ValueAt(slot);
        entry = entry with { Ended = stamp };
        _entries.Move(slot, Committed);
    }

    /// <summary>Lets go of what is due at this stamp, and of the oldest of what is too much.</summary>
    /// <returns>Whether there was any of it.</returns>
    public bool Expire(KeyRetention retention, WallTime stamp)
    {
        Invariant.Holds(retention.EntriesMax >= 1);
        var before = (EndedCount, TombstoneCount, ClientCount);
        Forget(retention, stamp);
        ExpireDue(Committed, retention.CommittedTtl, stamp);
        ExpireDue(Rejected, retention.RejectedTtl, stamp);
        while (EndedCount > retention.EntriesMax)
        {
            EvictedEarly++;
            var lane = OldestEnded();
            Bury(lane, lane == Committed ? retention.CommittedTtl : retention.RejectedTtl, stamp);
        }

        while (_tombstones.Count > retention.EntriesMax)
        {
            ForgottenEarly++;
            _tombstones.Remove(_tombstones.OldestIn(OldestTombstones()));
        }

        while (_watermarks.Count > retention.EntriesMax)
        {
            ForgottenEarly++;
            _watermarks.Remove(_watermarks.OldestIn(0));
        }

        return before != (EndedCount, TombstoneCount, ClientCount);
    }

    /// <summary>Whether <see cref="Expire"/> would let go of anything.</summary>
    public bool IsExpiryDue(KeyRetention retention, WallTime stamp) =>
        EndedCount > retention.EntriesMax
        || IsDue(Committed, retention.CommittedTtl, stamp)
        || IsDue(Rejected, retention.RejectedTtl, stamp)
        || IsForgettingDue(Committed, stamp)
        || IsForgettingDue(Rejected, stamp);

    private KeyVerdict? Refuse(IdempotencyReservedEvent reserved) => Look(reserved.Key) switch
    {
        { Standing: KeyStanding.Free } => null,
        { Standing: KeyStanding.Expired } => KeyVerdict.Expired,
        { Entry: var entry } => entry!.Fingerprint == reserved.Fingerprint
            ? KeyVerdict.Duplicate
            : KeyVerdict.Reused,
    };

    private int SlotOf(IdempotencyKey key, JobId job)
    {
        var slot = _entries.Find(key);
        Invariant.Holds(slot >= 0);
        Invariant.Holds(_entries.ValueAt(slot).Job == job);
        return slot;
    }

    private bool IsUsedUp(IdempotencyKey key)
    {
        if (_watermarks.Count == 0 || !key.TryGetSequence(out var series, out var sequence)) return false;
        var slot = _watermarks.Find(series);
        return slot >= 0 && sequence <= _watermarks.ValueAt(slot);
    }

    private void ExpireDue(int lane, Duration ttl, WallTime stamp)
    {
        while (IsDue(lane, ttl, stamp)) Bury(lane, ttl, stamp);
    }

    private bool IsDue(int lane, Duration ttl, WallTime stamp) =>
        _entries.OldestIn(lane) is var slot and >= 0
        && KeyRetention.IsOver(ttl, _entries.ValueAt(slot).Ended!.Value, stamp);

    /// <summary>Makes the oldest entry of a lane an expired key.</summary>
    private void Bury(int lane, Duration ttl, WallTime stamp)
    {
        var slot = _entries.OldestIn(lane);
        var entry = _entries.ValueAt(slot);
        _entries.Remove(slot);
        _tombstones.Add(entry.Key, new Tombstone(entry.Job, stamp + ttl), lane);
        if (!entry.Key.TryGetSequence(out var series, out var sequence)) return;
        var mark = _watermarks.Find(series);
        if (mark < 0) mark = _watermarks.Add(series, sequence, 0);
        _watermarks.ValueAt(mark) = Math.Max(_watermarks.ValueAt(mark), sequence);
        _watermarks.Move(mark, 0);
    }

    private void Forget(KeyRetention retention, WallTime stamp)
    {
        Invariant.Holds(retention.CommittedTtl > Duration.Zero && retention.RejectedTtl > Duration.Zero);
        foreach (var lane in (ReadOnlySpan<int>)[Committed, Rejected])
            while (IsForgettingDue(lane, stamp)) _tombstones.Remove(_tombstones.OldestIn(lane));
    }

    private bool IsForgettingDue(int lane, WallTime stamp) =>
        _tombstones.OldestIn(lane) is var slot and >= 0 && _tombstones.ValueAt(slot).ForgetAt <= stamp;

    private int OldestEnded()
    {
        var (committed, rejected) = (_entries.OldestIn(Committed), _entries.OldestIn(Rejected));
        if (rejected < 0) return Committed;
        if (committed < 0) return Rejected;
        return _entries.ValueAt(committed).Ended <= _entries.ValueAt(rejected).Ended ? Committed : Rejected;
    }

    private int OldestTombstones()
    {
        var (committed, rejected) = (_tombstones.OldestIn(Committed), _tombstones.OldestIn(Rejected));
        if (rejected < 0) return Committed;
        if (committed < 0) return Rejected;
        return _tombstones.ValueAt(rejected).ForgetAt <= _tombstones.ValueAt(committed).ForgetAt
            ? Rejected
            : Committed;
    }

    /// <param name="Job">What the key's answer named.</param>
    private readonly record struct Tombstone(JobId? Job, WallTime ForgetAt);
}
