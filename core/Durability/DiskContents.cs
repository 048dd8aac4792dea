namespace Hyperscale.Det.Durability;

/// <summary>What the files of a data directory hold, and what of it is damaged. Reading changes
/// nothing.</summary>
internal sealed class DiskContents
{
    private static readonly WalScanResult NoRecords = new(WalVerdict.Clean, null, null, []);

    private readonly WalIdentity _identity;
    private readonly List<string> _notes = [];
    private readonly SortedSet<string> _damagedSnapshots = new(StringComparer.Ordinal);
    private readonly List<(WalSegment Segment, DiskFile File)> _chain = [];
    private WalFault? _damage;
    private long _newestLife;

    private DiskContents(WalIdentity identity, IReadOnlyList<DiskFile> files)
    {
        _identity = identity;
        Files = files;
        var segments = new List<(long Id, DiskFile File)>();
        foreach (var file in files)
            if (WalFiles.TryParseSegment(file.Name, out var id)) segments.Add((id, file));
        Segments = [.. segments.OrderBy(segment => segment.Id)];
    }

    public IReadOnlyList<DiskFile> Files { get; }

    /// <summary>All segment files in the order of their numbers.</summary>
    public IReadOnlyList<(long Id, DiskFile File)> Segments { get; }

    public long NextSegment => Segments.Count == 0 ? 1 : Segments[^1].Id + 1;

    /// <summary>Where files go that this start sets aside.</summary>
    public string NextDamaged =>
        WalFiles.Damaged(Files.Select(file => WalFiles.DamagedNumber(file.Name)).DefaultIfEmpty(0).Max() + 1);

    public DiskLife? Life { get; private set; }

    /// <summary>The last LSN of the newest intact snapshot; 0 without one.</summary>
    public long SnapshotLsn { get; private set; }

    public ReadOnlyMemory<byte> Snapshot { get; private set; }

    /// <summary>The records behind the snapshot, up to the first that is damaged or missing.</summary>
    public WalScanResult Scan { get; private set; } = NoRecords;

    public IReadOnlySet<string> DamagedSnapshots => _damagedSnapshots;

    public IReadOnlyList<string> Notes => _notes;

    /// <summary>Whether this is for another node or another build to read.</summary>
    public bool IsUntouchable => _damage is { Verdict: not WalVerdict.Corrupt };

    /// <summary>The identity file where it says nothing.</summary>
    public string? DamagedIdentity => Life is null && Files.Any(file => file.Name == WalFiles.Identity)
        ? WalFiles.Identity
        : null;

    public DiskFindings Findings => new(IsEmpty, Life, _newestLife, _damage);

    private bool IsEmpty => !Files.Any(file => IsTrace(file.Name));

    public static DiskContents Read(WalIdentity identity, IReadOnlyList<DiskFile> files)
    {
        var contents = new DiskContents(identity, files);
        if (contents.IsEmpty) return contents;
        contents.ReadIdentity();
        // Before its first start is over a life has no log that counts.
        if (contents.Life is { HasLog: false } || contents.IsUntouchable) return contents;
        contents.ReadSnapshots();
        contents.ReadLog();
        return contents;
    }

    private void ReadIdentity()
    {
        var file = Files.FirstOrDefault(f => f.Name == WalFiles.Identity);
        if (file is not null)
        {
            Life = IdentityFile.Decode(file, _identity, out _damage);
            _newestLife = Life?.Incarnation ?? 0;
            return;
        }

        _damage = Missing(WalFiles.Identity, Files.First(f => IsTrace(f.Name)).Name);
    }

    private void ReadSnapshots()
    {
        var found = new List<(long Lsn, DiskFile File)>();
        foreach (var file in Files)
            if (WalFiles.TryParseSnapshot(file.Name, out var lsn)) found.Add((lsn, file));
        foreach (var (lsn, file) in found.OrderByDescending(snapshot => snapshot.Lsn))
        {
            if (!SnapshotFile.TryDecode(file, _identity, out var state, out var fault))
            {
                if (fault!.Verdict != WalVerdict.Corrupt) Damaged(fault);
                _damagedSnapshots.Add(file.Name);
                _notes.Add(fault.Message);
                continue;
            }

            if (SnapshotLsn == 0) (SnapshotLsn, Snapshot) = (lsn, state);
        }
    }

    private void ReadLog()
    {
        var broken = FindChain();
        // Also where the chain is broken further on: what is behind a gap continues nothing.
        var gap = RefuseGap();
        if ((broken ?? gap) is { } fault) Damaged(fault);
        if (IsUntouchable || _chain.Count == 0) return;
        Scan = WalScan.Read(_identity, SnapshotLsn, _chain);
        if (Scan.Fault is not null) Damaged(Scan.Fault);
    }

    /// <summary>Finds the segments that hold what follows the snapshot, up to the first that is damaged or
    /// missing; the others count for nothing.</summary>
    private WalFault? FindChain()
    {
        WalFault? damaged = null;
        foreach (var (id, file) in Segments)
        {
            var segment = WalSegment.Decode(file, out var fault);
            if (fault is not null && fault.Verdict != WalVerdict.Corrupt) return fault;
            if (segment is not null && _identity.Refuse(segment.Identity, file.Name) is { } foreign)
                return foreign;
            if (segment is not null && segment.FirstLsn <= SnapshotLsn + 1)
            {
                // This one and those after it hold all that follows the snapshot: be it that the snapshot
                // covers the ones before, be it that a start copied them. Their state no longer matters.
                _chain.Clear();
                damaged = null;
            }

            damaged ??= fault ?? RefuseNext(id, segment!, file);
            if (segment is null) continue;
            _newestLife = Math.Max(_newestLife, segment.Incarnation);
            if (damaged is null) _chain.Add((segment, file));
        }

        return damaged;
    }

    private WalFault? RefuseNext(long id, WalSegment segment, DiskFile file)
    {
        if (_chain.Count > 0 && id != _chain[^1].Segment.Id + 1)
            return Missing(WalFiles.Segment(_chain[^1].Segment.Id + 1), file.Name);
        var life = Life?.Incarnation ?? _chain.Select(link => link.Segment.Incarnation)
            .FirstOrDefault(segment.Incarnation);
        if (segment.Incarnation == life) return null;
        return new WalFault(
            WalVerdict.Corrupt,
            $"{file.Name} is of life {segment.Incarnation} of this disk, {WalFiles.Identity} of life {life}");
    }

    private WalFault? RefuseGap()
    {
        var first = _chain.Count > 0 ? _chain[0].Segment.FirstLsn : long.MaxValue;
        if (first <= SnapshotLsn + 1) return null;
        var log = _chain.Count > 0
            ? $"the log starts with record {first} in {_chain[0].File.Name}"
            : "no log exists";
        var snapshot = SnapshotLsn > 0
            ? $"the newest intact snapshot ends with record {SnapshotLsn}"
            : "no intact snapshot exists";
        _chain.Clear();
        return new WalFault(
            WalVerdict.Corrupt,
            string.Join("; ", [.. _notes, $"record {SnapshotLsn + 1} is missing: {snapshot} and {log}"]));
    }

    private void Damaged(WalFault fault)
    {
        if (IsUntouchable) return;
        // Whose directory it is decides before what is wrong with it.
        _damage = _damage is null || fault.Verdict != WalVerdict.Corrupt
            ? fault
            : fault with { Message = $"{_damage.Message}; {fault.Message}" };
    }

    // What was set aside shows that there was a node here, as do the blocks of an old segment.
    private static bool IsTrace(string name) =>
        WalFiles.IsRead(name) || name == WalFiles.Spare || WalFiles.DamagedNumber(name) > 0;

    private static WalFault Missing(string name, string witness) => new(
        WalVerdict.Corrupt,
        $"{name} is missing though {witness} exists; an empty directory or a whole one is needed");
}
