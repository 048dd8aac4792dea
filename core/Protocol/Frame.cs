using System.Buffers.Binary;
using System.Text;
using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Protocol;

/// <summary>What surrounds a payload on a stream: length u32, CRC32C of the payload u32, payload; little
/// endian.</summary>
public static class Frame
{
    /// <summary>Largest encoded message on a stream: 16 MiB.</summary>
    public const int PayloadBytesMax = 16 * 1024 * 1024;

    /// <summary>Largest encoded message in a datagram, its frame included.</summary>
    public const int DatagramBytesMax = 1400;

    public const int HeaderBytes = 8;

    /// <summary>Writes the header of <paramref name="payload"/> to the start of
    /// <paramref name="target"/>.</summary>
    public static void WriteHeader(ReadOnlySpan<byte> payload, Span<byte> target)
    {
        Invariant.Holds(payload.Length <= PayloadBytesMax);
        BinaryPrimitives.WriteInt32LittleEndian(target, payload.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(target[sizeof(uint)..], Crc32C.Of(payload));
    }

    /// <summary>Writes header and payload to the start of <paramref name="target"/> and tells their
    /// length.</summary>
    public static int Write(ReadOnlySpan<byte> payload, Span<byte> target)
    {
        WriteHeader(payload, target);
        payload.CopyTo(target[HeaderBytes..]);
        return HeaderBytes + payload.Length;
    }

    /// <summary>Reads the frame that <paramref name="received"/> begins with.</summary>
    /// <remarks>It allocates nothing but the sentence of a fault; a length is judged as soon as it is there,
    /// so that nobody makes room for one that is too large.</remarks>
    public static FrameRead Read(ReadOnlySpan<byte> received, int payloadBytesMax = PayloadBytesMax)
    {
        if (received.Length < sizeof(uint)) return FrameRead.Partial(HeaderBytes);
        var length = BinaryPrimitives.ReadUInt32LittleEndian(received);
        if (length > payloadBytesMax)
            return FrameRead.Faulty(FrameVerdict.TooLarge, TooLarge(received, payloadBytesMax));
        var frameBytes = HeaderBytes + (int)length;
        if (received.Length < frameBytes) return FrameRead.Partial(frameBytes);
        var payload = received[HeaderBytes..frameBytes];
        var told = BinaryPrimitives.ReadUInt32LittleEndian(received[sizeof(uint)..]);
        var found = Crc32C.Of(payload);
        return told == found
            ? FrameRead.Whole(frameBytes, payload)
            : FrameRead.Faulty(FrameVerdict.Corrupt, Corrupt(length, told, found));
    }

    private static string Corrupt(uint length, uint told, uint found) =>
        $"a frame of {length} bytes is corrupt: its checksum is {found:x8}, its header says {told:x8}";

    private static string TooLarge(ReadOnlySpan<byte> received, int payloadBytesMax)
    {
        var length = BinaryPrimitives.ReadUInt32LittleEndian(received);
        var head = received[..sizeof(uint)];
        // Whoever speaks HTTP or another protocol of text here is told so instead of a meaningless length.
        return head.ContainsAnyExceptInRange((byte)' ', (byte)'~')
            ? $"a frame says that it has {length} bytes; at most {payloadBytesMax} are allowed"
            : $"no frame but text that begins with '{Encoding.UTF8.GetString(head)}'; only nodes of a "
                + "cluster may connect here";
    }
}

/// <summary>What <see cref="Frame.Read"/> found.</summary>
public readonly ref struct FrameRead
{
    private FrameRead(FrameVerdict verdict, int frameBytes, ReadOnlySpan<byte> payload, string fault)
    {
        Verdict = verdict;
        FrameBytes = frameBytes;
        Payload = payload;
        Fault = fault;
    }

    public FrameVerdict Verdict { get; }

    /// <summary>Length of the whole frame, behind which the next one begins; the least that is known of it
    /// while <see cref="FrameVerdict.NeedMore"/>; 0 after a fault.</summary>
    public int FrameBytes { get; }

    /// <summary>The payload of a complete frame: a part of what was given.</summary>
    public ReadOnlySpan<byte> Payload { get; }

    /// <summary>What is wrong, with lengths or checksums; empty when nothing is.</summary>
    public string Fault { get; }

    internal static FrameRead Whole(int frameBytes, ReadOnlySpan<byte> payload) =>
        new(FrameVerdict.Complete, frameBytes, payload, "");

    internal static FrameRead Partial(int frameBytes) => new(FrameVerdict.NeedMore, frameBytes, default, "");

    internal static FrameRead Faulty(FrameVerdict verdict, string fault) => new(verdict, 0, default, fault);
}

public enum FrameVerdict : byte
{
    Complete,

    /// <summary>The bytes end before the frame does.</summary>
    NeedMore,

    /// <summary>The length is over the bound; nothing after it can be read.</summary>
    TooLarge,

    /// <summary>The payload is not what was sent; nothing after it can be trusted.</summary>
    Corrupt,
}
