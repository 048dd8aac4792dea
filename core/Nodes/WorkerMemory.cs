using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Nodes;

/// <summary>The attempts that a worker is done with, so that late copies of their commands do nothing.
/// Bounded; the oldest is forgotten first.</summary>
internal sealed class WorkerMemory(int attemptsMax)
{
    private readonly SortedSet<AttemptKey> _attempts = [];
    private readonly Queue<AttemptKey> _attemptOrder = new();

    public bool Knows(AttemptKey attempt) => _attempts.Contains(attempt);

    public void Remember(AttemptKey attempt)
    {
        if (!_attempts.Add(attempt)) return;
        _attemptOrder.Enqueue(attempt);
        if (_attempts.Count > attemptsMax) _attempts.Remove(_attemptOrder.Dequeue());
    }

    public void CheckInvariants()
    {
        Invariant.Holds(_attempts.Count == _attemptOrder.Count);
        Invariant.Holds(_attempts.Count <= attemptsMax);
    }

    public void AddTo(ref Fingerprint fingerprint)
    {
        fingerprint.Add((long)_attemptOrder.Count);
        foreach (var attempt in _attemptOrder) attempt.AddTo(ref fingerprint);
    }
}
