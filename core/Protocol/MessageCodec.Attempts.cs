using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Slo;
using Hyperscale.Det.Wire;

namespace Hyperscale.Det.Protocol;

// Manager to worker and back: the attempt is field 1, the fence of a command field 2.
public static partial class MessageCodec
{
    private static void Write(FieldWriter writer, AttemptKey attempt) =>
        writer.Nested(1, attempt, JobFields.Write);

    private static AttemptKey ReadAttempt(ref FieldReader reader) =>
        reader.Nested("attempt", JobFields.ReadAttemptKey);

    private static void Write(FieldWriter writer, Message.StartAttempt start)
    {
        Write(writer, start.Attempt);
        writer.Number(2, start.Fence);
        writer.Bits(3, start.Boot.Value);
        writer.Nested(4, start.Workflow, JobFields.Write);
    }

    private static Message.StartAttempt? ReadStartAttempt(ref FieldReader reader)
    {
        AttemptKey attempt = default;
        var fence = 0L;
        BootId boot = default;
        WorkflowSpec? workflow = null;
        while (reader.Next(out var field))
        {
            switch (field)
            {
                case 1: attempt = ReadAttempt(ref reader); break;
                case 2: fence = ReadFence(ref reader); break;
                case 3: boot = new BootId(reader.Bits("boot")); break;
                case 4: workflow = reader.Nested("workflow", JobFields.ReadWorkflowSpec); break;
                default: break;
            }
        }

        reader.Require(1, "attempt");
        reader.Require(2, "fence");
        reader.Require(3, "boot");
        reader.Require(4, "workflow");
        return reader.Fault is null ? new Message.StartAttempt(attempt, fence, boot, workflow!) : null;
    }

    private static void Write(FieldWriter writer, Message.StopAttempt stop)
    {
        Write(writer, stop.Attempt);
        writer.Number(2, stop.Fence);
        WriteReason(writer, 3, stop.Reason);
    }

    private static Message.StopAttempt? ReadStopAttempt(ref FieldReader reader)
    {
        AttemptKey attempt = default;
        var fence = 0L;
        var reason = "";
        while (reader.Next(out var field))
        {
            switch (field)
            {
                case 1: attempt = ReadAttempt(ref reader); break;
                case 2: fence = ReadFence(ref reader); break;
                case 3: reason = ReadReason(ref reader); break;
                default: break;
            }
        }

        reader.Require(1, "attempt");
        reader.Require(2, "fence");
        reader.Require(3, "reason");
        return reader.Fault is null ? new Message.StopAttempt(attempt, fence, reason) : null;
    }

    private static Message.AttemptResultCommitted? ReadAttemptResultCommitted(ref FieldReader reader) =>
        ReadAttemptAlone(ref reader) is { } attempt ? new Message.AttemptResultCommitted(attempt) : null;

    private static Message.AttemptAccepted? ReadAttemptAccepted(ref FieldReader reader) =>
        ReadAttemptAlone(ref reader) is { } attempt ? new Message.AttemptAccepted(attempt) : null;

    private static AttemptKey? ReadAttemptAlone(ref FieldReader reader)
    {
        AttemptKey attempt = default;
        while (reader.Next(out var field))
            if (field == 1) attempt = ReadAttempt(ref reader);

        reader.Require(1, "attempt");
        return reader.Fault is null ? attempt : null;
    }

    private static void Write(FieldWriter writer, Message.AttemptRefused refused)
    {
        Write(writer, refused.Attempt);
        WriteReason(writer, 2, refused.Reason);
    }

    private static Message.AttemptRefused? ReadAttemptRefused(ref FieldReader reader)
    {
        AttemptKey attempt = default;
        var reason = "";
        while (reader.Next(out var field))
        {
            switch (field)
            {
                case 1: attempt = ReadAttempt(ref reader); break;
                case 2: reason = ReadReason(ref reader); break;
                default: break;
            }
        }

        reader.Require(1, "attempt");
        reader.Require(2, "reason");
        return reader.Fault is null ? new Message.AttemptRefused(attempt, reason) : null;
    }

    private static void Write(FieldWriter writer, Message.AttemptProgressed progressed)
    {
        Write(writer, progressed.Attempt);
        writer.Number(2, progressed.Revision);
        writer.Nested(3, progressed.Stats, JobFields.Write);
        writer.Nested(4, progressed.Bucket, LatencyBucket.Write);
        WriteEarlier(writer, progressed.Earlier);
    }

    private static Message.AttemptProgressed? ReadAttemptProgressed(ref FieldReader reader)
    {
        AttemptKey attempt = default;
        var revision = 0L;
        RunStats? stats = null;
        var (bucket, earlier) = (LatencyBucket.None, LatencyBucket.None);
        while (reader.Next(out var field))
        {
            switch (field)
            {
                case 1: attempt = ReadAttempt(ref reader); break;
                case 2: revision = reader.Number("revision", 0); break;
                case 3: stats = reader.Nested("stats", JobFields.ReadRunStats); break;
                case 4: bucket = reader.Nested("bucket", LatencyBucket.Read); break;
                case 5: earlier = reader.Nested("earlier bucket", LatencyBucket.Read); break;
                default: break;
            }
        }

        reader.Require(1, "attempt");
        reader.Require(2, "revision");
        reader.Require(3, "stats");
        CheckBuckets(ref reader, bucket, earlier, stats);
        return reader.Fault is null
            ? new Message.AttemptProgressed(attempt, revision, stats!)
            {
                Bucket = bucket!,
                Earlier = earlier!,
            }
            : null;
    }

    private static void WriteEarlier(FieldWriter writer, LatencyBucket earlier)
    {
        if (earlier.Latency.Count > 0) writer.Nested(5, earlier, LatencyBucket.Write);
    }

    /// <summary>Checks what a message says of itself; what it says with those before it is checked where
    /// they are kept.</summary>
    private static void CheckBuckets(
        ref FieldReader reader, LatencyBucket? bucket, LatencyBucket? earlier, RunStats? stats)
    {
        if (reader.Fault is not null) return;
        if (bucket!.Latency.Count + earlier!.Latency.Count > stats!.Latency.Count)
            reader.Fail("its buckets count more latencies than the attempt has");
        if (bucket.Latency.Count > 0 && earlier.Latency.Count > 0 && earlier.Number >= bucket.Number)
            reader.Fail($"bucket {earlier.Number} is not earlier than {bucket.Number}");
    }

    private static void Write(FieldWriter writer, Message.AttemptFinished finished)
    {
        Write(writer, finished.Attempt);
        writer.Nested(2, finished.Outcome, JobFields.Write);
        if (finished.Bucket.Latency.Count + finished.Earlier.Latency.Count == 0) return;
        writer.Number(3, finished.Revision);
        writer.Nested(4, finished.Bucket, LatencyBucket.Write);
        WriteEarlier(writer, finished.Earlier);
    }

    private static Message.AttemptFinished? ReadAttemptFinished(ref FieldReader reader)
    {
        AttemptKey attempt = default;
        AttemptOutcome? outcome = null;
        var revision = 0L;
        var (bucket, earlier) = (LatencyBucket.None, LatencyBucket.None);
        while (reader.Next(out var field))
        {
            switch (field)
            {
                case 1: attempt = ReadAttempt(ref reader); break;
                case 2: outcome = reader.Nested("outcome", JobFields.ReadAttemptOutcome); break;
                case 3: revision = reader.Number("revision", 0); break;
                case 4: bucket = reader.Nested("bucket", LatencyBucket.Read); break;
                case 5: earlier = reader.Nested("earlier bucket", LatencyBucket.Read); break;
                default: break;
            }
        }

        reader.Require(1, "attempt");
        reader.Require(2, "outcome");
        CheckBuckets(ref reader, bucket, earlier, outcome?.Stats);
        return reader.Fault is null
            ? new Message.AttemptFinished(attempt, outcome!)
            {
                // It says which of several buckets is newer: without one there is none.
                Revision = bucket!.Latency.Count + earlier!.Latency.Count == 0 ? 0 : revision,
                Bucket = bucket,
                Earlier = earlier,
            }
            : null;
    }
}
