using System.Diagnostics;
using Hyperscale.Det.Idempotency;
using Hyperscale.Det.Kernel;
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
                break;
            case DispatchCommand.KeysExpired expired:
                writer.Number(Kind, (long)CommandKind.KeysExpired);
                writer.Nested(Retention, expired.Retention, KeyFields.Write);
                break;
            default:
                throw new UnreachableException($"unhandled {command}");
        }

        return writer.ToArray();
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
                case Kind: parts.Kind = reader.Choice("kind", CommandKind.KeysExpired); break;
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
                case Retention: parts.Retention = reader.Nested("retention", KeyFields.ReadRetention); break;
                default: break;
            }
        }

        reader.Require(Kind, "kind");
        return parts;
    }

    private static DispatchCommand Compose(ref FieldReader reader, in Parts parts)
    {
        if (parts.Kind is CommandKind.AttemptStarted or CommandKind.AttemptEnded)
        {
            reader.Require(Attempt, "attempt");
            reader.Require(Worker, "worker");
        }
        else if (parts.Kind != CommandKind.KeysExpired)
        {
            reader.Require(Slot, "slot");
        }

        if (parts.Kind <= CommandKind.SlotCancelled) reader.Require(Gate, "gate");
        if (parts.Kind is <= CommandKind.SlotCancelled or CommandKind.SlotForgotten)
            reader.Require(Fence, "fence");
        switch (parts.Kind)
        {
            case CommandKind.SlotReserved:
                reader.Require(Spec, "spec");
                return new DispatchCommand.SlotReserved(
                    parts.Slot, parts.Fence, parts.Gate, parts.Spec!, parts.Key);
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
                return new DispatchCommand.AttemptEnded(parts.Attempt, parts.Worker, parts.Outcome!);
            case CommandKind.KeysExpired:
                reader.Require(Retention, "retention");
                return new DispatchCommand.KeysExpired(parts.Retention);
            default:
                throw new UnreachableException($"unhandled {parts.Kind}");
        }
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
    }
}
