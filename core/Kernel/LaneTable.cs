using System.Numerics;

namespace Hyperscale.Det.Kernel;

/// <summary>Values by key in O(1), each in one of a few queues ("lanes") of its own choice.</summary>
/// <remarks>The order of a lane is that in which entries joined it; nothing is ever enumerated in the order
/// of hashes. Entries lie in one array, so that adding, moving and removing allocate nothing while the array
/// need not grow. Slots, which name entries, stay valid until their entry is removed.</remarks>
public sealed class LaneTable<TKey, TValue>
    where TKey : IEquatable<TKey>, IHashed
{
    private const int None = -1;
    private const int CapacityMin = 8;

    private readonly (int Oldest, int Newest, int Count)[] _lanes;
    private Entry[] _entries = [];

    // Open addressing with linear probing: a slot and one more, 0 where nothing is. At most half full.
    private int[] _index = new int[CapacityMin * 2];
    private int _free = None;
    private int _used;

    /// <param name="lanes">How many lanes there are; 1 and more.</param>
    public LaneTable(int lanes)
    {
        Invariant.Holds(lanes >= 1);
        _lanes = new (int, int, int)[lanes];
        Array.Fill(_lanes, (None, None, 0));
    }

    public int Count { get; private set; }

    public int CountIn(int lane) => _lanes[lane].Count;

    /// <summary>The entry that joined the lane first; -1 when the lane is empty.</summary>
    public int OldestIn(int lane) => _lanes[lane].Oldest;

    /// <summary>The entry that joined the lane last; -1 when the lane is empty.</summary>
    public int NewestIn(int lane) => _lanes[lane].Newest;

    /// <summary>The entry after this one in its lane; -1 after the newest.</summary>
    public int After(int slot) => _entries[slot].Newer;

    /// <summary>The entry before this one in its lane; -1 before the oldest.</summary>
    public int Before(int slot) => _entries[slot].Older;

    public int LaneOf(int slot) => _entries[slot].Lane;

    public TKey KeyAt(int slot) => _entries[slot].Key;

    /// <summary>The value itself, to be read or written in place; not to be kept over an addition.</summary>
    public ref TValue ValueAt(int slot) => ref _entries[slot].Value;

    /// <summary>The slot of a key; -1 when there is none.</summary>
    public int Find(TKey key)
    {
        var hash = key.Hash;
        for (var at = Home(hash); _index[at] != 0; at = Next(at))
        {
            ref readonly var entry = ref _entries[_index[at] - 1];
            if (entry.Hash == hash && entry.Key.Equals(key)) return _index[at] - 1;
        }

        return None;
    }

    public bool Contains(TKey key) => Find(key) != None;

    /// <summary>Adds an entry as the newest of its lane; the key must not be there.</summary>
    public int Add(TKey key, TValue value, int lane)
    {
        Invariant.Holds(Find(key) == None);
        if ((Count + 1) * 2 > _index.Length) Rehash(_index.Length * 2);
        var slot = TakeSlot();
        var hash = key.Hash;
        _entries[slot] = new Entry { Key = key, Value = value, Hash = hash };
        Enter(hash, slot);
        Join(slot, lane);
        Count++;
        return slot;
    }

    /// <summary>Makes an entry the newest of a lane, its own or another.</summary>
    public void Move(int slot, int lane)
    {
        if (_entries[slot].Lane == lane && _lanes[lane].Newest == slot) return;
        Leave(slot);
        Join(slot, lane);
    }

    public void Remove(int slot)
    {
        Leave(slot);
        Withdraw(slot);
        _entries[slot] = new Entry { Lane = None, Newer = _free };
        _free = slot;
        Count--;
    }

    public bool Remove(TKey key)
    {
        var slot = Find(key);
        if (slot == None) return false;
        Remove(slot);
        return true;
    }

    /// <summary>A lane's values, the oldest first.</summary>
    public IEnumerable<(TKey Key, TValue Value)> In(int lane)
    {
        for (var slot = OldestIn(lane); slot != None; slot = After(slot))
            yield return (KeyAt(slot), _entries[slot].Value);
    }

    /// <summary>Throws when index, lanes and entries contradict each other.</summary>
    public void CheckInvariants()
    {
        Invariant.Holds(_lanes.Sum(lane => lane.Count) == Count);
        Invariant.Holds(_index.Count(cell => cell != 0) == Count);
        Invariant.Holds(Count * 2 <= _index.Length);
        for (var lane = 0; lane < _lanes.Length; lane++)
        {
            var (older, count) = (None, 0);
            for (var slot = OldestIn(lane); slot != None; older = slot, slot = After(slot), count++)
            {
                Invariant.Holds(count < Count);
                Invariant.Holds(_entries[slot].Lane == lane);
                Invariant.Holds(_entries[slot].Older == older);
                Invariant.Holds(Find(KeyAt(slot)) == slot);
            }

            Invariant.Holds(NewestIn(lane) == older);
            Invariant.Holds(CountIn(lane) == count);
        }
    }

    private int Home(ulong hash) => (int)(hash & (ulong)(_index.Length - 1));

    private int Next(int at) => (at + 1) & (_index.Length - 1);

    private int TakeSlot()
    {
        if (_free != None)
        {
            var slot = _free;
            _free = _entries[slot].Newer;
            return slot;
        }

        if (_used == _entries.Length)
            Array.Resize(ref _entries, Math.Max(CapacityMin, _used + (_used / 2)));
        return _used++;
    }

    private void Enter(ulong hash, int slot)
    {
        var at = Home(hash);
        while (_index[at] != 0) at = Next(at);
        _index[at] = slot + 1;
    }

    /// <summary>Takes a slot out of the index and moves up what probed past it, so that no marks of removed
    /// entries remain.</summary>
    private void Withdraw(int slot)
    {
        var hole = Home(_entries[slot].Hash);
        while (_index[hole] != slot + 1) hole = Next(hole);
        for (var at = Next(hole); _index[at] != 0; at = Next(at))
        {
            var home = Home(_entries[_index[at] - 1].Hash);
            if (!IsBetween(home, hole, at)) (_index[hole], hole) = (_index[at], at);
        }

        _index[hole] = 0;
    }

    /// <summary>Whether a home lies behind the hole and not behind the place, around the ring.</summary>
    private bool IsBetween(int home, int hole, int at)
    {
        var mask = _index.Length - 1;
        return ((at - home) & mask) < ((at - hole) & mask);
    }

    private void Rehash(int length)
    {
        Invariant.Holds(BitOperations.IsPow2(length));
        _index = new int[length];
        for (var slot = 0; slot < _used; slot++)
            if (_entries[slot].Lane != None) Enter(_entries[slot].Hash, slot);
    }

    private void Join(int slot, int lane)
    {
        ref var entry = ref _entries[slot];
        ref var queue = ref _lanes[lane];
        entry.Lane = lane;
        entry.Older = queue.Newest;
        entry.Newer = None;
        if (queue.Newest != None) _entries[queue.Newest].Newer = slot;
        else queue.Oldest = slot;
        queue.Newest = slot;
        queue.Count++;
    }

    private void Leave(int slot)
    {
        ref readonly var entry = ref _entries[slot];
        ref var queue = ref _lanes[entry.Lane];
        if (entry.Older != None) _entries[entry.Older].Newer = entry.Newer;
        else queue.Oldest = entry.Newer;
        if (entry.Newer != None) _entries[entry.Newer].Older = entry.Older;
        else queue.Newest = entry.Older;
        queue.Count--;
    }

    private struct Entry
    {
        public TKey Key;
        public TValue Value;
        public ulong Hash;
        public int Older;
        public int Newer;
        public int Lane;
    }
}
