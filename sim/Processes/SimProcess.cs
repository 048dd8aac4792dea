using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Nodes;
using Hyperscale.Det.Resources;
using Hyperscale.Det.Sim.Engine;
using Hyperscale.Det.Slo;

namespace Hyperscale.Det.Sim.Processes;

/// <summary>One workload, from its start to the end of its whole process tree.</summary>
/// <param name="life">The life of the worker that started it.</param>
public sealed class SimProcess(
    SimHost host,
    int life,
    AttemptKey attempt,
    WorkflowSpec workflow,
    WorkloadBehaviour behaviour,
    ResourceShape shape,
    SimHeldTree tree,
    Instant startedAt)
{
    public SimHost Host { get; } = host;

    public int Life { get; } = life;

    public AttemptKey Attempt { get; } = attempt;

    public WorkflowSpec Workflow { get; } = workflow;

    public WorkloadBehaviour Behaviour { get; } = behaviour;

    public ResourceShape Shape { get; } = shape;

    public ResourceLimits Limits { get; } = ResourceBudget.LimitsOf(workflow.Budget);

    public SimHeldTree Tree { get; } = tree;

    public Instant StartedAt { get; } = startedAt;

    public Instant EndedAt { get; private set; } = Instant.Never;

    public int? ExitCode { get; private set; }

    public string? Fault { get; private set; }

    /// <summary>What it told its worker last of all; null where the worker died first.</summary>
    public RunStats? Told { get; private set; }

    /// <summary>Whether it was asked or made to end.</summary>
    public bool IsStopped { get; set; }

    /// <summary>Whether it ended by itself, and only what it left behind is to be ended.</summary>
    public bool IsDone { get; set; }

    /// <summary>Since when it has been held back as it is; never while it is not.</summary>
    public Instant HeldSince { get; set; } = Instant.Never;

    /// <summary>Of every answer so far that was measured.</summary>
    public LatencyDigest Latency { get; private set; } = LatencyDigest.Empty;

    /// <summary>Measures the latencies of the answers since the last time.</summary>
    /// <param name="answered">So far.</param>
    /// <returns>Those that are new.</returns>
    public LatencyDigest Answer(long answered, int times)
    {
        var before = Latency.Count;
        var recent = LatencyDigest.From(Behaviour.Latencies(before, answered - before, times));
        Latency = Latency.Merge(recent);
        return recent;
    }

    public bool IsRunning => EndedAt == Instant.Never;

    public void End(Instant at, int? exitCode, string? fault, RunStats? told = null) =>
        (EndedAt, ExitCode, Fault, Told) = (at, exitCode, fault, told);
}

internal sealed class ReportDue(ProcessTable table, SimProcess process) : SimEvent(process.Host.Place.Index)
{
    public override ulong Identity => (14UL << 60) | ((ulong)Lane << 32) | (uint)process.Attempt.Attempt;

    public override void Fire() => table.OnReportDue(process);

    public override string ToString() => $"workload {process.Attempt} reports";
}

/// <summary>It has done what it was to do, or failed at it.</summary>
internal sealed class ProcessDoneDue(ProcessTable table, SimProcess process)
    : SimEvent(process.Host.Place.Index)
{
    public override ulong Identity => (15UL << 60) | ((ulong)Lane << 32) | (uint)process.Attempt.Attempt;

    public override void Fire() => table.OnDoneDue(process);

    public override string ToString() => $"workload {process.Attempt} ends";
}

/// <summary>A signal comes to its tree.</summary>
internal sealed class SignalDue(ProcessTable table, SimProcess process, WorkloadSignal signal)
    : SimEvent(process.Host.Place.Index)
{
    public override ulong Identity =>
        (15UL << 60) | (1UL + (ulong)signal) << 56 | ((ulong)Lane << 32) | (uint)process.Attempt.Attempt;

    public override void Fire() => table.OnSignalDue(process, signal);

    public override string ToString() => $"{signal} comes to workload {process.Attempt}";
}
