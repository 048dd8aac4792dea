using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Nodes;
using Hyperscale.Det.Sim.Engine;
using Hyperscale.Det.Sim.Processes;

namespace Hyperscale.Det.Sim.Checkers;

/// <summary>Retries that are granted, and attempts after the first, never exceed a job's retry budget over
/// all its datacenters, nor that of a workflow in one slot, whatever fails, is cut off or changes its primary
/// (AD-44); and what a job is entitled to is what its submission and the gates' settings say.</summary>
public sealed class RetryBudgets() : Checker("retry-budget", CheckerViews.Effects)
{
    private readonly SortedDictionary<JobId, JobRetries> _jobs = [];

    public override void OnEffect(SimHost host, NodeEffect effect)
    {
        if (effect is NodeEffect.Emit { Event: TelemetryEvent.RetryGranted granted }) Count(granted.Attempt);
    }

    public override void OnProcessStarted(SimProcess process)
    {
        if (process.Attempt.Attempt > 1) Count(process.Attempt);
    }

    private void Count(AttemptKey attempt)
    {
        var id = attempt.Slot.Job;
        if (!_jobs.TryGetValue(id, out var job))
        {
            // A job that runs is in the ledger of whoever had it started.
            if (World.Hosts.Select(host => Find(host, id)).FirstOrDefault(found => found is not null)
                is not { } found)
                return;
            job = Take(found);
        }

        var key = (attempt.Slot.Slot, attempt.Workflow);
        job.Retries[key] = Math.Max(job.Retries.GetValueOrDefault(key), attempt.Attempt - 1);
        Require(job.Retries[key] <= job.Terms.RetryBudgetPerWorkflow, () =>
            $"{attempt} is retry {job.Retries[key]} of its workflow; "
            + $"{job.Terms.RetryBudgetPerWorkflow} are allowed");
        Require(job.Retries.Values.Sum() <= job.Terms.RetryBudget, () =>
            $"with {attempt} {id} has used {job.Retries.Values.Sum()} retries; "
            + $"{job.Terms.RetryBudget} are allowed");
    }

    /// <summary>Counts the retries of a job from here on.</summary>
    public JobRetries Take(LedgerJob job)
    {
        var retries = new JobRetries(TermsOf(job));
        _jobs.Add(job.Id, retries);
        return retries;
    }

    /// <summary>What the job is entitled to, found here from its submission and the settings: what is checked
    /// is how the gates find it.</summary>
    private JobTerms TermsOf(LedgerJob job)
    {
        var config = World.Plan.Options.Gate.RetryBudget;
        var total = Math.Min(job.Spec.RetryBudget ?? config.Default, config.Max);
        var each = Math.Min(
            Math.Min(job.Spec.RetryBudgetPerWorkflow ?? config.PerWorkflowDefault, config.PerWorkflowMax),
            total);
        Require(job.Terms.RetryBudget == total && job.Terms.RetryBudgetPerWorkflow == each, () =>
            $"{job.Id} is entitled to {job.Terms}; {total} retries and {each} a workflow are right");
        return job.Terms;
    }

    private static LedgerJob? Find(SimHost host, JobId id) =>
        host.Node is GateNode gate && gate.Ledger.TryGet(id, out var job) ? job : null;

    /// <summary>What a job may use, and what it has used.</summary>
    public sealed record JobRetries(JobTerms Terms)
    {
        /// <summary>By slot and workflow.</summary>
        public SortedDictionary<(int Slot, int Workflow), int> Retries { get; } = [];
    }
}
