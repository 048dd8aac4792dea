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
    /// <summary>Whether promises were lost, and a new life begins with this start.</summary>
    public bool BeginsLife { get; init; }

    internal static WalOpening Refused(WalFault fault) =>
        new(fault.Verdict, fault, [], RecoveredLog.Nothing, default, null, []);
}

/// <summary>Reads a data directory and plans its start: recovery by copy.</summary>
/// <remarks>Everything after the newest snapshot is copied to a new segment and synced before the node may
/// answer: after a failed sync the system may show bytes that are not on disk, so what was read proves
/// nothing about what will be read after the next crash. The copy also cuts a torn tail durably. Whatever is
/// damaged is set aside and never deleted.</remarks>
internal sealed class WalRecovery
{
    private readonly WalOptions _options;
    private readonly DiskStart _start;
    private readonly DiskContents _contents;
    private readonly Outbox<DiskCommand> _plan = new();
    private readonly string _aside;
    private bool _setsAside;

    private WalRecovery(WalOptions options, DiskStart start, DiskContents contents)
    {
        _options = options;
        _start = start;
        _contents = contents;
        _aside = contents.NextDamaged;
    }

    private long Incarnation { get; init; }

    private bool BeginsLife { get; init; }

    private WalIdentity Identity => _start.Identity;

    /// <summary>Nobody was promised anything in this life: whatever log lies here is of another one, or half
    /// made.</summary>
    private bool IsFirstStart => _contents.Life is not { HasLog: true };

    public static WalOpening Open(WalOptions options, DiskStart start, IReadOnlyList<DiskFile> files)
    {
        options.CheckInvariants();
        var contents = DiskContents.Read(start.Identity, files);
        return StartDecision.Of(contents.Findings, start) switch
        {
            StartDecision.Refuse refuse => WalOpening.Refused(refuse.Fault),
            StartDecision.Resume resume =>
                new WalRecovery(options, start, contents) { Incarnation = resume.Incarnation }.Plan(),
            StartDecision.BeginLife begin =>
                new WalRecovery(options, start, contents)
                {
                    Incarnation = begin.Incarnation,
                    BeginsLife = true,
                }.Plan(),
            var decision => throw new System.Diagnostics.UnreachableException($"unhandled {decision}"),
        };
    }

    private WalOpening Plan()
    {
        var recovered =
            new RecoveredLog(_contents.SnapshotLsn, _contents.Snapshot, _contents.Scan.Records)
            {
                Incarnation = Incarnation,
            };
        var boot = IdentityFile.Next(_contents.Life?.Boot, _start.Nonce);
        var life = new DiskLife(boot, Incarnation, HasLog: !IsFirstStart && !BeginsLife);
        var log = new WriteAheadLog(Identity, _options, life, recovered.LastLsn);
        if (RefuseSize(log) is { } tooLarge) return WalOpening.Refused(tooLarge);

        _setsAside = DiskIdentity.Replace(_contents, Identity, life, _plan);
        var hasSpare = _contents.Files.Any(
            f => f.Name == WalFiles.Spare && f.Length == _options.SegmentBytes);
        log.StartChain(
            _contents.NextSegment, recovered.Records,
            recovered.SnapshotLsn > 0 ? recovered.SnapshotLsn : null, hasSpare, _plan);
        SetAsideDamaged();
        DropLeftovers(log);
        // From here on a directory without a log has lost one.
        if (!life.HasLog) IdentityFile.Replace(Identity, life with { HasLog = true }, _plan);
        _plan.Emit(new DiskCommand.AnnounceDurable(recovered.LastLsn));
        var verdict = BeginsLife
            ? _contents.Findings.Damage?.Verdict ?? WalVerdict.NoIdentity
            : _contents.Scan.Verdict;
        return new WalOpening(verdict, null, [.. Notes(recovered)], recovered, boot, log, [.. _plan.Effects])
        {
            BeginsLife = BeginsLife,
        };
    }

    private WalFault? RefuseSize(WriteAheadLog log)
    {
        var copyBytes = log.CopyBytes([.. _contents.Scan.Records]);
        if (copyBytes <= _options.CopyBytesMax) return null;
        return new WalFault(
            WalVerdict.TooLarge,
            $"the log after the snapshot at LSN {_contents.SnapshotLsn} takes {copyBytes} bytes to copy, "
            + $"at most {_options.CopyBytesMax} can be");
    }

    /// <summary>Moves away what is damaged or of an earlier life. It comes after the copy has its name: a
    /// crash before finds all of it again.</summary>
    private void SetAsideDamaged()
    {
        // A life's first start that crashed left a log without any promise.
        var isForeign = BeginsLife || (IsFirstStart && Incarnation > 1);
        foreach (var file in _contents.Files.OrderBy(f => f.Name, StringComparer.Ordinal))
        {
            var isLog = WalFiles.TryParseSegment(file.Name, out _)
                || (WalFiles.TryParseSnapshot(file.Name, out var lsn) && lsn != _contents.SnapshotLsn);
            var isDamaged = _contents.DamagedSnapshots.Contains(file.Name);
            if (!isDamaged && !(isForeign && isLog)) continue;
            _plan.Emit(new DiskCommand.SetAside(file.Name, _aside));
            _setsAside = true;
        }

        if (_setsAside) _plan.Emit(new DiskCommand.SyncDirectory());
    }

    /// <summary>Deletes half-made files of an earlier start, a spare of another length, and all but the
    /// newest intact snapshot, which alone the new chain continues; drops the segments that were
    /// copied.</summary>
    private void DropLeftovers(WriteAheadLog log)
    {
        var gone = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var command in _plan.Effects)
        {
            if (command is DiskCommand.Rename rename) gone.Add(rename.From);
            if (command is DiskCommand.SetAside aside) gone.Add(aside.Name);
        }

        foreach (var file in _contents.Files.OrderBy(f => f.Name, StringComparer.Ordinal))
        {
            if (gone.Contains(file.Name)) continue;
            var isOldSnapshot =
                WalFiles.TryParseSnapshot(file.Name, out var lsn) && lsn != _contents.SnapshotLsn;
            var isOldSpare = file.Name == WalFiles.Spare && file.Length != _options.SegmentBytes;
            var isHalfMade = WalFiles.IsTemporary(file.Name);
            if (isOldSnapshot || isOldSpare || isHalfMade) _plan.Emit(new DiskCommand.Delete(file.Name));
        }

        foreach (var (_, file) in _contents.Segments)
            if (!gone.Contains(file.Name)) log.DropSegment(file.Name, file.Length, _plan);
    }

    private IEnumerable<string> Notes(RecoveredLog recovered)
    {
        foreach (var note in _contents.Notes) yield return note;
        if (_contents.Scan.Cut is { } cut) yield return cut;
        if (BeginsLife)
        {
            var lost = _contents.Findings.Damage?.Message ?? "the disk is empty";
            yield return $"{lost}; life {Incarnation} of this node's disk begins with what is intact, up to "
                + $"record {recovered.LastLsn}: its ledgers take part again once they have learnt from a "
                + "quorum of the other nodes";
        }

        if (_setsAside)
            yield return $"what is damaged or of an earlier life is in {_aside}; nothing reads it again";
    }
}
