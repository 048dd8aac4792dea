using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Capacity;

/// <summary>When a manager's cores become free, by list scheduling over all of them (AD-43).</summary>
/// <remarks>What waits and fits starts now, in the order of the queue, since managers let those pass that
/// fit; the rest start one after another. What is asked for comes after all of them. Cores are one pool:
/// which worker has them, placement decides. Work that needs more cores than there are is left out. Cost:
/// O((active + pending) log(active + pending)) once, O(log) a question.</remarks>
public sealed class ExecutionTimeEstimator
{
    // Offset zero is for what is free, which what should have ended is not yet.
    private static readonly Duration Soonest = Duration.FromMilliseconds(1);

    private readonly List<(long At, int Free)> _profile = [];

    private ExecutionTimeEstimator(
        int total, IReadOnlyList<ActiveDispatch> active, IReadOnlyList<PendingWorkflow> pending, Instant now)
    {
        Total = total;
        var ends = new CoreEnds(active.Count + pending.Count);
        var held = 0L;
        foreach (var dispatch in active)
        {
            held += dispatch.Cores;
            ends.Add(Bounded(dispatch.ExpectedEndAfter(now).Nanoseconds), dispatch.Cores);
        }

        // Attempts of a worker that came back with fewer cores hold more than there are.
        var owed = (int)Math.Max(0, held - total);
        FreeNow = (int)Math.Max(0, total - held);
        var rest = StartWhatFits(pending, ends);
        var (at, free) = (0L, FreeNow);
        foreach (var workflow in rest)
        {
            while (free < workflow.Cores) (at, free) = Next(ends, free, ref owed);
            free -= workflow.Cores;
            ends.Add(Bounded(at + Bounded(workflow.Duration.Nanoseconds)), workflow.Cores);
        }

        _profile.Add((0, FreeNow));
        Note(at, free);
        while (ends.Count > 0)
        {
            (at, free) = Next(ends, free, ref owed);
            Note(at, free);
        }

        Invariant.Holds(free == total);
    }

    public int Total { get; }

    /// <summary>Cores that are free and that nothing which waits can use now.</summary>
    public int FreeNow { get; private set; }

    /// <summary>When cores become free, for a heartbeat.</summary>
    public FreeingSchedule Schedule => FreeingSchedule.Of(_profile.Select((point, i) => i == 0
        ? new FreeingStep(Duration.Zero, point.Free)
        : new FreeingStep(
            Duration.Longer(new Duration(point.At), Soonest), point.Free - _profile[i - 1].Free)));

    /// <param name="total">Cores of the workers that the manager owns.</param>
    /// <param name="active">What runs on them.</param>
    /// <param name="pending">What waits, in the order of the queue.</param>
    public static ExecutionTimeEstimator Of(
        int total,
        IReadOnlyList<ActiveDispatch> active,
        IReadOnlyList<PendingWorkflow> pending,
        Instant now) => new(total, active, pending, now);

    /// <summary>How long until so many cores are free at once; null when there never are so many.</summary>
    public Duration? WaitFor(int cores)
    {
        if (cores > Total) return null;
        if (cores <= FreeNow) return Duration.Zero;
        var (low, high) = (0, _profile.Count - 1);
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (_profile[middle].Free >= cores) high = middle;
            else low = middle + 1;
        }

        return new Duration(_profile[low].At);
    }

    private List<PendingWorkflow> StartWhatFits(IReadOnlyList<PendingWorkflow> pending, CoreEnds ends)
    {
        var rest = new List<PendingWorkflow>();
        foreach (var workflow in pending)
        {
            if (workflow.Cores > Total) continue;
            if (workflow.Cores > FreeNow)
            {
                rest.Add(workflow);
                continue;
            }

            FreeNow -= workflow.Cores;
            ends.Add(Bounded(workflow.Duration.Nanoseconds), workflow.Cores);
        }

        return rest;
    }

    private static (long At, int Free) Next(CoreEnds ends, int free, ref int owed)
    {
        var (at, cores) = ends.Take();
        var paid = Math.Min(owed, cores);
        owed -= paid;
        return (at, free + cores - paid);
    }

    /// <summary>Keeps the moments at which more cores are free than ever before.</summary>
    private void Note(long at, int free)
    {
        if (free <= _profile[^1].Free) return;
        if (_profile.Count > 1 && at == _profile[^1].At) _profile[^1] = (at, free);
        else _profile.Add((at, free));
    }

    private static long Bounded(long nanoseconds) =>
        Math.Clamp(nanoseconds, 0, CapacityLimits.WaitMax.Nanoseconds);
}
