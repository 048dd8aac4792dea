using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Sim.Processes;

/// <summary>A first process and all that ever descended from it, wherever it went since: the truth about a
/// workload's tree.</summary>
public sealed class ProcessFamily(Instant startedAt)
{
    private readonly List<ProcessEntry> _living = [];
    private double _cpuNanoseconds;

    /// <summary>Those that have not ended, in the order of their starts.</summary>
    public IReadOnlyList<ProcessEntry> Living => _living;

    /// <summary>Its first process, which may have ended.</summary>
    public ProcessEntry Root { get; internal set; } = null!;

    /// <summary>How long it was let run; what its processes do, they do by this time.</summary>
    public Duration Running { get; private set; }

    /// <summary>What all of it ever used.</summary>
    public long CpuNanoseconds => (long)_cpuNanoseconds;

    /// <summary>Processes that were ever started.</summary>
    public int Started { get; private set; }

    public int CpuPercent => _living.Sum(entry => entry.Program.CpuPercent);

    public long MemoryBytes => _living.Sum(entry => entry.MemoryBytes);

    public int Descriptors => _living.Sum(entry => entry.Descriptors);

    /// <summary>Until when its time has passed.</summary>
    internal Instant At { get; private set; } = startedAt;

    /// <summary>Of the time in which it may run, 0 to 1, or of what its processes would use.</summary>
    internal Hold Held { get; set; } = Hold.None;

    /// <summary>Whether nothing more is to start, so that it goes on as it is.</summary>
    internal bool IsRampHeld { get; set; }

    internal Duration? DueAt => IsRampHeld ? null : _living.Min(entry => entry.DueAt);

    internal void Add(ProcessEntry entry)
    {
        _living.Add(entry);
        Started++;
    }

    internal void Remove(ProcessEntry entry) => _living.Remove(entry);

    /// <summary>Lets time pass, at most until something is due.</summary>
    internal void Pass(Instant until)
    {
        var share = Held.ShareOf(CpuPercent);
        var (left, due) = (until - At, DueAt);
        var ran = new Duration((long)(left.Nanoseconds * share));
        if (due is { } next && next - Running <= ran)
        {
            ran = Duration.Longer(Duration.Zero, next - Running);
            left = Duration.Shorter(left, new Duration((long)Math.Ceiling(ran.Nanoseconds / share)));
        }

        if (!IsRampHeld) Running += ran;
        At += left;
        _cpuNanoseconds += ran.Nanoseconds * (CpuPercent / 100.0);
        foreach (var entry in _living) entry.Pass(ran.Nanoseconds);
    }
}

/// <summary>How a family is held back.</summary>
/// <param name="RunPermille">It is let run for this part of the time.</param>
/// <param name="CpuPercent">It is given no more of the processor than this; null for no quota.</param>
/// <param name="LeakPermille">Of what it is kept from, this part comes through all the same.</param>
public readonly record struct Hold(int RunPermille, int? CpuPercent, int LeakPermille)
{
    public static readonly Hold None = new(1000, null, 0);

    /// <summary>Whether it is stopped now and then: it does not even hear that it is to end.</summary>
    public bool IsPaused => RunPermille < 1000 && LeakPermille < 1000;

    /// <summary>Of the time it runs.</summary>
    /// <param name="wanted">Percent of a core that it would use.</param>
    internal double ShareOf(int wanted)
    {
        var share = RunPermille / 1000.0;
        if (CpuPercent is { } quota && quota < wanted) share *= (double)quota / wanted;
        return share + ((1 - share) * LeakPermille / 1000);
    }
}
