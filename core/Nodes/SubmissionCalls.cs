using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Nodes;

/// <summary>The newest submissions that came as calls, so that a call that arrives twice is carried out
/// once.</summary>
internal sealed class SubmissionCalls(int countMax)
{
    private readonly SortedDictionary<Caller, JobId?> _jobs = [];
    private readonly Queue<Caller> _order = new();

    /// <summary>Whether the call came before; the job it made is null while there is none.</summary>
    public bool TryGet(Caller caller, out JobId? job) => _jobs.TryGetValue(caller, out job);

    public void Add(Caller caller)
    {
        _jobs.Add(caller, null);
        _order.Enqueue(caller);
        if (_order.Count > countMax) _jobs.Remove(_order.Dequeue());
    }

    public void Became(Caller caller, JobId job)
    {
        if (_jobs.ContainsKey(caller)) _jobs[caller] = job;
    }

    public void CheckInvariants()
    {
        Invariant.Holds(_order.Count <= countMax);
        Invariant.Holds(_order.Count == _jobs.Count);
    }

    public void AddTo(ref Fingerprint fingerprint)
    {
        foreach (var caller in _order)
        {
            caller.AddTo(ref fingerprint);
            if (_jobs[caller] is { } job) job.AddTo(ref fingerprint);
        }
    }
}
