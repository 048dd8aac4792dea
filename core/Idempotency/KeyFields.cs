using Hyperscale.Det.Kernel;
using Hyperscale.Det.Wire;

namespace Hyperscale.Det.Idempotency;

/// <summary>Keys and what is kept of them as numbered fields, for the wire and the log alike. Field numbers
/// are for ever.</summary>
public static class KeyFields
{
    /// <summary>Longest stored answer, in characters.</summary>
    public const int AnswerLengthMax = 1024;

    public static void Write(FieldWriter writer, JobId job)
    {
        writer.Number(1, job.Group);
        writer.Number(2, job.Op);
    }

    public static JobId ReadJob(ref FieldReader reader)
    {
        var (group, op) = (0, 0L);
        while (reader.Next(out var field))
        {
            switch (field)
            {
                case 1: group = reader.Integer("group", 0, JobId.GroupMax); break;
                case 2: op = reader.Number("op", 0); break;
                default: break;
            }
        }

        reader.Require(1, "group");
        reader.Require(2, "op");
        return reader.Fault is null ? new JobId(group, op) : default;
    }

    public static IdempotencyKey ReadKey(ref FieldReader reader)
    {
        var text = reader.Text("key", IdempotencyKey.LengthMax);
        if (!IdempotencyKey.TryParse(text, out var key))
            reader.Fail($"key has to be {IdempotencyKey.Grammar}");
        return key;
    }

    public static void Write(FieldWriter writer, PayloadFingerprint fingerprint)
    {
        writer.Bits(1, fingerprint.High);
        writer.Bits(2, fingerprint.Low);
    }

    public static PayloadFingerprint ReadFingerprint(ref FieldReader reader)
    {
        var (high, low) = (0UL, 0UL);
        while (reader.Next(out var field))
        {
            switch (field)
            {
                case 1: high = reader.Bits("high"); break;
                case 2: low = reader.Bits("low"); break;
                default: break;
            }
        }

        reader.Require(1, "high");
        reader.Require(2, "low");
        return new PayloadFingerprint(high, low);
    }

    public static void Write(FieldWriter writer, IdempotencyReservedEvent reserved)
    {
        writer.Text(1, reserved.Key.Text);
        writer.Nested(2, reserved.Fingerprint, Write);
        writer.Text(3, reserved.SourceGate.Name);
    }

    public static IdempotencyReservedEvent? ReadReserved(ref FieldReader reader)
    {
        IdempotencyKey key = default;
        PayloadFingerprint fingerprint = default;
        NodeId gate = default;
        while (reader.Next(out var field))
        {
            switch (field)
            {
                case 1: key = ReadKey(ref reader); break;
                case 2: fingerprint = reader.Nested("fingerprint", ReadFingerprint); break;
                case 3: gate = reader.Node("gate"); break;
                default: break;
            }
        }

        for (var field = 1; field <= 3; field++) reader.Require(field, $"field {field} of the key");
        return reader.Fault is null ? new IdempotencyReservedEvent(key, fingerprint, gate) : null;
    }

    public static void Write(FieldWriter writer, KeyRetention retention)
    {
        writer.Number(1, retention.CommittedTtl.Nanoseconds);
        writer.Number(2, retention.RejectedTtl.Nanoseconds);
        writer.Number(3, retention.EntriesMax);
    }

    public static KeyRetention ReadRetention(ref FieldReader reader)
    {
        Duration committed = default, rejected = default;
        var entries = 0;
        while (reader.Next(out var field))
        {
            switch (field)
            {
                case 1: committed = new Duration(reader.Number("committedTtl", 1)); break;
                case 2: rejected = new Duration(reader.Number("rejectedTtl", 1)); break;
                case 3: entries = reader.Integer("entriesMax", 1); break;
                default: break;
            }
        }

        for (var field = 1; field <= 3; field++) reader.Require(field, $"field {field} of the retention");
        return new KeyRetention(committed, rejected, entries);
    }

    public static void Write(FieldWriter writer, IdempotencyEntry entry)
    {
        writer.Text(1, entry.Key.Text);
        writer.Nested(2, entry.Fingerprint, Write);
        writer.Number(3, (long)entry.Status);
        if (entry.Job is { } job) writer.Nested(4, job, Write);
        if (entry.Answer.Length > 0) writer.Text(5, entry.Answer);
        writer.Text(6, entry.SourceGate.Name);
        writer.Number(7, entry.Created.UnixMilliseconds);
        if (entry.Settled is { } settled) writer.Number(8, settled.UnixMilliseconds);
        if (entry.Ended is { } ended) writer.Number(9, ended.UnixMilliseconds);
    }

    public static IdempotencyEntry? ReadEntry(ref FieldReader reader)
    {
        IdempotencyKey key = default;
        PayloadFingerprint fingerprint = default;
        var status = IdempotencyStatus.Pending;
        JobId? job = null;
        var answer = "";
        NodeId gate = default;
        WallTime created = default;
        WallTime? settled = null, ended = null;
        while (reader.Next(out var field))
        {
            switch (field)
            {
                case 1: key = ReadKey(ref reader); break;
                case 2: fingerprint = reader.Nested("fingerprint", ReadFingerprint); break;
                case 3: status = reader.Choice("status", IdempotencyStatus.Rejected); break;
                case 4: job = reader.Nested("job", ReadJob); break;
                case 5: answer = reader.Text("answer", AnswerLengthMax); break;
                case 6: gate = reader.Node("gate"); break;
                case 7: created = new WallTime(reader.Number("created")); break;
                case 8: settled = new WallTime(reader.Number("settled")); break;
                case 9: ended = new WallTime(reader.Number("ended")); break;
                default: break;
            }
        }

        foreach (var field in (ReadOnlySpan<int>)[1, 2, 3, 6, 7]) reader.Require(field, $"field {field}");
        var isRejected = status == IdempotencyStatus.Rejected;
        reader.Require(isRejected == job is null, "what its status goes with");
        reader.Require(status == IdempotencyStatus.Pending == settled is null, "when it was settled");
        reader.Require(ended is not null || !isRejected, "when it was rejected");
        reader.Require(ended is null || settled is not null, "when it was settled");
        return reader.Fault is null
            ? new IdempotencyEntry(
                key, fingerprint, status, job, answer, gate, created, settled, ended)
            : null;
    }
}
