using Hyperscale.Det.Kernel;
using Hyperscale.Det.Protocol;

namespace Hyperscale.Det.Nodes;

/// <summary>A call that another gate was asked to answer.</summary>
/// <param name="Gather">What the answer is a part of; null when it is the whole answer.</param>
internal sealed record ForwardedCall(Asked Asked, NodeId To, Message.ClientCall Call, Gather? Gather)
{
    /// <summary>Whether it does no harm that the request is carried out twice.</summary>
    public bool IsRepeatable => Gather is null && Asked.Request is not ClientRequest.SubmitJob { Key: null };
}

/// <summary>Calls at other gates that wait for their answers.</summary>
internal sealed class ForwardedCalls
{
    private readonly SortedDictionary<long, ForwardedCall> _calls = [];
    private readonly DeadlineQueue<long> _deadlines = new();

    public int Count => _calls.Count;

    public Instant NextDeadline => _deadlines.NextDeadline;

    public void Add(ForwardedCall call, Instant deadline)
    {
        _calls.Add(call.Call.CallId, call);
        _deadlines.Set(call.Call.CallId, deadline);
    }

    /// <summary>Takes the call that this gate answers; false when it is not waited for.</summary>
    public bool TryTake(long callId, NodeId gate, out ForwardedCall call)
    {
        if (!_calls.TryGetValue(callId, out call!) || call.To != gate) return false;
        _calls.Remove(callId);
        _deadlines.Remove(callId);
        return true;
    }

    public bool TryPop(Instant now, out ForwardedCall call)
    {
        call = null!;
        if (!_deadlines.TryPop(now, out var callId)) return false;
        _calls.Remove(callId, out call!);
        return true;
    }

    /// <summary>Takes the requests that may be carried out twice, of the calls that are meant.</summary>
    public IReadOnlyList<Asked> TakeRepeatable(Func<ForwardedCall, bool> isMeant)
    {
        List<ForwardedCall> taken = [.. _calls.Values.Where(call => call.IsRepeatable && isMeant(call))];
        foreach (var call in taken)
        {
            _calls.Remove(call.Call.CallId);
            _deadlines.Remove(call.Call.CallId);
        }

        return [.. taken.Select(call => call.Asked with { MayBeDone = true })];
    }

    public void CheckInvariants() => Invariant.Holds(_deadlines.Count == _calls.Count);

    public void AddTo(ref Fingerprint fingerprint)
    {
        foreach (var (callId, call) in _calls)
        {
            fingerprint.Add(callId);
            call.Asked.Caller.AddTo(ref fingerprint);
            fingerprint.Add(call.To);
            fingerprint.Add(call.Asked.Request.GetType().Name);
            fingerprint.Add(call.Asked.Until);
            _deadlines.TryGet(callId, out var deadline);
            fingerprint.Add(deadline);
            call.Gather?.AddTo(ref fingerprint);
        }
    }
}
