using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Nodes;

/// <summary>The workflows that wait for a core and may have one, because their slots are wanted: what is
/// looked through for placing, however many others wait for a gate's word.</summary>
internal sealed class PlaceableWork
{
    private readonly SortedDictionary<long, ReadyWorkflow> _inOrder = [];
    private readonly SortedDictionary<SlotKey, IReadOnlyList<ReadyWorkflow>> _bySlot = [];

    // When the slot of what is here is wanted no more, unless a gate says so again.
    private readonly DeadlineQueue<SlotKey> _until = new();

    public int Count => _inOrder.Count;

    /// <summary>In the order in which they became ready.</summary>
    public IReadOnlyCollection<ReadyWorkflow> InOrder => _inOrder.Values;

    public bool Contains(ReadyWorkflow ready) =>
        _inOrder.TryGetValue(ready.Sequence, out var known) && known == ready;

    /// <summary>Takes what is ready of a slot that is wanted until then, in place of what was.</summary>
    public void Set(SlotKey slot, IReadOnlyList<ReadyWorkflow> ready, Instant until)
    {
        Remove(slot);
        if (ready.Count == 0) return;
        foreach (var workflow in ready) _inOrder.Add(workflow.Sequence, workflow);
        _bySlot.Add(slot, ready);
        _until.Set(slot, until);
    }

    /// <summary>The slot is wanted for longer.</summary>
    public void Prolong(SlotKey slot, Instant until)
    {
        if (_bySlot.ContainsKey(slot)) _until.Set(slot, until);
    }

    public void Remove(SlotKey slot)
    {
        _until.Remove(slot);
        if (!_bySlot.Remove(slot, out var ready)) return;
        foreach (var workflow in ready) _inOrder.Remove(workflow.Sequence);
    }

    /// <summary>Lets go of what was not said to be wanted for too long.</summary>
    public void LetGo(Instant now)
    {
        while (_until.TryPop(now, out var slot)) Remove(slot);
    }

    public void Clear()
    {
        _inOrder.Clear();
        _bySlot.Clear();
        _until.Clear();
    }

    public void CheckInvariants()
    {
        Invariant.Holds(_inOrder.Count == _bySlot.Values.Sum(ready => ready.Count));
        Invariant.Holds(_until.Count == _bySlot.Count);
    }

    public void AddTo(ref Fingerprint fingerprint)
    {
        foreach (var (sequence, ready) in _inOrder)
        {
            fingerprint.Add(sequence);
            ready.Slot.AddTo(ref fingerprint);
        }
    }
}
