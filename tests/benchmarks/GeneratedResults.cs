using Hyperscale.Det.Jobs;
using Nerdbank.MessagePack;

namespace Hyperscale.Det.Benchmarks;

internal sealed record GeneratedFinished(
    [property: Key(0)] GeneratedSlot Slot,
    [property: Key(1)] SlotState State,
    [property: Key(2)] string Reason,
    [property: Key(3)] IReadOnlyList<GeneratedResult> Workflows) : GeneratedMessage;

internal readonly record struct GeneratedSlot(
    [property: Key(0)] int Group,
    [property: Key(1)] long Op,
    [property: Key(2)] int Slot,
    [property: Key(3)] int Epoch)
{
    public static GeneratedSlot Of(SlotKey key) => new(key.Job.Group, key.Job.Op, key.Slot, key.Epoch);
}

internal sealed record GeneratedResult(
    [property: Key(0)] int Workflow,
    [property: Key(1)] int Attempts,
    [property: Key(2)] string Worker,
    [property: Key(3)] AttemptState State,
    [property: Key(4)] string Reason,
    [property: Key(5)] int? ExitCode,
    [property: Key(6)] GeneratedStats Stats,
    [property: Key(7)] byte[] Output)
{
    public static GeneratedResult Of(WorkflowResult result) => new(
        result.Workflow,
        result.Attempts,
        result.Worker,
        result.Outcome.State,
        result.Outcome.Reason,
        result.Outcome.ExitCode,
        GeneratedStats.Of(result.Outcome.Stats),
        result.Outcome.Output.ToArray());
}

internal sealed record GeneratedStats(
    [property: Key(0)] long Requests,
    [property: Key(1)] long Errors,
    [property: Key(2)] long Dropped,
    [property: Key(3)] long BytesReceived,
    [property: Key(4)] long Min,
    [property: Key(5)] long Max,
    [property: Key(6)] IReadOnlyList<GeneratedCentroid> Centroids,
    [property: Key(7)] IReadOnlyList<GeneratedError> ErrorKinds)
{
    public static GeneratedStats Of(RunStats stats) => new(
        stats.Requests,
        stats.Errors,
        stats.Dropped,
        stats.BytesReceived,
        stats.Latency.Min.Nanoseconds,
        stats.Latency.Max.Nanoseconds,
        [.. stats.Latency.Centroids.Select(c => new GeneratedCentroid(c.MeanNanoseconds, c.Weight))],
        [.. stats.ErrorKinds.Select(kind => new GeneratedError(kind.Kind, kind.Count))]);
}

internal readonly record struct GeneratedCentroid(
    [property: Key(0)] long MeanNanoseconds,
    [property: Key(1)] long Weight);

internal readonly record struct GeneratedError(
    [property: Key(0)] string Kind,
    [property: Key(1)] long Count);
