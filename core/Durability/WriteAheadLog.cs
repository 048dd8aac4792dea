using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Durability;

/// <summary>An open log: turns batches and snapshots into disk commands (AD-38/39).</summary>
/// <remarks>Each call leaves a plan in the outbox that must be carried out, in order and to its end, before
/// the plan of the next call; after a failed command the log is dead and the process must end.</remarks>
public sealed class WriteAheadLog
{
    /// <summary>How many snapshots are kept: should the newest be damaged, the log still reaches back to the
    /// one before.</summary>
    public const int SnapshotsKept = 2;

    private readonly WalIdentity _identity;
    private readonly WalOptions _options;
    private readonly DiskLife _life;
    private readonly List<SegmentExtent> _segments = [];
    private readonly List<long> _snapshots = [];
    private long _position;
    private long _sequence = 1;
    private uint _previousCrc;
    private bool _hasSpare;
    private bool _needsSeal;

    internal WriteAheadLog(WalIdentity identity, WalOptions options, DiskLife life, long lastLsn)
    {
        options.CheckInvariants();
        _identity = identity;
        _options = options;
        _life = life;
        LastLsn = lastLsn;
    }

    /// <summary>LSN of the last record in a plan.</summary>
    public long LastLsn { get; private set; }

    /// <summary>Bytes of all segment files, the spare one not counted.</summary>
    public long SegmentBytes => _segments.Sum(segment => segment.Length);

    /// <summary>Whether the last batch still looks like a torn one should it be damaged.</summary>
    public bool NeedsSeal => _needsSeal && _position + WalFrame.BlockBytes <= Active.Length;

    private SegmentExtent Active => _segments[^1];

    /// <summary>Opens a data directory: what it holds, and the plan that makes it ready for
    /// appends.</summary>
    public static WalOpening Open(WalOptions options, DiskStart start, IReadOnlyList<DiskFile> files) =>
        WalRecovery.Open(options, start, files);

    /// <summary>Appends records as one or more frames, each durable before the next is written.</summary>
    public void Append(IReadOnlyList<WalRecord> records, Outbox<DiskCommand> outbox)
    {
        Invariant.Holds(records.Count > 0);
        var batch = records.ToArray();
        for (var start = 0; start < batch.Length;)
        {
            var count = BatchAt(batch, start);
            var frame = batch.AsSpan(start, count);
            if (_position + FrameBytes(frame) > Active.Length) Roll(FrameBytes(frame), outbox);
            WriteFrame(Active.Name, frame, outbox);
            outbox.Emit(new DiskCommand.SyncFile(Active.Name));
            outbox.Emit(new DiskCommand.AnnounceDurable(LastLsn));
            _needsSeal = true;
            start += count;
        }
    }

    /// <summary>Writes an empty frame behind the last batch, where it fits, so that later damage to that
    /// batch shows as damage. Meant for idle moments: it costs a block and a sync.</summary>
    public void Seal(Outbox<DiskCommand> outbox)
    {
        if (!NeedsSeal) return;
        WriteFrame(Active.Name, [], outbox);
        outbox.Emit(new DiskCommand.SyncFile(Active.Name));
        _needsSeal = false;
    }

    /// <summary>Stores the state that covers all records up to <paramref name="lsn"/>, then drops the
    /// segments and snapshots that nothing needs any more.</summary>
    public void Snapshot(long lsn, ReadOnlyMemory<byte> state, Outbox<DiskCommand> outbox)
    {
        Invariant.Holds(lsn > 0);
        Invariant.Holds(lsn <= LastLsn);
        Invariant.Holds(_snapshots.Count == 0 || lsn >= _snapshots[^1]);
        if (_snapshots.Count == 0 || lsn > _snapshots[^1])
        {
            var header = SnapshotFile.EncodeHeader(_identity, lsn, state.Span);
            outbox.Emit(new DiskCommand.CreateFile(WalFiles.SnapshotTemporary, 0));
            outbox.Emit(new DiskCommand.Write(WalFiles.SnapshotTemporary, 0, header));
            outbox.Emit(new DiskCommand.Write(WalFiles.SnapshotTemporary, header.Length, state));
            outbox.Emit(new DiskCommand.SyncFile(WalFiles.SnapshotTemporary));
            outbox.Emit(new DiskCommand.Rename(WalFiles.SnapshotTemporary, WalFiles.Snapshot(lsn)));
            outbox.Emit(new DiskCommand.SyncDirectory());
            _snapshots.Add(lsn);
        }

        outbox.Emit(new DiskCommand.AnnounceSnapshot(lsn));
        DropCovered(outbox);
    }

    public void CheckInvariants()
    {
        Invariant.Holds(_segments.Count > 0);
        Invariant.Holds(_position <= Active.Length);
        Invariant.Holds(_position % WalFrame.BlockBytes == 0);
        Invariant.Holds(_snapshots.Count <= SnapshotsKept);
        Invariant.Holds(_snapshots.Count == 0 || _snapshots[^1] <= LastLsn);
        for (var i = 1; i < _segments.Count; i++)
        {
            Invariant.Holds(_segments[i].Id == _segments[i - 1].Id + 1);
            Invariant.Holds(_segments[i].FirstLsn >= _segments[i - 1].FirstLsn);
        }
    }

    public void AddTo(ref Fingerprint fingerprint)
    {
        fingerprint.Add(_life.Boot.Value);
        fingerprint.Add(LastLsn);
        fingerprint.Add(_position);
        fingerprint.Add(_sequence);
        fingerprint.Add((ulong)_previousCrc);
        fingerprint.Add(_hasSpare);
        fingerprint.Add(_needsSeal);
        foreach (var segment in _segments) fingerprint.Add(segment.Id);
        foreach (var lsn in _snapshots) fingerprint.Add(lsn);
    }

    /// <summary>Starts the chain of this boot: one segment with a copy of every record after the snapshot,
    /// complete and synced before it gets its name.</summary>
    internal void StartChain(
        long id,
        IReadOnlyList<WalRecord> records,
        long? snapshotLsn,
        bool hasSpare,
        Outbox<DiskCommand> outbox)
    {
        _hasSpare = hasSpare;
        if (snapshotLsn is { } lsn) _snapshots.Add(lsn);
        var all = records.ToArray();
        LastLsn -= all.Length;
        var file = BeginSegment(id, CopyBytes(all), outbox);
        for (var start = 0; start < all.Length;)
        {
            var count = BatchAt(all, start);
            WriteFrame(file, all.AsSpan(start, count), outbox);
            start += count;
        }

        // The copy is durable as a whole: its last frame must not look torn if it is damaged later.
        if (all.Length > 0) WriteFrame(file, [], outbox);
        NameSegment(file, outbox);
    }

    /// <summary>Bytes of a segment that holds these records and the seal behind them.</summary>
    internal long CopyBytes(WalRecord[] records)
    {
        var total = (long)WalSegment.HeaderBytes + (records.Length > 0 ? WalFrame.BlockBytes : 0);
        for (var start = 0; start < records.Length;)
        {
            var count = BatchAt(records, start);
            total += FrameBytes(records.AsSpan(start, count));
            start += count;
        }

        return total;
    }

    /// <summary>Drops segments of earlier boots, whose records are in this chain or in the snapshot; one of
    /// the usual length stays as the spare.</summary>
    internal void DropSegment(string name, long length, Outbox<DiskCommand> outbox)
    {
        var asSpare = !_hasSpare && length == _options.SegmentBytes;
        outbox.Emit(asSpare ? new DiskCommand.Rename(name, WalFiles.Spare) : new DiskCommand.Delete(name));
        _hasSpare |= asSpare;
    }

    private void Roll(long frameBytes, Outbox<DiskCommand> outbox)
    {
        var bytes = WalSegment.HeaderBytes + frameBytes;
        var file = BeginSegment(Active.Id + 1, bytes, outbox);
        NameSegment(file, outbox);
    }

    /// <summary>Prepares a segment under a name that recovery ignores.</summary>
    private string BeginSegment(long id, long bytes, Outbox<DiskCommand> outbox)
    {
        var length = Math.Max(bytes, _options.SegmentBytes);
        var reuse = _hasSpare && length == _options.SegmentBytes;
        var file = reuse ? WalFiles.Spare : WalFiles.SegmentTemporary;
        if (!reuse) outbox.Emit(new DiskCommand.CreateFile(file, length));
        if (reuse) _hasSpare = false;
        var header = new WalSegment(
            _identity, _life.Boot, id, _sequence, FirstLsn: LastLsn + 1, _previousCrc, _life.Incarnation);
        outbox.Emit(new DiskCommand.Write(file, 0, header.Encode()));
        _segments.Add(new SegmentExtent(id, header.FirstLsn, length));
        _position = WalSegment.HeaderBytes;
        _needsSeal = false;
        return file;
    }

    private void NameSegment(string file, Outbox<DiskCommand> outbox)
    {
        outbox.Emit(new DiskCommand.SyncFile(file));
        outbox.Emit(new DiskCommand.Rename(file, Active.Name));
        outbox.Emit(new DiskCommand.SyncDirectory());
    }

    private void WriteFrame(string file, ReadOnlySpan<WalRecord> records, Outbox<DiskCommand> outbox)
    {
        var place = new WalFrame(
            _identity.ClusterHash, _identity.NodeHash, _life.Boot, _sequence, Active.Id, _position,
            _previousCrc, Count: 0, FirstLsn: LastLsn + 1, BodyLength: 0, BodyCrc: 0);
        var (bytes, crc) = WalFrame.Encode(place, records);
        Invariant.Holds(_position + bytes.Length <= Active.Length);
        outbox.Emit(new DiskCommand.Write(file, _position, bytes));
        _previousCrc = crc;
        _sequence++;
        _position += bytes.Length;
        LastLsn += records.Length;
    }

    /// <summary>Needs no sync: what comes back after a crash is covered all the same, is ignored by the next
    /// start and dropped again.</summary>
    private void DropCovered(Outbox<DiskCommand> outbox)
    {
        while (_snapshots.Count > SnapshotsKept)
        {
            outbox.Emit(new DiskCommand.Delete(WalFiles.Snapshot(_snapshots[0])));
            _snapshots.RemoveAt(0);
        }

        // The older snapshot is worth its space only as long as the log continues it.
        var covered = _snapshots.Count == SnapshotsKept ? _snapshots[0] : 0;
        while (_segments.Count > 1 && _segments[1].FirstLsn <= covered + 1)
        {
            DropSegment(_segments[0].Name, _segments[0].Length, outbox);
            _segments.RemoveAt(0);
        }
    }

    /// <summary>How many records from <paramref name="start"/> on make the next frame: at least
    /// one.</summary>
    private int BatchAt(WalRecord[] records, int start)
    {
        var bytes = 0L;
        var count = 0;
        while (start + count < records.Length && count < _options.BatchRecordsMax)
        {
            var record = records[start + count];
            Invariant.Holds(record.Payload.Length <= WalOptions.RecordBytesMax);
            bytes += WalFrame.EncodedBytes(record);
            if (count > 0 && bytes > _options.BatchBytesMax) break;
            count++;
        }

        return count;
    }

    private static long FrameBytes(ReadOnlySpan<WalRecord> records)
    {
        var body = 0L;
        foreach (var record in records) body += WalFrame.EncodedBytes(record);
        return WalFrame.Padded(body);
    }

    private readonly record struct SegmentExtent(long Id, long FirstLsn, long Length)
    {
        public string Name => WalFiles.Segment(Id);
    }
}
