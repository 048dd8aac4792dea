using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Nodes;
using Hyperscale.Det.Protocol;
using Hyperscale.Det.Resources;
using Hyperscale.Det.Sim.Coverage;
using Hyperscale.Det.Sim.Engine;
using Hyperscale.Det.Sim.Processes;

namespace Hyperscale.Det.Sim.Checkers;

/// <summary>Guards kill what violates its budget for long enough, in time, and nothing else; nothing of what
/// they killed lives on, and it is not tried again unasked (AD-41).</summary>
/// <remarks>Judged by the samples that arrived, unfiltered. Workers that stood still or were slow have their
/// time from when they went on.</remarks>
public sealed class ResourceGuards() : Checker(
    "resource-guards", CheckerViews.Steps | CheckerViews.Sent | CheckerViews.Samples)
{
    /// <summary>A timer of whole milliseconds, a batch before it, and the end itself.</summary>
    private static readonly Duration Slack = Duration.FromSeconds(1);

    private readonly SortedDictionary<AttemptKey, Watched> _watched = [];

    private ResourceConfig Config => World.Plan.Options.Worker.Resources;

    public override void OnProcessStarted(SimProcess process)
    {
        _watched[process.Attempt] = new Watched(process, process.Host.LocalNow);
        Require(process.Host.Node is not WorkerNode { OverBudget: not null }, () =>
            $"{process.Host.Id} starts {process.Attempt} although it takes no work");
    }

    public override void OnProcessEnded(SimProcess process) => _watched.Remove(process.Attempt);

    public override void OnStep(
        SimHost host, NodeInput input, NodeVerdict verdict, Outbox<NodeEffect> effects)
    {
        if (host.Node is not WorkerNode worker) return;
        var sampled = input as NodeInput.ResourcesSampled;
        if (sampled is not null)
            foreach (var workload in sampled.Workloads) Note(workload);
        foreach (var effect in effects.Effects)
            if (effect is NodeEffect.Emit { Event: var told }) OnTold(host, told);
        if (sampled is null) return;
        foreach (var (attempt, _) in sampled.Workloads)
            if (_watched.TryGetValue(attempt, out var watched)) Judge(worker, attempt, watched);
    }

    public override void OnSent(SimHost host, NodeId to, Message message)
    {
        if (message is not Message.StartAttempt { Attempt: { Attempt: > 1 } attempt } start) return;
        if (host.Node is not ManagerNode manager) return;
        var earlier = manager.Ledger.Find(attempt)?.Earlier;
        var last = earlier is { Count: > 0 } ? earlier[^1] : null;
        if (last?.State != AttemptState.KilledByGuard) return;
        World.Coverage.Sometimes(Probe.KilledWorkloadRetried);
        Require(start.Workflow.Budget is { RetryKilled: true }, () =>
            $"{host.Id} starts {attempt} although the one before was killed by its guard");
    }

    public override void OnSample()
    {
        foreach (var (attempt, watched) in _watched)
        {
            if (watched.KilledAt is not { } at) continue;
            var host = watched.Process.Host;
            var late = ResourceConfig.TerminateGrace + Slack;
            if (World.Now <= host.HamperedUntil + late) continue;
            Require(host.LocalNow <= at + late, () =>
                $"{attempt} was killed by its guard at {at} of {host.Id} and lives at {host.LocalNow}");
        }
    }

    private void Note(WorkloadReading workload)
    {
        if (_watched.TryGetValue(workload.Attempt, out var watched)) watched.Note(workload.Reading, Config);
    }

    private void Judge(WorkerNode worker, AttemptKey attempt, Watched watched)
    {
        if (watched.Process.IsStopped || watched.KilledAt is not null) return;
        if (worker.GuardOf(attempt) is not { } guard) return;
        foreach (var dimension in new[] { GuardDimension.Memory, GuardDimension.FileDescriptors })
        {
            var held = watched.UnbrokenOf(dimension);
            Require(held < Config.GracePeriod + (Config.SampleInterval * 3), () =>
                $"{attempt} has been over its budget of {dimension} for {held}, and its guard is at level "
                + $"{guard.LevelOf(dimension)}");
        }
    }

    private void OnTold(SimHost host, TelemetryEvent told)
    {
        switch (told)
        {
            case TelemetryEvent.GuardLevelChanged changed:
                OnLevel(host, changed);
                break;
            case TelemetryEvent.WorkloadThrottled throttled:
                World.Coverage.Sometimes(
                    throttled.Order is null ? Probe.GuardResumed : Probe.GuardThrottled);
                break;
            case TelemetryEvent.ResourceKilled { Kill: var kill }:
                if (kill.WasForced) World.Coverage.Sometimes(Probe.GuardForcedTheEnd);
                break;
            case TelemetryEvent.WorkerOverBudget { Reason: not null }:
                World.Coverage.Sometimes(Probe.WorkerOverBudget);
                break;
            case TelemetryEvent.AttemptEnded { State: AttemptState.KilledByGuard } ended:
                Require(!World.Processes.Of(ended.Attempt).Any(process => process.IsRunning), () =>
                    $"{ended.Attempt} is said to have been killed by its guard, and lives");
                break;
            default:
                break;
        }
    }

    private void OnLevel(SimHost host, TelemetryEvent.GuardLevelChanged changed)
    {
        if (!_watched.TryGetValue(changed.Attempt, out var watched)) return;
        var at = watched.Levels.GetValueOrDefault(changed.Dimension);
        Require(changed.From == at && Math.Abs((int)changed.To - (int)at) == 1, () =>
            $"the guard of {changed.Attempt} goes from {changed.From} of {changed.Dimension} to "
            + $"{changed.To}; it was at {at}");
        watched.Levels[changed.Dimension] = changed.To;
        if (changed.To == GuardLevel.Warn) World.Coverage.Sometimes(Probe.GuardWarned);
        if (changed.To != GuardLevel.Kill) return;
        World.Coverage.Sometimes(Probe.GuardKilled);
        watched.KilledAt ??= host.LocalNow;
        var held = watched.ViolatedOf(changed.Dimension);
        Require(held >= Config.GracePeriod, () =>
            $"the guard of {changed.Attempt} kills it; it was over its budget of {changed.Dimension} "
            + $"for {held}");
    }

    /// <summary>A workload that runs, with the violations that its samples show.</summary>
    private sealed class Watched(SimProcess process, Instant startedAt)
    {
        // A dip of two samples is noise.
        private const int DipsMax = 2;

        private readonly SortedDictionary<GuardDimension, (Duration Held, Duration Clean, int Dips)> _held =
            [];
        private Instant _at = startedAt;
        private long _cpu;
        private bool _isSeen;

        public SimProcess Process { get; } = process;

        public SortedDictionary<GuardDimension, GuardLevel> Levels { get; } = [];

        public Instant? KilledAt { get; set; }

        public Duration ViolatedOf(GuardDimension dimension) =>
            _held.TryGetValue(dimension, out var held) ? held.Held : Duration.Zero;

        public Duration UnbrokenOf(GuardDimension dimension) =>
            _held.TryGetValue(dimension, out var held) ? held.Clean : Duration.Zero;

        public void Note(TreeReading reading, ResourceConfig config)
        {
            var (elapsed, group) = (reading.At - _at, reading.Group!.Value);
            if (elapsed < ProcessResourceMonitor.IntervalMin) return;
            var credit = !_isSeen ? Duration.Zero
                : elapsed < config.SampleInterval ? elapsed : config.SampleInterval;
            var limits = Process.Use.Limits;
            var cpu = 100.0 * (group.CpuNanoseconds - _cpu) / elapsed.Nanoseconds;
            Add(GuardDimension.Cpu, cpu >= limits.CpuPercent * config.KillThreshold, credit);
            var (memory, descriptors) = (group.MemoryBytes, group.FileDescriptors);
            Add(GuardDimension.Memory, memory >= limits.MemoryBytes * config.KillThreshold, credit);
            Add(
                GuardDimension.FileDescriptors,
                descriptors >= limits.FileDescriptors * config.KillThreshold, credit);
            (_at, _cpu, _isSeen) = (reading.At, group.CpuNanoseconds, true);
        }

        private void Add(GuardDimension dimension, bool isOver, Duration credit)
        {
            var isOpen = _held.TryGetValue(dimension, out var held);
            if (isOver)
            {
                _held[dimension] = isOpen
                    ? (held.Held + credit, held.Dips > 0 ? Duration.Zero : held.Clean + credit, 0)
                    : default;
            }
            else if (isOpen && held.Dips < DipsMax)
                _held[dimension] = (held.Held + credit, Duration.Zero, held.Dips + 1);
            else
                _held.Remove(dimension);
        }
    }
}
