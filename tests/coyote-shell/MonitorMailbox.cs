using Hyperscale.Det.Shell.Hosting;

namespace Hyperscale.Det.Tests.CoyoteShell;

/// <summary>A mailbox of monitors and task completion sources, all of which Coyote controls.</summary>
/// <remarks>Coyote does not see into <see cref="System.Threading.Channels"/> and would report every wait on
/// one as a deadlock.</remarks>
internal class MonitorMailbox<T>(int bound) : IMailbox<T>
{
    private readonly object _gate = new();
    private readonly Queue<(T Item, bool TookRoom)> _items = new();
    private readonly Queue<(T Item, TaskCompletionSource<bool> Taken)> _writers = new();
    private TaskCompletionSource<bool>? _reader;
    private int _room = bound;
    private bool _isClosed;

    public ValueTask<bool> PostAsync(T item, CancellationToken cancellation)
    {
        Assert.False(cancellation.CanBeCanceled, "no scenario cancels a post");
        lock (_gate)
        {
            if (_isClosed) return ValueTask.FromResult(false);
            if (_room == 0)
            {
                var taken = NewSource();
                _writers.Enqueue((item, taken));
                return new ValueTask<bool>(taken.Task);
            }

            _room--;
            Add(item, tookRoom: true);
            return ValueTask.FromResult(true);
        }
    }

    public bool Signal(T item)
    {
        lock (_gate)
        {
            if (!_isClosed) Add(item, tookRoom: false);
            return !_isClosed;
        }
    }

    public virtual ValueTask<bool> WaitAsync()
    {
        lock (_gate)
        {
            if (IsReady(out var result)) return ValueTask.FromResult(result);
            return RegisterReader();
        }
    }

    public void Drain(List<T> batch, int max)
    {
        lock (_gate)
        {
            for (var taken = 0; taken < max && _items.TryDequeue(out var entry); taken++)
            {
                batch.Add(entry.Item);
                if (entry.TookRoom) _room++;
            }

            while (_room > 0 && _writers.TryDequeue(out var writer))
            {
                _room--;
                Add(writer.Item, tookRoom: true);
                writer.Taken.SetResult(true);
            }
        }
    }

    public void Close()
    {
        lock (_gate)
        {
            _isClosed = true;
            while (_writers.TryDequeue(out var writer)) writer.Taken.SetResult(false);
            if (_items.Count == 0) WakeReader(false);
        }
    }

    /// <summary>Whether <see cref="WaitAsync"/> can answer at once, and what.</summary>
    protected bool IsReady(out bool result)
    {
        result = _items.Count > 0;
        return result || _isClosed;
    }

    protected ValueTask<bool> RegisterReader()
    {
        Assert.Null(_reader);
        _reader = NewSource();
        return new ValueTask<bool>(_reader.Task);
    }

    private void Add(T item, bool tookRoom)
    {
        _items.Enqueue((item, tookRoom));
        WakeReader(true);
    }

    private void WakeReader(bool result)
    {
        var reader = _reader;
        _reader = null;
        reader?.SetResult(result);
    }

    private static TaskCompletionSource<bool> NewSource() =>
        new(TaskCreationOptions.RunContinuationsAsynchronously);
}

/// <summary>Planted bug: looks for items, lets go of the lock, and only then says that it waits.</summary>
internal sealed class ForgetfulMailbox<T>(int bound) : MonitorMailbox<T>(bound)
{
    private readonly object _registration = new();

    public override ValueTask<bool> WaitAsync()
    {
        lock (_registration)
            if (IsReady(out var result)) return ValueTask.FromResult(result);
        lock (_registration) return RegisterReader();
    }
}
