using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Reliability;

/// <summary>The part of a job's retry budget that one of its slots may use.</summary>
/// <param name="Total">Of the whole job, over all its datacenters.</param>
/// <param name="PerWorkflow">Most retries of one workflow in one slot.</param>
/// <param name="Share">Retries that the slot may use in all, those used included; at most
/// <paramref name="Total"/>.</param>
/// <param name="Revision">Rises with every change of the share, so that an older one is told from a newer.
/// </param>
public sealed record RetryShare(int Total, int PerWorkflow, int Share, long Revision)
{
    /// <summary>No retries.</summary>
    public static readonly RetryShare None = new(0, 0, 0, 0);
}

/// <summary>What one slot has used of its job's retry budget (AD-44).</summary>
/// <remarks>Changed by committed entries only. The per-workflow maximum counts in each slot by itself: a
/// workflow runs once in every datacenter of its job, and those runs fail apart from each other. The job's
/// total counts over all slots, as no slot uses more than its share.</remarks>
/// <param name="IsFinal">Whether the gates have said that there will be no larger share.</param>
/// <param name="ConsumedByWorkflow">Retries granted, by index in the job.</param>
public sealed record RetryBudgetState(
    JobId Job, RetryShare Share, bool IsFinal, IReadOnlyList<int> ConsumedByWorkflow)
{
    public int Total => Share.Total;

    public int PerWorkflowMax => Share.PerWorkflow;

    public int Consumed => ConsumedByWorkflow.Sum();

    /// <summary>Retries that can be granted without asking for more.</summary>
    public int Left => Share.Share - Consumed;

    public static RetryBudgetState Of(JobId job, RetryShare share, int workflows) =>
        new(job, share, IsFinal: false, new int[workflows]);

    /// <summary>With one more retry of the workflow.</summary>
    public RetryBudgetState Grant(int workflow)
    {
        Invariant.Holds(RetryBudgetManager.Decide(this, workflow) == RetryDecision.Granted);
        return this with
        {
            ConsumedByWorkflow = [.. ConsumedByWorkflow.Select((used, i) => i == workflow ? used + 1 : used)],
        };
    }

    public void CheckInvariants()
    {
        Invariant.Holds(Consumed <= Share.Share);
        Invariant.Holds(Share.Share <= Share.Total);
        Invariant.Holds(ConsumedByWorkflow.All(used => used >= 0 && used <= Share.PerWorkflow));
    }

    public void AddTo(ref Fingerprint fingerprint)
    {
        fingerprint.Add((long)Share.Total);
        fingerprint.Add((long)Share.PerWorkflow);
        fingerprint.Add((long)Share.Share);
        fingerprint.Add(Share.Revision);
        fingerprint.Add(IsFinal);
        foreach (var used in ConsumedByWorkflow) fingerprint.Add((long)used);
    }
}
