using System.Buffers;
using Hyperscale.Det.Protocol;

namespace Hyperscale.Det.Shell.Transport;

/// <summary>Frames that are sent together, and the calls among them, which are told of by name when they
/// never leave.</summary>
/// <remarks>The buffer is rented while there is something in it: an idle peer costs none.</remarks>
internal sealed class SendBatch
{
    private const int BytesMin = 4096;

    private readonly List<Message.ClientCall> _calls = [];
    private byte[] _buffer = [];

    public int Length { get; private set; }

    public int Messages { get; private set; }

    public IReadOnlyList<Message.ClientCall> Calls => _calls;

    public ReadOnlyMemory<byte> Bytes => _buffer.AsMemory(0, Length);

    public void Add(ReadOnlySpan<byte> payload, Message message)
    {
        MakeRoom(Frame.HeaderBytes + payload.Length);
        Length += Frame.Write(payload, _buffer.AsSpan(Length));
        Messages++;
        if (message is Message.ClientCall call) _calls.Add(call);
    }

    public void Clear()
    {
        if (_buffer.Length > 0) ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = [];
        _calls.Clear();
        (Length, Messages) = (0, 0);
    }

    private void MakeRoom(int bytes)
    {
        var needed = Length + bytes;
        if (needed <= _buffer.Length) return;
        var larger = ArrayPool<byte>.Shared.Rent(Math.Max(needed, Math.Max(BytesMin, _buffer.Length * 2)));
        Bytes.Span.CopyTo(larger);
        if (_buffer.Length > 0) ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = larger;
    }
}
