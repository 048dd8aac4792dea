using Hyperscale.Det.Kernel;
using Hyperscale.Det.Wire;

namespace Hyperscale.Det.Idempotency;

/// <content>The index as bytes, and its rules.</content>
public sealed partial class KeyIndex
{
    /// <summary>Throws when the index breaks a rule of its own.</summary>
    public void CheckInvariants()
    {
        _entries.CheckInvariants();
        _tombstones.CheckInvariants();
        _watermarks.CheckInvariants();
        foreach (var entry in Entries)
        {
            Invariant.Holds(entry.Job is null == (entry.Status == IdempotencyStatus.Rejected));
            Invariant.Holds(entry.Settled is null == (entry.Status == IdempotencyStatus.Pending));
            Invariant.Holds(!_tombstones.Contains(entry.Key));
        }

        foreach (var (_, entry) in _entries.In(Live)) Invariant.Holds(entry.Ended is null);
        foreach (var (_, entry) in _entries.In(Committed))
            Invariant.Holds(entry is { Status: IdempotencyStatus.Committed, Ended: not null });
        foreach (var (_, entry) in _entries.In(Rejected))
            Invariant.Holds(entry is { Status: IdempotencyStatus.Rejected, Ended: not null });
        Invariant.Holds(_tombstones.CountIn(Live) == 0);
    }

    public void AddTo(ref Fingerprint fingerprint)
    {
        fingerprint.Add(EvictedEarly);
        fingerprint.Add(ForgottenEarly);
        fingerprint.Add((long)Count);
        foreach (var entry in Entries) entry.AddTo(ref fingerprint);
        foreach (var (key, tombstone) in _tombstones.In(Committed).Concat(_tombstones.In(Rejected)))
        {
            fingerprint.Add(key.Hash);
            fingerprint.Add(tombstone.Job?.Op ?? -1);
            fingerprint.Add(tombstone.ForgetAt.UnixMilliseconds);
        }

        foreach (var (series, sequence) in _watermarks.In(0))
        {
            fingerprint.Add(series.Hash);
            fingerprint.Add(sequence);
        }
    }

    /// <summary>Puts the whole index where the writer stands.</summary>
    public static void Write(FieldWriter writer, KeyIndex index)
    {
        writer.Number(1, index.EvictedEarly);
        writer.Number(2, index.ForgottenEarly);
        foreach (var entry in index.Entries) writer.Nested(3, entry, KeyFields.Write);
        foreach (var lane in (ReadOnlySpan<int>)[Committed, Rejected])
        {
            foreach (var (key, tombstone) in index._tombstones.In(lane))
            {
                var mark = writer.Begin(4);
                writer.Text(1, key.Text);
                writer.Flag(2, lane == Rejected);
                writer.Number(3, tombstone.ForgetAt.UnixMilliseconds);
                if (tombstone.Job is { } job) writer.Nested(4, job, KeyFields.Write);
                writer.End(mark);
            }
        }

        foreach (var (series, sequence) in index._watermarks.In(0))
        {
            var mark = writer.Begin(5);
            writer.Text(1, series.ClientId);
            writer.Bits(2, series.Nonce);
            writer.Number(3, sequence);
            writer.End(mark);
        }
    }

    /// <summary>Reads what <see cref="Write"/> wrote; after a fault what is read is of no use.</summary>
    public static KeyIndex Read(ref FieldReader reader)
    {
        var index = new KeyIndex();
        while (reader.Next(out var field))
        {
            switch (field)
            {
                case 1: index.EvictedEarly = reader.Number("evictedEarly", 0); break;
                case 2: index.ForgottenEarly = reader.Number("forgottenEarly", 0); break;
                case 3:
                    if (reader.Nested("entry", KeyFields.ReadEntry) is { } entry && !index.TryHold(entry))
                        reader.Fail($"{entry.Key} is there twice");
                    break;
                case 4: index.ReadTombstone(ref reader); break;
                case 5: index.ReadWatermark(ref reader); break;
                default: break;
            }
        }

        return index;
    }

    private bool TryHold(IdempotencyEntry entry)
    {
        if (_entries.Contains(entry.Key)) return false;
        var lane = entry switch
        {
            { Status: IdempotencyStatus.Rejected } => Rejected,
            { Ended: not null } => Committed,
            _ => Live,
        };
        _entries.Add(entry.Key, entry, lane);
        return true;
    }

    private void ReadTombstone(ref FieldReader reader)
    {
        var inner = reader.Enter("tombstone");
        IdempotencyKey key = default;
        var isRejected = false;
        WallTime forgetAt = default;
        JobId? job = null;
        while (inner.Next(out var field))
        {
            switch (field)
            {
                case 1: key = KeyFields.ReadKey(ref inner); break;
                case 2: isRejected = inner.Flag("rejected"); break;
                case 3: forgetAt = new WallTime(inner.Number("forgetAt")); break;
                case 4: job = inner.Nested("job", KeyFields.ReadJob); break;
                default: break;
            }
        }

        for (var field = 1; field <= 3; field++) inner.Require(field, $"field {field}");
        if (inner.Fault is null && (_tombstones.Contains(key) || _entries.Contains(key)))
            inner.Fail($"{key} is there twice");
        if (inner.Fault is null)
            _tombstones.Add(key, new Tombstone(job, forgetAt), isRejected ? Rejected : Committed);
        reader.Leave(inner, "tombstone");
    }

    private void ReadWatermark(ref FieldReader reader)
    {
        var inner = reader.Enter("watermark");
        var clientId = "";
        var (nonce, sequence) = (0UL, 0L);
        while (inner.Next(out var field))
        {
            switch (field)
            {
                case 1: clientId = inner.Text("client", IdempotencyKey.LengthMax); break;
                case 2: nonce = inner.Bits("nonce"); break;
                case 3: sequence = inner.Number("sequence", 0); break;
                default: break;
            }
        }

        for (var field = 1; field <= 3; field++) inner.Require(field, $"field {field}");
        var series = new KeySeries(clientId, nonce);
        if (inner.Fault is null && _watermarks.Contains(series)) inner.Fail($"{clientId} is there twice");
        if (inner.Fault is null) _watermarks.Add(series, sequence, 0);
        reader.Leave(inner, "watermark");
    }
}
