using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Sim.Engine;

/// <summary>Events that have not happened yet, ordered by (time, tie, sequence).</summary>
/// <remarks>A 4-ary heap of small keys; the sequence is part of the key because a heap keeps no order among
/// equals.</remarks>
public sealed class EventHeap
{
    private const int Children = 4;

    private Entry[] _entries = new Entry[1024];

    public int Count { get; private set; }

    /// <summary>When the earliest event happens; <see cref="Instant.Never"/> without one.</summary>
    public Instant Next => Count == 0 ? Instant.Never : new Instant(_entries[0].Time);

    public void Add(Instant at, ulong tie, long sequence, SimEvent simEvent)
    {
        if (Count == _entries.Length) Array.Resize(ref _entries, _entries.Length * 2);
        SiftUp(Count++, new Entry(at.Nanoseconds, tie, sequence, simEvent));
    }

    /// <summary>Takes the earliest event; there must be one.</summary>
    public SimEvent Take(out Instant at)
    {
        Invariant.Holds(Count > 0);
        var first = _entries[0];
        var last = _entries[--Count];
        _entries[Count] = default;
        if (Count > 0) SiftDown(last);
        at = new Instant(first.Time);
        return first.Event;
    }

    private void SiftUp(int at, Entry entry)
    {
        while (at > 0)
        {
            var parent = (at - 1) / Children;
            if (!entry.IsBefore(_entries[parent])) break;
            _entries[at] = _entries[parent];
            at = parent;
        }

        _entries[at] = entry;
    }

    private void SiftDown(Entry entry)
    {
        var at = 0;
        while (true)
        {
            var first = (at * Children) + 1;
            if (first >= Count) break;
            var least = first;
            var end = Math.Min(first + Children, Count);
            for (var child = first + 1; child < end; child++)
                if (_entries[child].IsBefore(_entries[least])) least = child;
            if (!_entries[least].IsBefore(entry)) break;
            _entries[at] = _entries[least];
            at = least;
        }

        _entries[at] = entry;
    }

    private readonly struct Entry(long time, ulong tie, long sequence, SimEvent simEvent)
    {
        public readonly long Time = time;
        public readonly SimEvent Event = simEvent;
        private readonly ulong _tie = tie;
        private readonly long _sequence = sequence;

        public bool IsBefore(in Entry other)
        {
            if (Time != other.Time) return Time < other.Time;
            if (_tie != other._tie) return _tie < other._tie;
            return _sequence < other._sequence;
        }
    }
}
