using Hyperscale.Det.Kernel;
using Hyperscale.Det.Wire;

namespace Hyperscale.Det.Resources;

/// <summary>What one running workflow uses.</summary>
/// <param name="Level">How far it has gone over its budget.</param>
public readonly record struct WorkflowUsage(
    JobId Job, int Slot, int Workflow, GuardLevel Level, ResourceUsage Usage);

/// <summary>What somebody uses, filtered.</summary>
/// <param name="CpuPercent">100 is one core.</param>
/// <param name="CpuDeviation">Standard deviation, in the same unit.</param>
/// <param name="MemoryDeviation">Standard deviation, in bytes.</param>
public readonly record struct ResourceUsage(
    double CpuPercent, double CpuDeviation, double MemoryBytes, double MemoryDeviation)
{
    /// <summary>Of two that do not depend on each other.</summary>
    public ResourceUsage Plus(in ResourceUsage other) => new(
        CpuPercent + other.CpuPercent,
        Math.Sqrt((CpuDeviation * CpuDeviation) + (other.CpuDeviation * other.CpuDeviation)),
        MemoryBytes + other.MemoryBytes,
        Math.Sqrt((MemoryDeviation * MemoryDeviation) + (other.MemoryDeviation * other.MemoryDeviation)));

    public void AddTo(ref Fingerprint fingerprint)
    {
        fingerprint.Add(CpuPercent);
        fingerprint.Add(CpuDeviation);
        fingerprint.Add(MemoryBytes);
        fingerprint.Add(MemoryDeviation);
    }
}

/// <summary>What a worker tells of its resources with each heartbeat.</summary>
/// <param name="Total">Processor time of its workloads and its own process; memory of its machine.</param>
/// <param name="MemoryTotalBytes">Of its machine; 0 where it is not known.</param>
/// <param name="Workflows">The largest users of memory, at most <see cref="WorkflowsMax"/>.</param>
/// <param name="OverBudget">Why it takes no work; null when it does.</param>
public sealed record WorkerResourceReport(
    int Cores,
    ResourceUsage Total,
    long MemoryTotalBytes,
    int Processes,
    IReadOnlyList<WorkflowUsage> Workflows,
    string? OverBudget)
{
    public const int WorkflowsMax = 64;
    public const int CoresMax = 4096;
    public const int ReasonLengthMax = 256;

    /// <summary>How the worker's host looks at trees and holds them back; empty where it did not
    /// tell.</summary>
    public string Enforcer { get; init; } = "";

    private const int ProcessesMax = 1 << 22;
    private const int IndexMax = 1 << 20;

    /// <summary>Of the cores it offers, 0 to 1.</summary>
    public double CpuPressure => Pressure.Of(Total.CpuPercent, 100.0 * Cores);

    /// <summary>Of its machine's memory, 0 to 1; 0 where that is not known.</summary>
    public double MemoryPressure => Pressure.Of(Total.MemoryBytes, MemoryTotalBytes);

    public static void Write(FieldWriter writer, WorkerResourceReport report)
    {
        writer.Number(1, report.Cores);
        writer.Nested(2, report.Total, ResourceFields.Write);
        writer.Number(3, report.MemoryTotalBytes);
        writer.Number(4, report.Processes);
        foreach (var workflow in report.Workflows.Take(WorkflowsMax)) writer.Nested(5, workflow, Write);
        if (report.OverBudget is { } reason) writer.Text(6, ClippedText.Of(reason, ReasonLengthMax));
        if (report.Enforcer.Length > 0)
            writer.Text(7, ClippedText.Of(report.Enforcer, ResourceKill.EnforcerLengthMax));
    }

    public static WorkerResourceReport? Read(ref FieldReader reader)
    {
        var (cores, processes) = (0, 0);
        ResourceUsage total = default;
        var memory = 0L;
        var workflows = new List<WorkflowUsage>();
        string? reason = null;
        var enforcer = "";
        while (reader.Next(out var field))
        {
            switch (field)
            {
                case 1: cores = reader.Integer("cores", 1, CoresMax); break;
                case 2: total = reader.Nested("total", ResourceFields.ReadUsage); break;
                case 3: memory = reader.Number("memoryTotal", 0, ResourceFields.BytesMax); break;
                case 4: processes = reader.Integer("processes", 0, ProcessesMax); break;
                case 5: reader.Element("workflows", workflows, WorkflowsMax, ReadWorkflow); break;
                case 6: reason = reader.Text("overBudget", ReasonLengthMax); break;
                case 7: enforcer = reader.Text("enforcer", ResourceKill.EnforcerLengthMax); break;
                default: break;
            }
        }

        for (var field = 1; field <= 4; field++) reader.Require(field, $"field {field}");
        return reader.Fault is null
            ? new WorkerResourceReport(cores, total, memory, processes, workflows, reason)
            {
                Enforcer = enforcer,
            }
            : null;
    }

    public static void AddTo(WorkerResourceReport report, ref Fingerprint fingerprint)
    {
        fingerprint.Add((long)report.Cores);
        report.Total.AddTo(ref fingerprint);
        fingerprint.Add(report.MemoryTotalBytes);
        fingerprint.Add((long)report.Processes);
        fingerprint.Add((long)report.Workflows.Count);
        foreach (var (job, slot, workflow, level, usage) in report.Workflows)
        {
            job.AddTo(ref fingerprint);
            fingerprint.Add((long)slot);
            fingerprint.Add((long)workflow);
            fingerprint.Add((ulong)level);
            usage.AddTo(ref fingerprint);
        }

        fingerprint.Add(report.OverBudget);
        fingerprint.Add(report.Enforcer);
    }

    private static void Write(FieldWriter writer, WorkflowUsage workflow)
    {
        writer.Number(1, workflow.Job.Group);
        writer.Number(2, workflow.Job.Op);
        writer.Number(3, workflow.Slot);
        writer.Number(4, workflow.Workflow);
        writer.Number(5, (long)workflow.Level);
        writer.Nested(6, workflow.Usage, ResourceFields.Write);
    }

    private static WorkflowUsage ReadWorkflow(ref FieldReader reader)
    {
        var (group, slot, index) = (0, 0, 0);
        var op = 0L;
        var level = GuardLevel.None;
        ResourceUsage usage = default;
        while (reader.Next(out var field))
        {
            switch (field)
            {
                case 1: group = reader.Integer("group", 0, JobId.GroupMax); break;
                case 2: op = reader.Number("op", 0); break;
                case 3: slot = reader.Integer("slot", 0, IndexMax); break;
                case 4: index = reader.Integer("workflow", 0, IndexMax); break;
                case 5: level = reader.Choice("level", GuardLevel.Kill); break;
                case 6: usage = reader.Nested("usage", ResourceFields.ReadUsage); break;
                default: break;
            }
        }

        for (var field = 1; field <= 6; field++) reader.Require(field, $"field {field}");
        return new WorkflowUsage(new JobId(group, op), slot, index, level, usage);
    }
}
