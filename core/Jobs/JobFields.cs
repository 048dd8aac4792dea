using Hyperscale.Det.Idempotency;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Wire;

namespace Hyperscale.Det.Jobs;

/// <summary>The job model as numbered fields, for the wire and the log alike.</summary>
/// <remarks>A <c>Write</c> puts a value's fields where the writer stands; a <c>Read</c> takes all fields of a
/// reader: <c>writer.Nested(3, slot, JobFields.Write)</c> and
/// <c>reader.Nested("slot", JobFields.ReadSlotKey)</c>. Whatever is read lies within <see cref="JobLimits"/>;
/// after a fault the value read is null or a default. Field numbers are for ever: a number is never used for
/// something else.</remarks>
public static partial class JobFields
{
    private const long DurationMax = JobLimits.DurationSecondsMax * 1_000_000_000;

    // The year 9999, so that what is read can be shown and added to.
    private const long WallTimeMax = 253_402_300_799_999;

    /// <summary>What stands for a value in fingerprints, and how many bytes its fields take.</summary>
    internal static (ulong Digest, long Bytes) Measure<T>(T value, Action<FieldWriter, T> write)
    {
        var writer = new FieldWriter();
        write(writer, value);
        var digest = default(Fingerprint);
        digest.Add(writer.Written);
        return (digest.Value, writer.Length);
    }

    public static void Write(FieldWriter writer, JobId id) => KeyFields.Write(writer, id);

    public static JobId ReadJobId(ref FieldReader reader) => KeyFields.ReadJob(ref reader);

    public static void Write(FieldWriter writer, SlotKey key)
    {
        writer.Nested(1, key.Job, Write);
        writer.Number(2, key.Slot);
        writer.Number(3, key.Epoch);
    }

    public static SlotKey ReadSlotKey(ref FieldReader reader)
    {
        JobId job = default;
        int slot = 0, epoch = 0;
        while (reader.Next(out var field))
        {
            switch (field)
            {
                case 1: job = reader.Nested("job", ReadJobId); break;
                case 2: slot = reader.Integer("slot", 0, JobLimits.DatacentersMax - 1); break;
                case 3: epoch = reader.Integer("epoch", 0, JobLimits.EpochMax); break;
                default: break;
            }
        }

        reader.Require(1, "job");
        reader.Require(2, "slot");
        reader.Require(3, "epoch");
        return reader.Fault is null ? new SlotKey(job, slot, epoch) : default;
    }

    public static void Write(FieldWriter writer, AttemptKey key)
    {
        writer.Nested(1, key.Slot, Write);
        writer.Number(2, key.Workflow);
        writer.Number(3, key.Attempt);
    }

    public static AttemptKey ReadAttemptKey(ref FieldReader reader)
    {
        SlotKey slot = default;
        int workflow = 0, attempt = 0;
        while (reader.Next(out var field))
        {
            switch (field)
            {
                case 1: slot = reader.Nested("slot", ReadSlotKey); break;
                case 2: workflow = ReadWorkflowIndex(ref reader); break;
                case 3: attempt = reader.Integer("attempt", 1, JobLimits.AttemptMax); break;
                default: break;
            }
        }

        reader.Require(1, "slot");
        reader.Require(2, "workflow");
        reader.Require(3, "attempt");
        return reader.Fault is null ? new AttemptKey(slot, workflow, attempt) : default;
    }

    public static void Write(FieldWriter writer, JobFault fault)
    {
        writer.Text(1, JobLimits.Clip(fault.Path));
        writer.Text(2, JobLimits.Clip(fault.Message));
    }

    public static JobFault? ReadJobFault(ref FieldReader reader)
    {
        string path = "", message = "";
        while (reader.Next(out var field))
        {
            switch (field)
            {
                case 1: path = reader.Text("path", JobLimits.ReasonLengthMax); break;
                case 2: message = reader.Text("message", JobLimits.ReasonLengthMax); break;
                default: break;
            }
        }

        reader.Require(1, "path");
        reader.Require(2, "message");
        return reader.Fault is null ? new JobFault(path, message) : null;
    }

    public static void Write(FieldWriter writer, JobNote note) =>
        Write(writer, new JobFault(note.Path, note.Message));

    public static JobNote? ReadJobNote(ref FieldReader reader) =>
        ReadJobFault(ref reader) is { } read ? new JobNote(read.Path, read.Message) : null;

    private static int ReadWorkflowIndex(ref FieldReader reader) =>
        reader.Integer("workflow", 0, JobLimits.WorkflowsMax - 1);

    private static Duration ReadDuration(ref FieldReader reader, string name) =>
        new(reader.Number(name, 0, DurationMax));
}
