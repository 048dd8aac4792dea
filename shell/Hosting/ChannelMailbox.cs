using System.Threading.Channels;

namespace Hyperscale.Det.Shell.Hosting;

/// <summary>A mailbox on <see cref="Channel{T}"/>.</summary>
/// <param name="bound">Number of posted items that may wait at once; at least 1.</param>
public sealed class ChannelMailbox<T>(int bound) : IMailbox<T>, IDisposable
{
    private readonly Channel<Entry> _channel = Channel.CreateUnbounded<Entry>(
        new UnboundedChannelOptions { SingleReader = true });

    private readonly SemaphoreSlim _room = new(bound, bound);
    private readonly CancellationTokenSource _closed = new();

    /// <inheritdoc/>
    public async ValueTask<bool> PostAsync(T item, CancellationToken cancellation)
    {
        try
        {
            if (!_room.Wait(0, CancellationToken.None) && !await WaitForRoom(cancellation)) return false;
            if (_channel.Writer.TryWrite(new Entry(item, TookRoom: true))) return true;
            _room.Release();
            return false;
        }
        catch (ObjectDisposedException)
        {
            // Whoever reads has ended since the caller looked: it is closed, no more and no less.
            return false;
        }
    }

    /// <inheritdoc/>
    public bool Signal(T item) => _channel.Writer.TryWrite(new Entry(item, TookRoom: false));

    /// <inheritdoc/>
    public ValueTask<bool> WaitAsync() => _channel.Reader.WaitToReadAsync();

    /// <inheritdoc/>
    public void Drain(List<T> batch, int max)
    {
        var freed = 0;
        for (var taken = 0; taken < max && _channel.Reader.TryRead(out var entry); taken++)
        {
            batch.Add(entry.Item);
            if (entry.TookRoom) freed++;
        }

        if (freed > 0) _room.Release(freed);
    }

    /// <inheritdoc/>
    public void Close()
    {
        if (_channel.Writer.TryComplete()) _closed.Cancel();
    }

    public void Dispose()
    {
        Close();
        _closed.Dispose();
        _room.Dispose();
    }

    private async ValueTask<bool> WaitForRoom(CancellationToken cancellation)
    {
        try
        {
            using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, _closed.Token);
            await _room.WaitAsync(either.Token);
            return true;
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return false;
        }
    }

    private readonly record struct Entry(T Item, bool TookRoom);
}
