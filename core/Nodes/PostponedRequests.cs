using Hyperscale.Det.Kernel;
using Hyperscale.Det.Protocol;

namespace Hyperscale.Det.Nodes;

/// <param name="Until">When the caller is turned away.</param>
internal sealed record PostponedRequest(Caller Caller, int Hops, ClientRequest Request, Instant Until);

/// <summary>Requests that wait until somebody leads the group that they are about.</summary>
internal sealed class PostponedRequests
{
    private readonly SortedDictionary<long, PostponedRequest> _requests = [];
    private readonly DeadlineQueue<long> _deadlines = new();
    private long _added;

    public int Count => _requests.Count;

    public Instant NextDeadline => _deadlines.NextDeadline;

    public void Add(PostponedRequest request)
    {
        _requests.Add(++_added, request);
        _deadlines.Set(_added, request.Until);
    }

    /// <summary>Takes the requests that can be carried out, in the order in which they came.</summary>
    public IReadOnlyList<PostponedRequest> Take(Func<ClientRequest, bool> isReady)
    {
        var taken = new List<PostponedRequest>();
        foreach (var (number, request) in _requests.Where(entry => isReady(entry.Value.Request)).ToList())
        {
            taken.Add(request);
            _requests.Remove(number);
            _deadlines.Remove(number);
        }

        return taken;
    }

    /// <summary>Takes the next request that has waited as long as it may.</summary>
    public bool TryPop(Instant now, out PostponedRequest request)
    {
        request = null!;
        return _deadlines.TryPop(now, out var number) && _requests.Remove(number, out request!);
    }

    public void CheckInvariants() => Invariant.Holds(_deadlines.Count == _requests.Count);

    public void AddTo(ref Fingerprint fingerprint)
    {
        foreach (var (number, request) in _requests)
        {
            fingerprint.Add(number);
            request.Caller.AddTo(ref fingerprint);
            fingerprint.Add(request.Request.GetType().Name);
            fingerprint.Add(request.Until);
        }
    }
}
