using System.Diagnostics;
using Hyperscale.Det.Idempotency;
using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Wire;

namespace Hyperscale.Det.Protocol;

// Answers to submissions.
public static partial class MessageCodec
{
    private static void WriteOfKey(FieldWriter writer, ClientResponse response)
    {
        switch (response)
        {
            case ClientResponse.Pending pending:
                writer.Packed((ulong)ResponseKind.Pending);
                WriteDuration(writer, 1, pending.RetryAfter);
                break;
            case ClientResponse.KeyReused reused:
                writer.Packed((ulong)ResponseKind.KeyReused);
                Write(writer, reused);
                break;
            case ClientResponse.KeyExpired expired:
                writer.Packed((ulong)ResponseKind.KeyExpired);
                if (expired.Job is { } job) writer.Nested(1, job, JobFields.Write);
                break;
            case ClientResponse.Rejected rejected:
                writer.Packed((ulong)ResponseKind.Rejected);
                WriteReason(writer, 1, rejected.Reason);
                writer.Flag(2, rejected.WasDuplicate);
                break;
            default:
                throw new UnreachableException($"unhandled {response}");
        }
    }

    private static void Write(FieldWriter writer, ClientResponse.Accepted accepted)
    {
        writer.Nested(1, accepted.Job, JobFields.Write);
        writer.Flag(2, accepted.WasDuplicate);
        writer.Flag(3, accepted.IsDeduplicated);
        foreach (var note in accepted.Notes.Take(JobLimits.NotesMax)) writer.Nested(4, note, JobFields.Write);
    }

    private static ClientResponse.Accepted? ReadAccepted(ref FieldReader reader)
    {
        JobId job = default;
        var (wasDuplicate, isDeduplicated) = (false, false);
        var notes = new List<JobNote>();
        while (reader.Next(out var field))
        {
            switch (field)
            {
                case 1: job = reader.Nested("job", JobFields.ReadJobId); break;
                case 2: wasDuplicate = reader.Flag("wasDuplicate"); break;
                case 3: isDeduplicated = reader.Flag("isDeduplicated"); break;
                case 4: reader.Element("notes", notes, JobLimits.NotesMax, JobFields.ReadJobNote); break;
                default: break;
            }
        }

        reader.Require(1, "job");
        reader.Require(2, "wasDuplicate");
        reader.Require(3, "isDeduplicated");
        return reader.Fault is null
            ? new ClientResponse.Accepted(job, wasDuplicate, isDeduplicated)
            {
                Notes = notes,
            }
            : null;
    }

    private static ClientResponse.Pending? ReadPending(ref FieldReader reader)
    {
        Duration retryAfter = default;
        while (reader.Next(out var field))
            if (field == 1) retryAfter = ReadDuration(ref reader, "retryAfter");

        reader.Require(1, "retryAfter");
        return reader.Fault is null ? new ClientResponse.Pending(retryAfter) : null;
    }

    private static void Write(FieldWriter writer, ClientResponse.KeyReused reused)
    {
        if (reused.Job is { } job) writer.Nested(1, job, JobFields.Write);
        writer.Nested(2, reused.Stored, KeyFields.Write);
        writer.Nested(3, reused.Given, KeyFields.Write);
    }

    private static ClientResponse.KeyReused? ReadKeyReused(ref FieldReader reader)
    {
        JobId? job = null;
        PayloadFingerprint stored = default, given = default;
        while (reader.Next(out var field))
        {
            switch (field)
            {
                case 1: job = reader.Nested("job", JobFields.ReadJobId); break;
                case 2: stored = reader.Nested("stored", KeyFields.ReadFingerprint); break;
                case 3: given = reader.Nested("given", KeyFields.ReadFingerprint); break;
                default: break;
            }
        }

        reader.Require(2, "stored");
        reader.Require(3, "given");
        return reader.Fault is null ? new ClientResponse.KeyReused(job, stored, given) : null;
    }

    private static ClientResponse.KeyExpired? ReadKeyExpired(ref FieldReader reader)
    {
        JobId? job = null;
        while (reader.Next(out var field))
            if (field == 1) job = reader.Nested("job", JobFields.ReadJobId);

        return reader.Fault is null ? new ClientResponse.KeyExpired(job) : null;
    }

    private static ClientResponse.Rejected? ReadRejected(ref FieldReader reader)
    {
        var reason = "";
        var wasDuplicate = false;
        while (reader.Next(out var field))
        {
            switch (field)
            {
                case 1: reason = ReadReason(ref reader); break;
                case 2: wasDuplicate = reader.Flag("wasDuplicate"); break;
                default: break;
            }
        }

        reader.Require(1, "reason");
        reader.Require(2, "wasDuplicate");
        return reader.Fault is null ? new ClientResponse.Rejected(reason, wasDuplicate) : null;
    }
}
