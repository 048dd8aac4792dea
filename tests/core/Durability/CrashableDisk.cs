using Hyperscale.Det.Durability;
using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Tests.Core.Durability;

/// <summary>A disk in memory that keeps apart what was written and what is safe, and can lose the difference.
/// </summary>
internal sealed class CrashableDisk
{
    private const int SectorBytes = 512;

    private readonly Dictionary<string, Inode> _names = [];
    private readonly Dictionary<string, Inode> _safeNames = [];
    private readonly List<(string Name, Inode? Inode)[]> _unsyncedNames = [];

    public long DurableLsn { get; private set; }

    public long SnapshotLsn { get; private set; }

    /// <summary>Whether something durable was damaged, so that later starts may find less.</summary>
    public bool LosesRecords { get; set; }

    public IReadOnlyCollection<string> Names => _names.Keys.Order(StringComparer.Ordinal).ToArray();

    public long LengthOf(string name) => _names[name].Bytes.Length;

    public byte[] BytesOf(string name) => _names[name].Bytes;

    public void Flip(string name, long offset, byte mask) => _names[name].Bytes[offset] ^= mask;

    public void Remove(string name) => _names.Remove(name);

    public IReadOnlyList<DiskFile> Read() => Names
        .Select(name => new DiskFile(
            name, LengthOf(name), WalFiles.IsRead(name) ? BytesOf(name).ToArray() : []))
        .ToArray();

    public void Execute(DiskCommand command)
    {
        switch (command)
        {
            case DiskCommand.CreateFile create:
                Rename((create.Name, new Inode(new byte[create.Length])));
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
                Assert.True(_names.ContainsKey(delete.Name), $"{delete.Name} is deleted and does not exist");
                Rename((delete.Name, null));
                break;
            case DiskCommand.SetAside aside:
                Rename((aside.Name, null), ($"{aside.Into}/{aside.Name}", _names[aside.Name]));
                break;
            case DiskCommand.AnnounceDurable durable:
                Assert.True(durable.Lsn >= DurableLsn || LosesRecords, "durable LSNs ascend");
                DurableLsn = durable.Lsn;
                break;
            case DiskCommand.AnnounceSnapshot snapshot:
                SnapshotLsn = snapshot.Lsn;
                break;
            default:
                throw new System.Diagnostics.UnreachableException($"unhandled {command}");
        }
    }

    /// <summary>The disk with everything on it safe.</summary>
    public CrashableDisk Settled()
    {
        var settled = Empty();
        foreach (var (name, inode) in _names)
        {
            inode.Sync();
            settled._names.Add(name, inode);
            settled._safeNames.Add(name, inode);
        }

        return settled;
    }

    /// <summary>The disk after a crash: any part of what was not synced is there.</summary>
    public CrashableDisk Crash(Rng rng)
    {
        var names = new Dictionary<string, Inode>(_safeNames);
        foreach (var change in _unsyncedNames)
            if (rng.Chance(1, 2)) Apply(names, change);
        var survivor = Empty();
        foreach (var (name, inode) in names.OrderBy(entry => entry.Key, StringComparer.Ordinal))
            Apply(survivor._names, [(name, inode.Crash(rng))]);
        foreach (var (name, inode) in survivor._names) survivor._safeNames.Add(name, inode);
        return survivor;
    }

    private CrashableDisk Empty() =>
        new() { DurableLsn = DurableLsn, SnapshotLsn = SnapshotLsn, LosesRecords = LosesRecords };

    private static void Apply(Dictionary<string, Inode> names, (string Name, Inode? Inode)[] change)
    {
        foreach (var (name, inode) in change)
        {
            if (inode is null) names.Remove(name);
            else names[name] = inode;
        }
    }

    private void Rename(params (string Name, Inode? Inode)[] change)
    {
        Apply(_names, change);
        _unsyncedNames.Add(change);
    }

    private sealed class Inode(byte[] bytes)
    {
        private byte[] _safe = [];

        public byte[] Bytes { get; private set; } = bytes;

        public void Write(long offset, ReadOnlySpan<byte> bytes)
        {
            if (offset + bytes.Length > Bytes.Length)
            {
                var longer = new byte[offset + bytes.Length];
                Bytes.CopyTo(longer, 0);
                Bytes = longer;
            }

            bytes.CopyTo(Bytes.AsSpan((int)offset));
        }

        public void Sync() => _safe = Bytes.ToArray();

        /// <summary>Each sector is the old one, the new one, or torn somewhere in between.</summary>
        public Inode Crash(Rng rng)
        {
            var length = rng.Chance(1, 2) ? Bytes.Length : _safe.Length;
            var left = new byte[length];
            _safe.AsSpan(0, Math.Min(length, _safe.Length)).CopyTo(left);
            for (var at = 0; at < Math.Min(length, Bytes.Length); at += SectorBytes)
            {
                var sector = Math.Min(SectorBytes, Math.Min(length, Bytes.Length) - at);
                var kept = rng.Below(4) switch { 0 => 0, 1 => (int)rng.Below(sector + 1), _ => sector };
                Bytes.AsSpan(at, kept).CopyTo(left.AsSpan(at));
            }

            var survivor = new Inode(left);
            survivor.Sync();
            return survivor;
        }
    }
}
