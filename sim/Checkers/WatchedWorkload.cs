using Hyperscale.Det.Kernel;
using Hyperscale.Det.Resources;
using Hyperscale.Det.Sim.Processes;

namespace Hyperscale.Det.Sim.Checkers;

/// <summary>A workload that runs, with the violations that the samples of it show which arrived: judged by
/// what the kernel knew when they were taken, whatever they told.</summary>
internal sealed class WatchedWorkload(SimProcess process, Instant startedAt)
{
    /// <summary>What is told of the processor comes in ticks, and lacks what nobody waited for: so much of
    /// the budget, in percent, may be missed and so much counted too much.</summary>
    private const int CpuTolerance = 10;

    private readonly Run[] _runs = new Run[6];
    private Instant _at = startedAt;
    private long _cpu;

    public SimProcess Process { get; } = process;

    public SortedDictionary<GuardDimension, GuardLevel> Levels { get; } = [];

    /// <summary>When its guard decided to kill it, by the clock of its host.</summary>
    public Instant? KilledAt { get; set; }

    /// <summary>What was last seen of it before it was killed.</summary>
    public TreeTruth LastSeen { get; private set; }

    /// <summary>Samples in a row that show it over its budget of the processor, each taken wholly while it
    /// was held back.</summary>
    public int HotWhileHeld { get; private set; }

    /// <summary>How long it may be said to be over a budget.</summary>
    public Duration ViolatedOf(GuardDimension dimension) => _runs[(int)dimension * 2].Held;

    /// <summary>How long it was over a budget for certain, without a single sample below.</summary>
    public Duration UnbrokenOf(GuardDimension dimension) => _runs[((int)dimension * 2) + 1].Clean;

    public void Note(Instant at, ResourceConfig config)
    {
        var elapsed = at - _at;
        if (elapsed < ProcessResourceMonitor.IntervalMin) return;
        var truth = Process.Tree.TruthAt(at);
        var cpu = 100.0 * (truth.Group.CpuNanoseconds - _cpu) / elapsed.Nanoseconds;
        var isHot = Note(GuardDimension.Cpu, cpu, CpuTolerance, elapsed, config);
        var held = Process.HeldSince == Instant.Never
            ? Instant.Never
            : Process.Host.Clock.LocalAt(Process.HeldSince);
        // What was used before it was held says nothing of that, however late its worker came to hear of it.
        if (held != Instant.Never && held > _at) _runs[((int)GuardDimension.Cpu * 2) + 1] = default;
        HotWhileHeld = isHot && held <= _at ? HotWhileHeld + 1 : 0;
        Note(GuardDimension.Memory, truth.Group.MemoryBytes, 0, elapsed, config);
        Note(GuardDimension.FileDescriptors, truth.Group.FileDescriptors, 0, elapsed, config);
        (_at, _cpu) = (at, truth.Group.CpuNanoseconds);
        if (KilledAt is null) LastSeen = truth;
    }

    /// <summary>Whether it is over for certain.</summary>
    private bool Note(
        GuardDimension dimension, double used, int tolerance, Duration elapsed, ResourceConfig config)
    {
        var limit = Process.Limits.Of(dimension) * config.KillThreshold;
        ref var may = ref _runs[(int)dimension * 2];
        ref var must = ref _runs[((int)dimension * 2) + 1];
        may = may.With(used >= limit * (100 - tolerance) / 100, elapsed, config.SampleInterval);
        var isOver = used >= limit * (100 + tolerance) / 100;
        must = must.With(isOver, elapsed, config.SampleInterval);
        return isOver;
    }

    /// <summary>A violation.</summary>
    /// <param name="Due">An interval for each sample after the first.</param>
    /// <param name="Passed">Since the first one, gaps shortened.</param>
    /// <param name="Clean">Since the last dip.</param>
    /// <param name="Dips">Since the last sample above.</param>
    private readonly record struct Run(bool IsOpen, Duration Due, Duration Passed, Duration Clean, int Dips)
    {
        // A dip of two samples is noise.
        private const int DipsMax = 2;

        // Intervals that a sample may be late by and still count for all of them.
        private const int LateMax = 2;

        public Duration Held => Duration.Shorter(Due, Passed);

        public Run With(bool isOver, Duration elapsed, Duration interval)
        {
            if (isOver && !IsOpen) return new Run(true, default, default, default, 0);
            if (!isOver && (!IsOpen || Dips == DipsMax)) return default;
            // A sample that is late makes up for the next one, which is early.
            var isClean = isOver && Dips == 0;
            return new Run(
                true,
                Due + interval,
                Passed + Duration.Shorter(elapsed, interval * LateMax),
                isClean ? Clean + Duration.Shorter(elapsed, interval) : Duration.Zero,
                isOver ? 0 : Dips + 1);
        }
    }
}
