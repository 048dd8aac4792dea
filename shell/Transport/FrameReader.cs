using System.Buffers;
using System.Diagnostics;
using System.Net.Sockets;
using Hyperscale.Det.Protocol;

namespace Hyperscale.Det.Shell.Transport;

/// <summary>Cuts a connection's bytes into the payloads of its frames.</summary>
/// <remarks>The buffer grows with what has arrived, not with what a header promises, and shrinks again once
/// it is read.</remarks>
internal sealed class FrameReader(Socket socket) : IDisposable
{
    private const int BufferBytes = 8 * 1024;

    private byte[] _buffer = ArrayPool<byte>.Shared.Rent(BufferBytes);
    private int _start;
    private int _end;
    private bool _isDisposed;

    /// <summary>Why there is no next payload: the connection's end, or what is wrong with its
    /// bytes.</summary>
    public string End { get; private set; } = "";

    /// <summary>Whether everything that has arrived is read.</summary>
    public bool IsEmpty => _start == _end;

    /// <summary>The next payload, valid until the next call; null when none follows, and
    /// <see cref="End"/> says why.</summary>
    public async ValueTask<ReadOnlyMemory<byte>?> NextAsync(int payloadMax, CancellationToken cancellation)
    {
        ReadOnlyMemory<byte>? payload;
        while ((payload = Take(payloadMax)) is null && End == "")
        {
            MakeRoom();
            var read = await socket.ReceiveAsync(_buffer.AsMemory(_end), cancellation);
            _end += read;
            if (read > 0) continue;
            End = IsEmpty ? "closed by the peer" : "closed by the peer in the middle of a frame";
        }

        return payload;
    }

    public void Dispose()
    {
        if (_isDisposed) return;
        _isDisposed = true;
        ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = [];
    }

    private ReadOnlyMemory<byte>? Take(int payloadMax)
    {
        var frame = Frame.Read(_buffer.AsSpan(_start, _end - _start), payloadMax);
        switch (frame.Verdict)
        {
            case FrameVerdict.Complete:
                _start += frame.FrameBytes;
                return _buffer.AsMemory(_start - frame.Payload.Length, frame.Payload.Length);
            case FrameVerdict.NeedMore:
                return null;
            case FrameVerdict.TooLarge:
            case FrameVerdict.Corrupt:
                End = frame.Fault;
                return null;
            default:
                throw new UnreachableException($"unhandled {frame.Verdict}");
        }
    }

    private void MakeRoom()
    {
        var length = _end - _start;
        if (length == 0 && _buffer.Length > BufferBytes * 4) Replace(BufferBytes);
        else if (length > 0 && _end < _buffer.Length) return;
        else if (length > _buffer.Length / 2) Replace(_buffer.Length * 2);
        else Buffer.BlockCopy(_buffer, _start, _buffer, 0, length);
        (_start, _end) = (0, length);
    }

    private void Replace(int bytes)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(bytes);
        Buffer.BlockCopy(_buffer, _start, buffer, 0, _end - _start);
        ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = buffer;
    }
}
