using System.Diagnostics;
using Hyperscale.Det.Idempotency;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Wire;

namespace Hyperscale.Det.Jobs;

/// <summary>The bytes of a <see cref="JobCommand"/> in a log entry: one field, whose number is the
/// command's.</summary>
public static class JobCommandCodec
{
    private const int Created = 1;
    private const int Assigned = 2;
    private const int Starting = 3;
    private const int Released = 4;
    private const int Reported = 5;
    private const int Cancel = 6;
    private const int Deadline = 7;
    private const int Unplaceable = 8;
    private const int Refused = 9;
    private const int Withdrawn = 10;
    private const int Expired = 11;
    private const int Share = 12;

    public static byte[] Encode(JobCommand command)
    {
        var writer = new FieldWriter();
        var mark = writer.Begin(NumberOf(command));
        Write(writer, command);
        writer.End(mark);
        return writer.ToArray();
    }

    private static void Write(FieldWriter writer, JobCommand command)
    {
        switch (command)
        {
            case JobCommand.JobCreated created:
                Write(writer, created);
                break;
            case JobCommand.JobRefused(var refused, var why):
                writer.Nested(1, refused, KeyFields.Write);
                writer.Text(2, JobLimits.Clip(why));
                break;
            case JobCommand.JobWithdrawn(var job, var reason):
                WriteEnd(writer, job, reason);
                break;
            case JobCommand.KeysExpired expired:
                writer.Nested(1, expired.Retention, KeyFields.Write);
                break;
            case JobCommand.SlotAssigned assigned:
                writer.Nested(1, assigned.Slot, JobFields.Write);
                writer.Text(2, assigned.Datacenter);
                break;
            case JobCommand.SlotStarting starting:
                writer.Nested(1, starting.Slot, JobFields.Write);
                break;
            case JobCommand.SlotReleased released:
                writer.Nested(1, released.Slot, JobFields.Write);
                writer.Text(2, JobLimits.Clip(released.Reason));
                break;
            case JobCommand.SlotReported reported:
                writer.Nested(1, reported.Slot, JobFields.Write);
                writer.Nested(2, reported.Outcome, JobFields.Write);
                break;
            case JobCommand.BudgetShare share:
                WriteShare(writer, share);
                break;
            case JobCommand.CancelRequested(var job):
                writer.Nested(1, job, JobFields.Write);
                break;
            case JobCommand.DeadlineReached(var job):
                writer.Nested(1, job, JobFields.Write);
                break;
            case JobCommand.JobUnplaceable(var job, var reason):
                WriteEnd(writer, job, reason);
                break;
            default:
                throw new UnreachableException($"unhandled {command}");
        }
    }

    private static void Write(FieldWriter writer, JobCommand.JobCreated created)
    {
        writer.Nested(1, created.Spec, JobFields.Write);
        if (created.Reserved is { } reserved) writer.Nested(2, reserved, KeyFields.Write);
        if (created.Terms is { } terms) writer.Nested(3, terms, JobFields.Write);
        foreach (var datacenter in created.Datacenters) writer.Text(4, datacenter);
    }

    private static void WriteShare(FieldWriter writer, JobCommand.BudgetShare share)
    {
        writer.Nested(1, share.Slot, JobFields.Write);
        writer.Number(2, share.Amount);
        writer.Number(3, share.Revision);
    }

    private static void WriteEnd(FieldWriter writer, JobId job, string reason)
    {
        writer.Nested(1, job, JobFields.Write);
        writer.Text(2, JobLimits.Clip(reason));
    }

    /// <summary>Reads a command; null, with the fault, when the bytes hold none that this build
    /// knows.</summary>
    public static JobCommand? Decode(ReadOnlySpan<byte> bytes, out string fault)
    {
        var reader = new FieldReader(bytes);
        JobCommand? command = null;
        while (reader.Next(out var number))
        {
            if (number is < Created or > Share) continue;
            var inner = reader.Enter("command");
            var parts = ReadParts(number, ref inner);
            reader.Leave(inner, "command");
            if (reader.Fault is null) command = Compose(number, parts);
        }

        reader.Require(command is not null, "command");
        fault = reader.Fault ?? "";
        return reader.Fault is null ? command : null;
    }

    private static int NumberOf(JobCommand command) => command switch
    {
        JobCommand.JobCreated => Created,
        JobCommand.SlotAssigned => Assigned,
        JobCommand.SlotStarting => Starting,
        JobCommand.SlotReleased => Released,
        JobCommand.SlotReported => Reported,
        JobCommand.CancelRequested => Cancel,
        JobCommand.DeadlineReached => Deadline,
        JobCommand.JobUnplaceable => Unplaceable,
        JobCommand.JobRefused => Refused,
        JobCommand.JobWithdrawn => Withdrawn,
        JobCommand.KeysExpired => Expired,
        JobCommand.BudgetShare => Share,
        _ => throw new UnreachableException($"unhandled {command}"),
    };

    private static Parts ReadParts(int number, ref FieldReader reader)
    {
        var parts = default(Parts);
        while (reader.Next(out var field))
        {
            switch ((number, field))
            {
                case (Created, 1): parts.Spec = reader.Nested("spec", JobFields.ReadJobSpec); break;
                case (Created, 2) or (Refused, 1):
                    parts.Reserved = reader.Nested("key", KeyFields.ReadReserved);
                    break;
                case (Created, 3): parts.Terms = reader.Nested("terms", JobFields.ReadJobTerms); break;
                case (Created, 4):
                    if (reader.HasRoom("datacenters", parts.Texts?.Count ?? 0, JobLimits.DatacentersMax))
                        (parts.Texts ??= []).Add(reader.Text("datacenter", JobLimits.NameLengthMax));
                    break;
                case (Share, 2):
                    parts.Amount = reader.Integer("amount", 1, JobLimits.RetryBudgetMax);
                    break;
                case (Share, 3): parts.Revision = reader.Number("revision", 1); break;
                case (Expired, 1):
                    parts.Retention = reader.Nested("retention", KeyFields.ReadRetention);
                    break;
                case (Cancel or Deadline or Unplaceable or Withdrawn, 1):
                    parts.Job = reader.Nested("job", JobFields.ReadJobId);
                    break;
                case (_, 1): parts.Slot = reader.Nested("slot", JobFields.ReadSlotKey); break;
                case (Assigned, 2): parts.Text = reader.Text("datacenter", JobLimits.NameLengthMax); break;
                case (Released or Unplaceable or Refused or Withdrawn, 2):
                    parts.Text = reader.Text("reason", JobLimits.ReasonLengthMax);
                    break;
                case (Reported, 2):
                    parts.Outcome = reader.Nested("outcome", JobFields.ReadSlotOutcome);
                    break;
                default: break;
            }
        }

        reader.Require(1, number == Created ? "spec" : "first part");
        if (number is Assigned or Released or Reported or Unplaceable or Refused or Withdrawn or Share)
            reader.Require(2, "second part");
        if (number == Share) reader.Require(3, "revision");
        return parts;
    }

    private static JobCommand Compose(int number, in Parts parts) => number switch
    {
        Created => new JobCommand.JobCreated(parts.Spec!, parts.Reserved, parts.Terms)
        {
            Datacenters = parts.Texts ?? [],
        },
        Assigned => new JobCommand.SlotAssigned(parts.Slot, parts.Text!),
        Starting => new JobCommand.SlotStarting(parts.Slot),
        Released => new JobCommand.SlotReleased(parts.Slot, parts.Text!),
        Reported => new JobCommand.SlotReported(parts.Slot, parts.Outcome!),
        Cancel => new JobCommand.CancelRequested(parts.Job),
        Deadline => new JobCommand.DeadlineReached(parts.Job),
        Unplaceable => new JobCommand.JobUnplaceable(parts.Job, parts.Text!),
        Refused => new JobCommand.JobRefused(parts.Reserved!, parts.Text!),
        Withdrawn => new JobCommand.JobWithdrawn(parts.Job, parts.Text!),
        Expired => new JobCommand.KeysExpired(parts.Retention),
        Share => new JobCommand.BudgetShare(parts.Slot, parts.Amount, parts.Revision),
        _ => throw new UnreachableException($"unhandled {number}"),
    };

    private struct Parts
    {
        public JobId Job;
        public SlotKey Slot;
        public string? Text;
        public List<string>? Texts;
        public JobSpec? Spec;
        public SlotOutcome? Outcome;
        public IdempotencyReservedEvent? Reserved;
        public KeyRetention Retention;
        public JobTerms? Terms;
        public int Amount;
        public long Revision;
    }
}
