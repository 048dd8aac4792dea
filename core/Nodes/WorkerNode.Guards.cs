using System.Diagnostics;
using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Resources;

namespace Hyperscale.Det.Nodes;

/// <content>The guards of running attempts, and the worker's own budget (AD-41).</content>
public sealed partial class WorkerNode
{
    private readonly WorkerBudget _budget;
    private readonly Outbox<GuardEffect> _fromGuard = new();

    // How the host guards, as it last told.
    private string _enforcer = "";

    // The reason that was last told.
    private string? _toldOver;

    /// <summary>Why the worker takes no work; null when it does.</summary>
    public string? OverBudget => _budget.OverBudget;

    /// <summary>The guard of an attempt that runs; null where there is none.</summary>
    public ResourceGuard? GuardOf(AttemptKey attempt) => _running.GetValueOrDefault(attempt)?.Guard;

    private ResourceGuard? GuardOf(WorkflowSpec workflow) => _config.Resources.IsEnabled
        ? new ResourceGuard(ResourceBudget.LimitsOf(workflow.Budget), _config.Resources, _now,
            generatesLoad: workflow.Kind == WorkflowKind.Http)
        : null;

    private NodeVerdict OnResourcesSampled(NodeInput.ResourcesSampled sampled)
    {
        if (!_config.Resources.IsEnabled) return NodeVerdict.Misdirected;
        _enforcer = sampled.Enforcer;
        foreach (var (attempt, reading) in sampled.Workloads)
        {
            // It has ended since it was looked at, or is stopped for another reason.
            if (!_running.TryGetValue(attempt, out var workload)) continue;
            if (workload.Cause is null or StopCause.Guarded)
                Show(attempt, workload, new GuardInput.Sampled(reading, _budget.MemoryTotalBytes));
        }

        // A machine that cannot be read leaves the worker's own budget as it was.
        if (sampled.Node is not { } node) return NodeVerdict.Accepted;
        if (!_budget.Observe(node, WorkloadsUse())) return NodeVerdict.Stale;
        Emit(new TelemetryEvent.ResourcesReported(Id, ReportNow()!));
        if ((_budget.OverBudget is null) == (_toldOver is null)) return NodeVerdict.Accepted;
        _toldOver = _budget.OverBudget;
        Emit(new TelemetryEvent.WorkerOverBudget(Id, _toldOver));
        // Nobody is to place work here for as long as a heartbeat takes.
        if (_toldOver is not null) Heartbeat();
        return NodeVerdict.Accepted;
    }

    private void Show(AttemptKey attempt, Workload workload, GuardInput input)
    {
        _fromGuard.Clear();
        workload.Guard!.Step(input, _now, _fromGuard);
        foreach (var effect in _fromGuard.Effects) Route(attempt, workload, effect);
        if (input is GuardInput.Exited && EvidenceOf(workload) is { } kill)
            Emit(new TelemetryEvent.ResourceKilled(attempt, workload.Spec.Name, kill));
    }

    /// <summary>Why a guard killed a workload; null when none did.</summary>
    private ResourceKill? EvidenceOf(Workload workload) => workload.Cause == StopCause.Guarded
        ? workload.Guard!.Evidence! with { Enforcer = _enforcer }
        : null;

    private void Route(AttemptKey attempt, Workload workload, GuardEffect effect)
    {
        switch (effect)
        {
            case GuardEffect.ChangeLevel change:
                Emit(new TelemetryEvent.GuardLevelChanged(
                    attempt, change.Dimension, change.From, change.To, workload.Guard!.Metrics));
                break;
            case GuardEffect.Throttle throttle:
                Throttle(attempt, throttle.Order);
                break;
            case GuardEffect.Resume:
                Throttle(attempt, null);
                break;
            case GuardEffect.HoldRamp hold:
                Emit(new TelemetryEvent.RampHeld(attempt, hold.IsHeld));
                _outbox.Emit(new NodeEffect.HoldRamp(attempt, hold.IsHeld));
                break;
            case GuardEffect.Terminate:
                Stop(attempt, workload, StopCause.Guarded, "");
                _stopAt.Set(attempt, workload.Guard!.NextDeadline);
                break;
            case GuardEffect.Kill:
                _outbox.Emit(new NodeEffect.StopWorkload(attempt, WorkloadSignal.Kill));
                break;
            default:
                throw new UnreachableException($"unrouted {effect}");
        }
    }

    private void Throttle(AttemptKey attempt, ThrottleOrder? order)
    {
        Emit(new TelemetryEvent.WorkloadThrottled(attempt, order));
        _outbox.Emit(new NodeEffect.ThrottleWorkload(attempt, order));
    }

    /// <summary>Nothing may run for as long as a guard gives a workload to end by itself: another worker may
    /// be given the same work by then.</summary>
    private void Hasten(AttemptKey attempt, Workload workload)
    {
        if (workload.Cause != StopCause.Guarded) return;
        Show(attempt, workload, new GuardInput.Hasten(_now + _config.StopGrace));
        _stopAt.Set(attempt, workload.Guard!.NextDeadline);
    }

    private ResourceUsage WorkloadsUse() => _running.Values
        .Select(workload => workload.Guard is { } guard ? UsageOf(guard.Metrics) : default)
        .Aggregate(default(ResourceUsage), (sum, usage) => sum.Plus(usage));

    /// <summary>What managers are told; null before anything was read.</summary>
    private WorkerResourceReport? ReportNow()
    {
        if (!_budget.IsKnown) return null;
        var workflows = _running
            .Where(workload => workload.Value.Guard is { Metrics.SampleCount: > 0 })
            .Select(workload => UsageOf(workload.Key, workload.Value.Guard!))
            .OrderByDescending(usage => usage.Usage.MemoryBytes)
            .Take(WorkerResourceReport.WorkflowsMax);
        return new WorkerResourceReport(
            _config.Cores, _budget.Usage, _budget.MemoryTotalBytes,
            _running.Values.Sum(workload => workload.Guard?.Metrics.ProcessCount ?? 0),
            [.. workflows], _budget.OverBudget)
        {
            Enforcer = _enforcer,
        };
    }

    private static WorkflowUsage UsageOf(AttemptKey attempt, ResourceGuard guard) => new(
        attempt.Slot.Job, attempt.Slot.Slot, attempt.Workflow, guard.Level, UsageOf(guard.Metrics));

    private static ResourceUsage UsageOf(in ResourceMetrics metrics) => new(
        metrics.CpuPercent, metrics.CpuUncertainty, metrics.MemoryBytes, metrics.MemoryUncertainty);

    private void CheckGuards()
    {
        _budget.CheckInvariants();
        foreach (var workload in _running.Values)
        {
            workload.Guard?.CheckInvariants();
            // Whom a guard kills is being stopped, for that reason unless there was another one before.
            Invariant.Holds(workload.Guard?.Evidence is null || workload.Cause == StopCause.Guarded);
        }
    }
}
