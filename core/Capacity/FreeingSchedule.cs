using System.Collections.Immutable;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Wire;

namespace Hyperscale.Det.Capacity;

/// <summary>Cores that become free together.</summary>
/// <param name="Offset">From when the schedule was made, in whole milliseconds; never a time on anybody's
/// clock.</param>
public readonly record struct FreeingStep(Duration Offset, int Cores);

/// <summary>When the cores of a manager become free, in at most <see cref="CapacityLimits.StepsMax"/> steps
/// (AD-43); a step at offset zero is what is free already.</summary>
/// <remarks>It may promise cores later than they come, never earlier: steps are joined at the later
/// offset.</remarks>
public sealed class FreeingSchedule
{
    // Small waits are asked for most, so the first steps stay as they are.
    private const int ExactSteps = CapacityLimits.StepsMax / 2;

    public static readonly FreeingSchedule Empty = new([]);

    private FreeingSchedule(ImmutableArray<FreeingStep> steps)
    {
        Steps = steps;
        foreach (var step in steps) Total += step.Cores;
    }

    /// <summary>By rising offset, each with one core or more.</summary>
    public ImmutableArray<FreeingStep> Steps { get; }

    /// <summary>Cores of all steps together.</summary>
    public int Total { get; }

    /// <summary>Cores that were free when the schedule was made.</summary>
    public int FreeNow => Steps is [var first, ..] && first.Offset == Duration.Zero ? first.Cores : 0;

    /// <summary>Joins equal offsets, and of more steps than there may be those behind the first.</summary>
    /// <param name="steps">By rising offset; what has no cores is left out.</param>
    public static FreeingSchedule Of(IEnumerable<FreeingStep> steps)
    {
        var joined = new List<FreeingStep>();
        foreach (var (offset, cores) in steps)
        {
            if (cores <= 0) continue;
            var rounded = RoundedUp(offset);
            if (joined.Count > 0 && joined[^1].Offset == rounded)
                joined[^1] = new FreeingStep(rounded, joined[^1].Cores + cores);
            else
                joined.Add(new FreeingStep(rounded, cores));
        }

        return new FreeingSchedule(joined.Count <= CapacityLimits.StepsMax ? [.. joined] : Shortened(joined));
    }

    /// <summary>How long until so many cores are free; null when they never are.</summary>
    /// <param name="age">Since the schedule was made.</param>
    public Duration? WaitFor(int cores, Duration age)
    {
        if (cores > Total) return null;
        var free = 0;
        foreach (var step in Steps)
        {
            free += step.Cores;
            if (free >= cores) return Duration.Longer(step.Offset - age, Duration.Zero);
        }

        return Duration.Zero;
    }

    public static void Write(FieldWriter writer, FreeingStep step)
    {
        writer.Number(1, step.Offset.Milliseconds);
        writer.Number(2, step.Cores);
    }

    /// <summary>A schedule of steps that a peer sent; null, with the fault, when they are none.</summary>
    public static FreeingSchedule? FromWire(ref FieldReader reader, List<FreeingStep> steps)
    {
        var total = 0L;
        for (var i = 0; i < steps.Count; i++)
        {
            total += steps[i].Cores;
            if (i > 0 && steps[i].Offset <= steps[i - 1].Offset) reader.Fail($"freeing[{i}] is not later");
        }

        if (total > CapacityLimits.CoresMax) reader.Fail($"freeing has {total} cores");
        return reader.Fault is null ? new FreeingSchedule([.. steps]) : null;
    }

    public static FreeingStep ReadStep(ref FieldReader reader)
    {
        var (offset, cores) = (0L, 0);
        while (reader.Next(out var field))
        {
            switch (field)
            {
                case 1: offset = reader.Number("offset", 0, CapacityLimits.WaitMax.Milliseconds); break;
                case 2: cores = reader.Integer("cores", 1, CapacityLimits.CoresMax); break;
                default: break;
            }
        }

        reader.Require(1, "offset");
        reader.Require(2, "cores");
        return new FreeingStep(Duration.FromMilliseconds(offset), cores);
    }

    public void AddTo(ref Fingerprint fingerprint)
    {
        fingerprint.Add((long)Steps.Length);
        foreach (var step in Steps)
        {
            fingerprint.Add(step.Offset.Nanoseconds);
            fingerprint.Add((long)step.Cores);
        }
    }

    /// <summary>The first steps as they are; the rest in groups of about as many cores, each at its last
    /// offset.</summary>
    private static ImmutableArray<FreeingStep> Shortened(List<FreeingStep> steps)
    {
        var result = ImmutableArray.CreateBuilder<FreeingStep>(CapacityLimits.StepsMax);
        for (var i = 0; i < ExactSteps; i++) result.Add(steps[i]);
        var rest = 0L;
        for (var i = ExactSteps; i < steps.Count; i++) rest += steps[i].Cores;
        var (group, passed, groups) = (0, 0L, 1);
        for (var i = ExactSteps; i < steps.Count; i++)
        {
            group += steps[i].Cores;
            passed += steps[i].Cores;
            // A large step may fill several groups at once; the last step ends the last group.
            if (passed * ExactSteps < rest * groups) continue;
            result.Add(new FreeingStep(steps[i].Offset, group));
            groups = (int)(passed * ExactSteps / rest) + 1;
            group = 0;
        }

        return result.ToImmutable();
    }

    private static Duration RoundedUp(Duration offset) => Duration.FromMilliseconds(
        (Math.Clamp(offset.Nanoseconds, 0, CapacityLimits.WaitMax.Nanoseconds) + 999_999) / 1_000_000);
}
