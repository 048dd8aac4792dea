using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Sim.Processes;

/// <summary>One process in the table of its machine, from its start until somebody waited for it.</summary>
/// <param name="startTicks">Hundredths of a second of the machine.</param>
/// <param name="bornAt">Of its family's running.</param>
public sealed class ProcessEntry(
    int id, int parent, long startTicks, ProcessFamily family, ProcessProgram program, Duration bornAt)
{
    private double _cpuNanoseconds;
    private int _births;

    public int Id { get; } = id;

    /// <summary>Whose child it is: of who started it, or adopted it.</summary>
    public int Parent { get; internal set; } = parent;

    /// <summary>With <see cref="Id"/>, which is used again, tells it apart from every other.</summary>
    public long StartTicks { get; } = startTicks;

    public ProcessFamily Family { get; } = family;

    public ProcessProgram Program { get; } = program;

    public int Session { get; internal init; }

    public int Group { get; internal init; }

    public bool IsZombie { get; private set; }

    /// <summary>It was asked to end while it was held.</summary>
    public bool IsTermPending { get; internal set; }

    public long CpuNanoseconds => (long)_cpuNanoseconds;

    /// <summary>Of its children that it waited for, and theirs.</summary>
    public long ReapedCpuNanoseconds { get; internal set; }

    public long MemoryBytes => IsZombie ? 0 : Program.Memory.At(Family.Running - bornAt);

    public int Descriptors => IsZombie ? 0 : Program.Descriptors;

    /// <summary>Whether it goes on to start others.</summary>
    public bool StartsMore => !IsZombie && _births < Program.Births.Count;

    /// <summary>When it does something next, of its family's running; null where it never does.</summary>
    internal Duration? DueAt
    {
        get
        {
            if (IsZombie) return null;
            Duration? birth = StartsMore ? bornAt + Program.Births[_births].At : null;
            Duration? end = Program.Length is { } length ? bornAt + length : null;
            if (birth is null || end is null) return birth ?? end;
            return Duration.Shorter(birth.Value, end.Value);
        }
    }

    /// <summary>Whether it ends next, and not starts another one.</summary>
    internal bool IsEndDue => Program.Length is { } length && DueAt == bornAt + length;

    internal void Pass(double ran) => _cpuNanoseconds += ran * Program.CpuPercent / 100;

    /// <summary>What it starts next.</summary>
    internal ProcessProgram TakeBirth() => Program.Births[_births++].Child;

    internal void End() => IsZombie = true;
}
