using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Sim.Disk;

/// <summary>A file's bytes as processes see them, and what they were where no sync covers them yet.</summary>
public sealed class SimFile(byte[] bytes)
{
    private const int SectorBytes = 512;
    private const int PageBytes = 4096;

    private readonly List<Undo> _unsynced = [];
    private int _safeLength;
    private bool _hasSticky;

    public byte[] Bytes { get; private set; } = bytes;

    public bool HasUnsynced => _unsynced.Count > 0 || _safeLength != Bytes.Length;

    public void Write(long offset, ReadOnlySpan<byte> bytes)
    {
        var at = (int)offset;
        var end = at + bytes.Length;
        if (end > Bytes.Length)
        {
            var longer = new byte[end];
            Bytes.CopyTo(longer, 0);
            Bytes = longer;
        }

        if (_hasSticky) Redirty(at, end);
        _unsynced.Add(new Undo(at, Bytes.AsSpan(at, bytes.Length).ToArray(), IsSticky: false));
        bytes.CopyTo(Bytes.AsSpan(at));
    }

    /// <summary>Changes a byte behind everybody's back.</summary>
    public void Flip(long offset, byte mask) => Bytes[(int)offset] ^= mask;

    public void Sync()
    {
        if (_hasSticky) _unsynced.RemoveAll(undo => !undo.IsSticky);
        else _unsynced.Clear();
        _safeLength = Bytes.Length;
    }

    /// <summary>The system gave up writing: what was to be synced is readable, and no later sync covers it
    /// unless its page is written again.</summary>
    public void FailSync()
    {
        var pages = new List<Undo>();
        foreach (var undo in _unsynced)
        {
            for (var at = undo.Offset; at < undo.End;)
            {
                var end = Math.Min(undo.End, (at / PageBytes * PageBytes) + PageBytes);
                pages.Add(new Undo(at, undo.Old[(at - undo.Offset)..(end - undo.Offset)], IsSticky: true));
                at = end;
            }
        }

        _unsynced.Clear();
        _unsynced.AddRange(pages);
        _hasSticky = true;
    }

    /// <summary>What a crash of the machine leaves: each sector as it was, as it was to be, or torn somewhere
    /// in between.</summary>
    public SimFile Crash(Rng rng, out bool lostSome)
    {
        lostSome = false;
        if (!HasUnsynced) return this;
        var safe = Bytes.ToArray();
        for (var i = _unsynced.Count - 1; i >= 0; i--)
            _unsynced[i].Old.CopyTo(safe.AsSpan(_unsynced[i].Offset));
        var length = rng.Chance(1, 2) ? Bytes.Length : _safeLength;
        var left = safe[..length];
        for (var at = 0; at < length; at += SectorBytes)
        {
            var sector = Math.Min(SectorBytes, length - at);
            if (Bytes.AsSpan(at, sector).SequenceEqual(safe.AsSpan(at, sector))) continue;
            var kept = rng.Below(4) switch { 0 => 0, 1 => (int)rng.Below(sector + 1), _ => sector };
            lostSome |= kept < sector;
            Bytes.AsSpan(at, kept).CopyTo(left.AsSpan(at));
        }

        lostSome |= length != Bytes.Length;
        return new SimFile(left) { _safeLength = length };
    }

    private void Redirty(int from, int to)
    {
        var (first, last) = (from / PageBytes, (to - 1) / PageBytes);
        for (var i = 0; i < _unsynced.Count; i++)
        {
            var page = _unsynced[i].Offset / PageBytes;
            if (page >= first && page <= last) _unsynced[i] = _unsynced[i] with { IsSticky = false };
        }
    }

    private readonly record struct Undo(int Offset, byte[] Old, bool IsSticky)
    {
        public int End => Offset + Old.Length;
    }
}
