using Hyperscale.Det.Jobs;

namespace Hyperscale.Det.Nodes;

/// <summary>Keeps captured output from making an outcome too large for a log entry, or a status too large
/// for a message.</summary>
internal static class OutcomeSize
{
    private const int OutputBytesPerSlotMax = 2 * 1024 * 1024;
    private const int OutputBytesPerJobMax = 4 * 1024 * 1024;

    /// <summary>The outcome with the last bytes of its outputs, in equal shares of the bound.</summary>
    public static SlotOutcome Bounded(SlotOutcome outcome) =>
        Output(outcome) <= OutputBytesPerSlotMax
            ? outcome
            : Cut(outcome, OutputBytesPerSlotMax / outcome.Workflows.Count);

    /// <inheritdoc cref="Bounded(SlotOutcome)"/>
    public static JobStatus Bounded(JobStatus status)
    {
        var outcomes = status.Slots.Where(slot => slot.Outcome is not null).Select(slot => slot.Outcome!);
        if (outcomes.Sum(Output) <= OutputBytesPerJobMax) return status;
        var share = OutputBytesPerJobMax / outcomes.Sum(outcome => outcome.Workflows.Count);
        return status with
        {
            Slots =
            [
                .. status.Slots.Select(slot =>
                    slot.Outcome is null ? slot : slot with { Outcome = Cut(slot.Outcome, share) }),
            ],
        };
    }

    private static long Output(SlotOutcome outcome) =>
        outcome.Workflows.Sum(result => (long)result.Outcome.Output.Length);

    private static SlotOutcome Cut(SlotOutcome outcome, int bytesMax) => outcome with
    {
        Workflows =
        [
            .. outcome.Workflows.Select(result => result.Outcome.Output.Length <= bytesMax
                ? result
                : result with
                {
                    Outcome = result.Outcome with { Output = result.Outcome.Output[^bytesMax..] },
                }),
        ],
    };
}
