using Hyperscale.Det.Capacity;
using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Routing;

/// <summary>One slot's dispatch to a datacenter.</summary>
/// <param name="Sequence">Rises with every dispatch of the gate.</param>
/// <param name="Meant">What the job's critical path was declared to take.</param>
public readonly record struct RecordedDispatch(
    DatacenterName Datacenter, long Sequence, Instant At, Duration Meant);

/// <summary>When a gate dispatched what to which datacenter, so that results tell how long datacenters take
/// (AD-45).</summary>
public sealed class GateJobManager
{
    /// <summary>How long after its job's deadline a dispatch without a result is kept.</summary>
    public static readonly Duration KeptAfterDeadline = Duration.FromSeconds(600);

    /// <summary>Dispatches that are kept; the oldest make room.</summary>
    public const int DispatchesMax = 200_000;

    private readonly LaneTable<SlotPlace, RecordedDispatch> _dispatches = new(lanes: 1);
    private readonly DeadlineQueue<SlotPlace> _deadlines = new();
    private long _sequence;

    public int Count => _dispatches.Count;

    /// <summary>Notes that a slot was really sent to a datacenter. Sending it there again changes nothing;
    /// sending it elsewhere begins anew.</summary>
    /// <param name="deadline">Of the job.</param>
    public void Sent(
        JobId job, int slot, DatacenterName datacenter, Duration meant, Instant deadline, Instant now)
    {
        var key = new SlotPlace(job, slot);
        var at = _dispatches.Find(key);
        if (at >= 0 && _dispatches.ValueAt(at).Datacenter == datacenter) return;
        if (at >= 0) Remove(at);
        if (_dispatches.Count == DispatchesMax) Remove(_dispatches.OldestIn(0));
        _dispatches.Add(key, new RecordedDispatch(datacenter, ++_sequence, now, meant), 0);
        _deadlines.Set(key, deadline + KeptAfterDeadline);
    }

    /// <summary>Takes the dispatch that a terminal result of the datacenter belongs to; false when there is
    /// none.</summary>
    public bool TryEnd(JobId job, int slot, DatacenterName datacenter, out RecordedDispatch dispatch)
    {
        dispatch = default;
        var at = _dispatches.Find(new SlotPlace(job, slot));
        if (at < 0 || _dispatches.ValueAt(at).Datacenter != datacenter) return false;
        dispatch = _dispatches.ValueAt(at);
        Remove(at);
        return true;
    }

    /// <summary>The slot's job is over, or the slot without a datacenter: nothing is learned of it.</summary>
    public void Forget(JobId job, int slot)
    {
        var at = _dispatches.Find(new SlotPlace(job, slot));
        if (at >= 0) Remove(at);
    }

    /// <summary>Forgets what should have ended long ago.</summary>
    public void Expire(Instant now)
    {
        while (_deadlines.TryPop(now, out var key)) _dispatches.Remove(key);
    }

    public void CheckInvariants()
    {
        _dispatches.CheckInvariants();
        Invariant.Holds(_dispatches.Count <= DispatchesMax);
        Invariant.Holds(_deadlines.Count <= _dispatches.Count);
    }

    public void AddTo(ref Fingerprint fingerprint)
    {
        fingerprint.Add(_sequence);
        foreach (var (key, dispatch) in _dispatches.In(0))
        {
            key.AddTo(ref fingerprint);
            fingerprint.Add(dispatch.Datacenter.Text);
            fingerprint.Add(dispatch.Sequence);
            fingerprint.Add(dispatch.At);
        }
    }

    private void Remove(int at)
    {
        _deadlines.Remove(_dispatches.KeyAt(at));
        _dispatches.Remove(at);
    }
}
