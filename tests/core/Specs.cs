using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Reliability;

namespace Hyperscale.Det.Tests.Core;

/// <summary>Small jobs and outcomes for scripts.</summary>
internal static class Specs
{
    public static JobSpec Job(
        int count = 1,
        int cores = 1,
        BestEffortSpec? bestEffort = null,
        IReadOnlyList<string>? preferred = null,
        IReadOnlyList<string>? only = null,
        string name = "job") => new(
        name,
        new DatacenterChoice(count, preferred ?? [], only ?? []),
        null, null, bestEffort, null, [],
        [
            new WorkflowSpec(
                "work", WorkflowKind.Exec, cores, Duration.FromSeconds(10), Duration.FromSeconds(5),
                null, null, [], null, new ExecSpec(["true"]), null),
        ]);

    public static SlotOutcome Outcome(
        SlotState state = SlotState.Completed, string reason = "done", long requests = 10) => new(
        state,
        reason,
        [
            new WorkflowResult(0, 1, "worker", new AttemptOutcome(
                AttemptState.Completed, reason, 0, RunStats.None with { Requests = requests }, default)),
        ]);

    /// <summary>Whether a job of so many slots is complete; null is a slot without an outcome.</summary>
    public static CompletionCheck Completion(
        BestEffortSpec? effort, IReadOnlyList<SlotState?> slots, bool isDeadlineReached)
    {
        var isEnabled = effort is { Enabled: true };
        var state = new BestEffortState(
            new JobId(0, 1),
            isEnabled,
            isEnabled ? BestEffortManager.MinDcs(effort!.MinDcs ?? 1, slots.Count) : slots.Count,
            effort is { WaitForAll: true },
            [
                .. slots.Select(slot => slot switch
                {
                    null => TargetOutcome.Open,
                    SlotState.Completed => TargetOutcome.Completed,
                    _ => TargetOutcome.Failed,
                }),
            ]);
        return BestEffortManager.CheckCompletion(state, isDeadlineReached);
    }

    public static BestEffortSpec BestEffort(
        int minDcs = 1, Duration? deadline = null, bool waitForAll = false) =>
        new(true, minDcs, deadline, waitForAll);
}
