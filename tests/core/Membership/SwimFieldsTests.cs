using System.Collections.Concurrent;
using CsCheck;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Membership;
using Hyperscale.Det.Tests.Core.Wire;
using Hyperscale.Det.Wire;

namespace Hyperscale.Det.Tests.Core.Membership;

public sealed class SwimFieldsTests
{
    private static readonly NodeId Longest = NodeId.Of(new string('n', NodeId.LengthMax));

    [Fact]
    public void Every_message_comes_back() => SwimGens.Message.Sample(
        message =>
        {
            Assert.Null(Read(Bytes(message), out var content));
            Assert.Equal(Content.Of(message), content);
        },
        iter: 3000);

    [Fact]
    public void The_generator_makes_every_case()
    {
        var seen = new ConcurrentDictionary<Type, bool>();
        SwimGens.Message.Sample(message => { seen[message.GetType()] = true; }, iter: 1000);

        Assert.Empty(Content.CasesOf(typeof(SwimMessage)).Except(seen.Keys));
        Assert.Equal(5, seen.Count);
    }

    [Fact]
    public void Fields_of_a_later_version_are_skipped() => SwimGens.Message.Sample(
        message => Evolution.UnknownFieldsAreSkipped(Bytes(message), Read), iter: 1000);

    [Fact]
    public void No_field_is_without_meaning_and_what_must_be_there_is_named() => SwimGens.Message.Sample(
        message =>
        {
            var bytes = Bytes(message);
            foreach (var number in RawFields.Split(bytes).Select(field => field.Number).Distinct())
            {
                var fault = Read(RawFields.Without(bytes, number), out var content);
                // News may be absent; everything else is missed.
                if (number is 8 or 9) Assert.NotEqual(Content.Of(message), content);
                else Assert.EndsWith(" is missing", fault, StringComparison.Ordinal);
            }
        },
        iter: 1000);

    [Theory]
    [InlineData(MemberState.Alive, "node boot incarnation state")]
    [InlineData(MemberState.Suspect, "node boot incarnation state accuser")]
    [InlineData(MemberState.Dead, "node boot incarnation state")]
    public void What_an_update_must_have_is_named(MemberState state, string names)
    {
        var update = new MemberUpdate(
            Longest, new Incarnation(1, new BootId(2)), state,
            state == MemberState.Suspect ? NodeId.Of("a") : Longest);
        var inside = RawFields.Inside(Bytes(new SwimMessage.Nack(default, 1, [update])), 8);
        var head = RawFields.Without(Bytes(new SwimMessage.Nack(default, 1, [update])), 8);
        var faults = RawFields.Split(inside).Select(field =>
        {
            var writer = new FieldWriter();
            writer.Bytes(8, RawFields.Without(inside, field.Number));
            return Read([.. head, .. writer.Written], out _);
        });

        Assert.Equal(names.Split(' ').Select(name => $"updates[0]: {name} is missing"), faults);
    }

    [Fact]
    public void Any_bytes_are_judged() => Gen.Byte.Array[0, 200].Sample(bytes => { Read(bytes, out _); });

    [Fact]
    public void Flipped_bits_are_judged() =>
        Gen.Select(SwimGens.Message, Gen.Int[0, int.MaxValue].List[1, 4]).Sample(
            (message, bits) =>
            {
                var bytes = Bytes(message);
                foreach (var bit in bits) bytes[bit / 8 % bytes.Length] ^= (byte)(1 << (bit % 8));
                Read(bytes, out _);
            },
            iter: 3000);

    [Theory]
    [InlineData(-1L, 0L, "incarnation is -1; 0 to 4611686018427387904 is allowed")]
    [InlineData(Incarnation.NumberMax + 1, 0L, "incarnation is 4611686018427387905; 0 to ")]
    [InlineData(0L, -1L, "nackAfter is -1; 0 to 600000000000 is allowed")]
    [InlineData(0L, 600_000_000_001L, "nackAfter is 600000000001; 0 to 600000000000 is allowed")]
    public void What_is_out_of_range_is_refused(long incarnation, long nackAfter, string fault)
    {
        var message = new SwimMessage.PingRequest(
            new Incarnation(incarnation, new BootId(1)), 1, Longest, new Duration(nackAfter), []);

        Assert.StartsWith(fault, Read(Bytes(message), out _), StringComparison.Ordinal);
    }

    [Fact]
    public void Nobody_tells_of_more_members_than_there_may_be()
    {
        var update = new MemberUpdate(Longest, default, MemberState.Alive, Longest);
        var most = new SwimMessage.PushPull(
            default, true, [.. Enumerable.Repeat(update, SwimFields.UpdatesMax)]);
        Assert.Null(Read(Bytes(most), out _));

        Assert.Equal(
            "updates has more than 4096 elements",
            Read(Bytes(most with { Updates = [.. most.Updates, update] }), out _));
    }

    [Fact]
    public void The_bound_of_an_update_is_its_largest_size() => SwimGens.Message.Sample(
        message =>
        {
            var bytes = Bytes(message).Length;
            var head = RawFields.Without(Bytes(message), 8).Length;
            var bound = message.Updates.Sum(SwimFields.BytesMaxOf);
            Assert.InRange(bytes - head, 0, bound);
        },
        iter: 1000);

    [Fact]
    public void The_longest_head_leaves_the_news_their_bytes()
    {
        var claim = new Incarnation(Incarnation.NumberMax, new BootId(ulong.MaxValue));
        var longest = new SwimMessage.PingRequest(
            claim, long.MaxValue, Longest, SwimFields.NackAfterMax, []);

        Assert.InRange(Bytes(longest).Length, 1, SwimFields.DatagramBytesMax - SwimFields.UpdatesBytesMax);
    }

    private static byte[] Bytes(SwimMessage message)
    {
        var writer = new FieldWriter();
        SwimFields.Write(writer, message);
        return writer.ToArray();
    }

    private static string? Read(ReadOnlySpan<byte> bytes, out string content)
    {
        var reader = new FieldReader(bytes);
        var message = SwimFields.ReadMessage(ref reader);
        Assert.Equal(message is null, reader.Fault is not null);
        content = Content.Of(message);
        return reader.Fault;
    }
}
