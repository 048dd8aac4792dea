using System.Diagnostics;
using Hyperscale.Det.Durability;
using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Shell.Disk;

/// <summary>Group commit: whatever hosts appended while the disk was busy becomes the next batch.</summary>
/// <remarks>Any thread appends; one thread, which calls <see cref="Run"/>, owns the log and the disk and
/// makes all callbacks. Durable LSNs are reported in order. The first failure is reported once and ends the
/// writer: nothing is written after it, and nothing appended is reported durable any more.</remarks>
public sealed class WalWriter(
    WriteAheadLog log,
    IDisk disk,
    Duration sealAfter,
    Action<long> onDurable,
    Action<long> onSnapshotDurable,
    Action<Exception> onFailed)
{
    private readonly object _gate = new();
    private readonly Outbox<DiskCommand> _plan = new();
    private readonly List<WalRecord> _batch = [];
    private readonly Queue<Entry> _queue = new();
    private bool _isFlushed;
    private bool _isStopping;
    private bool _hasFailed;

    private enum Work : byte { Batch, Snapshot, Seal, Stop }

    /// <summary>What is appended and not yet taken by the writing thread.</summary>
    public int Pending
    {
        get
        {
            lock (_gate) return _queue.Count;
        }
    }

    /// <summary>Queues a record; it may wait for <see cref="Flush"/>. Without effect once the writer failed.
    /// </summary>
    public void Append(WalRecord record) => Enqueue(new Entry(record, 0, default));

    /// <summary>Queues a snapshot behind the records appended before it.</summary>
    public void Snapshot(long lsn, ReadOnlyMemory<byte> state) => Enqueue(new Entry(null, lsn, state));

    /// <summary>Everything queued may be written.</summary>
    public void Flush()
    {
        lock (_gate)
        {
            if (_queue.Count == 0) return;
            _isFlushed = true;
            Monitor.PulseAll(_gate);
        }
    }

    /// <summary>Asks the writing thread to write everything queued and to return.</summary>
    public void Stop()
    {
        lock (_gate)
        {
            _isStopping = true;
            Monitor.PulseAll(_gate);
        }
    }

    /// <summary>Writes until stopped or failed.</summary>
    public void Run()
    {
        try
        {
            while (true)
            {
                var work = Take(out var snapshot);
                switch (work)
                {
                    case Work.Batch:
                        log.Append(_batch, _plan);
                        break;
                    case Work.Snapshot:
                        log.Snapshot(snapshot.Lsn, snapshot.State, _plan);
                        break;
                    case Work.Seal:
                    case Work.Stop:
                        log.Seal(_plan);
                        break;
                    default:
                        throw new UnreachableException($"unhandled {work}");
                }

                CarryOut();
                if (work == Work.Stop) return;
            }
        }
        catch (Exception e)
        {
            Fail();
            onFailed(e);
        }
    }

    private void Enqueue(Entry entry)
    {
        lock (_gate)
        {
            if (_hasFailed) return;
            Invariant.Holds(!_isStopping);
            _queue.Enqueue(entry);
        }
    }

    private void Fail()
    {
        lock (_gate)
        {
            _hasFailed = true;
            _queue.Clear();
        }
    }

    private void CarryOut()
    {
        foreach (var command in _plan.Effects)
        {
            switch (command)
            {
                case DiskCommand.AnnounceDurable durable:
                    onDurable(durable.Lsn);
                    break;
                case DiskCommand.AnnounceSnapshot snapshot:
                    onSnapshotDurable(snapshot.Lsn);
                    break;
                default:
                    disk.Execute(command);
                    break;
            }
        }

        _plan.Clear();
    }

    private Work Take(out Entry snapshot)
    {
        snapshot = default;
        _batch.Clear();
        lock (_gate)
        {
            while (_queue.Count == 0 || !(_isFlushed || _isStopping))
            {
                if (_isStopping) return Work.Stop;
                if (!WaitForWork()) return Work.Seal;
            }

            while (_queue.TryPeek(out var head) && head.Record is not null)
            {
                _batch.Add(head.Record);
                _queue.Dequeue();
            }

            var work = _batch.Count > 0 ? Work.Batch : Work.Snapshot;
            if (work == Work.Snapshot) snapshot = _queue.Dequeue();
            // What was cut off at a snapshot was flushed too.
            _isFlushed = _queue.Count > 0;
            return work;
        }
    }

    /// <summary>False when the log was idle long enough to be sealed.</summary>
    private bool WaitForWork()
    {
        if (log.NeedsSeal && sealAfter > Duration.Zero)
            return Monitor.Wait(_gate, (int)Math.Max(1, sealAfter.Milliseconds));
        return Monitor.Wait(_gate);
    }

    /// <summary>A record, or else a snapshot.</summary>
    private readonly record struct Entry(WalRecord? Record, long Lsn, ReadOnlyMemory<byte> State);
}
