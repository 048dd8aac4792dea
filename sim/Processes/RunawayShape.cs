using Hyperscale.Det.Kernel;
using Hyperscale.Det.Resources;

namespace Hyperscale.Det.Sim.Processes;

/// <summary>How a workload's use of resources goes.</summary>
public enum RunawayShape : byte
{
    /// <summary>Well within its budget.</summary>
    None,

    /// <summary>Memory grows and never shrinks.</summary>
    Leak,

    /// <summary>Memory is far over the budget for less than the grace.</summary>
    Spike,

    /// <summary>Memory goes up and down below the budget.</summary>
    Sawtooth,

    /// <summary>Processes double, and their descriptors with them.</summary>
    ForkStorm,

    /// <summary>A leak in a process that broke away and takes no SIGTERM.</summary>
    Orphan,

    /// <summary>As much of the processor as it can get.</summary>
    Hog,
}

/// <summary>What a workload uses over the time that it really runs: drawn from the seed and its attempt
/// alone.</summary>
/// <param name="Begins">Of running, from when on its shape shows.</param>
/// <param name="Step">Length of a spike, period of a sawtooth, time in which the rest doubles.</param>
/// <param name="Peak">Of the budget, in percent.</param>
/// <param name="CalmMemory">Of the budget, in percent, while nothing is wrong.</param>
/// <param name="CalmCpu">Percent of a core, while nothing is wrong.</param>
public sealed record ResourceShape(
    RunawayShape Shape, Duration Begins, Duration Step, int Peak, int CalmMemory, int CalmCpu)
{
    private const int CalmDescriptors = 12;

    /// <param name="grace">Of the guards: no spike is as long.</param>
    /// <param name="cores">That it was given; left alone it uses no more of them.</param>
    public static ResourceShape Of(Rng rng, bool isRunaway, int cores, Duration grace)
    {
        var shape = isRunaway ? (RunawayShape)rng.Between(1, (long)RunawayShape.Hog) : RunawayShape.None;
        return new ResourceShape(
            shape,
            rng.Between(Duration.Zero, Duration.FromMilliseconds(500)),
            shape == RunawayShape.Spike
                ? new Duration(rng.Between(grace.Nanoseconds / 4, grace.Nanoseconds * 3 / 4))
                : rng.Between(Duration.FromMilliseconds(300), Duration.FromMilliseconds(1500)),
            (int)rng.Between(130, 400),
            (int)rng.Between(5, 40),
            (int)rng.Between(2, 80) * cores);
    }

    /// <summary>What it uses at a moment; the processor's part is a rate in percent of a core.</summary>
    public ResourceSample At(Duration running, ResourceLimits limits)
    {
        var calm = new ResourceSample(
            Instant.Zero, CalmCpu, limits.MemoryBytes / 100 * CalmMemory,
            CalmDescriptors, 2);
        if (running < Begins) return calm;
        var since = running - Begins;
        return Shape switch
        {
            RunawayShape.None => calm,
            RunawayShape.Leak or RunawayShape.Orphan => calm with
            {
                MemoryBytes = Memory(limits, Math.Min(
                    Peak * 4L, CalmMemory + ((Peak - CalmMemory) * since.Nanoseconds / Step.Nanoseconds))),
            },
            RunawayShape.Spike => since < Step ? calm with { MemoryBytes = Memory(limits, Peak * 2L) } : calm,
            RunawayShape.Sawtooth => calm with
            {
                MemoryBytes = Memory(limits, 55 + (40 * (since.Nanoseconds % Step.Nanoseconds)
                    / Step.Nanoseconds)),
            },
            RunawayShape.ForkStorm => Storm(calm, since, limits),
            RunawayShape.Hog => calm with { CpuPercent = limits.CpuPercent * (double)Peak / 100 },
            _ => throw new System.Diagnostics.UnreachableException($"unhandled {Shape}"),
        };
    }

    private ResourceSample Storm(ResourceSample calm, Duration since, ResourceLimits limits)
    {
        var doublings = (int)Math.Min(20, since.Nanoseconds * 8 / Step.Nanoseconds);
        var most = limits.FileDescriptors * (long)Peak / 100;
        var descriptors = Math.Min((long)CalmDescriptors << doublings, most);
        return calm with { FileDescriptors = (int)descriptors, Processes = (int)(2 + (descriptors / 6)) };
    }

    private static long Memory(ResourceLimits limits, long percent) => limits.MemoryBytes / 100 * percent;
}
