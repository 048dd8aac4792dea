using CsCheck;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Reliability;

namespace Hyperscale.Det.Tests.Core.Reliability;

/// <summary>CheckCompletion against the requirement's rules, written down as they stand there.</summary>
public sealed class CheckCompletionOracleTests
{
    private static readonly Gen<BestEffortState> States = Gen.Select(
        Gen.Enum<TargetOutcome>().Array[1, 8], Gen.Int[1, 8], Gen.Bool, Gen.Bool,
        (targets, min, isEnabled, waitsForAll) => new BestEffortState(
            new JobId(0, 1),
            isEnabled,
            isEnabled ? Math.Min(min, targets.Length) : targets.Length,
            waitsForAll,
            targets));

    [Fact]
    public void It_says_what_the_first_rule_says_that_applies() =>
        Gen.Select(States, Gen.Bool).Sample((state, isDeadlineReached) =>
        {
            var (reason, isSuccess) = Expected(state, isDeadlineReached);
            var check = BestEffortManager.CheckCompletion(state, isDeadlineReached);

            Assert.Equal((reason, isSuccess), (check.Reason, check.IsSuccess));
            Assert.Equal(reason != CompletionReason.Waiting, check.IsComplete);
            Assert.Equal(state.Targets.Count - state.Completed - state.Failed, check.OpenSlots.Count);
            Assert.All(check.OpenSlots, slot => Assert.Equal(TargetOutcome.Open, state.Targets[slot]));
        });

    /// <summary>Results in any order, then the deadline: the job is complete once, at the first of them that
    /// makes it so, and never unsaid by a later one.</summary>
    [Fact]
    public void What_is_complete_stays_complete_with_every_further_result() =>
        Gen.Select(States, Gen.Shuffle(Enumerable.Range(0, 8).ToArray()), Gen.Bool).Sample(
            (state, order, isDeadlineReached) =>
            {
                var targets = new TargetOutcome[state.Targets.Count];
                var wasComplete = false;
                foreach (var slot in order.Where(slot => slot < targets.Length))
                {
                    targets[slot] = state.Targets[slot];
                    var check = BestEffortManager.CheckCompletion(
                        state with { Targets = targets }, isDeadlineReached);
                    Assert.True(check.IsComplete || !wasComplete);
                    wasComplete = check.IsComplete;
                }
            });

    private static (CompletionReason Reason, bool IsSuccess) Expected(BestEffortState state, bool isLate)
    {
        int completed = 0, failed = 0, open = 0;
        foreach (var target in state.Targets)
        {
            if (target == TargetOutcome.Completed) completed++;
            else if (target == TargetOutcome.Failed) failed++;
            else open++;
        }

        // "every slot reported: success iff all completed, or best effort and completed >= min_dcs"
        if (open == 0)
        {
            var isSuccess = failed == 0 || (state.Enabled && completed >= state.MinDcs);
            return (CompletionReason.AllDcsReported, isSuccess);
        }

        // "best effort and completed >= min_dcs (with waitForAll only at the deadline)"
        if (state.Enabled && completed >= state.MinDcs)
        {
            if (!state.WaitForAll) return (CompletionReason.MinDcsReached, true);
            if (isLate) return (CompletionReason.MinDcsReached, true);
        }

        // "completed + still open < min_dcs: failure at once"; without best effort all are waited for.
        if (state.Enabled && completed + open < state.MinDcs)
            return (CompletionReason.MinDcsUnreachable, false);

        // "deadline passed": what is enough was said before.
        return (isLate ? CompletionReason.DeadlineExpired : CompletionReason.Waiting, false);
    }
}
