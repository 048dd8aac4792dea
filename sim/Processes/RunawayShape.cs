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

    /// <summary>Processes double, and their descriptors with them; short-lived ones come and go.</summary>
    ForkStorm,

    /// <summary>A leak in a process that was forked twice, leads a session of its own and takes no
    /// SIGTERM.</summary>
    Orphan,

    /// <summary>A grandchild takes as much of the processor as it can get.</summary>
    Hog,

    /// <summary>A leak that takes no SIGTERM.</summary>
    Deaf,

    /// <summary>One child after another allocates more than the budget and ends.</summary>
    ShortLived,

    /// <summary>Memory comes near the budget and stays there.</summary>
    Plateau,
}

/// <summary>What a workload's processes do: drawn from the seed and its attempt alone.</summary>
/// <param name="Begins">Of running, from when on its shape shows.</param>
/// <param name="Step">Length of a spike, period of a sawtooth, time in which the rest doubles.</param>
/// <param name="Peak">Of the budget, in percent.</param>
/// <param name="CalmMemory">Of the budget, in percent, while nothing is wrong.</param>
/// <param name="CalmCpu">Percent of a core, while nothing is wrong.</param>
public sealed record ResourceShape(
    RunawayShape Shape, Duration Begins, Duration Step, int Peak, int CalmMemory, int CalmCpu)
{
    /// <summary>A storm doubles so often: no more processes than a machine has room for.</summary>
    public const int StormDoublings = 5;

    /// <summary>Of those that come and go, and of those that allocate.</summary>
    public const int ShortLivedMax = 60;

    private const int CalmDescriptors = 6;
    private const int NearPercent = 95;

    // It takes a hog longest to be killed: more of them end before.
    private static readonly RunawayShape[] Drawn =
    [
        .. Enum.GetValues<RunawayShape>().Where(shape => shape != RunawayShape.None),
        RunawayShape.Hog, RunawayShape.Hog,
    ];

    private static readonly Duration Moment = Duration.FromMilliseconds(5);
    private static readonly Duration GoneAfter = Duration.FromMilliseconds(20);
    private static readonly Duration ComesEvery = Duration.FromMilliseconds(150);

    /// <param name="grace">Of the guards: no spike is as long.</param>
    /// <param name="cores">That it was given; left alone it uses no more of them.</param>
    public static ResourceShape Of(Rng rng, bool isRunaway, int cores, Duration grace)
    {
        var shape = isRunaway ? rng.Pick(Drawn) : RunawayShape.None;
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

    /// <summary>What its first process does.</summary>
    public ProcessProgram ProgramFor(ResourceLimits limits)
    {
        var (low, high) = (Percent(limits.MemoryBytes, CalmMemory), Percent(limits.MemoryBytes, Peak * 2));
        var leak = new MemoryCurve(MemoryShape.Leak, low, high * 2, Begins, Step * 4);
        var calm = new ProcessProgram(CalmCpu, MemoryCurve.Flat(low), CalmDescriptors);
        return Shape switch
        {
            RunawayShape.None =>
                calm with { Births = [new Birth(Begins, Small), .. Passing(Begins)] },
            RunawayShape.Leak => With(calm with { Memory = leak }, Small),
            RunawayShape.Deaf => With(calm with { Memory = leak, IgnoresTerm = true }, Small),
            RunawayShape.Spike => With(
                calm with { Memory = new MemoryCurve(MemoryShape.Spike, low, high, Begins, Step) }, Small),
            RunawayShape.Sawtooth => With(calm with { Memory = Teeth(limits) }, Small),
            RunawayShape.ForkStorm => With(calm, Storm(limits)),
            RunawayShape.Plateau => With(
                calm with { Memory = leak with { High = Percent(limits.MemoryBytes, NearPercent) } }, Small),
            RunawayShape.Orphan => With(calm, ForkedTwice(leak)),
            RunawayShape.Hog => With(calm, Small with
            {
                Births = [new Birth(Moment, Small with { CpuPercent = limits.CpuPercent * Peak / 100 })],
            }),
            RunawayShape.ShortLived => calm with { Births = OneAfterAnother(high) },
            _ => throw new System.Diagnostics.UnreachableException($"unhandled {Shape}"),
        };
    }

    private static ProcessProgram Small => new(1, MemoryCurve.Flat(1 << 20), CalmDescriptors);

    private ProcessProgram With(ProcessProgram program, ProcessProgram child) =>
        program with { Births = [new Birth(Begins, child)] };

    private MemoryCurve Teeth(ResourceLimits limits) => new(
        MemoryShape.Sawtooth, Percent(limits.MemoryBytes, 55), Percent(limits.MemoryBytes, NearPercent),
        Begins, Step);

    // The first one goes on with children that nobody waits for before it ends.
    private ProcessProgram Storm(ResourceLimits limits)
    {
        var each = Math.Max(CalmDescriptors, (int)Percent(limits.FileDescriptors, Peak) >> StormDoublings);
        var every = Step / StormDoublings;
        var program = new ProcessProgram(2, MemoryCurve.Flat(1 << 20), each);
        for (var left = 1; left <= StormDoublings; left++)
        {
            var child = program;
            program = program with
            {
                Births = [new Birth(every, child), .. child.Births.Select(birth =>
                    birth with { At = birth.At + every })],
            };
        }

        return program with { Waits = false, Births = [.. program.Births, .. Passing(Step)] };
    }

    private static IEnumerable<Birth> Passing(Duration from) => Enumerable.Range(1, ShortLivedMax)
        .Select(i => new Birth(from + (ComesEvery * i), Small with { Length = GoneAfter }));

    private static ProcessProgram ForkedTwice(MemoryCurve leak)
    {
        var last = Small with { Memory = leak, IgnoresTerm = true, LeadsSession = true };
        return Small with { Births = [new Birth(Moment, last)], Length = Moment * 2 };
    }

    // Each lives for most of the time until the next one.
    private IReadOnlyList<Birth> OneAfterAnother(long bytes)
    {
        var child = Small with { Memory = MemoryCurve.Flat(bytes), CpuPercent = 50, Length = Step * 9 / 10 };
        return [.. Enumerable.Range(0, ShortLivedMax).Select(i => new Birth(Begins + (Step * i), child))];
    }

    private static long Percent(long of, int percent) => (long)((Int128)of * percent / 100);
}
