using Hyperscale.Det.Kernel;
using Hyperscale.Det.Protocol;

namespace Hyperscale.Det.Shell.Transport;

/// <summary>What waits to be sent to one peer: in order, bounded, taken as one batch.</summary>
/// <remarks>Any thread adds; one writer at a time waits, takes and gives back.</remarks>
internal sealed class SendQueue(int messagesMax, int bytesMax)
{
    private readonly object _gate = new();
    private SendBatch _filling = new();
    private SendBatch? _spare = new();
    private TaskCompletionSource<bool>? _waiter;
    private SendDrops _drops;
    private bool _isClosed;

    /// <summary>Whether calls are among what waits.</summary>
    public bool HasCalls
    {
        get
        {
            lock (_gate) return _filling.Calls.Count > 0;
        }
    }

    /// <summary>Adds a message, which leaves with the next <see cref="Wake"/> at the latest; false when it is
    /// lost, because the queue is full (which is counted) or closed.</summary>
    public bool TryAdd(ReadOnlySpan<byte> payload, Message message)
    {
        lock (_gate)
        {
            if (_isClosed) return false;
            if (_filling.Messages > 0 && !HasRoom(payload.Length))
            {
                _drops = new SendDrops(_drops.Messages + 1, _drops.Bytes + payload.Length);
                return false;
            }

            _filling.Add(payload, message);
            return true;
        }
    }

    /// <summary>Has the writer take what was added, if it waits: on this thread, which so sends by itself
    /// what the system takes at once. To wake another one would cost more than to send.</summary>
    public void Wake()
    {
        TaskCompletionSource<bool>? waiter;
        lock (_gate)
        {
            if (_filling.Messages == 0) return;
            (waiter, _waiter) = (_waiter, null);
        }

        waiter?.TrySetResult(true);
    }

    /// <summary>Waits until there is something to take; false once the queue is closed and empty.</summary>
    public async ValueTask<bool> WaitAsync(CancellationToken cancellation)
    {
        Task<bool> wake;
        lock (_gate)
        {
            if (_filling.Messages > 0) return true;
            if (_isClosed) return false;
            _waiter ??= new TaskCompletionSource<bool>();
            wake = _waiter.Task;
        }

        return await wake.WaitAsync(cancellation);
    }

    /// <summary>Takes everything that waits; <see cref="Return"/> takes the batch back.</summary>
    public SendBatch Take()
    {
        lock (_gate)
        {
            Invariant.Holds(_spare is not null);
            var batch = _filling;
            (_filling, _spare) = (_spare, null);
            return batch;
        }
    }

    public void Return(SendBatch batch)
    {
        batch.Clear();
        lock (_gate)
        {
            Invariant.Holds(_spare is null);
            _spare = batch;
        }
    }

    /// <summary>What was lost since the last call because the queue was full.</summary>
    public SendDrops TakeDrops()
    {
        lock (_gate)
        {
            var drops = _drops;
            _drops = default;
            return drops;
        }
    }

    /// <summary>Takes nothing more; what waits can still be taken.</summary>
    public void Close()
    {
        lock (_gate)
        {
            _isClosed = true;
            EndWait();
        }
    }

    /// <summary>Takes nothing more and drops what waits.</summary>
    public void Abort()
    {
        lock (_gate)
        {
            _filling.Clear();
            _isClosed = true;
            EndWait();
        }
    }

    private bool HasRoom(int payloadBytes) =>
        _filling.Messages < messagesMax && _filling.Length + Frame.HeaderBytes + payloadBytes <= bytesMax;

    // Not on this thread, which holds the lock and has other things to do than to end a session.
    private void EndWait()
    {
        var (waiter, hasMore) = (_waiter, _filling.Messages > 0);
        _waiter = null;
        if (waiter is not null) _ = Task.Run(() => waiter.TrySetResult(hasMore));
    }
}

/// <summary>Messages that found a queue full.</summary>
internal readonly record struct SendDrops(int Messages, long Bytes);
