using Hyperscale.Det.Kernel;
using Hyperscale.Det.Protocol;

namespace Hyperscale.Det.Nodes;

/// <summary>A client's request on its way to whoever can answer it.</summary>
/// <param name="Hops">Gates that it has passed.</param>
/// <param name="Until">When the caller is turned away.</param>
internal sealed record Asked(Caller Caller, int Hops, ClientRequest Request, Instant Until)
{
    /// <summary>Another gate was asked and never answered.</summary>
    public bool MayBeDone { get; init; }
}

/// <summary>Requests that wait until somebody is known who can answer them. All are tried again together: on
/// news of who leads what, and at an interval.</summary>
internal sealed class PostponedRequests(Duration retryInterval)
{
    private readonly SortedDictionary<long, Asked> _requests = [];
    private readonly DeadlineQueue<long> _deadlines = new();
    private Instant _retryAt = Instant.Never;
    private long _added;

    public int Count => _requests.Count;

    public Instant NextDeadline => Instant.Sooner(_deadlines.NextDeadline, _retryAt);

    public void Add(Asked request, Instant now)
    {
        _requests.Add(++_added, request);
        _deadlines.Set(_added, request.Until);
        _retryAt = Instant.Sooner(_retryAt, now + retryInterval);
    }

    public bool IsRetryDue(Instant now) => _retryAt <= now;

    /// <summary>Takes all of them, in the order in which they came.</summary>
    public IReadOnlyList<Asked> TakeAll()
    {
        List<Asked> taken = [.. _requests.Values];
        foreach (var number in _requests.Keys) _deadlines.Remove(number);
        _requests.Clear();
        _retryAt = Instant.Never;
        return taken;
    }

    /// <summary>Takes the next request that has waited as long as it may.</summary>
    public bool TryPop(Instant now, out Asked request)
    {
        request = null!;
        if (!_deadlines.TryPop(now, out var number) || !_requests.Remove(number, out request!)) return false;
        if (_requests.Count == 0) _retryAt = Instant.Never;
        return true;
    }

    public void CheckInvariants()
    {
        Invariant.Holds(_deadlines.Count == _requests.Count);
        Invariant.Holds(_requests.Count == 0 == (_retryAt == Instant.Never));
    }

    public void AddTo(ref Fingerprint fingerprint)
    {
        fingerprint.Add(_retryAt);
        foreach (var (number, request) in _requests)
        {
            fingerprint.Add(number);
            request.Caller.AddTo(ref fingerprint);
            fingerprint.Add((long)request.Hops);
            fingerprint.Add(request.MayBeDone);
            fingerprint.Add(request.Request.GetType().Name);
            fingerprint.Add(request.Until);
        }
    }
}
