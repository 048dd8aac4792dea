namespace Hyperscale.Det.Kernel;

/// <summary>Many deadlines of one machine, at most one a key; the earliest first, equal instants by
/// key.</summary>
/// <remarks>Set, remove and pop are O(log n).</remarks>
public sealed class DeadlineQueue<TKey>
    where TKey : IComparable<TKey>, IEquatable<TKey>
{
    private readonly SortedDictionary<TKey, Instant> _byKey = [];
    private readonly SortedSet<(Instant At, TKey Key)> _byTime = [];

    public int Count => _byKey.Count;

    /// <summary>The earliest deadline, at hand: it is asked for in every step.</summary>
    public Instant NextDeadline { get; private set; } = Instant.Never;

    /// <summary>Sets the key's deadline, replacing the one it had; <see cref="Instant.Never"/> removes
    /// it.</summary>
    public void Set(TKey key, Instant at)
    {
        if (_byKey.TryGetValue(key, out var before) && before == at) return;
        Remove(key);
        if (at == Instant.Never) return;
        _byKey.Add(key, at);
        _byTime.Add((at, key));
        NextDeadline = Instant.Sooner(NextDeadline, at);
    }

    public bool Remove(TKey key)
    {
        if (!_byKey.Remove(key, out var at)) return false;
        _byTime.Remove((at, key));
        if (at == NextDeadline) NextDeadline = _byTime.Count == 0 ? Instant.Never : _byTime.Min.At;
        return true;
    }

    public bool TryGet(TKey key, out Instant at) => _byKey.TryGetValue(key, out at);

    /// <summary>Takes the earliest key whose deadline is not after <paramref name="now"/>.</summary>
    public bool TryPop(Instant now, out TKey key)
    {
        key = default!;
        if (_byTime.Count == 0 || NextDeadline > now) return false;
        key = _byTime.Min.Key;
        return Remove(key);
    }

    public void Clear()
    {
        _byKey.Clear();
        _byTime.Clear();
        NextDeadline = Instant.Never;
    }

    public void AddTo(ref Fingerprint fingerprint, Func<TKey, ulong> hash)
    {
        foreach (var (at, key) in _byTime)
        {
            fingerprint.Add(at);
            fingerprint.Add(hash(key));
        }
    }
}
