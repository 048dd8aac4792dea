using CsCheck;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Membership;
using Hyperscale.Det.Tests.Core.Resources;

namespace Hyperscale.Det.Tests.Core.Membership;

/// <summary>Arbitrary messages between members, all within their bounds.</summary>
internal static class SwimGens
{
    private static readonly Gen<NodeId> AnyNode =
        Gen.String[Gen.OneOf(Gen.Char['a', 'z'], Gen.Char['0', '9'], Gen.Char['-', '/']), 1, 64]
            .Select(NodeId.Of);

    private static readonly Gen<Incarnation> AnyIncarnation = Gen.Select(
        Gen.Long[0, Incarnation.NumberMax],
        Gen.ULong,
        (number, boot) => new Incarnation(number, new BootId(boot)));

    /// <summary>Messages of any members.</summary>
    public static readonly Gen<SwimMessage> Message = MessageOf(AnyNode, AnyIncarnation);

    public static Gen<MemberUpdate> UpdateOf(Gen<NodeId> node, Gen<Incarnation> incarnation) => Gen.Select(
        node,
        incarnation,
        Gen.Enum<MemberState>().Where(state => state != MemberState.Unconfirmed),
        node,
        (about, claim, state, accuser) => new MemberUpdate(
            about, claim, state, state == MemberState.Suspect ? accuser : about));

    public static Gen<SwimMessage> MessageOf(Gen<NodeId> node, Gen<Incarnation> incarnation)
    {
        var sequence = Gen.Long[0, long.MaxValue];
        var updates = UpdateOf(node, incarnation).List[0, 6];
        var wait = Gen.Long[0, SwimFields.NackAfterMax.Nanoseconds].Select(n => new Duration(n));
        var messages = Gen.OneOf<SwimMessage>(
            Gen.Select(incarnation, sequence, Gen.Bool, updates, (claim, number, stream, list) =>
                new SwimMessage.Ping(claim, number, stream, list)),
            Gen.Select(incarnation, sequence, Gen.Bool, updates, (claim, number, stream, list) =>
                new SwimMessage.Ack(claim, number, stream, list)),
            Gen.Select(incarnation, sequence, node, wait, updates, (claim, number, target, after, list) =>
                new SwimMessage.PingRequest(claim, number, target, after, list)),
            Gen.Select(incarnation, sequence, updates, (claim, number, list) =>
                new SwimMessage.Nack(claim, number, list)),
            Gen.Select(incarnation, Gen.Bool, updates, (claim, wants, list) =>
                new SwimMessage.PushPull(claim, wants, list)));
        return Gen.Select(messages, ResourceGens.Health.List[0, 3], (message, health) =>
            message with { Health = health });
    }
}
