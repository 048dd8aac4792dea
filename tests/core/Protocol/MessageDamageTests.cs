using CsCheck;
using Hyperscale.Det.Protocol;
using Hyperscale.Det.Tests.Core.Wire;
using Hyperscale.Det.Wire;

namespace Hyperscale.Det.Tests.Core.Protocol;

public sealed class MessageDamageTests
{
    [Fact]
    public void Any_bytes_are_judged() => Gen.Byte.Array[0, 200].Sample(bytes => Judge(bytes));

    [Fact]
    public void Any_bytes_behind_a_known_kind_are_judged() =>
        Gen.Select(Gen.Enum<MessageKind>(), Gen.Byte.Array[0, 200]).Sample(
            (kind, bytes) => Judge([(byte)kind, .. bytes]), iter: 2000);

    [Fact]
    public void A_message_that_is_cut_off_is_judged() =>
        Gen.Select(MessageGens.Message, Gen.Int[0, int.MaxValue]).Sample(
            (message, cut) =>
            {
                var bytes = Encoded.Of(message);
                Judge(bytes.AsSpan(0, cut % bytes.Length));
            },
            iter: 2000);

    [Fact]
    public void A_message_with_flipped_bits_is_judged() =>
        Gen.Select(MessageGens.Message, Gen.Int[0, int.MaxValue].List[1, 4]).Sample(
            (message, bits) =>
            {
                var bytes = Encoded.Of(message);
                foreach (var bit in bits) bytes[bit / 8 % bytes.Length] ^= (byte)(1 << (bit % 8));
                Judge(bytes);
            },
            iter: 5000);

    [Fact]
    public void Two_messages_in_one_payload_are_judged() =>
        Gen.Select(MessageGens.Message, MessageGens.Message).Sample(
            (first, second) => Judge([.. Encoded.Of(first), .. Encoded.Of(second)]), iter: 1000);

    [Fact]
    public void Fields_in_another_order_and_twice_mean_the_same() =>
        MessageGens.Message.Sample(
            message =>
            {
                var bytes = Encoded.Of(message);
                var fields = RawFields.Split(bytes.AsSpan(1));
                // Lists keep the order of their elements: only one of each number is moved.
                var single = fields.Where(f => fields.Count(g => g.Number == f.Number) == 1).ToList();
                var moved = single.AsEnumerable().Reverse().Concat(fields.Except(single));
                Assert.Equal(
                    Content.Of(message),
                    Content.Of(Encoded.Read([bytes[0], .. moved.SelectMany(field => field.Bytes)])));
            },
            iter: 500);

    [Fact]
    public void Memory_is_spent_in_proportion_to_what_was_sent() =>
        Gen.Select(MessageGens.Message, Gen.Int[0, int.MaxValue].List[1, 4]).Sample(
            (message, bits) =>
            {
                var bytes = Encoded.Of(message);
                foreach (var bit in bits) bytes[bit / 8 % bytes.Length] ^= (byte)(1 << (bit % 8));
                var before = GC.GetAllocatedBytesForCurrentThread();
                MessageCodec.TryDecode(bytes, out _, out _);
                var spent = GC.GetAllocatedBytesForCurrentThread() - before;
                Assert.InRange(spent, 0, 4096 + (bytes.Length * 64L));
            },
            iter: 2000);

    [Theory]
    [InlineData("", "kind of message is missing or out of range")]
    [InlineData("FFFFFFFFFFFFFFFFFF01", "kind of message is missing or out of range")]
    [InlineData("00", "message of unknown kind 0")]
    [InlineData("E807", "message of unknown kind 1000")]
    [InlineData("01040208000D0163", "request: request of unknown kind 99")]
    public void An_unknown_kind_is_told_by_its_number(string hex, string fault)
    {
        Assert.False(MessageCodec.TryDecode(Convert.FromHexString(hex), out var message, out var told));
        Assert.Null(message);
        Assert.Equal(fault, told);
    }

    // What is read lies within the bounds, and whoever sends it on sends the same.
    private static void Judge(ReadOnlySpan<byte> bytes)
    {
        var isRead = MessageCodec.TryDecode(bytes, out var message, out var fault);
        Assert.Equal(isRead, fault == "");
        Assert.Equal(isRead, message is not null);
        if (message is null) return;
        Bounds.Hold(message);
        Assert.Equal(Content.Of(message), Content.Of(Encoded.Read(Encoded.Of(message))));
    }
}

internal static class Encoded
{
    public static byte[] Of(Message message)
    {
        var writer = new FieldWriter();
        MessageCodec.Encode(message, writer);
        return writer.ToArray();
    }

    public static Message Read(ReadOnlySpan<byte> bytes)
    {
        Assert.True(MessageCodec.TryDecode(bytes, out var message, out var fault), fault);
        return message;
    }
}
