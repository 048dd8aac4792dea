using System.Diagnostics;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Resources;
using Hyperscale.Det.Wire;

namespace Hyperscale.Det.Membership;

/// <summary>What members tell each other, as numbered fields. One set of fields serves all messages; the kind
/// says which of them must be there.</summary>
public static class SwimFields
{
    /// <summary>Most members that one message tells of.</summary>
    public const int UpdatesMax = 4096;

    /// <summary>Largest message for a datagram: of 1,400 bytes, what the longest names of cluster and sender
    /// leave.</summary>
    public const int DatagramBytesMax = 1200;

    /// <summary>What the news in a datagram may take together.</summary>
    public const int UpdatesBytesMax = DatagramBytesMax - HeadBytesMax - HealthPiggyback.BytesMax;

    /// <summary>Members of whose health one message tells.</summary>
    public const int HealthMax = 64;

    /// <summary>Longest wait that a member may ask another to keep.</summary>
    public static readonly Duration NackAfterMax = Duration.FromMinutes(10);

    // Kind, boot, incarnation, sequence, target, wait, flag; each with its tag.
    private const int HeadBytesMax = 2 + 9 + 11 + 11 + 2 + NodeId.LengthMax + 11 + 2;

    private const int Kind = 1;
    private const int Boot = 2;
    private const int Number = 3;
    private const int Sequence = 4;
    private const int Target = 5;
    private const int NackAfter = 6;
    private const int Flag = 7;
    private const int Update = 8;
    private const int Health = 9;

    private enum MessageKind : byte { Ping, Ack, PingRequest, Nack, PushPull }

    /// <summary>What the update takes in a message at most.</summary>
    public static int BytesMaxOf(MemberUpdate update)
    {
        var names = update.Node.Name.Length + update.Accuser.Name.Length;
        // Tag and length; two names, boot, incarnation and state with their tags.
        return 3 + 2 + 2 + names + 9 + 11 + 2;
    }

    public static void Write(FieldWriter writer, SwimMessage message)
    {
        writer.Number(Kind, (long)KindOf(message));
        writer.Bits(Boot, message.Incarnation.Boot.Value);
        writer.Number(Number, message.Incarnation.Number);
        switch (message)
        {
            case SwimMessage.Ping ping:
                writer.Number(Sequence, ping.Sequence);
                writer.Flag(Flag, ping.ByStream);
                break;
            case SwimMessage.Ack ack:
                writer.Number(Sequence, ack.Sequence);
                writer.Flag(Flag, ack.ByStream);
                break;
            case SwimMessage.PingRequest request:
                writer.Number(Sequence, request.Sequence);
                writer.Text(Target, request.Target.Name);
                writer.Number(NackAfter, request.NackAfter.Nanoseconds);
                break;
            case SwimMessage.Nack nack:
                writer.Number(Sequence, nack.Sequence);
                break;
            case SwimMessage.PushPull push:
                writer.Flag(Flag, push.WantsAnswer);
                break;
            default:
                throw new UnreachableException($"unhandled {message}");
        }

        foreach (var update in message.Updates) writer.Nested(Update, update, Write);
        foreach (var record in message.Health) writer.Nested(Health, record, HealthRecord.Write);
    }

    public static SwimMessage? ReadMessage(ref FieldReader reader)
    {
        var kind = MessageKind.Ping;
        BootId boot = default;
        long number = 0, sequence = 0;
        NodeId target = default;
        var nackAfter = Duration.Zero;
        var flag = false;
        var updates = new List<MemberUpdate>();
        var health = new List<HealthRecord>();
        while (reader.Next(out var field))
        {
            switch (field)
            {
                case Kind: kind = reader.Choice("kind", MessageKind.PushPull); break;
                case Boot: boot = new BootId(reader.Bits("boot")); break;
                case Number: number = reader.Number("incarnation", 0, Incarnation.NumberMax); break;
                case Sequence: sequence = reader.Number("sequence", 0); break;
                case Target: target = reader.Node("target"); break;
                case NackAfter:
                    nackAfter = new Duration(reader.Number("nackAfter", 0, NackAfterMax.Nanoseconds));
                    break;
                case Flag: flag = reader.Flag("flag"); break;
                case Update: reader.Element("updates", updates, UpdatesMax, ReadUpdate); break;
                case Health: reader.Element("health", health, HealthMax, HealthRecord.Read); break;
                default: break;
            }
        }

        Require(ref reader, kind);
        if (reader.Fault is not null) return null;
        var incarnation = new Incarnation(number, boot);
        SwimMessage message = kind switch
        {
            MessageKind.Ping => new SwimMessage.Ping(incarnation, sequence, flag, updates),
            MessageKind.Ack => new SwimMessage.Ack(incarnation, sequence, flag, updates),
            MessageKind.PingRequest =>
                new SwimMessage.PingRequest(incarnation, sequence, target, nackAfter, updates),
            MessageKind.Nack => new SwimMessage.Nack(incarnation, sequence, updates),
            MessageKind.PushPull => new SwimMessage.PushPull(incarnation, flag, updates),
            _ => throw new UnreachableException($"unhandled {kind}"),
        };
        return message with { Health = health };
    }

    private static void Write(FieldWriter writer, MemberUpdate update)
    {
        writer.Text(1, update.Node.Name);
        writer.Bits(2, update.Incarnation.Boot.Value);
        writer.Number(3, update.Incarnation.Number);
        writer.Number(4, (long)update.State);
        if (update.State == MemberState.Suspect) writer.Text(5, update.Accuser.Name);
    }

    private static MemberUpdate? ReadUpdate(ref FieldReader reader)
    {
        NodeId node = default, accuser = default;
        BootId boot = default;
        long number = 0;
        var state = MemberState.Unconfirmed;
        while (reader.Next(out var field))
        {
            switch (field)
            {
                case 1: node = reader.Node("node"); break;
                case 2: boot = new BootId(reader.Bits("boot")); break;
                case 3: number = reader.Number("incarnation", 0, Incarnation.NumberMax); break;
                case 4: state = ReadState(ref reader); break;
                case 5: accuser = reader.Node("accuser"); break;
                default: break;
            }
        }

        reader.Require(1, "node");
        reader.Require(2, "boot");
        reader.Require(3, "incarnation");
        reader.Require(4, "state");
        if (state == MemberState.Suspect) reader.Require(5, "accuser");
        if (reader.Fault is not null) return null;
        var voice = state == MemberState.Suspect ? accuser : node;
        return new MemberUpdate(node, new Incarnation(number, boot), state, voice);
    }

    private static MemberState ReadState(ref FieldReader reader) =>
        (MemberState)reader.Number("state", (long)MemberState.Alive, (long)MemberState.Dead);

    private static MessageKind KindOf(SwimMessage message) => message switch
    {
        SwimMessage.Ping => MessageKind.Ping,
        SwimMessage.Ack => MessageKind.Ack,
        SwimMessage.PingRequest => MessageKind.PingRequest,
        SwimMessage.Nack => MessageKind.Nack,
        SwimMessage.PushPull => MessageKind.PushPull,
        _ => throw new UnreachableException($"unhandled {message}"),
    };

    private static void Require(ref FieldReader reader, MessageKind kind)
    {
        reader.Require(Kind, "kind");
        reader.Require(Boot, "boot");
        reader.Require(Number, "incarnation");
        if (kind != MessageKind.PushPull) reader.Require(Sequence, "sequence");
        if (kind is not (MessageKind.PingRequest or MessageKind.Nack)) reader.Require(Flag, "flag");
        if (kind != MessageKind.PingRequest) return;
        reader.Require(Target, "target");
        reader.Require(NackAfter, "nackAfter");
    }
}
