using System.Buffers.Binary;
using System.Text;
using CsCheck;
using Hyperscale.Det.Protocol;

namespace Hyperscale.Det.Tests.Core.Protocol;

public sealed class FrameTests
{
    [Fact]
    public void Frames_come_back_however_the_stream_is_cut()
    {
        var streams = Gen.Select(Gen.Byte.Array[0, 60].List[0, 8], Gen.Int[1, 20].List[1, 20]);
        streams.Sample((payloads, cuts) =>
        {
            var stream = payloads.SelectMany(Framed).ToArray();
            Assert.Equal(payloads, Payloads(stream, cuts));
        });
    }

    [Fact]
    public void A_frame_wants_as_much_more_as_it_lacks()
    {
        var frame = Framed([1, 2, 3]);
        for (var length = 0; length < frame.Length; length++)
        {
            var read = Frame.Read(frame.AsSpan(0, length));
            Assert.Equal(FrameVerdict.NeedMore, read.Verdict);
            Assert.Equal(length < sizeof(uint) ? Frame.HeaderBytes : frame.Length, read.FrameBytes);
        }
    }

    [Fact]
    public void A_length_over_the_bound_is_refused_before_anything_is_made_room_for()
    {
        Span<byte> header = stackalloc byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt32LittleEndian(header, uint.MaxValue);
        var before = GC.GetAllocatedBytesForCurrentThread();
        var read = Frame.Read(header);
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;

        Assert.Equal(FrameVerdict.TooLarge, read.Verdict);
        Assert.Equal("a frame says that it has 4294967295 bytes; at most 16777216 are allowed", read.Fault);
        Assert.InRange(allocated, 0, 4096);
    }

    [Fact]
    public void A_reader_can_allow_less()
    {
        var frame = Framed(new byte[101]);

        Assert.Equal(FrameVerdict.TooLarge, Frame.Read(frame, payloadBytesMax: 100).Verdict);
        Assert.Equal(FrameVerdict.Complete, Frame.Read(frame, payloadBytesMax: 101).Verdict);
    }

    [Fact]
    public void A_request_of_another_protocol_is_told_so()
    {
        var read = Frame.Read(Encoding.ASCII.GetBytes("GET / HTTP/1.1\r\n"));

        Assert.Equal(FrameVerdict.TooLarge, read.Verdict);
        Assert.Equal(
            "no frame but text that begins with 'GET '; only nodes of a cluster may connect here",
            read.Fault);
    }

    [Fact]
    public void A_checksum_that_does_not_match_is_told_with_both()
    {
        var frame = Framed("123456789"u8.ToArray());
        frame[4] ^= 1;

        var read = Frame.Read(frame);

        Assert.Equal(FrameVerdict.Corrupt, read.Verdict);
        Assert.Equal(
            "a frame of 9 bytes is corrupt: its checksum is e3069283, its header says e3069282", read.Fault);
    }

    [Fact]
    public void A_flipped_bit_never_gives_another_payload()
    {
        var damaged = Gen.Select(Gen.Byte.Array[1, 60], Gen.Int[0, (68 * 8) - 1]);
        damaged.Sample((payload, bit) =>
        {
            var frame = Framed(payload);
            bit %= frame.Length * 8;
            frame[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.NotEqual(FrameVerdict.Complete, Frame.Read(frame).Verdict);
        });
    }

    [Fact]
    public void Any_bytes_are_judged_and_what_is_read_lies_within_them() =>
        Gen.Byte.Array[0, 40].Sample(bytes =>
        {
            var read = Frame.Read(bytes, payloadBytesMax: 1000);
            Assert.InRange(read.FrameBytes, 0, Frame.HeaderBytes + 1000);
            Assert.Equal(read.Verdict is FrameVerdict.TooLarge or FrameVerdict.Corrupt, read.Fault != "");
            if (read.Verdict != FrameVerdict.Complete) return;
            Assert.Equal(bytes[Frame.HeaderBytes..read.FrameBytes], read.Payload.ToArray());
        });

    [Fact]
    public void The_format_of_a_frame_stays() => Assert.Equal(
        "0900000083 9206E3 313233343536373839".Replace(" ", "", StringComparison.Ordinal),
        Convert.ToHexString(Framed("123456789"u8.ToArray())));

    private static byte[] Framed(byte[] payload)
    {
        var target = new byte[Frame.HeaderBytes + payload.Length];
        Assert.Equal(target.Length, Frame.Write(payload, target));
        return target;
    }

    /// <summary>Reads a stream that arrives in pieces of the given lengths, over and over.</summary>
    private static List<byte[]> Payloads(byte[] stream, List<int> cuts)
    {
        var payloads = new List<byte[]>();
        var arrived = new List<byte>();
        var sent = 0;
        for (var piece = 0; sent < stream.Length; piece++)
        {
            var length = Math.Min(cuts[piece % cuts.Count], stream.Length - sent);
            arrived.AddRange(stream[sent..(sent + length)]);
            sent += length;
            while (true)
            {
                var read = Frame.Read(arrived.ToArray());
                if (read.Verdict != FrameVerdict.Complete)
                {
                    Assert.Equal(FrameVerdict.NeedMore, read.Verdict);
                    break;
                }

                payloads.Add(read.Payload.ToArray());
                arrived.RemoveRange(0, read.FrameBytes);
            }
        }

        Assert.Empty(arrived);
        return payloads;
    }
}
