using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Protocol;

namespace Hyperscale.Det.Nodes;

/// <summary>A call that another gate was asked to answer.</summary>
/// <param name="Gather">The list that the answer is a part of; null when it is the whole answer.</param>
internal sealed record ForwardedCall(
    Caller Caller, NodeId To, Message.ClientCall Call, ListGather? Gather)
{
    /// <summary>Whether an earlier sending may have arrived, whatever became of the last.</summary>
    public bool IsResent { get; set; }
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

    public IReadOnlyList<ForwardedCall> At(NodeId gate) => [.. _calls.Values.Where(call => call.To == gate)];

    public void CheckInvariants() => Invariant.Holds(_deadlines.Count == _calls.Count);

    public void AddTo(ref Fingerprint fingerprint)
    {
        foreach (var (callId, call) in _calls)
        {
            fingerprint.Add(callId);
            call.Caller.AddTo(ref fingerprint);
            fingerprint.Add(call.To);
            fingerprint.Add(call.Call.Request.GetType().Name);
            fingerprint.Add(call.IsResent);
            _deadlines.TryGet(callId, out var deadline);
            fingerprint.Add(deadline);
            call.Gather?.AddTo(ref fingerprint);
        }
    }
}

/// <summary>A list of jobs that comes together from several gates.</summary>
internal sealed class ListGather(int limit, IEnumerable<NodeId> asked, IEnumerable<JobSummary> own)
{
    private readonly SortedSet<NodeId> _open = [.. asked];
    private readonly SortedSet<NodeId> _missing = [];
    private readonly List<JobSummary> _jobs = [.. own];

    public bool IsComplete => _open.Count == 0;

    public ClientResponse.Jobs Result => new(
        [.. _jobs.OrderByDescending(job => job.Submitted).ThenByDescending(job => job.Id).Take(limit)],
        [.. _missing.Select(gate => gate.Name)]);

    public void Add(NodeId gate, IReadOnlyList<JobSummary> jobs)
    {
        if (_open.Remove(gate)) _jobs.AddRange(jobs);
    }

    public void Miss(NodeId gate)
    {
        if (_open.Remove(gate)) _missing.Add(gate);
    }

    public void AddTo(ref Fingerprint fingerprint)
    {
        fingerprint.Add((long)limit);
        foreach (var gate in _open.Concat(_missing)) fingerprint.Add(gate);
        foreach (var job in _jobs) job.Id.AddTo(ref fingerprint);
    }
}
