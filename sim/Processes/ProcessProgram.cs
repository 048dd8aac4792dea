using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Sim.Processes;

/// <summary>What a process does over the time that it really runs.</summary>
/// <param name="CpuPercent">Of a core, for as long as it runs.</param>
/// <param name="Descriptors">That it holds open.</param>
public sealed record ProcessProgram(int CpuPercent, MemoryCurve Memory, int Descriptors)
{
    /// <summary>Children that it starts, by time.</summary>
    public IReadOnlyList<Birth> Births { get; init; } = [];

    /// <summary>Until it ends by itself; null for one that goes on.</summary>
    public Duration? Length { get; init; }

    public bool IgnoresTerm { get; init; }

    /// <summary>It begins a session of its own.</summary>
    public bool LeadsSession { get; init; }

    /// <summary>It adopts what its descendants leave behind, in place of the worker.</summary>
    public bool IsSubreaper { get; init; }

    /// <summary>It waits for its children; else they stay zombies for as long as it lives.</summary>
    public bool Waits { get; init; } = true;

    /// <summary>The same, of processes none of which takes a SIGTERM.</summary>
    public ProcessProgram Deaf() => this with
    {
        IgnoresTerm = true,
        Births = [.. Births.Select(birth => birth with { Child = birth.Child.Deaf() })],
    };
}

/// <summary>A child that a process starts.</summary>
/// <param name="At">Of the parent's running.</param>
public readonly record struct Birth(Duration At, ProcessProgram Child);

public enum MemoryShape : byte { Flat, Leak, Spike, Sawtooth }

/// <summary>Memory over the time that a process runs.</summary>
/// <param name="Low">At the start, in bytes.</param>
/// <param name="High">What it comes to at most.</param>
/// <param name="Begins">Until then it is flat.</param>
/// <param name="Step">Of a leak until it comes to <paramref name="High"/>; length of a spike; period of a
/// sawtooth.</param>
public readonly record struct MemoryCurve(
    MemoryShape Shape, long Low, long High, Duration Begins, Duration Step)
{
    public static MemoryCurve Flat(long bytes) =>
        new(MemoryShape.Flat, bytes, bytes, Duration.Zero, Duration.Zero);

    public long At(Duration running)
    {
        if (Shape == MemoryShape.Flat || running < Begins) return Low;
        var since = running - Begins;
        return Shape switch
        {
            MemoryShape.Leak => Low + Share(Math.Min(since.Nanoseconds, Step.Nanoseconds)),
            MemoryShape.Spike => since < Step ? High : Low,
            MemoryShape.Sawtooth => Low + Share(since.Nanoseconds % Step.Nanoseconds),
            _ => throw new System.Diagnostics.UnreachableException($"unhandled {Shape}"),
        };
    }

    private long Share(long nanoseconds) => (long)((Int128)(High - Low) * nanoseconds / Step.Nanoseconds);
}
