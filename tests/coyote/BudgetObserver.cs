using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Nodes;
using Hyperscale.Det.Reliability;

namespace Hyperscale.Det.Tests.Exploration;

/// <summary>What must hold of retry budgets and of how jobs end, by what any ledger has ever committed
/// (AD-44).</summary>
internal sealed class BudgetObserver
{
    private readonly SortedDictionary<(SlotKey Slot, int Workflow), int> _granted = [];
    private readonly SortedDictionary<JobId, JobTerms> _terms = [];
    private readonly SortedDictionary<JobId, (JobState State, CompletionReason Reason)> _ends = [];
    private readonly SortedDictionary<(JobId Job, int Slot), ulong> _outcomes = [];
    private readonly SortedSet<AttemptKey> _started = [];

    // By attempt: the view of its manager group that granted it.
    private readonly SortedDictionary<AttemptKey, long> _grantedIn = [];
    private long _view;

    /// <summary>Grants that are committed, over all datacenters.</summary>
    public int Granted => _granted.Values.Sum();

    /// <summary>How often a slot's share was raised.</summary>
    public long Raised { get; private set; }

    /// <summary>Whether a retry was granted in one view of a manager group and started in a later
    /// one.</summary>
    public bool HasMoved { get; private set; }

    /// <summary>Attempts that a worker started.</summary>
    public int Started => _started.Count;

    public IEnumerable<(JobState State, CompletionReason Reason)> Ends => _ends.Values;

    /// <summary>Told by a manager of the first datacenter, the only one whose primary changes.</summary>
    public void OnTold(TelemetryEvent told)
    {
        if (told is TelemetryEvent.GroupLed { IsLed: true } led) _view = Math.Max(_view, led.View);
        if (told is TelemetryEvent.RetryGranted granted) _grantedIn.TryAdd(granted.Attempt, _view);
    }

    public void OnLedger(DispatchLedger ledger)
    {
        foreach (var slot in ledger.Slots)
        {
            for (var workflow = 0; workflow < slot.Workflows.Count; workflow++)
            {
                var used = slot.Budget.ConsumedByWorkflow[workflow];
                var key = (slot.Key, workflow);
                if (used <= _granted.GetValueOrDefault(key)) continue;
                _granted[key] = used;
                Judge(slot.Key.Job);
            }
        }
    }

    public void OnLedger(JobLedger ledger)
    {
        foreach (var job in ledger.All)
        {
            _terms[job.Id] = job.Terms;
            Raised = Math.Max(Raised, job.Slots.Sum(slot => slot.ShareRevision));
            foreach (var slot in job.Slots.Where(slot => slot.Outcome is not null))
            {
                _outcomes.TryAdd((job.Id, slot.Slot), slot.OutcomeDigest);
                Observer.Holds(
                    _outcomes[(job.Id, slot.Slot)] == slot.OutcomeDigest,
                    $"the outcome of slot {slot.Slot} of {job.Id} changes");
            }

            if (job.IsEnded) OnEnded(job);
        }
    }

    public void OnStarted(AttemptKey attempt)
    {
        _started.Add(attempt);
        var granted = _granted.GetValueOrDefault((attempt.Slot, attempt.Workflow));
        Observer.Holds(
            attempt.Attempt <= 1 + granted, $"attempt {attempt} is started with {granted} grants committed");
        var first = _started.Count(started => started.Attempt == 1);
        Observer.Holds(_started.Count <= first + Granted, $"{_started.Count} attempts, {Granted} grants");
        if (_grantedIn.TryGetValue(attempt, out var view) && view < _view) HasMoved = true;
    }

    private void OnEnded(LedgerJob job)
    {
        var end = (job.State, job.Completion);
        if (!_ends.TryAdd(job.Id, end))
        {
            Observer.Holds(_ends[job.Id] == end, $"job {job.Id} ends {_ends[job.Id]} and then {end}");
            return;
        }

        Observer.Holds(
            job.State != JobState.Completed || job.BestEffort.Completed >= job.Terms.MinDcs,
            $"job {job.Id} succeeds with {job.BestEffort.Completed} of {job.Terms.MinDcs} datacenters");
    }

    private void Judge(JobId job)
    {
        // A slot that runs is in the ledger of the gate that had it started.
        var terms = _terms[job];
        var granted = _granted.Where(entry => entry.Key.Slot.Job == job).ToList();
        Observer.Holds(
            granted.Sum(entry => entry.Value) <= terms.RetryBudget,
            $"job {job} is granted {granted.Sum(entry => entry.Value)} of {terms.RetryBudget} retries");
        Observer.Holds(
            granted.All(entry => entry.Value <= terms.RetryBudgetPerWorkflow),
            $"a workflow of {job} is granted more than {terms.RetryBudgetPerWorkflow} retries");
    }
}
