using System.Buffers.Binary;
using Hyperscale.Det.Durability;
using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Tests.Core.Durability;

/// <summary>A log on a crashable disk next to the plain list of what was appended to it.</summary>
internal sealed class LogHistory
{
    public static readonly WalIdentity Identity = new("test", NodeId.Of("gate-1"));

    public static readonly WalOptions Options = new(
        SegmentBytes: 32 * 1024,
        BatchRecordsMax: 8,
        BatchBytesMax: 8192,
        SealAfter: Duration.FromMilliseconds(20));

    private readonly List<WalRecord> _records = [];
    private WriteAheadLog? _log;

    public CrashableDisk Disk { get; init; } = new();

    public BootId Boot { get; private set; }

    public WalVerdict Verdict { get; private set; }

    public long SnapshotLsn { get; private set; }

    public WriteAheadLog Log => _log!;

    public IReadOnlyList<WalRecord> Records => _records;

    public static WalRecord Record(Rng rng, int payloadMax)
    {
        var payload = new byte[rng.Below(payloadMax + 1)];
        for (var i = 0; i < payload.Length; i++) payload[i] = (byte)rng.Below(256);
        return new WalRecord(WalRecordKind.LogEntry, payload);
    }

    public static DiskStart Start(int replicas = 1, EmptyDisk empty = EmptyDisk.NewNode) =>
        new(Identity, 7, new WallTime(1_800_000_000_000), replicas, empty);

    public static WalOpening Opening(IReadOnlyList<DiskFile> files, int replicas = 1) =>
        WriteAheadLog.Open(Options, Start(replicas), files);

    /// <summary>The plan of a start; what was recovered must be what was appended, and at least what was
    /// acknowledged.</summary>
    public IReadOnlyList<DiskCommand> PlanOpen()
    {
        var opening = Opening(Disk.Read());
        Assert.True(opening.Fault is null, opening.Fault?.Message);
        var recovered = opening.Recovered;
        Assert.InRange(recovered.LastLsn, Disk.DurableLsn, _records.Count);
        Assert.True(recovered.SnapshotLsn >= Disk.SnapshotLsn);
        if (recovered.SnapshotLsn > 0) AssertIsState(recovered.SnapshotLsn, recovered.Snapshot.Span);
        for (var i = 0; i < recovered.Records.Count; i++)
            AssertEqual(_records[(int)recovered.SnapshotLsn + i], recovered.Records[i]);
        _records.RemoveRange((int)recovered.LastLsn, _records.Count - (int)recovered.LastLsn);
        (_log, Boot, Verdict) = (opening.Log, opening.Boot, opening.Verdict);
        SnapshotLsn = recovered.SnapshotLsn;
        Log.CheckInvariants();
        return opening.Plan;
    }

    public IReadOnlyList<DiskCommand> PlanAppend(params WalRecord[] records)
    {
        _records.AddRange(records);
        var outbox = new Outbox<DiskCommand>();
        Log.Append(records, outbox);
        Log.CheckInvariants();
        return [.. outbox.Effects];
    }

    public IReadOnlyList<DiskCommand> PlanSnapshot(long lsn)
    {
        var outbox = new Outbox<DiskCommand>();
        Log.Snapshot(lsn, State(lsn), outbox);
        SnapshotLsn = lsn;
        Log.CheckInvariants();
        return [.. outbox.Effects];
    }

    public IReadOnlyList<DiskCommand> PlanSeal()
    {
        var outbox = new Outbox<DiskCommand>();
        Log.Seal(outbox);
        return [.. outbox.Effects];
    }

    public void Do(IReadOnlyList<DiskCommand> plan)
    {
        foreach (var command in plan) Disk.Execute(command);
    }

    /// <summary>The same history on what a crash leaves of the disk.</summary>
    public LogHistory Crash(Rng rng)
    {
        var survivor = new LogHistory { Disk = Disk.Crash(rng) };
        survivor._records.AddRange(_records);
        return survivor;
    }

    private static void AssertEqual(WalRecord expected, WalRecord actual)
    {
        Assert.Equal(expected.Kind, actual.Kind);
        Assert.True(expected.Payload.Span.SequenceEqual(actual.Payload.Span));
    }

    private void AssertIsState(long lsn, ReadOnlySpan<byte> state) =>
        Assert.True(state.SequenceEqual(State(lsn)), $"the snapshot at {lsn} is not the state at {lsn}");

    /// <summary>A state that depends on every record up to the LSN.</summary>
    private byte[] State(long lsn)
    {
        var digest = default(Fingerprint);
        foreach (var record in _records.Take((int)lsn)) digest.Add(record.Payload.Span);
        var state = new byte[sizeof(ulong) + (lsn * 3 % 5000)];
        BinaryPrimitives.WriteUInt64LittleEndian(state, digest.Value);
        return state;
    }
}
