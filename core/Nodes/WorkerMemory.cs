using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Nodes;

/// <summary>What a worker remembers of the past so that late copies of commands do nothing: attempts it is
/// done with, and the highest fence of each job. Bounded; the oldest is forgotten first.</summary>
internal sealed class WorkerMemory(int attemptsMax, int jobsMax)
{
    private readonly SortedSet<AttemptKey> _attempts = [];
    private readonly Queue<AttemptKey> _attemptOrder = new();
    private readonly SortedDictionary<JobId, long> _fences = [];
    private readonly Queue<JobId> _jobOrder = new();

    public bool Knows(AttemptKey attempt) => _attempts.Contains(attempt);

    public void Remember(AttemptKey attempt)
    {
        if (!_attempts.Add(attempt)) return;
        _attemptOrder.Enqueue(attempt);
        if (_attempts.Count > attemptsMax) _attempts.Remove(_attemptOrder.Dequeue());
    }

    /// <summary>Whether a command of the job carried a higher fence before.</summary>
    public bool IsStale(JobId job, long fence) => _fences.TryGetValue(job, out var known) && fence < known;

    public void Raise(JobId job, long fence)
    {
        if (!_fences.ContainsKey(job)) _jobOrder.Enqueue(job);
        _fences[job] = fence;
        if (_fences.Count > jobsMax) _fences.Remove(_jobOrder.Dequeue());
    }

    public void CheckInvariants()
    {
        Invariant.Holds(_attempts.Count == _attemptOrder.Count);
        Invariant.Holds(_attempts.Count <= attemptsMax);
        Invariant.Holds(_fences.Count == _jobOrder.Count);
        Invariant.Holds(_fences.Count <= jobsMax);
    }

    public void AddTo(ref Fingerprint fingerprint)
    {
        fingerprint.Add((long)_attemptOrder.Count);
        foreach (var attempt in _attemptOrder) attempt.AddTo(ref fingerprint);
        foreach (var job in _jobOrder)
        {
            job.AddTo(ref fingerprint);
            fingerprint.Add(_fences[job]);
        }
    }
}
