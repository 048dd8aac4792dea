using Hyperscale.Det.Kernel;
using Hyperscale.Det.Wire;

namespace Hyperscale.Det.Idempotency;

/// <summary>Whether a datacenter may take a job.</summary>
public enum DispatchStanding : byte
{
    /// <summary>It is reserved by this.</summary>
    Reserved,

    /// <summary>It is held already.</summary>
    Held,

    /// <summary>It ran here and is over; it never runs here again.</summary>
    Over,

    /// <summary>Another job of the same key is held here, or ran here.</summary>
    KeyTaken,
}

/// <summary>The jobs that were dispatched to a datacenter, by key and by id (AD-40): a second dispatch of a
/// job, or a second job of a key, finds the first.</summary>
/// <remarks>Part of the datacenter's replicated ledger: it changes by committed entries alone and is in its
/// snapshots. What is rejected may be reserved again, as the gates give a job back to a datacenter that
/// refused it; what has started is settled for good.</remarks>
public sealed class ManagerIdempotencyLedger
{
    private const int Live = 0;
    private const int Committed = 1;
    private const int Rejected = 2;

    private readonly LaneTable<JobId, IdempotencyLedgerEntry> _byJob = new(3);
    private readonly LaneTable<IdempotencyKey, JobId> _byKey = new(1);

    public int Count => _byJob.Count;

    public int EndedCount => _byJob.CountIn(Committed) + _byJob.CountIn(Rejected);

    /// <summary>Entries that were given up before their time because there were too many.</summary>
    public long EvictedEarly { get; private set; }

    /// <summary>Every entry: of live jobs, of those that ran, of those that were let go of; each in the order
    /// in which it came there.</summary>
    public IEnumerable<IdempotencyLedgerEntry> Entries =>
        _byJob.In(Live).Concat(_byJob.In(Committed)).Concat(_byJob.In(Rejected)).Select(e => e.Value);

    public IdempotencyLedgerEntry? GetByJob(JobId job) =>
        _byJob.Find(job) is var slot and >= 0 ? _byJob.ValueAt(slot) : null;

    /// <summary>The newest job of the key.</summary>
    public IdempotencyLedgerEntry? GetByKey(IdempotencyKey key) =>
        _byKey.Find(key) is var slot and >= 0 ? GetByJob(_byKey.ValueAt(slot)) : null;

    /// <summary>What <see cref="CheckOrReserve"/> would say.</summary>
    public DispatchStanding Check(IdempotencyKey? key, JobId job)
    {
        switch (GetByJob(job))
        {
            case { Status: IdempotencyStatus.Committed, Ended: not null }: return DispatchStanding.Over;
            case { Ended: null }: return DispatchStanding.Held;
            default: break;
        }

        var isTaken = key is { } named && GetByKey(named) is { Status: not IdempotencyStatus.Rejected };
        return isTaken ? DispatchStanding.KeyTaken : DispatchStanding.Reserved;
    }

    /// <summary>Takes a job in that the datacenter reserves, unless it or its key is known.</summary>
    public DispatchStanding CheckOrReserve(IdempotencyKey? key, JobId job, WallTime stamp)
    {
        var standing = Check(key, job);
        if (standing != DispatchStanding.Reserved) return standing;
        Enter(
            new IdempotencyLedgerEntry(key, job, IdempotencyStatus.Pending, "", stamp, null, null), Live);
        return standing;
    }

    /// <summary>Something of the job starts.</summary>
    public void Commit(JobId job, WallTime stamp)
    {
        var slot = _byJob.Find(job);
        Invariant.Holds(slot >= 0 && _byJob.LaneOf(slot) == Live);
        ref var entry = ref _byJob.ValueAt(slot);
        if (entry.Status == IdempotencyStatus.Committed) return;
        entry = entry with { Status = IdempotencyStatus.Committed, Settled = stamp };
    }

    /// <summary>The datacenter holds nothing of the job any more: one that had started is over, another one
    /// was rejected. A job that is not held stays as it is.</summary>
    public void Reject(JobId job, string reason, WallTime stamp)
    {
        var slot = _byJob.Find(job);
        if (slot < 0 || _byJob.LaneOf(slot) != Live) return;
        ref var entry = ref _byJob.ValueAt(slot);
        if (entry.Status == IdempotencyStatus.Committed)
        {
            entry = entry with { Ended = stamp };
            _byJob.Move(slot, Committed);
            return;
        }

        entry = entry with
        {
            Status = IdempotencyStatus.Rejected,
            Answer = reason,
            Settled = stamp,
            Ended = stamp,
        };
        _byJob.Move(slot, Rejected);
    }

    /// <summary>Lets go of what is due at this stamp, and of the oldest of what is too much.</summary>
    /// <returns>Whether there was any of it.</returns>
    public bool Expire(KeyRetention retention, WallTime stamp)
    {
        Invariant.Holds(retention.EntriesMax >= 1);
        var before = Count;
        while (IsDue(Committed, retention.CommittedTtl, stamp)) Drop(_byJob.OldestIn(Committed));
        while (IsDue(Rejected, retention.RejectedTtl, stamp)) Drop(_byJob.OldestIn(Rejected));
        while (EndedCount > retention.EntriesMax)
        {
            EvictedEarly++;
            // What was rejected never ran: forgetting it costs nothing but a question.
            Drop(_byJob.OldestIn(_byJob.CountIn(Rejected) > 0 ? Rejected : Committed));
        }

        return before != Count;
    }

    /// <summary>Whether <see cref="Expire"/> would let go of anything.</summary>
    public bool IsExpiryDue(KeyRetention retention, WallTime stamp) =>
        EndedCount > retention.EntriesMax
        || IsDue(Committed, retention.CommittedTtl, stamp)
        || IsDue(Rejected, retention.RejectedTtl, stamp);

    public void CheckInvariants()
    {
        _byJob.CheckInvariants();
        _byKey.CheckInvariants();
        foreach (var (_, entry) in _byJob.In(Live)) Invariant.Holds(entry.Ended is null);
        foreach (var (_, entry) in _byJob.In(Committed))
            Invariant.Holds(entry is { Status: IdempotencyStatus.Committed, Ended: not null });
        foreach (var (_, entry) in _byJob.In(Rejected))
            Invariant.Holds(entry is { Status: IdempotencyStatus.Rejected, Ended: not null });
        foreach (var (key, job) in _byKey.In(0)) Invariant.Holds(GetByJob(job)?.Key == key);
        // Of the jobs of one key, at most one is held or ran.
        foreach (var entry in Entries)
            if (entry is { Key: { } key, Status: not IdempotencyStatus.Rejected })
                Invariant.Holds(GetByKey(key) == entry);
    }

    public void AddTo(ref Fingerprint fingerprint)
    {
        fingerprint.Add(EvictedEarly);
        fingerprint.Add((long)Count);
        foreach (var entry in Entries) entry.AddTo(ref fingerprint);
        // Which of a key's jobs is the newest, where all were rejected.
        foreach (var (key, job) in _byKey.In(0))
        {
            fingerprint.Add(key.Hash);
            job.AddTo(ref fingerprint);
        }
    }

    /// <summary>Puts the whole ledger where the writer stands.</summary>
    public static void Write(FieldWriter writer, ManagerIdempotencyLedger ledger)
    {
        writer.Number(1, ledger.EvictedEarly);
        foreach (var entry in ledger.Entries) writer.Nested(2, entry, IdempotencyLedgerEntry.Write);
        foreach (var (key, job) in ledger._byKey.In(0))
        {
            var mark = writer.Begin(3);
            writer.Text(1, key.Text);
            writer.Nested(2, job, KeyFields.Write);
            writer.End(mark);
        }
    }

    /// <summary>Reads what <see cref="Write"/> wrote; after a fault what is read is of no use.</summary>
    public static ManagerIdempotencyLedger Read(ref FieldReader reader)
    {
        var ledger = new ManagerIdempotencyLedger();
        while (reader.Next(out var field))
        {
            switch (field)
            {
                case 1: ledger.EvictedEarly = reader.Number("evictedEarly", 0); break;
                case 2:
                    if (reader.Nested("entry", IdempotencyLedgerEntry.Read) is { } entry)
                        ledger.Hold(entry, ref reader);
                    break;
                case 3: ledger.ReadKey(ref reader); break;
                default: break;
            }
        }

        return ledger;
    }

    private bool IsDue(int lane, Duration ttl, WallTime stamp) =>
        _byJob.OldestIn(lane) is var slot and >= 0
        && KeyRetention.IsOver(ttl, _byJob.ValueAt(slot).Ended!.Value, stamp);

    private void Enter(IdempotencyLedgerEntry entry, int lane)
    {
        if (_byJob.Find(entry.Job) is var old and >= 0) Drop(old);
        _byJob.Add(entry.Job, entry, lane);
        if (entry.Key is not { } key) return;
        _byKey.Remove(key);
        _byKey.Add(key, entry.Job, 0);
    }

    private void Drop(int slot)
    {
        var entry = _byJob.ValueAt(slot);
        _byJob.Remove(slot);
        if (entry.Key is { } key && _byKey.Find(key) is var at and >= 0 && _byKey.ValueAt(at) == entry.Job)
            _byKey.Remove(at);
    }

    private void Hold(IdempotencyLedgerEntry entry, ref FieldReader reader)
    {
        if (_byJob.Contains(entry.Job))
        {
            reader.Fail($"{entry.Job} is there twice");
            return;
        }

        _byJob.Add(entry.Job, entry, entry switch
        {
            { Ended: null } => Live,
            { Status: IdempotencyStatus.Rejected } => Rejected,
            _ => Committed,
        });
    }

    private void ReadKey(ref FieldReader reader)
    {
        var inner = reader.Enter("key");
        IdempotencyKey key = default;
        JobId job = default;
        while (inner.Next(out var field))
        {
            switch (field)
            {
                case 1: key = KeyFields.ReadKey(ref inner); break;
                case 2: job = inner.Nested("job", KeyFields.ReadJob); break;
                default: break;
            }
        }

        inner.Require(1, "key");
        inner.Require(2, "job");
        if (inner.Fault is null && (_byKey.Contains(key) || GetByJob(job)?.Key != key))
            inner.Fail($"{key} is not the key of {job}");
        if (inner.Fault is null) _byKey.Add(key, job, 0);
        reader.Leave(inner, "key");
    }
}
