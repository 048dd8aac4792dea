using System.Collections.Concurrent;
using CsCheck;
using Hyperscale.Det.Protocol;
using Hyperscale.Det.Tests.Core.Wire;
using Hyperscale.Det.Wire;

namespace Hyperscale.Det.Tests.Core.Protocol;

public sealed class MessageCodecTests
{
    [Fact]
    public void Every_message_comes_back() => MessageGens.Message.Sample(
        message => Assert.Equal(Content.Of(message), Content.Of(Encoded.Read(Encoded.Of(message)))),
        iter: 3000);

    [Theory]
    [InlineData(typeof(Message))]
    [InlineData(typeof(ClientRequest))]
    [InlineData(typeof(ClientResponse))]
    public void The_generator_makes_every_case(Type set)
    {
        var seen = new ConcurrentDictionary<Type, bool>();
        MessageGens.Message.Sample(
            message =>
            {
                seen[message.GetType()] = true;
                if (message is Message.ClientCall call) seen[call.Request.GetType()] = true;
                if (message is Message.ClientAnswer answer) seen[answer.Response.GetType()] = true;
            },
            iter: 3000);

        Assert.Empty(Content.CasesOf(set).Except(seen.Keys));
        Assert.NotEmpty(Content.CasesOf(set));
    }

    [Fact]
    public void Fields_of_a_later_version_are_skipped_and_missing_ones_are_named() =>
        MessageGens.Message.Sample(
            message =>
            {
                var bytes = Encoded.Of(message);
                var kind = bytes[0];
                Evolution.UnknownFieldsAreSkipped(bytes.AsSpan(1), Read);
                Evolution.MissingFieldsAreNamed(message.GetType(), bytes.AsSpan(1), Read);

                string? Read(ReadOnlySpan<byte> fields, out string content) =>
                    Fault([kind, .. fields], out content);
            },
            iter: 1000);

    [Fact]
    public void So_they_are_inside_a_request() => MessageGens.Request.Sample(
        request =>
        {
            var bytes = Encoded.Of(new Message.ClientCall(7, 1, request));
            CheckNested(request.GetType(), bytes, 3);
        },
        iter: 500);

    [Fact]
    public void So_they_are_inside_a_response() => MessageGens.Response.Sample(
        response =>
        {
            var bytes = Encoded.Of(new Message.ClientAnswer(7, response));
            CheckNested(response.GetType(), bytes, 2);
        },
        iter: 500);

    [Fact]
    public void Numbers_of_kinds_are_those_that_other_versions_know() => Assert.Equal(
        """
        ClientCall 1 ClientAnswer 2 DebitsTold 3 SloTold 4 ReserveSlot 16 StartSlot 17 CancelSlot 18
        SlotResultCommitted 19 BudgetShared 20 HeartbeatEchoed 21 SlotWanted 22
        SlotReserved 32 SlotRefused 33 SlotStarted 34 SlotProgressed 35 SlotFinished 36 NotPrimary 37
        ManagerHeartbeat 38 BudgetAsked 39 SlotDeferred 40 SlotHeld 41
        StartAttempt 48 StopAttempt 49 AttemptResultCommitted 50 HeartbeatAnswered 51
        WorkerHeartbeat 64 AttemptAccepted 65 AttemptRefused 66 AttemptProgressed 67 AttemptFinished 68
        Replication 80 ReplicaHeartbeat 81 ReplicaHeartbeatAnswered 82
        Membership 96 ResourcesGossiped 112
        SubmitJob 1 GetJob 2 WatchJob 3 ListJobs 4 CancelJob 5 GetCluster 6 ExplainJob 7 PreviewRoute 8
        Accepted 1 Status 2 Jobs 3 CancelAccepted 4 Invalid 5 NotFound 6 Unavailable 7 OutcomeUnknown 8
        Pending 9 KeyReused 10 KeyExpired 11 Rejected 12 Cluster 13 Explained 14 Routed 15
        """.ReplaceLineEndings(" "),
        $"{Numbers<MessageKind>()} {Numbers<RequestKind>()} {Numbers<ResponseKind>()}");

    private static string Numbers<TKind>()
        where TKind : struct, Enum =>
        string.Join(' ', Enum.GetValues<TKind>().Select(kind => $"{kind} {Convert.ToInt32(kind, null)}"));

    private static void CheckNested(Type type, byte[] bytes, int field)
    {
        var outer = RawFields.Without(bytes.AsSpan(1), field);
        var inside = RawFields.Inside(bytes.AsSpan(1), field);
        Evolution.UnknownFieldsAreSkipped(inside.AsSpan(1), Read);
        Evolution.MissingFieldsAreNamed(type, inside.AsSpan(1), Read);

        string? Read(ReadOnlySpan<byte> fields, out string content)
        {
            var writer = new FieldWriter();
            writer.Packed(bytes[0]);
            writer.Bytes(field, [inside[0], .. fields]);
            var fault = Fault([.. writer.Written, .. outer], out content);
            return fault?[(fault.IndexOf(':', StringComparison.Ordinal) + 2)..];
        }
    }

    private static string? Fault(ReadOnlySpan<byte> bytes, out string content)
    {
        var isRead = MessageCodec.TryDecode(bytes, out var message, out var fault);
        content = Content.Of(message);
        return isRead ? null : fault;
    }
}
