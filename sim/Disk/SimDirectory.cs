using Hyperscale.Det.Durability;
using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Sim.Disk;

/// <summary>A data directory in memory that keeps apart what was done and what is safe, and loses the
/// difference when its machine dies.</summary>
public sealed class SimDirectory
{
    private readonly SortedDictionary<string, SimFile> _names = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, SimFile> _safeNames = new(StringComparer.Ordinal);
    private readonly List<(string Name, SimFile? File)[]> _unsyncedNames = [];

    public IReadOnlyCollection<string> Names => _names.Keys;

    /// <summary>Whether a crash of the machine could lose anything.</summary>
    public bool HasUnsynced => _unsyncedNames.Count > 0 || _names.Values.Any(file => file.HasUnsynced);

    /// <summary>The files there are, with the bytes of those that opening a log reads.</summary>
    public IReadOnlyList<DiskFile> Read() =>
    [
        .. _names.Select(entry => new DiskFile(
            entry.Key,
            entry.Value.Bytes.Length,
            WalFiles.IsRead(entry.Key) ? entry.Value.Bytes.ToArray() : ReadOnlyMemory<byte>.Empty)),
    ];

    public void Execute(DiskCommand command)
    {
        switch (command)
        {
            case DiskCommand.CreateFile create:
                Rename((create.Name, new SimFile(new byte[create.Length])));
                break;
            case DiskCommand.Write write:
                _names[write.Name].Write(write.Offset, write.Bytes.Span);
                break;
            case DiskCommand.SyncFile sync:
                _names[sync.Name].Sync();
                break;
            case DiskCommand.SyncDirectory:
                foreach (var change in _unsyncedNames) Apply(_safeNames, change);
                _unsyncedNames.Clear();
                break;
            case DiskCommand.Rename rename:
                Rename((rename.From, null), (rename.To, _names[rename.From]));
                break;
            case DiskCommand.Delete delete:
                Invariant.Holds(_names.ContainsKey(delete.Name));
                Rename((delete.Name, null));
                break;
            case DiskCommand.SetAside aside:
                Rename((aside.Name, null), ($"{aside.Into}/{aside.Name}", _names[aside.Name]));
                break;
            case DiskCommand.AnnounceDurable or DiskCommand.AnnounceSnapshot:
                break;
            default:
                throw new System.Diagnostics.UnreachableException($"unhandled {command}");
        }
    }

    /// <summary>Changes one byte that was once durable, of the identity, a snapshot, or a frame that another
    /// one follows: damage to the last frame cannot be told from a torn one.</summary>
    public void Damage(Rng rng)
    {
        var places = new List<(string Name, long Offset, long Length)>();
        foreach (var (name, file) in _names)
        {
            if (name == WalFiles.Identity || WalFiles.TryParseSnapshot(name, out _))
                places.Add((name, 0, file.Bytes.Length));
        }

        var frames = _names.Where(entry => WalFiles.TryParseSegment(entry.Key, out _))
            .SelectMany(entry => FramesOf(entry.Key, entry.Value)).ToList();
        // Most damage is to the log, as most of a disk is.
        if (frames.Count > 1 && rng.Chance(3, 4)) places = frames[..^1];
        if (places.Count == 0) return;
        var (damaged, offset, length) = rng.Pick(places);
        _names[damaged].Flip(offset + rng.Below(length), (byte)(1 << (int)rng.Below(8)));
    }

    /// <summary>Loses the identity or the first file of the log for good; that the last file of several is
    /// gone shows nowhere.</summary>
    public void LoseFile(Rng rng)
    {
        var segment = _names.Keys.FirstOrDefault(name => WalFiles.TryParseSegment(name, out _));
        var lost = segment is null || rng.Chance(1, 3) ? WalFiles.Identity : segment;
        if (!_names.ContainsKey(lost)) return;
        Rename((lost, null));
        Execute(new DiskCommand.SyncDirectory());
    }

    private static IEnumerable<(string Name, long Offset, long Length)> FramesOf(string name, SimFile file)
    {
        var segment = WalSegment.Decode(new DiskFile(name, file.Bytes.Length, file.Bytes), out _);
        if (segment is null) yield break;
        for (var at = (long)WalSegment.HeaderBytes; at < file.Bytes.Length;)
        {
            var isFrame = WalFrame.TryReadHeader(file.Bytes.AsSpan((int)at), out var frame, out _, out _)
                && frame.Segment == segment.Id && frame.Boot == segment.Boot && frame.Offset == at;
            if (!isFrame) yield break;
            yield return (name, at, frame.PaddedBytes);
            at += frame.PaddedBytes;
        }
    }

    /// <summary>A sync of this file fails.</summary>
    public void FailSync(string name) => _names[name].FailSync();

    /// <summary>The directory after a crash of its machine: any part of what was not synced is
    /// there.</summary>
    public SimDirectory Crash(Rng rng, out bool lostSome)
    {
        var names = new SortedDictionary<string, SimFile>(_safeNames, StringComparer.Ordinal);
        lostSome = false;
        foreach (var change in _unsyncedNames)
        {
            if (rng.Chance(1, 2)) Apply(names, change);
            else lostSome = true;
        }

        var survivor = new SimDirectory();
        foreach (var (name, file) in names)
        {
            var left = file.Crash(rng, out var lostOfFile);
            lostSome |= lostOfFile;
            survivor._names.Add(name, left);
            survivor._safeNames.Add(name, left);
        }

        return survivor;
    }

    private static void Apply(
        SortedDictionary<string, SimFile> names, (string Name, SimFile? File)[] change)
    {
        foreach (var (name, file) in change)
        {
            if (file is null) names.Remove(name);
            else names[name] = file;
        }
    }

    private void Rename(params (string Name, SimFile? File)[] change)
    {
        Apply(_names, change);
        _unsyncedNames.Add(change);
    }
}
