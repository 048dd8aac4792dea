using System.Diagnostics;
using Hyperscale.Det.Idempotency;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Reliability;
using Hyperscale.Det.Wire;

namespace Hyperscale.Det.Jobs;

/// <summary>The bytes of a <see cref="DispatchCommand"/> in a log entry: the command's number and its
/// parts, each under a number of its own.</summary>
public static class DispatchCommandCodec
{
    private const int Kind = 1;
    private const int Slot = 2;
    private const int Fence = 3;
    private const int Gate = 4;
    private const int Spec = 5;
    private const int Reason = 6;
    private const int Attempt = 7;
    private const int Worker = 8;
    private const int Boot = 9;
    private const int Outcome = 10;
    private const int Key = 11;
    private const int Retention = 12;
    private const int Retries = 13;
    private const int Backoff = 14;
    private const int Share = 15;
    private const int Revision = 16;
    private const int Final = 17;

    private static readonly long BackoffMax = RetryBudgetManager.BackoffMax.Nanoseconds;

    private enum CommandKind : byte
    {
        SlotReserved,
        SlotRefused,
        SlotStarted,
        SlotCancelled,
        ReservationExpired,
        SlotForgotten,
        AttemptStarted,
        AttemptEnded,
        KeysExpired,
        BudgetShared,
        RetryGranted,
        RetryDenied,
    }

    public static byte[] Encode(DispatchCommand command)
    {
        var writer = new FieldWriter();
        switch (command)
        {
            case DispatchCommand.SlotReserved reserved:
                WriteOfGate(writer, CommandKind.SlotReserved, reserved.Slot, reserved.Fence, reserved.Gate);
                writer.Nested(Spec, reserved.Spec, JobFields.Write);
                if (reserved.Key is { } key) writer.Text(Key, key.Text);
                if (reserved.Retries is { } retries) writer.Nested(Retries, retries, JobFields.Write);
                break;
            case DispatchCommand.SlotRefused refused:
                WriteOfGate(writer, CommandKind.SlotRefused, refused.Slot, refused.Fence, refused.Gate);
                WriteReason(writer, refused.Reason);
                break;
            case DispatchCommand.SlotStarted started:
                WriteOfGate(writer, CommandKind.SlotStarted, started.Slot, started.Fence, started.Gate);
                break;
            case DispatchCommand.SlotCancelled(var slot, var fence, var gate, var reason):
                WriteOfGate(writer, CommandKind.SlotCancelled, slot, fence, gate);
                WriteReason(writer, reason);
                break;
            case DispatchCommand.ReservationExpired expired:
                WriteOfSlot(writer, CommandKind.ReservationExpired, expired.Slot);
                break;
            case DispatchCommand.SlotForgotten forgotten:
                WriteOfSlot(writer, CommandKind.SlotForgotten, forgotten.Slot);
                writer.Number(Fence, forgotten.Fence);
                break;
            case DispatchCommand.AttemptStarted started:
                WriteOfAttempt(writer, CommandKind.AttemptStarted, started.Attempt, started.Worker);
                writer.Bits(Boot, started.Boot.Value);
                break;
            case DispatchCommand.AttemptEnded ended:
                WriteOfAttempt(writer, CommandKind.AttemptEnded, ended.Attempt, ended.Worker);
                writer.Nested(Outcome, ended.Outcome, JobFields.Write);
                if (ended.Backoff != default) writer.Number(Backoff, ended.Backoff.Nanoseconds);
                break;
            case DispatchCommand.KeysExpired expired:
                writer.Number(Kind, (long)CommandKind.KeysExpired);
                writer.Nested(Retention, expired.Retention, KeyFields.Write);
                break;
            default:
                WriteOfBudget(writer, command);
                break;
        }

        return writer.ToArray();
    }

    private static void WriteOfBudget(FieldWriter writer, DispatchCommand command)
    {
        switch (command)
        {
            case DispatchCommand.BudgetShared shared:
                WriteOfGate(writer, CommandKind.BudgetShared, shared.Slot, shared.Fence, shared.Gate);
                writer.Number(Share, shared.Share);
                writer.Number(Revision, shared.Revision);
                writer.Flag(Final, shared.IsFinal);
                break;
            case DispatchCommand.RetryGranted granted:
                writer.Number(Kind, (long)CommandKind.RetryGranted);
                writer.Nested(Attempt, granted.Attempt, JobFields.Write);
                WriteReason(writer, granted.Cause);
                break;
            case DispatchCommand.RetryDenied denied:
                writer.Number(Kind, (long)CommandKind.RetryDenied);
                writer.Nested(Attempt, denied.Attempt, JobFields.Write);
                WriteReason(writer, denied.Reason);
                break;
            default:
                throw new UnreachableException($"unhandled {command}");
        }
    }

    /// <summary>Reads a command; null, with the fault, when the bytes hold none that this build
    /// knows.</summary>
    public static DispatchCommand? Decode(ReadOnlySpan<byte> bytes, out string fault)
    {
        var reader = new FieldReader(bytes);
        var parts = Read(ref reader);
        var command = reader.Fault is null ? Compose(ref reader, parts) : null;
        fault = reader.Fault ?? "";
        return reader.Fault is null ? command : null;
    }

    private static void WriteOfGate(
        FieldWriter writer, CommandKind kind, SlotKey slot, long fence, NodeId gate)
    {
        WriteOfSlot(writer, kind, slot);
        writer.Number(Fence, fence);
        writer.Text(Gate, gate.Name);
    }

    private static void WriteOfSlot(FieldWriter writer, CommandKind kind, SlotKey slot)
    {
        writer.Number(Kind, (long)kind);
        writer.Nested(Slot, slot, JobFields.Write);
    }

    private static void WriteReason(FieldWriter writer, string reason) =>
        writer.Text(Reason, JobLimits.Clip(reason));

    private static void WriteOfAttempt(
        FieldWriter writer, CommandKind kind, AttemptKey attempt, NodeId worker)
    {
        writer.Number(Kind, (long)kind);
        writer.Nested(Attempt, attempt, JobFields.Write);
        writer.Text(Worker, worker.Name);
    }

    private static Parts Read(ref FieldReader reader)
    {
        var parts = default(Parts);
        while (reader.Next(out var field))
        {
            switch (field)
            {
                case Kind: parts.Kind = reader.Choice("kind", CommandKind.RetryDenied); break;
                case Slot: parts.Slot = reader.Nested("slot", JobFields.ReadSlotKey); break;
                case Fence: parts.Fence = reader.Number("fence"); break;
                case Gate: parts.Gate = reader.Node("gate"); break;
                case Spec: parts.Spec = reader.Nested("spec", JobFields.ReadJobSpec); break;
                case Reason: parts.Reason = reader.Text("reason", JobLimits.ReasonLengthMax); break;
                case Attempt: parts.Attempt = reader.Nested("attempt", JobFields.ReadAttemptKey); break;
                case Worker: parts.Worker = reader.Node("worker"); break;
                case Boot: parts.Boot = new BootId(reader.Bits("boot")); break;
                case Outcome: parts.Outcome = reader.Nested("outcome", JobFields.ReadAttemptOutcome); break;
                case Key: parts.Key = KeyFields.ReadKey(ref reader); break;
                case Retries: parts.Retries = reader.Nested("retries", JobFields.ReadRetryShare); break;
                case Backoff: parts.Backoff = new Duration(reader.Number("backoff", 0, BackoffMax)); break;
                case Share: parts.Share = reader.Integer("share", 0, JobLimits.RetryBudgetMax); break;
                case Revision: parts.Revision = reader.Number("revision", 0); break;
                case Final: parts.IsFinal = reader.Flag("final"); break;
                case Retention: parts.Retention = reader.Nested("retention", KeyFields.ReadRetention); break;
                default: break;
            }
        }

        reader.Require(Kind, "kind");
        return parts;
    }

    private static DispatchCommand Compose(ref FieldReader reader, in Parts parts)
    {
        RequireOf(parts.Kind, ref reader);
        switch (parts.Kind)
        {
            case CommandKind.SlotReserved:
                reader.Require(Spec, "spec");
                return new DispatchCommand.SlotReserved(
                    parts.Slot, parts.Fence, parts.Gate, parts.Spec!, parts.Key, parts.Retries);
            case CommandKind.SlotRefused:
                reader.Require(Reason, "reason");
                return new DispatchCommand.SlotRefused(parts.Slot, parts.Fence, parts.Gate, parts.Reason!);
            case CommandKind.SlotStarted:
                return new DispatchCommand.SlotStarted(parts.Slot, parts.Fence, parts.Gate);
            case CommandKind.SlotCancelled:
                reader.Require(Reason, "reason");
                return new DispatchCommand.SlotCancelled(parts.Slot, parts.Fence, parts.Gate, parts.Reason!);
            case CommandKind.ReservationExpired:
                return new DispatchCommand.ReservationExpired(parts.Slot);
            case CommandKind.SlotForgotten:
                return new DispatchCommand.SlotForgotten(parts.Slot, parts.Fence);
            case CommandKind.AttemptStarted:
                reader.Require(Boot, "boot");
                return new DispatchCommand.AttemptStarted(parts.Attempt, parts.Worker, parts.Boot);
            case CommandKind.AttemptEnded:
                reader.Require(Outcome, "outcome");
                return new DispatchCommand.AttemptEnded(
                    parts.Attempt, parts.Worker, parts.Outcome!, parts.Backoff);
            case CommandKind.KeysExpired:
                reader.Require(Retention, "retention");
                return new DispatchCommand.KeysExpired(parts.Retention);
            case CommandKind.BudgetShared:
                return new DispatchCommand.BudgetShared(
                    parts.Slot, parts.Fence, parts.Gate, parts.Share, parts.Revision, parts.IsFinal);
            case CommandKind.RetryGranted:
                return new DispatchCommand.RetryGranted(parts.Attempt, parts.Reason!);
            case CommandKind.RetryDenied:
                return new DispatchCommand.RetryDenied(parts.Attempt, parts.Reason!);
            default:
                throw new UnreachableException($"unhandled {parts.Kind}");
        }
    }

    private static void RequireOf(CommandKind kind, ref FieldReader reader)
    {
        var isOfGate = kind is <= CommandKind.SlotCancelled or CommandKind.BudgetShared;
        var isRetry = kind is CommandKind.RetryGranted or CommandKind.RetryDenied;
        var isOfAttempt = kind is CommandKind.AttemptStarted or CommandKind.AttemptEnded || isRetry;
        if (isOfAttempt) reader.Require(Attempt, "attempt");
        else if (kind != CommandKind.KeysExpired) reader.Require(Slot, "slot");
        if (isOfAttempt && !isRetry) reader.Require(Worker, "worker");
        if (isRetry) reader.Require(Reason, "reason");
        if (isOfGate) reader.Require(Gate, "gate");
        if (isOfGate || kind == CommandKind.SlotForgotten) reader.Require(Fence, "fence");
        if (kind != CommandKind.BudgetShared) return;
        reader.Require(Share, "share");
        reader.Require(Revision, "revision");
        reader.Require(Final, "final");
    }

    private struct Parts
    {
        public CommandKind Kind;
        public SlotKey Slot;
        public long Fence;
        public NodeId Gate;
        public JobSpec? Spec;
        public string? Reason;
        public AttemptKey Attempt;
        public NodeId Worker;
        public BootId Boot;
        public AttemptOutcome? Outcome;
        public IdempotencyKey? Key;
        public KeyRetention Retention;
        public RetryShare? Retries;
        public Duration Backoff;
        public int Share;
        public long Revision;
        public bool IsFinal;
    }
}
