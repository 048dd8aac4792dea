using Hyperscale.Det.Kernel;
using Hyperscale.Det.Resources;

namespace Hyperscale.Det.Tests.Core.Resources;

/// <summary>A guard that is shown one sample a second; invariants are checked after every step.</summary>
internal sealed class GuardBench
{
    public static readonly ResourceLimits Limits = new(100, 1_000_000_000, 1000);

    private readonly Outbox<GuardEffect> _outbox = new();
    private readonly List<GuardEffect> _history = [];
    private readonly ResourceGuard _guard;
    private long _cpu;

    private readonly ResourceLimits _limits;

    public GuardBench(
        ResourceConfig? config = null, ResourceLimits? limits = null, bool generatesLoad = false)
    {
        _limits = limits ?? Limits;
        _guard = new ResourceGuard(_limits, config ?? ResourceConfig.Default, Instant.Zero, generatesLoad);
    }

    public ResourceGuard Guard => _guard;

    public Instant Now { get; private set; } = Instant.Zero;

    public IReadOnlyList<GuardEffect> History => _history;

    public IEnumerable<GuardLevel> Levels(GuardDimension dimension) => _history
        .OfType<GuardEffect.ChangeLevel>().Where(c => c.Dimension == dimension).Select(c => c.To);

    public GuardVerdict When(GuardInput input)
    {
        _outbox.Clear();
        var verdict = _guard.Step(input, Now, _outbox);
        _history.AddRange(_outbox.Effects);
        _guard.CheckInvariants();
        return verdict;
    }

    /// <summary>A second passes, and the tree is found to use this much of its budget.</summary>
    public GuardVerdict Look(
        double cpu = 0.1, double memory = 0.1, double descriptors = 0.1, int processes = 1)
    {
        Pass();
        return Show(cpu, memory, descriptors, processes);
    }

    public void Pass() => Now += Duration.FromSeconds(1);

    /// <summary>A sample is taken at this moment; until then a tenth of the processor's budget was
    /// used.</summary>
    public void LookAt(Duration sinceStart, double memory)
    {
        var seconds = (Instant.Zero + sinceStart - Now).Nanoseconds / 1e9;
        Now = Instant.Zero + sinceStart;
        Show(cpu: 0.1 * seconds, memory: memory);
    }

    /// <summary>A sample of a second that has passed comes late.</summary>
    public void HearOf(long second, double cpu, Duration late)
    {
        var at = Instant.Zero + Duration.FromSeconds(second);
        Now = Instant.Later(Now, at + late);
        _cpu += (long)(cpu * _limits.CpuPercent * 10_000_000);
        When(new GuardInput.Sampled(
            new TreeReading(at, [], new GroupReading(_cpu, 1, 1, 1)), MemoryTotalBytes: 0));
    }

    /// <summary>The tree is looked at; it used this much of the processor for one second.</summary>
    public GuardVerdict Show(
        double cpu = 0.1, double memory = 0.1, double descriptors = 0.1, int processes = 1)
    {
        _cpu += (long)(cpu * _limits.CpuPercent * 10_000_000);
        return When(new GuardInput.Sampled(
            new TreeReading(
                Now, [],
                new GroupReading(
                    _cpu, (long)(memory * _limits.MemoryBytes), (int)(descriptors * _limits.FileDescriptors),
                    processes)),
            MemoryTotalBytes: 0));
    }
}
