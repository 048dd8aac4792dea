using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Nodes;

/// <summary>Callers that wait for a job to change, each with the deadline of its wait.</summary>
internal sealed class WatchList
{
    private readonly SortedDictionary<Caller, JobId> _jobs = [];
    private readonly SortedDictionary<JobId, SortedSet<Caller>> _callers = [];
    private readonly DeadlineQueue<Caller> _deadlines = new();

    public int Count => _jobs.Count;

    public Instant NextDeadline => _deadlines.NextDeadline;

    /// <summary>The jobs that somebody waits for.</summary>
    public IReadOnlyCollection<JobId> Jobs => _callers.Keys;

    public void Add(Caller caller, JobId job, Instant deadline)
    {
        Remove(caller);
        _jobs.Add(caller, job);
        if (!_callers.TryGetValue(job, out var callers)) _callers.Add(job, callers = []);
        callers.Add(caller);
        _deadlines.Set(caller, deadline);
    }

    /// <summary>Takes everyone who waits for this job.</summary>
    public IReadOnlyList<Caller> Take(JobId job)
    {
        if (!_callers.TryGetValue(job, out var callers)) return [];
        List<Caller> taken = [.. callers];
        foreach (var caller in taken) Remove(caller);
        return taken;
    }

    /// <summary>Takes the next caller that has waited as long as it may.</summary>
    public bool TryPop(Instant now, out Caller caller, out JobId job)
    {
        job = default;
        if (!_deadlines.TryPop(now, out caller)) return false;
        job = _jobs[caller];
        Remove(caller);
        return true;
    }

    public void CheckInvariants()
    {
        Invariant.Holds(_deadlines.Count == _jobs.Count);
        Invariant.Holds(_callers.Values.Sum(callers => callers.Count) == _jobs.Count);
        foreach (var (caller, job) in _jobs) Invariant.Holds(_callers[job].Contains(caller));
    }

    public void AddTo(ref Fingerprint fingerprint)
    {
        foreach (var (caller, job) in _jobs)
        {
            caller.AddTo(ref fingerprint);
            job.AddTo(ref fingerprint);
            _deadlines.TryGet(caller, out var deadline);
            fingerprint.Add(deadline);
        }
    }

    private void Remove(Caller caller)
    {
        if (!_jobs.Remove(caller, out var job)) return;
        _callers[job].Remove(caller);
        if (_callers[job].Count == 0) _callers.Remove(job);
        _deadlines.Remove(caller);
    }
}
