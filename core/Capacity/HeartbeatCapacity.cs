using Hyperscale.Det.Kernel;
using Hyperscale.Det.Wire;

namespace Hyperscale.Det.Capacity;

/// <summary>What a manager's heartbeat tells of work and cores beside their numbers (AD-43).</summary>
/// <param name="PendingDurationSeconds">Durations of what waits, added up.</param>
/// <param name="PendingCoreSeconds">The same, each times its cores.</param>
/// <param name="ActiveRemainingSeconds">What is left of the durations of what runs, added up.</param>
/// <param name="EstimatedCoresFreeAt">Offset from sending at which cores become free next; zero when none
/// do.</param>
/// <param name="EstimatedCoresFreeing">How many become free then.</param>
public sealed record HeartbeatCapacity(
    int PendingWorkflowCount,
    long PendingDurationSeconds,
    long PendingCoreSeconds,
    long ActiveRemainingSeconds,
    Duration EstimatedCoresFreeAt,
    int EstimatedCoresFreeing,
    FreeingSchedule Freeing)
{
    public static readonly HeartbeatCapacity None = new(0, 0, 0, 0, Duration.Zero, 0, FreeingSchedule.Empty);

    /// <summary>What a manager reports that owns these cores and has this to do.</summary>
    /// <inheritdoc cref="ExecutionTimeEstimator.Of"/>
    public static HeartbeatCapacity Of(
        int total,
        IReadOnlyList<ActiveDispatch> active,
        IReadOnlyList<PendingWorkflow> pending,
        Instant now)
    {
        var schedule = ExecutionTimeEstimator.Of(total, active, pending, now).Schedule;
        Int128 waiting = 0, waitingCores = 0, running = 0;
        foreach (var workflow in pending)
        {
            waiting += workflow.Duration.Nanoseconds;
            waitingCores += (Int128)workflow.Duration.Nanoseconds * workflow.Cores;
        }

        foreach (var dispatch in active) running += dispatch.RemainingAt(now).Nanoseconds;
        var next = schedule.Steps.FirstOrDefault(step => step.Offset > Duration.Zero);
        return new HeartbeatCapacity(
            pending.Count, Seconds(waiting), Seconds(waitingCores), Seconds(running), next.Offset, next.Cores,
            schedule);
    }

    public static void Write(FieldWriter writer, HeartbeatCapacity capacity)
    {
        writer.Number(1, capacity.PendingWorkflowCount);
        writer.Number(2, capacity.PendingDurationSeconds);
        writer.Number(3, capacity.PendingCoreSeconds);
        writer.Number(4, capacity.ActiveRemainingSeconds);
        writer.Number(5, capacity.EstimatedCoresFreeAt.Milliseconds);
        writer.Number(6, capacity.EstimatedCoresFreeing);
        foreach (var step in capacity.Freeing.Steps) writer.Nested(7, step, FreeingSchedule.Write);
    }

    public static HeartbeatCapacity? Read(ref FieldReader reader)
    {
        int pending = 0, freeing = 0;
        long duration = 0, coreSeconds = 0, remaining = 0, freeAt = 0;
        var steps = new List<FreeingStep>();
        while (reader.Next(out var field))
        {
            switch (field)
            {
                case 1: pending = Cores(ref reader, "pendingWorkflowCount"); break;
                case 2: duration = Sum(ref reader, "pendingDurationSeconds"); break;
                case 3: coreSeconds = Sum(ref reader, "pendingCoreSeconds"); break;
                case 4: remaining = Sum(ref reader, "activeRemainingSeconds"); break;
                case 5:
                    freeAt = reader.Number(
                        "estimatedCoresFreeAt", 0, CapacityLimits.WaitMax.Milliseconds);
                    break;
                case 6: freeing = Cores(ref reader, "estimatedCoresFreeing"); break;
                case 7:
                    reader.Element("freeing", steps, CapacityLimits.StepsMax, FreeingSchedule.ReadStep);
                    break;
                default: break;
            }
        }

        reader.Require(1, "pendingWorkflowCount");
        reader.Require(2, "pendingDurationSeconds");
        reader.Require(3, "pendingCoreSeconds");
        reader.Require(4, "activeRemainingSeconds");
        reader.Require(5, "estimatedCoresFreeAt");
        reader.Require(6, "estimatedCoresFreeing");
        var schedule = FreeingSchedule.FromWire(ref reader, steps);
        if (reader.Fault is not null) return null;
        return new HeartbeatCapacity(
            pending, duration, coreSeconds, remaining, Duration.FromMilliseconds(freeAt), freeing, schedule!);
    }

    public void AddTo(ref Fingerprint fingerprint)
    {
        fingerprint.Add((long)PendingWorkflowCount);
        fingerprint.Add(PendingDurationSeconds);
        fingerprint.Add(PendingCoreSeconds);
        fingerprint.Add(ActiveRemainingSeconds);
        fingerprint.Add(EstimatedCoresFreeAt.Nanoseconds);
        fingerprint.Add((long)EstimatedCoresFreeing);
        Freeing.AddTo(ref fingerprint);
    }

    private static long Seconds(Int128 nanoseconds) =>
        (long)Int128.Min(CapacityLimits.SecondsMax, (nanoseconds + 999_999_999) / 1_000_000_000);

    private static int Cores(ref FieldReader reader, string name) =>
        reader.Integer(name, 0, CapacityLimits.CoresMax);

    private static long Sum(ref FieldReader reader, string name) =>
        reader.Number(name, 0, CapacityLimits.SecondsMax);
}
