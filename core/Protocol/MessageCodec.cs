using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Wire;

namespace Hyperscale.Det.Protocol;

/// <summary>Messages as bytes: a kind's number, then numbered fields.</summary>
/// <remarks>Decoding never throws, allocates in proportion to the bytes it is given, and gives nothing
/// outside <see cref="ProtocolLimits"/> and <see cref="JobLimits"/>. Encoding fits any message of ours into a
/// frame: sentences and outputs that are too long are cut, and an answer that is still too large is replaced
/// by one that says so.</remarks>
public static partial class MessageCodec
{
    private const long NanosecondsMax = ProtocolLimits.SecondsMax * 1_000_000_000;

    /// <summary>Adds the message's bytes to what <paramref name="writer"/> holds.</summary>
    public static void Encode(Message message, FieldWriter writer)
    {
        var start = writer.Length;
        WriteMessage(writer, message);
        var length = writer.Length - start;
        if (length <= Frame.PayloadBytesMax) return;
        // Every other message is bounded by the parts it is made of.
        Invariant.Holds(message is Message.ClientAnswer);
        writer.CutTo(start);
        WriteMessage(writer, TooLarge((Message.ClientAnswer)message, length));
    }

    /// <summary>Reads a message from all of <paramref name="payload"/>; false, with what is wrong, when it
    /// holds none.</summary>
    public static bool TryDecode(
        ReadOnlySpan<byte> payload, [NotNullWhen(true)] out Message? message, out string fault)
    {
        var reader = new FieldReader(payload);
        message = ReadMessage(ref reader);
        fault = reader.Fault ?? "";
        return message is not null;
    }

    private static void WriteMessage(FieldWriter writer, Message message)
    {
        switch (message)
        {
            case Message.ClientCall m: Write(Kind(writer, MessageKind.ClientCall), m); break;
            case Message.ClientAnswer m: Write(Kind(writer, MessageKind.ClientAnswer), m); break;
            case Message.ReserveSlot m: Write(Kind(writer, MessageKind.ReserveSlot), m); break;
            case Message.StartSlot m: Write(Kind(writer, MessageKind.StartSlot), m.Slot, m.Fence); break;
            case Message.CancelSlot m: Write(Kind(writer, MessageKind.CancelSlot), m); break;
            case Message.SlotResultCommitted m:
                Write(Kind(writer, MessageKind.SlotResultCommitted), m.Slot, m.Fence);
                break;
            case Message.BudgetShared m: Write(Kind(writer, MessageKind.BudgetShared), m); break;
            case Message.BudgetAsked m: Write(Kind(writer, MessageKind.BudgetAsked), m); break;
            case Message.SlotReserved m: Write(Kind(writer, MessageKind.SlotReserved), m); break;
            case Message.SlotRefused m: Write(Kind(writer, MessageKind.SlotRefused), m); break;
            case Message.SlotDeferred m: Write(Kind(writer, MessageKind.SlotDeferred), m.Slot); break;
            case Message.SlotStarted m: Write(Kind(writer, MessageKind.SlotStarted), m.Slot); break;
            case Message.SlotProgressed m: Write(Kind(writer, MessageKind.SlotProgressed), m); break;
            case Message.SlotFinished m: Write(Kind(writer, MessageKind.SlotFinished), m); break;
            case Message.NotPrimary m: Write(Kind(writer, MessageKind.NotPrimary), m); break;
            default: WriteRest(writer, message); break;
        }
    }

    private static void WriteRest(FieldWriter writer, Message message)
    {
        switch (message)
        {
            case Message.ManagerHeartbeat m: Write(Kind(writer, MessageKind.ManagerHeartbeat), m); break;
            case Message.HeartbeatEchoed m: Write(Kind(writer, MessageKind.HeartbeatEchoed), m); break;
            case Message.DebitsTold m: Write(Kind(writer, MessageKind.DebitsTold), m); break;
            case Message.SloTold m: Write(Kind(writer, MessageKind.SloTold), m); break;
            case Message.SlotHeld m: Write(Kind(writer, MessageKind.SlotHeld), m); break;
            case Message.SlotWanted m: Write(Kind(writer, MessageKind.SlotWanted), m); break;
            case Message.StartAttempt m: Write(Kind(writer, MessageKind.StartAttempt), m); break;
            case Message.StopAttempt m: Write(Kind(writer, MessageKind.StopAttempt), m); break;
            case Message.AttemptResultCommitted m:
                Write(Kind(writer, MessageKind.AttemptResultCommitted), m.Attempt);
                break;
            case Message.HeartbeatAnswered m: Write(Kind(writer, MessageKind.HeartbeatAnswered), m); break;
            case Message.WorkerHeartbeat m: Write(Kind(writer, MessageKind.WorkerHeartbeat), m); break;
            case Message.AttemptAccepted m:
                Write(Kind(writer, MessageKind.AttemptAccepted), m.Attempt);
                break;
            case Message.AttemptRefused m: Write(Kind(writer, MessageKind.AttemptRefused), m); break;
            case Message.AttemptProgressed m: Write(Kind(writer, MessageKind.AttemptProgressed), m); break;
            case Message.AttemptFinished m: Write(Kind(writer, MessageKind.AttemptFinished), m); break;
            case Message.Replication m: Write(Kind(writer, MessageKind.Replication), m); break;
            case Message.ReplicaHeartbeat m: Write(Kind(writer, MessageKind.ReplicaHeartbeat), m); break;
            case Message.ReplicaHeartbeatAnswered m:
                Write(Kind(writer, MessageKind.ReplicaHeartbeatAnswered), m);
                break;
            case Message.Membership m: Write(Kind(writer, MessageKind.Membership), m); break;
            case Message.ResourcesGossiped m:
                Write(Kind(writer, MessageKind.ResourcesGossiped), m);
                break;
            default: throw new UnreachableException($"unhandled {message}");
        }
    }

    private static Message? ReadMessage(ref FieldReader reader)
    {
        var kind = reader.Leading("kind of message");
        return (MessageKind)kind switch
        {
            MessageKind.ClientCall => ReadClientCall(ref reader),
            MessageKind.ClientAnswer => ReadClientAnswer(ref reader),
            MessageKind.DebitsTold => ReadDebitsTold(ref reader),
            MessageKind.SloTold => ReadSloTold(ref reader),
            MessageKind.HeartbeatEchoed => ReadHeartbeatEchoed(ref reader),
            MessageKind.ReserveSlot => ReadReserveSlot(ref reader),
            MessageKind.StartSlot => ReadStartSlot(ref reader),
            MessageKind.CancelSlot => ReadCancelSlot(ref reader),
            MessageKind.SlotResultCommitted => ReadSlotResultCommitted(ref reader),
            MessageKind.BudgetShared => ReadBudgetShared(ref reader),
            MessageKind.BudgetAsked => ReadBudgetAsked(ref reader),
            MessageKind.SlotHeld => ReadSlotHeld(ref reader),
            MessageKind.SlotWanted => ReadSlotWanted(ref reader),
            MessageKind.SlotReserved => ReadSlotReserved(ref reader),
            MessageKind.SlotRefused => ReadSlotRefused(ref reader),
            MessageKind.SlotDeferred => ReadSlotAlone(ref reader) is { } slot
                ? new Message.SlotDeferred(slot) : null,
            MessageKind.SlotStarted => ReadSlotAlone(ref reader) is { } slot
                ? new Message.SlotStarted(slot) : null,
            MessageKind.SlotProgressed => ReadSlotProgressed(ref reader),
            MessageKind.SlotFinished => ReadSlotFinished(ref reader),
            MessageKind.NotPrimary => ReadNotPrimary(ref reader),
            MessageKind.ManagerHeartbeat => ReadManagerHeartbeat(ref reader),
            MessageKind.StartAttempt => ReadStartAttempt(ref reader),
            MessageKind.StopAttempt => ReadStopAttempt(ref reader),
            MessageKind.AttemptResultCommitted => ReadAttemptResultCommitted(ref reader),
            MessageKind.HeartbeatAnswered => ReadHeartbeatAnswered(ref reader),
            MessageKind.WorkerHeartbeat => ReadWorkerHeartbeat(ref reader),
            MessageKind.AttemptAccepted => ReadAttemptAccepted(ref reader),
            MessageKind.AttemptRefused => ReadAttemptRefused(ref reader),
            MessageKind.AttemptProgressed => ReadAttemptProgressed(ref reader),
            MessageKind.AttemptFinished => ReadAttemptFinished(ref reader),
            MessageKind.Replication => ReadReplication(ref reader),
            MessageKind.ReplicaHeartbeat => ReadReplicaHeartbeat(ref reader),
            MessageKind.ReplicaHeartbeatAnswered => ReadReplicaHeartbeatAnswered(ref reader),
            MessageKind.Membership => ReadMembership(ref reader),
            MessageKind.ResourcesGossiped => ReadResourcesGossiped(ref reader),
            _ => Unknown<Message>(ref reader, "message", kind),
        };
    }

    private static Message.ClientAnswer TooLarge(Message.ClientAnswer answer, int length)
    {
        var reason = $"the answer has {length} bytes; at most {Frame.PayloadBytesMax} fit into a message";
        return answer with
        {
            Response = answer.Response is ClientResponse.CancelAccepted
                ? new ClientResponse.OutcomeUnknown($"the job is being cancelled, but {reason}")
                : new ClientResponse.Unavailable(reason, Duration.FromMinutes(1)),
        };
    }

    private static FieldWriter Kind(FieldWriter writer, MessageKind kind)
    {
        writer.Packed((ulong)kind);
        return writer;
    }

    private static T? Unknown<T>(ref FieldReader reader, string what, int kind)
        where T : class
    {
        reader.Fail($"{what} of unknown kind {kind}");
        return null;
    }

    // What comes from here is bounded; what comes from a peer's clock or estimate is bounded here.
    private static void WriteDuration(FieldWriter writer, int field, Duration duration) =>
        writer.Number(field, Math.Clamp(duration.Nanoseconds, 0, NanosecondsMax));

    /// <summary>What a message is that has one field, of fields; null, with the fault, without it.</summary>
    private static T? ReadSoleField<T>(ref FieldReader reader, string name, FieldsReader<T?> read)
        where T : class
    {
        T? value = null;
        while (reader.Next(out var field))
            if (field == 1) value = reader.Nested(name, read);

        reader.Require(1, name);
        return reader.Fault is null ? value : null;
    }

    private static Duration ReadDuration(ref FieldReader reader, string name) =>
        new(reader.Number(name, 0, NanosecondsMax));

    private static void WriteReason(FieldWriter writer, int field, string reason) =>
        writer.Text(field, JobLimits.Clip(reason));

    private static string ReadReason(ref FieldReader reader) =>
        reader.Text("reason", JobLimits.ReasonLengthMax);

    private static long ReadFence(ref FieldReader reader) => reader.Number("fence", 0);
}
