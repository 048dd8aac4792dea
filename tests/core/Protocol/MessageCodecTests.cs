using System.Collections.Concurrent;
using CsCheck;
using Hyperscale.Det.Protocol;
using Hyperscale.Det.Wire;

namespace Hyperscale.Det.Tests.Core.Protocol;

public sealed class MessageCodecTests
{
    [Fact]
    public void Every_message_comes_back() => MessageGens.Message.Sample(
        message => Assert.Equal(Content.Of(message), Content.Of(Decode(Encode(message)))), iter: 3000);

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

    private static byte[] Encode(Message message)
    {
        var writer = new FieldWriter();
        MessageCodec.Encode(message, writer);
        return writer.ToArray();
    }

    private static Message Decode(ReadOnlySpan<byte> bytes)
    {
        Assert.True(MessageCodec.TryDecode(bytes, out var message, out var fault), fault);
        return message;
    }
}
