using System.Numerics;
using Hyperscale.Det.Durability;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Sim.Coverage;
using Hyperscale.Det.Sim.Engine;
using Hyperscale.Det.Sim.Plans;

namespace Hyperscale.Det.Sim.Disk;

/// <summary>A node's log on its simulated directory: group commit as the shell does it, with every sync
/// taking its time.</summary>
/// <remarks>Whatever was appended while the disk was busy becomes the next batch. Commands take effect one
/// after another, a sync at its end: a crash before that finds the bytes written and not safe.</remarks>
public sealed class SimLog(
    Scheduler scheduler,
    int node,
    int life,
    SimDirectory directory,
    DiskOptions options,
    ulong latencySeed,
    ISimLogOwner owner)
{
    private readonly Outbox<DiskCommand> _plan = new();
    private readonly List<WalRecord> _batch = [];
    private readonly Queue<Entry> _queue = new();
    private WriteAheadLog? _log;
    private IReadOnlyList<DiskCommand> _steps = [];
    private int _at;
    private long _syncs;
    private long _idleSince;
    private bool _isBusy;
    private bool _isFlushed;
    private bool _failsNext;
    private bool _isDead;

    public SimDirectory Directory => directory;

    /// <summary>Whether a sync is under way.</summary>
    public bool IsSyncing => _isBusy && !_isDead;

    public int Pending => _queue.Count;

    /// <summary>Added to every sync.</summary>
    public Duration Stall { get; set; } = Duration.Zero;

    /// <summary>Opens the directory; <see cref="ISimLogOwner.OnOpened"/> follows once the start's plan is
    /// carried out. The fault, where the directory is refused.</summary>
    public WalFault? Open(DiskStart start)
    {
        var walOptions = WalOptions.Default with
        {
            SegmentBytes = options.SegmentBytes,
            BatchRecordsMax = options.BatchRecordsMax,
            SealAfter = options.SealAfter,
        };
        var opening = WriteAheadLog.Open(walOptions, start, directory.Read());
        if (opening.Fault is { } fault) return fault;
        _log = opening.Log;
        _steps = opening.Plan;
        _at = 0;
        _isBusy = true;
        Advance(() => owner.OnOpened(opening));
        return null;
    }

    public void Append(WalRecord record) => _queue.Enqueue(new Entry(record, 0, default));

    public void Snapshot(long lsn, ReadOnlyMemory<byte> state) => _queue.Enqueue(new Entry(null, lsn, state));

    /// <summary>Ends a host's batch: what was appended may be written.</summary>
    public void Flush()
    {
        if (_queue.Count == 0) return;
        _isFlushed = true;
        if (!_isBusy) TakeWork();
    }

    /// <summary>The next sync fails.</summary>
    public void FailNext(bool fails) => _failsNext = fails;

    /// <summary>The process is gone: nothing more is written.</summary>
    public void Kill() => _isDead = true;

    internal void OnSynced(Action? then)
    {
        if (_isDead) return;
        var command = _steps[_at];
        if (_failsNext)
        {
            _isDead = true;
            if (command is DiskCommand.SyncFile file) directory.FailSync(file.Name);
            owner.OnDiskFailed();
            return;
        }

        directory.Execute(command);
        _at++;
        Advance(then);
    }

    internal void OnSealDue(long since)
    {
        if (_isDead || _isBusy || since != _idleSince || !_log!.NeedsSeal) return;
        _plan.Clear();
        _log.Seal(_plan);
        owner.Coverage.Sometimes(Probe.SegmentSealed);
        Begin();
    }

    private void TakeWork()
    {
        _batch.Clear();
        while (_queue.TryPeek(out var head) && head.Record is not null)
        {
            _batch.Add(head.Record);
            _queue.Dequeue();
        }

        _plan.Clear();
        if (_batch.Count > 0)
        {
            _log!.Append(_batch, _plan);
        }
        else
        {
            var snapshot = _queue.Dequeue();
            _log!.Snapshot(snapshot.Lsn, snapshot.State, _plan);
            owner.Coverage.Sometimes(Probe.SnapshotStored);
        }

        // What was cut off at a snapshot was flushed too.
        _isFlushed = _queue.Count > 0;
        Begin();
    }

    private void Begin()
    {
        _steps = _plan.Effects;
        _at = 0;
        _isBusy = true;
        Advance(null);
    }

    /// <summary>Carries out commands up to the next sync, which takes its time.</summary>
    private void Advance(Action? then)
    {
        for (; _at < _steps.Count; _at++)
        {
            var command = _steps[_at];
            switch (command)
            {
                case DiskCommand.SyncFile or DiskCommand.SyncDirectory:
                    var length = SyncTime();
                    scheduler.After(length, new SyncDone(this, node, life, then));
                    owner.OnSyncBegins(length);
                    return;
                case DiskCommand.AnnounceDurable durable when then is null:
                    owner.OnDurable(durable.Lsn);
                    break;
                case DiskCommand.AnnounceSnapshot snapshot:
                    owner.OnSnapshotDurable(snapshot.Lsn);
                    break;
                case DiskCommand.Rename rename
                    when then is null && WalFiles.TryParseSegment(rename.To, out _):
                    owner.Coverage.Sometimes(Probe.SegmentRolled);
                    directory.Execute(command);
                    break;
                default:
                    directory.Execute(command);
                    break;
            }

            if (_isDead) return;
        }

        _isBusy = false;
        if (then is not null) then();
        else if (_isFlushed && _queue.Count > 0) TakeWork();
        else ScheduleSeal();
    }

    private void ScheduleSeal()
    {
        _idleSince++;
        if (options.SealAfter > Duration.Zero && _log!.NeedsSeal)
            scheduler.After(options.SealAfter, new SealDue(this, node, life, _idleSince));
    }

    private Duration SyncTime()
    {
        var draw = Rng.Mix(latencySeed ^ (ulong)_syncs++);
        var doublings = Math.Min(BitOperations.TrailingZeroCount(draw), options.TailDoublings);
        var least = options.SyncMin.Nanoseconds;
        return new Duration(least + ((least * (long)(draw >> 48) >> 16) << doublings)) + Stall;
    }

    /// <summary>A record, or else a snapshot.</summary>
    private readonly record struct Entry(WalRecord? Record, long Lsn, ReadOnlyMemory<byte> State);

    private sealed class SyncDone(SimLog log, int node, int life, Action? then) : SimEvent(node)
    {
        public override ulong Identity => (7UL << 60) | ((ulong)Lane << 32) | (uint)life;

        public override void Fire() => log.OnSynced(then);

        public override string ToString() => "a sync ends";
    }

    private sealed class SealDue(SimLog log, int node, int life, long since) : SimEvent(node)
    {
        public override ulong Identity => (8UL << 60) | ((ulong)Lane << 32) | (uint)life;

        public override void Fire() => log.OnSealDue(since);

        public override string ToString() => "the log is idle";
    }
}

/// <summary>What a log tells the process that owns it.</summary>
public interface ISimLogOwner
{
    CoverageBoard Coverage { get; }

    /// <summary>The start's plan is carried out: the node may answer.</summary>
    void OnOpened(WalOpening opening);

    void OnDurable(long lsn);

    void OnSnapshotDurable(long lsn);

    void OnSyncBegins(Duration length);

    /// <summary>Nothing more becomes durable and the node must stop.</summary>
    void OnDiskFailed();
}
