using System.Diagnostics;
using Hyperscale.Det.Durability;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Shell.Disk;

namespace Hyperscale.Det.Benchmarks;

/// <summary>What went through the store in some time.</summary>
internal readonly record struct Flow(long Records, long Batches, double Seconds)
{
    /// <summary>Batches a second, each counted as one of <paramref name="records"/> records.</summary>
    public double PerSecond(int records) => Records / (double)records / Seconds;
}

/// <summary>A host's view of the store: appends, and waits for what is durable.</summary>
internal sealed class StoreAppender : IDisposable
{
    // The log must not grow without end; a snapshot lets it drop what it no longer needs.
    private const long SnapshotEveryBytes = 32L * 1024 * 1024;

    private readonly object _gate = new();
    private readonly WalRecord _record;
    private readonly WalStore _store;
    private long _appended;
    private long _snapshotAt;
    private long _durable;
    private long _batches;
    private Exception? _failure;

    public StoreAppender(string path, int recordBytes)
    {
        _record = new WalRecord(WalRecordKind.LogEntry, new byte[recordBytes]);
        _store = WalStore.Open(
            path, new DiskOwner("benchmark", NodeId.Of("gate-1"), 1, EmptyDisk.NewNode), WalOptions.Default,
            OnDurable, _ => { }, OnFailed);
    }

    public void AppendAndWait(int records)
    {
        Append(records);
        WaitUntil(_appended);
    }

    /// <summary>Appends record by record for some time with at most <paramref name="window"/> not yet
    /// durable, and waits for the last one.</summary>
    public Flow AppendFor(TimeSpan time, int window)
    {
        var (records, batches) = (_appended, Volatile.Read(ref _batches));
        var start = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(start) < time)
        {
            WaitUntil(_appended + 1 - window);
            Append(1);
        }

        WaitUntil(_appended);
        var seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        return new Flow(_appended - records, Volatile.Read(ref _batches) - batches, seconds);
    }

    public void Dispose() => _store.Stop();

    private void Append(int records)
    {
        for (var i = 0; i < records; i++) _store.Append(_record);
        _appended += records;
        _store.Flush();
        if ((_appended - _snapshotAt) * _record.Payload.Length < SnapshotEveryBytes) return;
        _snapshotAt = _appended;
        _store.Snapshot(_appended, new byte[8]);
        _store.Flush();
    }

    private void WaitUntil(long lsn)
    {
        lock (_gate)
        {
            while (_durable < lsn && _failure is null) Monitor.Wait(_gate);
            if (_failure is not null) throw new InvalidOperationException("the disk failed", _failure);
        }
    }

    private void OnDurable(long lsn)
    {
        lock (_gate)
        {
            _durable = lsn;
            _batches++;
            Monitor.PulseAll(_gate);
        }
    }

    private void OnFailed(Exception failure)
    {
        lock (_gate)
        {
            _failure = failure;
            Monitor.PulseAll(_gate);
        }
    }
}
