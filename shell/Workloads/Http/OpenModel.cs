using Hyperscale.Det.Shell.Processes;

namespace Hyperscale.Det.Shell.Workloads.Http;

/// <summary>Starts requests at a constant rate, whatever the answers take.</summary>
/// <remarks>Arrival i is meant for start + i / rate, and its latency counts from then: a server that stalls
/// shows in every request that had to wait, not in one. Arrivals wait for a free sender; the oldest beyond
/// the backlog's bound, and those that still wait at the end, are dropped.</remarks>
internal sealed class OpenModel
{
    /// <summary>Requests under way at once.</summary>
    public const int SendersMax = 4096;

    /// <summary>Arrivals that may wait for a sender.</summary>
    public const int BacklogMax = 65_536;

    // Finer than this, arrivals are released several at a time; their intended starts stay exact.
    private const long StepNanoseconds = 100_000;
    private const long NapNanoseconds = 50_000_000;

    private readonly HttpTarget _target;
    private readonly LoadRecorder _recorder;
    private readonly int _rate;
    private readonly long _start;
    private readonly long _end;
    private readonly long _total;
    private readonly CancellationToken _stopping;
    private readonly TaskCompletionSource _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock _lock = new();
    private readonly Stack<Sender> _idle = new();
    private readonly List<Sender> _senders = [];
    private long _next;
    private long _released;
    private bool _isClosed;

    public OpenModel(
        HttpTarget target,
        LoadRecorder recorder,
        int rate,
        long start,
        long duration,
        CancellationToken stopping)
    {
        _target = target;
        _recorder = recorder;
        _rate = rate;
        _start = start;
        _end = start + duration;
        _stopping = stopping;
        // Every arrival whose intended start lies before the end.
        _total = Arrivals(duration - 1);
    }

    public Task RunAsync()
    {
        new Thread(Pace) { IsBackground = true, Name = "arrivals" }.Start();
        return _done.Task;
    }

    private long Arrivals(long elapsed) =>
        elapsed < 0 ? 0 : (long)((Int128)elapsed * _rate / 1_000_000_000) + 1;

    private long IntendedStart(long arrival) => _start + (long)((Int128)arrival * 1_000_000_000 / _rate);

    private void Pace()
    {
        try
        {
            NativeProcess.SleepPrecisely();
            while (!_stopping.IsCancellationRequested && Release())
            {
                var now = MonotonicClock.Nanoseconds;
                // A long wait is taken in naps, so that stopping is noticed.
                var until = Math.Clamp(IntendedStart(_released), now + StepNanoseconds, now + NapNanoseconds);
                MonotonicClock.SleepUntil(Math.Min(until, Math.Max(_end, now)));
            }

            Close();
        }
        catch (Exception e)
        {
            _done.TrySetException(e);
        }
    }

    // Hands every arrival that is due to an idle sender; false at the end.
    private bool Release()
    {
        var now = MonotonicClock.Nanoseconds;
        if (now >= _end) return false;
        lock (_lock)
        {
            _released = Math.Min(_total, Arrivals(now - _start));
            if (_released - _next > BacklogMax)
            {
                _recorder.Drop(_released - _next - BacklogMax);
                _next = _released - BacklogMax;
            }

            var wanted = _released - _next;
            while (wanted-- > 0 && TryWake()) ;
        }

        return true;
    }

    private bool TryWake()
    {
        if (!_idle.TryPop(out var sender))
        {
            if (_senders.Count == SendersMax) return false;
            sender = new Sender(this);
            _senders.Add(sender);
        }

        ThreadPool.UnsafeQueueUserWorkItem(sender, preferLocal: false);
        return true;
    }

    private bool TryTake(Sender sender, out long intended)
    {
        intended = 0;
        lock (_lock)
        {
            if (!_isClosed && _next < _released && MonotonicClock.Nanoseconds < _end)
            {
                intended = IntendedStart(_next++);
                return true;
            }

            _idle.Push(sender);
            EndWhenIdle();
            return false;
        }
    }

    private void Close()
    {
        lock (_lock)
        {
            _isClosed = true;
            // What a stop cut off was never due.
            var due = _stopping.IsCancellationRequested ? _released : _total;
            _recorder.Drop(due - _next);
            EndWhenIdle();
        }
    }

    private void EndWhenIdle()
    {
        if (!_isClosed || _idle.Count < _senders.Count) return;
        foreach (var sender in _senders) sender.Dispose();
        _done.TrySetResult();
    }

    private sealed class Sender(OpenModel model) : IThreadPoolWorkItem, IDisposable
    {
        private readonly RequestSender _requests = new(model._target, model._recorder, model._stopping);

        public void Execute() => _ = RunAsync();

        public void Dispose() => _requests.Dispose();

        private async Task RunAsync()
        {
            try
            {
                while (model.TryTake(this, out var intended)) await _requests.SendAsync(intended);
            }
            // A request that fails is counted; anything else is a fault of ours, and ends the run.
            catch (Exception e)
            {
                model._done.TrySetException(e);
            }
        }
    }
}
