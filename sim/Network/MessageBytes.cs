using System.Buffers.Binary;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Protocol;
using Hyperscale.Det.Wire;

namespace Hyperscale.Det.Sim.Network;

/// <summary>A message as it travels: a frame, with its checksum.</summary>
public readonly struct MessageBytes
{
    private const int CrcAt = 4;

    private readonly byte[] _frame;

    private MessageBytes(byte[] frame) => _frame = frame;

    public int Length => _frame.Length;

    public uint Checksum => BinaryPrimitives.ReadUInt32LittleEndian(_frame.AsSpan(CrcAt));

    /// <param name="writer">Reused from message to message.</param>
    public static MessageBytes Of(Message message, FieldWriter writer)
    {
        writer.Clear();
        MessageCodec.Encode(message, writer);
        var frame = new byte[Frame.HeaderBytes + writer.Length];
        Frame.Write(writer.Written, frame);
        return new MessageBytes(frame);
    }

    /// <summary>The same with one bit changed.</summary>
    public MessageBytes Corrupted(ulong draw)
    {
        var frame = _frame.AsSpan().ToArray();
        var bit = (int)(draw % (ulong)(frame.Length * 8));
        frame[bit / 8] ^= (byte)(1 << (bit % 8));
        return new MessageBytes(frame);
    }

    /// <summary>Reads the message; false when the frame is damaged.</summary>
    /// <exception cref="InvariantViolationException">The frame is whole and holds no message: what we sent,
    /// we could not read.</exception>
    public bool TryDecode(out Message message)
    {
        message = null!;
        var frame = Frame.Read(_frame);
        if (frame.Verdict != FrameVerdict.Complete) return false;
        var isReadable = MessageCodec.TryDecode(frame.Payload, out var read, out var fault);
        if (!isReadable) throw new InvariantViolationException(fault, nameof(MessageCodec), 0);
        message = read!;
        return true;
    }
}
