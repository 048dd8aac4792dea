using System.Net.Sockets;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Nodes;
using Hyperscale.Det.Protocol;

namespace Hyperscale.Det.Shell.Transport;

/// <summary>A connection whose two ends know each other: messages in, and out where it has a queue.</summary>
internal sealed class PeerSession(Socket socket, FrameReader frames, NodeId peer, TransportContext context)
{
    // So much is given to the system at a time that a slow peer still shows progress.
    private const int ChunkBytes = 256 * 1024;

    private int _received;
    private bool _isDeaf;

    public NodeId Peer => peer;

    /// <summary>Whether anything was given to the connection that the peer may not have received.</summary>
    public bool HasSent { get; private set; }

    /// <summary>Exchanges messages until the connection ends; never throws.</summary>
    /// <param name="queue">What to send; null where messages only come in. Once it is closed and empty, the
    /// session ends as soon as the peer has read all.</param>
    /// <returns>Why it ended.</returns>
    public async Task<string> RunAsync(SendQueue? queue, CancellationToken cancellation)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var reading = ReadAsync(ending.Token);
        if (queue is null) return await reading;
        var writing = WriteAsync(queue, ending.Token);
        var first = await Task.WhenAny(reading, writing);
        // A flushed session goes on reading until the peer closes, so that nothing cuts what is under way.
        if (first == reading || await writing != "") await ending.CancelAsync();
        var (read, written) = (await reading, await writing);
        return first == reading || written == "" ? read : written;
    }

    private async Task<string> ReadAsync(CancellationToken cancellation)
    {
        try
        {
            while (await frames.NextAsync(Frame.PayloadBytesMax, cancellation) is { } payload)
            {
                if (_isDeaf) continue;
                if (!MessageCodec.TryDecode(payload.Span, out var message, out var fault))
                    return $"the peer sent a message that cannot be read: {fault}";
                var input = new NodeInput.Received(peer, message);
                _isDeaf = !await context.Mailbox.PostAsync(input, cancellation);
                Count();
            }

            return frames.End;
        }
        catch (Exception e) when (IsEnd(e))
        {
            return ReasonOf(e);
        }
    }

    /// <summary>Empty once everything is sent and the queue closed, else why it could not be.</summary>
    private async Task<string> WriteAsync(SendQueue queue, CancellationToken cancellation)
    {
        using var stall = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        try
        {
            while (await queue.WaitAsync(cancellation))
            {
                await SendAsync(queue, stall);
                context.TellDrops(peer, queue);
            }

            socket.Shutdown(SocketShutdown.Send);
            return "";
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return $"the peer took nothing for {context.Options.StallMax.TotalSeconds:0.#} s";
        }
        catch (Exception e) when (IsEnd(e))
        {
            return ReasonOf(e);
        }
    }

    private async Task SendAsync(SendQueue queue, CancellationTokenSource stall)
    {
        var batch = queue.Take();
        try
        {
            HasSent = true;
            for (var rest = batch.Bytes; rest.Length > 0;)
            {
                var chunk = rest[..Math.Min(rest.Length, ChunkBytes)];
                var sending = socket.SendAsync(chunk, stall.Token);
                rest = rest[(sending.IsCompleted ? await sending : await WithinAsync(sending, stall))..];
            }

            context.Metrics.Sent(batch.Messages, batch.Length);
        }
        finally
        {
            queue.Return(batch);
        }
    }

    private async ValueTask<int> WithinAsync(ValueTask<int> sending, CancellationTokenSource stall)
    {
        stall.CancelAfter(context.Options.StallMax);
        var sent = await sending;
        stall.CancelAfter(Timeout.InfiniteTimeSpan);
        return sent;
    }

    // One measurement for all that arrived together.
    private void Count()
    {
        _received++;
        if (!frames.IsEmpty) return;
        context.Metrics.Received(_received);
        _received = 0;
    }

    private static bool IsEnd(Exception e) =>
        e is SocketException or OperationCanceledException or ObjectDisposedException;

    private static string ReasonOf(Exception e) => e switch
    {
        SocketException socket => SocketFaults.Describe(socket.SocketErrorCode),
        _ => "closed by this node",
    };
}
