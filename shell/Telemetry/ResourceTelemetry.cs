using System.Diagnostics;
using System.Diagnostics.Metrics;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Nodes;
using Hyperscale.Det.Resources;

namespace Hyperscale.Det.Shell.Telemetry;

/// <summary>Turns events of resources into log lines and numbers (AD-41).</summary>
/// <remarks>Attempts are in log lines only: as labels they would make series without bound.</remarks>
internal sealed class ResourceTelemetry(Meter meter, ILogger logger)
{
    private readonly Counter<long> _levels = meter.CreateCounter<long>(
        "resource_guard_level_changes", null, "Levels that guards reached or left, by dimension and level");

    private readonly Counter<long> _throttles = meter.CreateCounter<long>(
        "resource_guard_throttles", null, "Orders that hold a workload back");

    private readonly Counter<long> _rampsHeld = meter.CreateCounter<long>(
        "resource_guard_ramps_held", null, "Orders that let a load generator start no further users");

    private readonly Counter<long> _kills = meter.CreateCounter<long>(
        "resource_guard_kills", null, "Workloads killed by their guard, by what they used too much of");

    private readonly Counter<long> _processes = meter.CreateCounter<long>(
        "resource_guard_processes_killed", null, "Processes of workloads that were killed by their guard");

    private readonly Gauge<double> _cpu = meter.CreateGauge<double>(
        "worker_cpu_percent", null, "Processor time of a worker and its workloads; 100 is one core");

    private readonly Gauge<double> _memory = meter.CreateGauge<double>(
        "worker_memory_bytes", null, "Memory in use on a worker's machine");

    private readonly Gauge<double> _cpuPressure = meter.CreateGauge<double>(
        "worker_cpu_pressure", null, "Used of the cores that a worker offers, 0 to 1");

    private readonly Gauge<double> _memoryPressure = meter.CreateGauge<double>(
        "worker_memory_pressure", null, "Used of the memory of a worker's machine, 0 to 1");

    private readonly Gauge<long> _workloadProcesses = meter.CreateGauge<long>(
        "worker_processes", null, "Processes of a worker's workloads");

    private readonly Gauge<int> _overBudget = meter.CreateGauge<int>(
        "worker_over_budget", null, "Whether a worker takes no work");

    private readonly Gauge<int> _enforcer = meter.CreateGauge<int>(
        "worker_enforcer", null, "1, with how a worker's host looks at workloads and holds them back");

    public void On(NodeId node, TelemetryEvent telemetry)
    {
        var label = new KeyValuePair<string, object?>("node", node.Name);
        switch (telemetry)
        {
            case TelemetryEvent.GuardLevelChanged changed:
                OnLevel(node, changed);
                break;
            case TelemetryEvent.WorkloadThrottled throttled:
                NodeLog.WorkloadThrottled(logger, node, throttled.Attempt, OrderOf(throttled.Order));
                if (throttled.Order is not null) _throttles.Add(1, label);
                break;
            case TelemetryEvent.RampHeld held:
                NodeLog.RampHeld(logger, node, held.Attempt, held.IsHeld ? "no further" : "again its");
                if (held.IsHeld) _rampsHeld.Add(1, label);
                break;
            case TelemetryEvent.ResourceKilled killed:
                NodeLog.ResourceKill(logger, node, killed.Attempt, killed.Workflow, killed.Kill.Message);
                _kills.Add(1, label, new("violation", ResourceKill.NameOf(killed.Kill.Violation)));
                _processes.Add(killed.Kill.ProcessesKilled, label);
                break;
            case TelemetryEvent.ResourcesReported reported:
                OnReported(label, reported.Report);
                break;
            case TelemetryEvent.WorkerOverBudget over:
                if (over.Reason is { } reason) NodeLog.WorkerOverBudget(logger, node, reason);
                else NodeLog.WorkerWithinBudget(logger, node);
                break;
            case TelemetryEvent.DatacenterPressed pressed:
                NodeLog.DatacenterPressed(
                    logger, node, pressed.Datacenter,
                    pressed.IsPressed ? "under high" : "no more under high", pressed.CpuPressure,
                    pressed.MemoryPressure);
                break;
            case TelemetryEvent.MemberPressed member:
                NodeLog.MemberPressed(
                    logger, node, member.Member, member.IsPressed ? "under high" : "no more under high",
                    member.CpuPermille, member.MemoryPermille);
                break;
            default:
                throw new UnreachableException($"unhandled {telemetry}");
        }
    }

    private void OnLevel(NodeId node, TelemetryEvent.GuardLevelChanged changed)
    {
        var (dimension, level) =
            (ResourceKill.NameOf(changed.Dimension), ResourceKill.NameOf(changed.To));
        var metrics = changed.Metrics;
        if (changed.To > changed.From)
        {
            NodeLog.GuardLevelReached(
                logger, node, changed.Attempt, level, dimension, metrics.CpuPercent,
                metrics.MemoryBytes / 1048576, metrics.FileDescriptorCount);
        }
        else NodeLog.GuardLevelLeft(logger, node, changed.Attempt, level, dimension);

        _levels.Add(1, new("node", node.Name), new("dimension", dimension), new("level", level));
    }

    private void OnReported(KeyValuePair<string, object?> label, WorkerResourceReport report)
    {
        _cpu.Record(report.Total.CpuPercent, label);
        _memory.Record(report.Total.MemoryBytes, label);
        _cpuPressure.Record(report.CpuPressure, label);
        _memoryPressure.Record(report.MemoryPressure, label);
        _workloadProcesses.Record(report.Processes, label);
        _overBudget.Record(report.OverBudget is null ? 0 : 1, label);
        if (report.Enforcer.Length > 0) _enforcer.Record(1, label, new("enforcer", report.Enforcer));
    }

    private static string OrderOf(ThrottleOrder? order) => order is { } given
        ? $"is held to {given.CpuPercent}% of a core, or to run {given.RunPermille / 10}% of the time"
        : "runs freely again";
}
