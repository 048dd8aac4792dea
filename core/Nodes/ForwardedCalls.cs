using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Protocol;

namespace Hyperscale.Det.Nodes;

/// <summary>A call that another gate was asked to answer.</summary>
/// <param name="Gather">The list that the answer is a part of; null when it is the whole answer.</param>
internal sealed record ForwardedCall(Asked Asked, NodeId To, Message.ClientCall Call, ListGather? Gather)
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

/// <summary>A list of jobs that comes together from several gates.</summary>
/// <param name="request">What the list answers.</param>
/// <param name="own">What this gate knows.</param>
/// <param name="asked">The other gates.</param>
/// <param name="limit">Most jobs of the list.</param>
/// <param name="groups">How many ledger groups the list has to cover; 0 for whatever there is.</param>
internal sealed class ListGather(
    Asked request, ClientResponse.Jobs own, IEnumerable<NodeId> asked, int limit, int groups)
{
    private const int NamedGroupsMax = 8;

    private readonly SortedSet<NodeId> _open = [.. asked];
    private readonly SortedSet<NodeId> _missing = [];
    private readonly SortedSet<int> _led = [.. own.Led];

    // While the lead of a group moves, two gates may tell of the same job: an end is for good.
    private readonly SortedDictionary<JobId, JobSummary> _jobs = ById(own.List);

    public Asked Request => request;

    public bool IsComplete => _open.Count == 0;

    /// <summary>Whether asking again would not make the list longer: somebody leads every ledger group, or a
    /// gate does not answer.</summary>
    public bool IsFinal => _missing.Count > 0 || _led.Count >= groups;

    public ClientResponse.Jobs Result => new(
        [
            .. _jobs.Values.OrderByDescending(job => job.Submitted).ThenByDescending(job => job.Id)
                .Take(limit),
        ],
        [.. _missing.Select(gate => gate.Name), .. MissingGroups])
    {
        Led = groups == 0 ? [.. _led] : [],
    };

    private IEnumerable<string> MissingGroups
    {
        get
        {
            List<int> missing = [.. Enumerable.Range(0, groups).Where(group => !_led.Contains(group))];
            return missing.Count > NamedGroupsMax
                ? [$"{missing.Count} ledger groups"]
                : missing.Select(group => $"ledger group {group}");
        }
    }

    public void Add(NodeId gate, ClientResponse.Jobs jobs)
    {
        if (!_open.Remove(gate)) return;
        _led.UnionWith(jobs.Led);
        foreach (var job in jobs.List)
            if (!_jobs.TryGetValue(job.Id, out var known) || !known.IsTerminal) _jobs[job.Id] = job;
    }

    public void Miss(NodeId gate)
    {
        if (_open.Remove(gate)) _missing.Add(gate);
    }

    public void AddTo(ref Fingerprint fingerprint)
    {
        fingerprint.Add((long)limit);
        foreach (var gate in _open.Concat(_missing)) fingerprint.Add(gate);
        foreach (var group in _led) fingerprint.Add((long)group);
        foreach (var job in _jobs.Keys) job.AddTo(ref fingerprint);
    }

    private static SortedDictionary<JobId, JobSummary> ById(IEnumerable<JobSummary> jobs)
    {
        var byId = new SortedDictionary<JobId, JobSummary>();
        foreach (var job in jobs) byId.Add(job.Id, job);
        return byId;
    }
}
