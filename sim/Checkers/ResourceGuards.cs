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
            case TelemetryEvent.RampHeld { IsHeld: true }:
                World.Coverage.Sometimes(Probe.RampHeld);
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

        // Intervals that a sample may be late by and still count for all of them.
        private const int LateMax = 2;

        private readonly SortedDictionary<GuardDimension, Violation> _violations = [];
        private Instant _at = startedAt;
        private long _cpu;

        public SimProcess Process { get; } = process;

        public SortedDictionary<GuardDimension, GuardLevel> Levels { get; } = [];

        public Instant? KilledAt { get; set; }

        public Duration ViolatedOf(GuardDimension dimension) =>
            _violations.TryGetValue(dimension, out var violation) ? violation.Held : Duration.Zero;

        public Duration UnbrokenOf(GuardDimension dimension) =>
            _violations.TryGetValue(dimension, out var violation) ? violation.Clean : Duration.Zero;

        public void Note(TreeReading reading, ResourceConfig config)
        {
            var (elapsed, group) = (reading.At - _at, reading.Group!.Value);
            if (elapsed < ProcessResourceMonitor.IntervalMin) return;
            var limits = Process.Use.Limits;
            var cpu = 100.0 * (group.CpuNanoseconds - _cpu) / elapsed.Nanoseconds;
            Add(
                GuardDimension.Cpu, cpu >= limits.CpuPercent * config.KillThreshold, elapsed,
                config.SampleInterval);
            var (memory, descriptors) = (group.MemoryBytes, group.FileDescriptors);
            Add(
                GuardDimension.Memory, memory >= limits.MemoryBytes * config.KillThreshold, elapsed,
                config.SampleInterval);
            Add(
                GuardDimension.FileDescriptors,
                descriptors >= limits.FileDescriptors * config.KillThreshold, elapsed,
                config.SampleInterval);
            (_at, _cpu) = (reading.At, group.CpuNanoseconds);
        }

        private void Add(GuardDimension dimension, bool isOver, Duration elapsed, Duration interval)
        {
            var isOpen = _violations.TryGetValue(dimension, out var violation);
            if (isOver && !isOpen)
            {
                _violations[dimension] = default;
                return;
            }

            if (!isOver && (!isOpen || violation.Dips == DipsMax))
            {
                _violations.Remove(dimension);
                return;
            }

            // A sample that is late makes up for the next one, which is early.
            var isClean = isOver && violation.Dips == 0;
            _violations[dimension] = new Violation(
                violation.Due + interval,
                violation.Passed + Duration.Shorter(elapsed, interval * LateMax),
                isClean ? violation.Clean + Duration.Shorter(elapsed, interval) : Duration.Zero,
                isOver ? 0 : violation.Dips + 1);
        }
    }

    /// <param name="Due">An interval for each sample after the first.</param>
    /// <param name="Passed">Since the first one, gaps shortened.</param>
    /// <param name="Clean">Since the last dip.</param>
    /// <param name="Dips">Since the last sample above.</param>
    private readonly record struct Violation(Duration Due, Duration Passed, Duration Clean, int Dips)
    {
        public Duration Held => Duration.Shorter(Due, Passed);
    }
}
