using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Reliability;

/// <summary>What one of a job's slots has come to, as far as the job's completion is concerned.</summary>
public enum TargetOutcome : byte
{
    /// <summary>Nothing was reported so far.</summary>
    Open,

    Completed,

    /// <summary>It was reported, and did not complete.</summary>
    Failed,
}

/// <summary>What decides whether a job is complete (AD-44).</summary>
/// <param name="Enabled">Whether the job is content with some of its datacenters.</param>
/// <param name="MinDcs">How many have to complete, clamped to 1..targets; without best effort all of them.
/// </param>
/// <param name="WaitForAll">Whether enough is enough at the deadline only.</param>
/// <param name="Targets">By slot: whatever datacenter a slot moves to, its result belongs to the slot.
/// </param>
public sealed record BestEffortState(
    JobId Job,
    bool Enabled,
    int MinDcs,
    bool WaitForAll,
    IReadOnlyList<TargetOutcome> Targets)
{
    public int Completed => Targets.Count(target => target == TargetOutcome.Completed);

    public int Failed => Targets.Count(target => target == TargetOutcome.Failed);

    /// <summary>The slots without an outcome, ascending.</summary>
    public IReadOnlyList<int> Open =>
        [.. Enumerable.Range(0, Targets.Count).Where(slot => Targets[slot] == TargetOutcome.Open)];
}

/// <summary>What becomes of a datacenter's result that comes after its job's completion.</summary>
public enum LateResultPolicy : byte
{
    /// <summary>It is logged and counted, and not merged.</summary>
    LogOnly,

    /// <summary>It is merged and the result's revision rises; how the job ended stays.</summary>
    UpdateResult,
}
