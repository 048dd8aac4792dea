using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Idempotency;

/// <summary>What the cache says of a submission.</summary>
public enum CacheVerdict : byte
{
    /// <summary>It knows nothing: the ledger has to be asked.</summary>
    Miss,

    /// <summary>An earlier submission of the key has no answer; this one waits for it.</summary>
    Waiting,

    /// <summary>An earlier submission of the key has no answer, and this one does not wait for it.</summary>
    Pending,

    /// <summary>The key was used for another payload.</summary>
    Reused,

    Committed,

    Rejected,
}

/// <param name="Fingerprint">Of the submission that took the key; meaningful unless nothing is
/// known.</param>
/// <param name="Job">Null while pending, and where it was rejected.</param>
/// <param name="Answer">Why it was rejected.</param>
public readonly record struct CacheFinding(
    CacheVerdict Verdict, PayloadFingerprint Fingerprint, JobId? Job, string Answer);

/// <summary>Who waits for the answer of a pending key.</summary>
/// <param name="IsFirst">Its submission took the key; the others repeat it.</param>
public readonly record struct KeyWaiter<TCaller>(TCaller Caller, bool IsFirst);

/// <summary>A gate's answers by key, and the place where repeats of a pending key wait (AD-40).</summary>
/// <remarks>
/// Only a cache: losing it loses nothing, as the ledger knows every key. A lookup that finds a pending key
/// registers its waiter itself, so that no answer can pass between the two. Pending keys are never evicted:
/// forgetting one would let its repeat become a second job; when they fill the cache, new keys are turned
/// away. Settled ones leave by age, counted from when they came, and by the time of their last use when there
/// are too many. A hit, and a key that comes and is settled, allocate nothing.
/// </remarks>
/// <typeparam name="TCaller">Whoever is to be answered.</typeparam>
/// <param name="waitersMax">Callers that may wait, of all keys together.</param>
public sealed class GateIdempotencyCache<TCaller>(IdempotencyConfig config, int waitersMax)
{
    private const int Pending = 0;
    private const int Settled = 1;
    private const int None = -1;

    private readonly LaneTable<IdempotencyKey, Entry> _entries = new(2);

    // In the order of arrival, which is that of their deadlines: all wait equally long.
    private readonly LaneTable<WaiterNumber, Waiter> _waiters = new(1);
    private long _waitersSeen;

    public int Count => _entries.Count;

    public int PendingCount => _entries.CountIn(Pending);

    public int WaiterCount => _waiters.Count;

    /// <summary>The keys that have no answer, in the order in which they came.</summary>
    public IEnumerable<IdempotencyKey> PendingKeys => _entries.In(Pending).Select(entry => entry.Key);

    /// <summary>When the next waiter has waited long enough.</summary>
    public Instant NextDeadline =>
        _waiters.OldestIn(0) is var oldest and >= 0 ? _waiters.ValueAt(oldest).Until : Instant.Never;

    /// <summary>Whether a lookup may find something.</summary>
    public bool Knows(IdempotencyKey key) => _entries.Contains(key);

    public bool IsPending(IdempotencyKey key) =>
        _entries.Find(key) is var slot and >= 0 && _entries.LaneOf(slot) == Pending;

    /// <summary>Finds what is known of a submission; one that repeats a pending one waits.</summary>
    /// <param name="mayWait">False where nobody more can wait.</param>
    public CacheFinding Look(
        IdempotencyKey key, PayloadFingerprint fingerprint, TCaller caller, Instant now, bool mayWait = true)
    {
        var slot = _entries.Find(key);
        if (slot < 0) return new CacheFinding(CacheVerdict.Miss, default, null, "");
        ref var entry = ref _entries.ValueAt(slot);
        var lane = _entries.LaneOf(slot);
        if (lane == Settled && entry.ExpiresAt <= now)
        {
            _entries.Remove(slot);
            return new CacheFinding(CacheVerdict.Miss, default, null, "");
        }

        if (entry.Fingerprint != fingerprint)
            return new CacheFinding(CacheVerdict.Reused, entry.Fingerprint, entry.Job, "");
        if (lane == Pending)
        {
            var isWaiting = mayWait && config.WaitForPending && _waiters.Count < waitersMax;
            if (isWaiting) Wait(ref entry, slot, caller, isFirst: false, now);
            var verdict = isWaiting ? CacheVerdict.Waiting : CacheVerdict.Pending;
            return new CacheFinding(verdict, fingerprint, null, "");
        }

        _entries.Move(slot, Settled);
        return entry.Job is null
            ? new CacheFinding(CacheVerdict.Rejected, fingerprint, null, entry.Answer)
            : new CacheFinding(CacheVerdict.Committed, fingerprint, entry.Job, "");
    }

    /// <summary>Takes in a key that is pending from here on, and has its first caller wait; false, with
    /// nothing changed, when pending keys or waiters leave no room.</summary>
    public bool TryReserve(
        IdempotencyKey key, PayloadFingerprint fingerprint, TCaller caller, Instant now)
    {
        if (_waiters.Count >= waitersMax || !TryAdd(key, fingerprint, out var slot)) return false;
        Wait(ref _entries.ValueAt(slot), slot, caller, isFirst: true, now);
        return true;
    }

    /// <summary>Takes in a key that the ledger says is pending: of another gate's time as the group's
    /// primary, or of an earlier life; false when pending keys leave no room.</summary>
    public bool TryAdopt(IdempotencyKey key, PayloadFingerprint fingerprint) =>
        _entries.Contains(key) || TryAdd(key, fingerprint, out _);

    /// <summary>The key is settled: whoever waited for it is added to <paramref name="waiters"/>. A key that
    /// is not here is taken in.</summary>
    /// <param name="job">Null for a rejection.</param>
    public void Settle(
        IdempotencyKey key, PayloadFingerprint fingerprint, JobId? job, string answer, Instant now,
        List<KeyWaiter<TCaller>> waiters)
    {
        var slot = _entries.Find(key);
        if (slot >= 0 && _entries.LaneOf(slot) == Settled) return;
        if (slot >= 0) TakeWaiters(slot, waiters);
        else if (!MakeRoom()) return;
        else slot = _entries.Add(key, default, Pending);

        var ttl = job is null ? config.RejectedTtl : config.CommittedTtl;
        _entries.ValueAt(slot) = new Entry(fingerprint, job, answer, now + ttl, None, None);
        _entries.Move(slot, Settled);
    }

    /// <summary>The key is free, or whether it is has to be asked anew: whoever waited for it is added to
    /// <paramref name="waiters"/>.</summary>
    public void Withdraw(IdempotencyKey key, List<KeyWaiter<TCaller>> waiters)
    {
        var slot = _entries.Find(key);
        if (slot < 0) return;
        TakeWaiters(slot, waiters);
        _entries.Remove(slot);
    }

    /// <summary>Takes the next waiter that has waited long enough; its key stays pending.</summary>
    public bool TryPopWaiter(Instant now, out KeyWaiter<TCaller> waiter)
    {
        waiter = default;
        var oldest = _waiters.OldestIn(0);
        if (oldest < 0 || _waiters.ValueAt(oldest).Until > now) return false;
        ref var entry = ref _entries.ValueAt(_waiters.ValueAt(oldest).Entry);
        // Who came first of all came first of its key, too.
        Invariant.Holds(entry.FirstWaiter == oldest);
        (waiter, entry.FirstWaiter) = Take(oldest);
        return true;
    }

    public void CheckInvariants()
    {
        _entries.CheckInvariants();
        _waiters.CheckInvariants();
        Invariant.Holds(_entries.Count <= config.MaxEntries);
        Invariant.Holds(_waiters.Count <= waitersMax);
        foreach (var (_, entry) in _entries.In(Settled)) Invariant.Holds(entry.FirstWaiter == None);
        var waiting = 0;
        for (var slot = _entries.OldestIn(Pending); slot != None; slot = _entries.After(slot))
        {
            for (var at = _entries.ValueAt(slot).FirstWaiter; at != None; at = _waiters.ValueAt(at).Next)
            {
                Invariant.Holds(_waiters.ValueAt(at).Entry == slot);
                waiting++;
            }
        }

        Invariant.Holds(waiting == _waiters.Count);
    }

    /// <param name="hash">Of a caller.</param>
    public void AddTo(ref Fingerprint fingerprint, Func<TCaller, ulong> hash)
    {
        foreach (var lane in (ReadOnlySpan<int>)[Pending, Settled])
        {
            foreach (var (key, entry) in _entries.In(lane))
            {
                fingerprint.Add(key.Hash);
                fingerprint.Add(entry.Fingerprint.High);
                fingerprint.Add(entry.Job?.Op ?? -1);
                fingerprint.Add(entry.Answer);
                fingerprint.Add(entry.ExpiresAt);
            }
        }

        foreach (var (_, waiter) in _waiters.In(0))
        {
            fingerprint.Add(hash(waiter.Who.Caller));
            fingerprint.Add(waiter.Who.IsFirst);
            fingerprint.Add(_entries.KeyAt(waiter.Entry).Hash);
            fingerprint.Add(waiter.Until);
        }
    }

    private bool TryAdd(IdempotencyKey key, PayloadFingerprint fingerprint, out int slot)
    {
        slot = None;
        if (!MakeRoom()) return false;
        slot = _entries.Add(key, new Entry(fingerprint, null, "", Instant.Never, None, None), Pending);
        return true;
    }

    private bool MakeRoom()
    {
        if (_entries.Count < config.MaxEntries) return true;
        if (_entries.CountIn(Settled) == 0) return false;
        _entries.Remove(_entries.OldestIn(Settled));
        return true;
    }

    private void Wait(ref Entry entry, int slot, TCaller caller, bool isFirst, Instant now)
    {
        var who = new KeyWaiter<TCaller>(caller, isFirst);
        var waiter = _waiters.Add(
            new WaiterNumber(++_waitersSeen),
            new Waiter(who, slot, now + config.PendingWaitTimeout, None),
            0);
        if (entry.FirstWaiter == None) entry.FirstWaiter = waiter;
        else _waiters.ValueAt(entry.LastWaiter).Next = waiter;
        entry.LastWaiter = waiter;
    }

    private void TakeWaiters(int slot, List<KeyWaiter<TCaller>> waiters)
    {
        for (var waiter = _entries.ValueAt(slot).FirstWaiter; waiter != None;)
        {
            (var who, waiter) = Take(waiter);
            waiters.Add(who);
        }
    }

    private (KeyWaiter<TCaller> Who, int Next) Take(int slot)
    {
        var waiter = _waiters.ValueAt(slot);
        _waiters.Remove(slot);
        return (waiter.Who, waiter.Next);
    }

    private record struct Entry(
        PayloadFingerprint Fingerprint,
        JobId? Job,
        string Answer,
        Instant ExpiresAt,
        int FirstWaiter,
        int LastWaiter);

    private record struct Waiter(KeyWaiter<TCaller> Who, int Entry, Instant Until, int Next);

    private readonly record struct WaiterNumber(long Number) : IHashed
    {
        /// <inheritdoc/>
        public ulong Hash => Rng.Mix((ulong)Number);
    }
}
