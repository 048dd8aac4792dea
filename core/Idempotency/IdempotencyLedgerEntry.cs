using Hyperscale.Det.Kernel;
using Hyperscale.Det.Wire;

namespace Hyperscale.Det.Idempotency;

/// <summary>What a datacenter knows of a job that was dispatched to it; kept in its replicated ledger.
/// </summary>
/// <param name="Key">What its client called the job; null where it did not.</param>
/// <param name="Status">Pending while it is only reserved, committed once anything of it started, rejected
/// when it was let go of before that.</param>
/// <param name="Answer">Why it was rejected; empty otherwise.</param>
/// <param name="Created">Stamp of its reservation.</param>
/// <param name="Settled">Stamp of the entry that settled it; null while pending.</param>
/// <param name="Ended">Since when the datacenter holds nothing of it: what its time to live counts
/// from.</param>
public sealed record IdempotencyLedgerEntry(
    IdempotencyKey? Key,
    JobId Job,
    IdempotencyStatus Status,
    string Answer,
    WallTime Created,
    WallTime? Settled,
    WallTime? Ended)
{
    public static void Write(FieldWriter writer, IdempotencyLedgerEntry entry)
    {
        if (entry.Key is { } key) writer.Text(1, key.Text);
        writer.Nested(2, entry.Job, KeyFields.Write);
        writer.Number(3, (long)entry.Status);
        if (entry.Answer.Length > 0) writer.Text(4, entry.Answer);
        writer.Number(5, entry.Created.UnixMilliseconds);
        if (entry.Settled is { } settled) writer.Number(6, settled.UnixMilliseconds);
        if (entry.Ended is { } ended) writer.Number(7, ended.UnixMilliseconds);
    }

    public static IdempotencyLedgerEntry? Read(ref FieldReader reader)
    {
        IdempotencyKey? key = null;
        JobId job = default;
        var status = IdempotencyStatus.Pending;
        var answer = "";
        WallTime created = default;
        WallTime? settled = null, ended = null;
        while (reader.Next(out var field))
        {
            switch (field)
            {
                case 1: key = KeyFields.ReadKey(ref reader); break;
                case 2: job = reader.Nested("job", KeyFields.ReadJob); break;
                case 3: status = reader.Choice("status", IdempotencyStatus.Rejected); break;
                case 4: answer = reader.Text("answer", KeyFields.AnswerLengthMax); break;
                case 5: created = new WallTime(reader.Number("created")); break;
                case 6: settled = new WallTime(reader.Number("settled")); break;
                case 7: ended = new WallTime(reader.Number("ended")); break;
                default: break;
            }
        }

        reader.Require(2, "job");
        reader.Require(3, "status");
        reader.Require(5, "created");
        reader.Require(status == IdempotencyStatus.Pending == settled is null, "when it was settled");
        reader.Require(status != IdempotencyStatus.Rejected || ended is not null, "when it was rejected");
        reader.Require(status != IdempotencyStatus.Pending || ended is null, "what its status goes with");
        return reader.Fault is null
            ? new IdempotencyLedgerEntry(key, job, status, answer, created, settled, ended)
            : null;
    }

    internal void AddTo(ref Fingerprint fingerprint)
    {
        fingerprint.Add(Key?.Hash ?? 0);
        Job.AddTo(ref fingerprint);
        fingerprint.Add((long)Status);
        fingerprint.Add(Answer);
        fingerprint.Add(Created.UnixMilliseconds);
        fingerprint.Add(Settled?.UnixMilliseconds ?? -1);
        fingerprint.Add(Ended?.UnixMilliseconds ?? -1);
    }
}
