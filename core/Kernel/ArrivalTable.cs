using System.Diagnostics.CodeAnalysis;

namespace Hyperscale.Det.Kernel;

/// <summary>Values by key in O(1), enumerated in the order in which their keys came.</summary>
/// <remarks>A value that is replaced stays where its key came.</remarks>
public sealed class ArrivalTable<TKey, TValue>
    where TKey : IEquatable<TKey>, IHashed
{
    private const int OnlyLane = 0;

    private readonly LaneTable<TKey, TValue> _table = new(1);

    public int Count => _table.Count;

    /// <summary>The keys, the first that came first.</summary>
    public IEnumerable<TKey> Keys => _table.In(OnlyLane).Select(entry => entry.Key);

    /// <summary>The values, that of the first key that came first.</summary>
    public IEnumerable<TValue> Values => _table.In(OnlyLane).Select(entry => entry.Value);

    /// <summary>The values, that of the last key that came first.</summary>
    public IEnumerable<TValue> NewestFirst
    {
        get
        {
            for (var slot = _table.NewestIn(OnlyLane); slot >= 0; slot = _table.Before(slot))
                yield return _table.ValueAt(slot);
        }
    }

    /// <summary>Every entry, the first key that came first.</summary>
    public IEnumerable<(TKey Key, TValue Value)> Entries => _table.In(OnlyLane);

    /// <summary>The value of a key, which has to be there to be read.</summary>
    public TValue this[TKey key]
    {
        get
        {
            Invariant.Holds(TryGetValue(key, out var value));
            return value;
        }

        set
        {
            var slot = _table.Find(key);
            if (slot >= 0) _table.ValueAt(slot) = value;
            else _table.Add(key, value, OnlyLane);
        }
    }

    public bool ContainsKey(TKey key) => _table.Contains(key);

    public bool TryGetValue(TKey key, [MaybeNullWhen(false)] out TValue value)
    {
        value = default;
        var slot = _table.Find(key);
        if (slot < 0) return false;
        value = _table.ValueAt(slot)!;
        return true;
    }

    public TValue? GetValueOrDefault(TKey key) => TryGetValue(key, out var value) ? value : default;

    /// <summary>Adds an entry whose key is not there.</summary>
    public void Add(TKey key, TValue value) => _table.Add(key, value, OnlyLane);

    public bool TryAdd(TKey key, TValue value)
    {
        if (_table.Contains(key)) return false;
        Add(key, value);
        return true;
    }

    public bool Remove(TKey key) => _table.Remove(key);

    public bool Remove(TKey key, [MaybeNullWhen(false)] out TValue value)
    {
        if (!TryGetValue(key, out value)) return false;
        _table.Remove(key);
        return true;
    }
}
