using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Nodes;
using Hyperscale.Det.Protocol;

namespace Hyperscale.Det.Tests.Exploration;

/// <summary>What must hold of everything that anyone outside the nodes can see.</summary>
internal sealed class Observer
{
    private readonly SortedSet<AttemptKey> _started = [];
    private readonly SortedSet<JobId> _accepted = [];
    private readonly SortedDictionary<JobId, JobState> _ended = [];
    private readonly SortedSet<long> _answered = [];

    public int Accepted => _accepted.Count;

    public int Ended => _ended.Count;

    public void OnReply(long requestId, ClientResponse response)
    {
        Holds(_answered.Add(requestId), $"request {requestId} is answered twice");
        if (response is ClientResponse.Accepted accepted) _accepted.Add(accepted.Job);
    }

    public void OnStarted(AttemptKey attempt) =>
        Holds(_started.Add(attempt), $"attempt {attempt} is started twice");

    public void OnTold(NodeId node, TelemetryEvent told)
    {
        if (node != Cluster.Gate || told is not TelemetryEvent.JobEnded ended) return;
        _ended.TryAdd(ended.Job, ended.State);
        Holds(
            _ended[ended.Job] == ended.State,
            $"job {ended.Job} ended {_ended[ended.Job]} and then {ended.State}");
    }

    public void OnLedger(JobLedger ledger)
    {
        foreach (var job in _accepted)
            Holds(ledger.TryGet(job, out _), $"job {job} was acknowledged and is gone");
    }

    private static void Holds(bool condition, string otherwise)
    {
        if (!condition) throw new InvariantViolationException(otherwise, nameof(Observer), 0);
    }
}
