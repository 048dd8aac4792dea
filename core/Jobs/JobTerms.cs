using Hyperscale.Det.Kernel;
using Hyperscale.Det.Reliability;

namespace Hyperscale.Det.Jobs;

/// <summary>What a job is entitled to: the numbers that its submission and the settings of the gate that took
/// it make together (AD-44). They are part of the entry that creates the job, so that no later setting and no
/// other gate's changes them.</summary>
/// <param name="RetryBudget">Retries over all datacenters.</param>
/// <param name="RetryBudgetPerWorkflow">Most retries of a workflow in one slot; at most
/// <paramref name="RetryBudget"/>.</param>
/// <param name="MinDcs">Datacenters that have to complete; all of them without best effort.</param>
/// <param name="Deadline">Of best effort, counted from submission; null where the job's own duration decides.
/// </param>
/// <param name="LateResults">What becomes of results after the job's end.</param>
public sealed record JobTerms(
    int RetryBudget,
    int RetryBudgetPerWorkflow,
    int MinDcs,
    Duration? Deadline,
    LateResultPolicy LateResults)
{
    public static JobTerms Of(JobSpec spec, RetryBudgetConfig retries, BestEffortConfig bestEffort)
    {
        var (total, each) = retries.EffectiveOf(spec.RetryBudget, spec.RetryBudgetPerWorkflow);
        var targets = spec.Datacenters.Count;
        if (spec.BestEffort is not { Enabled: true } effort)
            return new JobTerms(total, each, targets, Deadline: null, bestEffort.LateResults);
        var deadline = effort.Deadline ?? bestEffort.DefaultDeadline;
        return new JobTerms(
            total,
            each,
            BestEffortManager.MinDcs(effort.MinDcs ?? bestEffort.DefaultMinDcs, targets),
            deadline < bestEffort.DeadlineMax ? deadline : bestEffort.DeadlineMax,
            bestEffort.LateResults);
    }

    /// <summary>Of a job whose entry says nothing of them: what it asked for itself, and no
    /// retries.</summary>
    public static JobTerms OfUnstamped(JobSpec spec) =>
        spec.BestEffort is { Enabled: true } effort
            ? new JobTerms(
                0, 0, BestEffortManager.MinDcs(effort.MinDcs ?? 1, spec.Datacenters.Count), effort.Deadline,
                LateResultPolicy.LogOnly)
            : new JobTerms(0, 0, spec.Datacenters.Count, Deadline: null, LateResultPolicy.LogOnly);

    /// <summary>What the job's author should know: where less, or other, is effective than was asked for.
    /// </summary>
    public IReadOnlyList<JobNote> NotesOn(JobSpec spec)
    {
        var notes = new List<JobNote>();
        if (spec.RetryBudget > RetryBudget) Lowered("$.retryBudget", spec.RetryBudget, RetryBudget);
        if (spec.RetryBudgetPerWorkflow > RetryBudgetPerWorkflow)
            Lowered("$.retryBudgetPerWorkflow", spec.RetryBudgetPerWorkflow, RetryBudgetPerWorkflow);
        var effort = spec.BestEffort is { Enabled: true } asked ? asked : null;
        if (effort?.MinDcs is { } min && min != MinDcs)
            notes.Add(new JobNote(
                "$.bestEffort.minDcs", $"is {min}; {MinDcs} of {spec.Datacenters.Count} is effective"));
        if (effort?.Deadline > Deadline) Lowered("$.bestEffort.deadline", effort.Deadline, Deadline);
        if (notes.Count == 0) return [];
        return notes;

        void Lowered(string path, object? wanted, object? effective) =>
            notes.Add(new JobNote(path, $"is {wanted}; lowered to {effective}, the most that is allowed"));
    }

    public void AddTo(ref Fingerprint fingerprint)
    {
        fingerprint.Add((long)RetryBudget);
        fingerprint.Add((long)RetryBudgetPerWorkflow);
        fingerprint.Add((long)MinDcs);
        fingerprint.Add(Deadline?.Nanoseconds ?? -1);
        fingerprint.Add((long)LateResults);
    }
}
