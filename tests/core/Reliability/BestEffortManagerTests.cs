using CsCheck;
using Hyperscale.Det.Jobs;
using Hyperscale.Det.Reliability;

namespace Hyperscale.Det.Tests.Core.Reliability;

public sealed class BestEffortManagerTests
{
    /// <summary>Slots as letters: completed, failed, open; then whether the deadline is reached.</summary>
    [Theory]
    // Without best effort every slot is waited for, and every one must complete.
    [InlineData("none", "oo", false, CompletionReason.Waiting, false)]
    [InlineData("none", "co", false, CompletionReason.Waiting, false)]
    [InlineData("none", "fo", false, CompletionReason.Waiting, false)]
    [InlineData("none", "cc", false, CompletionReason.AllDcsReported, true)]
    [InlineData("none", "cf", false, CompletionReason.AllDcsReported, false)]
    [InlineData("none", "co", true, CompletionReason.DeadlineExpired, false)]
    [InlineData("none", "oo", true, CompletionReason.DeadlineExpired, false)]
    [InlineData("off", "co", false, CompletionReason.Waiting, false)]
    [InlineData("off", "cf", false, CompletionReason.AllDcsReported, false)]
    // Best effort is content with its minimum, at once or at the deadline.
    [InlineData("min1", "oo", false, CompletionReason.Waiting, false)]
    [InlineData("min1", "co", false, CompletionReason.MinDcsReached, true)]
    [InlineData("min1", "cf", false, CompletionReason.AllDcsReported, true)]
    [InlineData("min1", "ff", false, CompletionReason.AllDcsReported, false)]
    [InlineData("min1", "fo", false, CompletionReason.Waiting, false)]
    [InlineData("min1", "fo", true, CompletionReason.DeadlineExpired, false)]
    [InlineData("min1all", "co", false, CompletionReason.Waiting, false)]
    [InlineData("min1all", "co", true, CompletionReason.MinDcsReached, true)]
    [InlineData("min1all", "cf", false, CompletionReason.AllDcsReported, true)]
    // What can no longer succeed is not waited for.
    [InlineData("min2", "fo", false, CompletionReason.MinDcsUnreachable, false)]
    [InlineData("min2", "fo", true, CompletionReason.MinDcsUnreachable, false)]
    [InlineData("min2", "ccf", false, CompletionReason.AllDcsReported, true)]
    [InlineData("min2", "cco", false, CompletionReason.MinDcsReached, true)]
    [InlineData("min2", "cfo", false, CompletionReason.Waiting, false)]
    [InlineData("min2all", "ffo", false, CompletionReason.MinDcsUnreachable, false)]
    // The minimum lies between one and the number of slots.
    [InlineData("min0", "oo", false, CompletionReason.Waiting, false)]
    [InlineData("min9", "co", false, CompletionReason.Waiting, false)]
    [InlineData("min9", "cc", false, CompletionReason.AllDcsReported, true)]
    [InlineData("min9", "cf", false, CompletionReason.AllDcsReported, false)]
    public void Rules_are_tried_in_their_order(
        string effort, string slots, bool isDeadlineReached, CompletionReason reason, bool isSuccess)
    {
        var check = Specs.Completion(EffortOf(effort), StatesOf(slots), isDeadlineReached);

        Assert.Equal((reason, isSuccess), (check.Reason, check.IsSuccess));
        Assert.Equal(Enumerable.Range(0, slots.Length).Where(i => slots[i] == 'o'), check.OpenSlots);
        Assert.Equal(slots.Count(slot => slot == 'c'), check.Completed);
    }

    [Fact]
    public void A_cancelled_slot_does_not_count_as_completed() =>
        Assert.False(Specs.Completion(null, [SlotState.Completed, SlotState.Cancelled], false).IsSuccess);

    [Theory]
    [InlineData(CompletionReason.Waiting, "waiting")]
    [InlineData(CompletionReason.AllDcsReported, "all_dcs_reported")]
    [InlineData(CompletionReason.MinDcsReached, "min_dcs_reached")]
    [InlineData(CompletionReason.MinDcsUnreachable, "min_dcs_unreachable")]
    [InlineData(CompletionReason.DeadlineExpired, "deadline_expired")]
    public void Every_reason_has_the_name_that_reports_use(CompletionReason reason, string name) =>
        Assert.Equal(name, new CompletionCheck(reason, false, 0, []).Name);

    [Fact]
    public void A_deadline_ends_every_job_and_success_needs_the_minimum() =>
        Gen.Select(Gen.String[Gen.Char["cfo"], 1, 6], Gen.Int[0, 7], Gen.Bool).Sample((slots, min, all) =>
        {
            var spec = new BestEffortSpec(true, min, null, all);
            var check = Specs.Completion(spec, StatesOf(slots), true);

            Assert.True(check.IsComplete);
            Assert.Equal(check.IsSuccess, check.Completed >= Math.Clamp(min, 1, slots.Length));
        });

    [Fact]
    public void One_more_completed_slot_never_turns_success_into_waiting_or_failure() =>
        Gen.Select(Gen.String[Gen.Char["cfo"], 1, 6], Gen.Int[0, 7], Gen.Bool, Gen.Bool).Sample(
            (slots, min, all, deadline) =>
            {
                var at = slots.IndexOf('o', StringComparison.Ordinal);
                if (at < 0) return;
                var spec = new BestEffortSpec(true, min, null, all);
                if (!Specs.Completion(spec, StatesOf(slots), deadline).IsSuccess) return;

                var more = string.Concat(slots.AsSpan(0, at), "c", slots.AsSpan(at + 1));
                Assert.True(Specs.Completion(spec, StatesOf(more), deadline).IsSuccess);
            });

    private static BestEffortSpec? EffortOf(string effort) => effort switch
    {
        "none" => null,
        "off" => new BestEffortSpec(false, 1, null, false),
        _ => new BestEffortSpec(
            true, effort[3] - '0', null, effort.EndsWith("all", StringComparison.Ordinal)),
    };

    private static IReadOnlyList<SlotState?> StatesOf(string slots) =>
    [
        .. slots.Select(slot => slot switch
        {
            'c' => SlotState.Completed,
            'f' => SlotState.Failed,
            _ => (SlotState?)null,
        }),
    ];
}
