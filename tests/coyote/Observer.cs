using Hyperscale.Det.Idempotency;
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
    private readonly SortedDictionary<long, IdempotencyKey> _keyOf = [];
    private readonly SortedDictionary<IdempotencyKey, JobId> _jobOf = [];
    private readonly SortedSet<IdempotencyKey> _firsts = [];
    private readonly SortedDictionary<IdempotencyKey, long> _answeredIn = [];
    private readonly SortedSet<NodeId> _leaders = [];
    private readonly SortedDictionary<long, NodeId> _views = [];
    private long _view;

    /// <summary>What must hold of retry budgets and of ends.</summary>
    public BudgetObserver Budgets { get; } = new();

    public int Accepted => _accepted.Count;

    public int Ended => _ended.Count;

    /// <summary>Requests that were told of a job that an earlier one had made.</summary>
    public int Duplicates { get; private set; }

    /// <summary>Those of them that were told so in a later view than the first answer to their key.</summary>
    public int DuplicatesOverViews { get; private set; }

    /// <summary>Gates that led the ledger at some time.</summary>
    public int Leaders => _leaders.Count;

    public void OnReply(long requestId, ClientResponse response)
    {
        Holds(_answered.Add(requestId), $"request {requestId} is answered twice");
        if (response is not ClientResponse.Accepted accepted) return;
        _accepted.Add(accepted.Job);
        if (_keyOf.TryGetValue(requestId, out var key)) OnAccepted(key, accepted);
    }

    /// <summary>The request is about to be asked, under this key.</summary>
    public void Expect(long requestId, IdempotencyKey key) => _keyOf.Add(requestId, key);

    public void OnStarted(AttemptKey attempt)
    {
        Holds(_started.Add(attempt), $"attempt {attempt} is started twice");
        Budgets.OnStarted(attempt);
    }

    public void OnTold(NodeId node, TelemetryEvent told)
    {
        if (node.Name.StartsWith("dc-a/", StringComparison.Ordinal)) Budgets.OnTold(told);
        if (told is TelemetryEvent.GroupLed { IsLed: true } led && !IsManager(node))
        {
            Holds(_views.TryAdd(led.View, node), $"view {led.View} is begun twice");
            _leaders.Add(node);
            _view = Math.Max(_view, led.View);
        }

        if (told is not TelemetryEvent.JobEnded ended) return;
        _ended.TryAdd(ended.Job, ended.State);
        Holds(
            _ended[ended.Job] == ended.State,
            $"job {ended.Job} ended {_ended[ended.Job]} and then {ended.State}");
    }

    /// <summary>The newest leader has everything that was acknowledged; one that was replaced and does not
    /// know it yet need not.</summary>
    public void OnLedger(GateNode gate)
    {
        if (gate.FenceOf(group: 0) < _view) return;
        foreach (var job in _accepted)
            Holds(gate.Ledger.TryGet(job, out _), $"job {job} was acknowledged and is gone");
    }

    private void OnAccepted(IdempotencyKey key, ClientResponse.Accepted accepted)
    {
        _jobOf.TryAdd(key, accepted.Job);
        _answeredIn.TryAdd(key, _view);
        Holds(_jobOf[key] == accepted.Job, $"{key} made {_jobOf[key]} and {accepted.Job}");
        if (accepted.WasDuplicate)
        {
            Duplicates++;
            if (_view > _answeredIn[key]) DuplicatesOverViews++;
        }
        else
        {
            Holds(_firsts.Add(key), $"{key} made its job twice");
        }
    }

    private static bool IsManager(NodeId node) => node.Name.Contains("/manager-", StringComparison.Ordinal);

    public static void Holds(bool condition, string otherwise)
    {
        if (!condition) throw new InvariantViolationException(otherwise, nameof(Observer), 0);
    }
}
