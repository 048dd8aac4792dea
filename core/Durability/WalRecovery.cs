using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Durability;

/// <summary>The result of opening a data directory.</summary>
/// <param name="Fault">Why the node may not start; null when it may. Everything below is empty with a fault.
/// </param>
/// <param name="Notes">What an operator should know of a successful opening, one sentence each.</param>
/// <param name="Plan">To be carried out to its end before the node answers anyone: only then is what was
/// recovered known to be on disk, and the boot taken.</param>
public sealed record WalOpening(
    WalVerdict Verdict,
    WalFault? Fault,
    IReadOnlyList<string> Notes,
    RecoveredLog Recovered,
    BootId Boot,
    WriteAheadLog? Log,
    IReadOnlyList<DiskCommand> Plan)
{
    internal static WalOpening Refused(WalFault fault) =>
        new(fault.Verdict, fault, [], RecoveredLog.Nothing, default, null, []);
}

/// <summary>Reads a data directory and plans its start: recovery by copy.</summary>
/// <remarks>Everything after the newest snapshot is copied to a new segment and synced before the node may
/// answer: after a failed sync the system may show bytes that are not on disk, so what was read proves
/// nothing about what will be read after the next crash. The copy also cuts a torn tail durably.</remarks>
internal sealed class WalRecovery(WalOptions options, WalIdentity identity, IReadOnlyList<DiskFile> files)
{
    private readonly List<string> _notes = [];
    private readonly List<long> _intactSnapshots = [];
    private readonly List<(WalSegment Segment, DiskFile File)> _chain = [];
    private BootId? _lastBoot;
    private long _snapshotLsn;
    private ReadOnlyMemory<byte> _snapshot;

    public static WalOpening Open(
        WalOptions options, WalIdentity identity, ulong directoryNonce, IReadOnlyList<DiskFile> files)
    {
        options.CheckInvariants();
        var recovery = new WalRecovery(options, identity, files);
        var fault = recovery.ReadIdentity() ?? recovery.ReadSnapshots() ?? recovery.FindChain();
        if (fault is not null) return WalOpening.Refused(fault);
        var scan = recovery._chain.Count == 0
            ? new WalScanResult(WalVerdict.Clean, null, null, [])
            : WalScan.Read(identity, recovery._snapshotLsn, recovery._chain);
        if (scan.Fault is not null) return WalOpening.Refused(scan.Fault);
        if (scan.Cut is not null) recovery._notes.Add(scan.Cut);
        return recovery.Plan(scan, directoryNonce);
    }

    private WalFault? ReadIdentity()
    {
        var file = files.FirstOrDefault(f => f.Name == WalFiles.Identity);
        if (file is not null)
        {
            if (!IdentityFile.TryDecode(file, identity, out var boot, out var fault)) return fault;
            _lastBoot = boot;
            return null;
        }

        var orphan = files.FirstOrDefault(f => WalFiles.IsRead(f.Name));
        if (orphan is null) return null;
        return new WalFault(
            WalVerdict.Corrupt,
            $"{WalFiles.Identity} is missing though {orphan.Name} exists; an empty directory or a whole one "
            + "is needed");
    }

    private WalFault? ReadSnapshots()
    {
        var found = new List<(long Lsn, DiskFile File)>();
        foreach (var file in files)
            if (WalFiles.TryParseSnapshot(file.Name, out var lsn)) found.Add((lsn, file));
        foreach (var (lsn, file) in found.OrderByDescending(snapshot => snapshot.Lsn))
        {
            if (!SnapshotFile.TryDecode(file, identity, out var state, out var fault))
            {
                if (fault!.Verdict != WalVerdict.Corrupt) return fault;
                _notes.Add(fault.Message);
                continue;
            }

            if (_intactSnapshots.Count == 0) (_snapshotLsn, _snapshot) = (lsn, state);
            _intactSnapshots.Add(lsn);
        }

        return null;
    }

    /// <summary>Finds the segments that hold what follows the snapshot; the others count for
    /// nothing.</summary>
    private WalFault? FindChain()
    {
        WalFault? damaged = null;
        foreach (var (id, file) in Segments())
        {
            var segment = WalSegment.Decode(file, out var fault);
            if (fault is not null && fault.Verdict != WalVerdict.Corrupt) return fault;
            var foreign = segment is null ? null : identity.Refuse(segment.Identity, file.Name);
            if (foreign is not null) return foreign;
            if (segment is not null && segment.FirstLsn <= _snapshotLsn + 1)
            {
                // This one and those after it hold all that follows the snapshot: be it that the snapshot
                // covers the ones before, be it that a start copied them. Their state no longer matters.
                _chain.Clear();
                damaged = null;
            }

            damaged ??= fault;
            if (segment is null) continue;
            if (damaged is null && _chain.Count > 0 && id != _chain[^1].Segment.Id + 1)
            {
                damaged = new WalFault(
                    WalVerdict.Corrupt,
                    $"{WalFiles.Segment(_chain[^1].Segment.Id + 1)} is missing though {file.Name} exists");
            }

            _chain.Add((segment, file));
        }

        return damaged ?? RefuseGap();
    }

    private WalFault? RefuseGap()
    {
        var first = _chain.Count > 0 ? _chain[0].Segment.FirstLsn : long.MaxValue;
        if (first <= _snapshotLsn + 1) return null;
        if (_chain.Count == 0 && _snapshotLsn == 0 && _notes.Count == 0) return null;
        var log = _chain.Count > 0
            ? $"the log starts with record {first} in {_chain[0].File.Name}"
            : "no log exists";
        var snapshot = _snapshotLsn > 0
            ? $"the newest intact snapshot ends with record {_snapshotLsn}"
            : "no intact snapshot exists";
        return new WalFault(
            WalVerdict.Corrupt,
            string.Join("; ", [.. _notes, $"record {_snapshotLsn + 1} is missing: {snapshot} and {log}"]));
    }

    private WalOpening Plan(WalScanResult scan, ulong directoryNonce)
    {
        var outbox = new Outbox<DiskCommand>();
        var boot = IdentityFile.Next(_lastBoot, directoryNonce);
        var recovered = new RecoveredLog(_snapshotLsn, _snapshot, scan.Records);
        var log = new WriteAheadLog(identity, options, boot, recovered.LastLsn);
        var copyBytes = log.CopyBytes([.. scan.Records]);
        if (copyBytes > options.CopyBytesMax)
        {
            return WalOpening.Refused(new WalFault(
                WalVerdict.TooLarge,
                $"the log after the snapshot at LSN {_snapshotLsn} takes {copyBytes} bytes to copy, "
                + $"at most {options.CopyBytesMax} can be"));
        }

        var identityBytes = IdentityFile.Encode(identity, boot);
        outbox.Emit(new DiskCommand.CreateFile(WalFiles.IdentityTemporary, 0));
        outbox.Emit(new DiskCommand.Write(WalFiles.IdentityTemporary, 0, identityBytes));
        outbox.Emit(new DiskCommand.SyncFile(WalFiles.IdentityTemporary));
        outbox.Emit(new DiskCommand.Rename(WalFiles.IdentityTemporary, WalFiles.Identity));
        outbox.Emit(new DiskCommand.SyncDirectory());

        var hasSpare = files.Any(f => f.Name == WalFiles.Spare && f.Length == options.SegmentBytes);
        var old = Segments().ToList();
        var id = old.Count == 0 ? 1 : old[^1].Id + 1;
        log.StartChain(
            id, scan.Records, _snapshotLsn > 0 ? _snapshotLsn : null, hasSpare, outbox);
        DropLeftovers(outbox);
        foreach (var (_, file) in old) log.DropSegment(file.Name, file.Length, outbox);
        outbox.Emit(new DiskCommand.AnnounceDurable(recovered.LastLsn));
        return new WalOpening(scan.Verdict, null, _notes, recovered, boot, log, [.. outbox.Effects]);
    }

    /// <summary>Deletes half-made files of an earlier start, a spare of another length, damaged snapshots and
    /// all but the newest intact one, which alone the new chain continues.</summary>
    private void DropLeftovers(Outbox<DiskCommand> outbox)
    {
        var renamed = outbox.Effects.OfType<DiskCommand.Rename>().Select(rename => rename.From).ToList();
        foreach (var file in files.OrderBy(f => f.Name, StringComparer.Ordinal))
        {
            var isOldSnapshot = WalFiles.TryParseSnapshot(file.Name, out var lsn) && lsn != _snapshotLsn;
            var isOldSpare = file.Name == WalFiles.Spare && file.Length != options.SegmentBytes;
            var isHalfMade = WalFiles.IsTemporary(file.Name) && !renamed.Contains(file.Name);
            if (isOldSnapshot || isOldSpare || isHalfMade) outbox.Emit(new DiskCommand.Delete(file.Name));
        }
    }

    private IEnumerable<(long Id, DiskFile File)> Segments()
    {
        var found = new List<(long Id, DiskFile File)>();
        foreach (var file in files)
            if (WalFiles.TryParseSegment(file.Name, out var id)) found.Add((id, file));
        return found.OrderBy(segment => segment.Id);
    }
}
