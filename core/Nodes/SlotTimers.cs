using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Nodes;

/// <summary>When a gate looks at each slot again, and which manager's answer it waits for until
/// then.</summary>
/// <remarks>A slot has at most one timer, so at most one command of it is in flight.</remarks>
internal sealed class SlotTimers
{
    private readonly DeadlineQueue<SlotPlace> _due = new();
    private readonly ArrivalTable<SlotPlace, NodeId> _askedOf = new();
    private readonly SortedDictionary<NodeId, ArrivalTable<SlotPlace, Instant>> _asked = [];

    public Instant NextDeadline => _due.NextDeadline;

    public int Count => _due.Count;

    public bool Has(SlotPlace place) => _due.TryGet(place, out _);

    /// <summary>Looks at the slot at this instant, for a reason of the gate's own.</summary>
    public void Wait(SlotPlace place, Instant until)
    {
        Remove(place);
        _due.Set(place, until);
    }

    /// <summary>A command went to this manager; without an answer it is sent again then.</summary>
    public void Ask(SlotPlace place, NodeId manager, Instant again)
    {
        Wait(place, again);
        _askedOf.Add(place, manager);
        if (!_asked.TryGetValue(manager, out var places)) _asked.Add(manager, places = new());
        places.Add(place, again);
    }

    public void Remove(SlotPlace place)
    {
        _due.Remove(place);
        if (!_askedOf.Remove(place, out var manager)) return;
        _asked[manager].Remove(place);
        if (_asked[manager].Count == 0) _asked.Remove(manager);
    }

    public bool TryPop(Instant now, out SlotPlace place)
    {
        if (!_due.TryPop(now, out place)) return false;
        Remove(place);
        return true;
    }

    /// <summary>The slots whose command to this manager is unanswered.</summary>
    public IReadOnlyList<SlotPlace> AskedOf(NodeId manager) =>
        _asked.TryGetValue(manager, out var places) ? [.. places.Keys] : [];

    public void CheckInvariants()
    {
        Invariant.Holds(_askedOf.Count == _asked.Values.Sum(places => places.Count));
        foreach (var (place, manager) in _askedOf.Entries)
        {
            Invariant.Holds(_due.TryGet(place, out _));
            Invariant.Holds(_asked[manager].ContainsKey(place));
        }
    }

    public void AddTo(ref Fingerprint fingerprint)
    {
        _due.AddTo(ref fingerprint, place =>
        {
            var hash = default(Fingerprint);
            place.AddTo(ref hash);
            return hash.Value;
        });
        foreach (var (place, manager) in _askedOf.Entries)
        {
            place.AddTo(ref fingerprint);
            fingerprint.Add(manager);
        }
    }
}
