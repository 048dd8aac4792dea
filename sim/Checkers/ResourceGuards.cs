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
/// <param name="lastOf">How the attempt before one ended, as a manager knows; null where it does not.</param>
public sealed class ResourceGuards(Func<SimHost, AttemptKey, AttemptState?> lastOf) : Checker(
    "resource-guards", CheckerViews.Steps | CheckerViews.Sent | CheckerViews.Samples)
{
    /// <summary>A timer of whole milliseconds, a batch before it, and the end itself.</summary>
    private static readonly Duration Slack = Duration.FromSeconds(1);

    // Of the grace, and samples beyond it: a throttle of the processor is tried for a grace of its own.
    private const int KillSamples = 3;
    private const int CpuGraces = 2;
    private const int CpuSamples = 6;

    // A throttle is in force from the next sample on, and may be met a bit late.
    private const int HotMax = 2;

    private readonly SortedDictionary<AttemptKey, WatchedWorkload> _watched = [];
    private readonly SortedDictionary<AttemptKey, WatchedWorkload> _ended = [];

    public ResourceGuards()
        : this((host, attempt) => host.Node is ManagerNode manager
            && manager.Ledger.Find(attempt)?.Earlier is { Count: > 0 } earlier ? earlier[^1].State : null)
    {
    }

    private ResourceConfig Config => World.Plan.Options.Worker.Resources;

    public override void OnProcessStarted(SimProcess process)
    {
        _watched[process.Attempt] = new WatchedWorkload(process, process.Host.LocalNow);
        Require(process.Host.Node is not WorkerNode { OverBudget: not null }, () =>
            $"{process.Host.Id} starts {process.Attempt} although it takes no work");
    }

    public override void OnProcessEnded(SimProcess process)
    {
        if (_watched.Remove(process.Attempt, out var watched)) _ended[process.Attempt] = watched;
    }

    public override void OnStep(
        SimHost host, NodeInput input, NodeVerdict verdict, Outbox<NodeEffect> effects)
    {
        if (host.Place.Role != NodeRole.Worker) return;
        var sampled = input as NodeInput.ResourcesSampled;
        if (sampled is not null)
            foreach (var workload in sampled.Workloads) Note(workload);
        foreach (var effect in effects.Effects)
            if (effect is NodeEffect.Emit { Event: var told }) OnTold(host, told);
        if (sampled is null) return;
        foreach (var (attempt, _) in sampled.Workloads)
            if (_watched.TryGetValue(attempt, out var watched)) Judge(attempt, watched);
    }

    public override void OnSent(SimHost host, NodeId to, Message message)
    {
        if (message is not Message.StartAttempt { Attempt: { Attempt: > 1 } attempt } start) return;
        if (lastOf(host, attempt) != AttemptState.KilledByGuard) return;
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
            // Each time that somebody was missed costs another look.
            var late = ResourceConfig.TerminateGrace + Slack
                + (ResourceConfig.VerifyInterval * watched.Process.Tree.Missed);
            if (World.Now <= host.HamperedUntil + late) continue;
            Require(host.LocalNow <= at + late, () =>
                $"{attempt} was killed by its guard at {at} of {host.Id} and lives at {host.LocalNow}");
        }
    }

    private void Note(WorkloadReading workload)
    {
        if (_watched.TryGetValue(workload.Attempt, out var watched))
            watched.Note(workload.Reading.At, Config);
    }

    private void Judge(AttemptKey attempt, WatchedWorkload watched)
    {
        if (watched.Process.IsStopped || watched.KilledAt is not null) return;
        var within = Config.GracePeriod + (Config.SampleInterval * KillSamples);
        EndsWithin(attempt, watched, GuardDimension.Memory, within);
        EndsWithin(attempt, watched, GuardDimension.FileDescriptors, within);
        within = (Config.GracePeriod * CpuGraces) + (Config.SampleInterval * CpuSamples);
        EndsWithin(attempt, watched, GuardDimension.Cpu, within);
        if (!IsHeldHog(watched.Process)) return;
        World.Coverage.Sometimes(Probe.GuardHeldAHog);
        Require(watched.HotWhileHeld <= HotMax, () =>
            $"{attempt} is held back since {watched.Process.HeldSince} and was over its budget of the "
            + $"processor in the last {watched.HotWhileHeld} samples");
    }

    private void EndsWithin(
        AttemptKey attempt, WatchedWorkload watched, GuardDimension dimension, Duration within)
    {
        var held = watched.UnbrokenOf(dimension);
        Require(held < within, () =>
            $"{attempt} has been over its budget of {dimension} for {held}, and its guard is at level "
            + $"{watched.Levels.GetValueOrDefault(dimension)}");
    }

    private void OnTold(SimHost host, TelemetryEvent told)
    {
        switch (told)
        {
            case TelemetryEvent.GuardLevelChanged changed:
                OnLevel(host, changed);
                break;
            case TelemetryEvent.WorkloadThrottled throttled:
                OnThrottled(throttled);
                break;
            case TelemetryEvent.RampHeld held:
                OnRampHeld(held);
                break;
            case TelemetryEvent.ResourceKilled killed:
                OnKilled(killed);
                break;
            case TelemetryEvent.WorkerOverBudget { Reason: not null }:
                World.Coverage.Sometimes(Probe.WorkerOverBudget);
                break;
            case TelemetryEvent.AttemptEnded { State: AttemptState.KilledByGuard } ended:
                NothingLives(ended.Attempt);
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
        if (changed.Dimension != GuardDimension.Cpu) return;
        World.Coverage.Sometimes(Probe.GuardKilledForCpu);
        Require(!IsFirm(watched.Process) || watched.Process.Shape.Shape != RunawayShape.Hog, () =>
            $"the guard of {changed.Attempt} kills it for its use of the processor, which {host.Id} can hold "
            + "to its budget");
    }

    /// <summary>What measures is slowed down for its processor alone.</summary>
    private void OnThrottled(TelemetryEvent.WorkloadThrottled throttled)
    {
        World.Coverage.Sometimes(throttled.Order is null ? Probe.GuardResumed : Probe.GuardThrottled);
        if (throttled.Order is null || !_watched.TryGetValue(throttled.Attempt, out var watched)) return;
        Require(
            watched.Process.Workflow.Kind == WorkflowKind.Exec
                || watched.Levels.GetValueOrDefault(GuardDimension.Cpu) >= GuardLevel.Throttle,
            () => $"{throttled.Attempt} generates load and is slowed down, though not for its processor");
    }

    private void OnRampHeld(TelemetryEvent.RampHeld held)
    {
        if (held.IsHeld) World.Coverage.Sometimes(Probe.RampHeld);
        if (!_watched.TryGetValue(held.Attempt, out var watched)) return;
        Require(watched.Process.Workflow.Kind == WorkflowKind.Http, () =>
            $"the users of {held.Attempt} are held or let go, and it has none");
    }

    /// <summary>All that was seen of a tree was killed with it, and nobody else.</summary>
    private void OnKilled(TelemetryEvent.ResourceKilled killed)
    {
        var (attempt, kill) = (killed.Attempt, killed.Kill);
        NothingLives(attempt);
        if (kill.WasForced) World.Coverage.Sometimes(Probe.GuardForcedTheEnd);
        if (!_ended.TryGetValue(attempt, out var watched)) return;
        var seen = watched.LastSeen;
        var most = seen.Group.Processes + watched.Process.Tree.Family.Started - seen.Started;
        Require(kill.ProcessesKilled >= seen.Group.Processes && kill.ProcessesKilled <= most, () =>
            $"{kill.ProcessesKilled} processes of {attempt} are said to have been killed; "
            + $"{seen.Group.Processes} to {most} were");
    }

    private void NothingLives(AttemptKey attempt)
    {
        foreach (var process in World.Processes.Of(attempt))
        {
            var living = process.Tree.Family.Living.Count;
            Require(!process.IsRunning && living == 0, () =>
                $"{attempt} is said to have been killed by its guard, and {living} of its processes live");
        }
    }

    private bool IsHeldHog(SimProcess process) =>
        process.Shape.Shape == RunawayShape.Hog && process.HeldSince != Instant.Never && IsFirm(process);

    private bool IsFirm(SimProcess process) =>
        World.Processes.EnforcerOf(process.Host.Place.Index).LeakPermille == 0;
}
