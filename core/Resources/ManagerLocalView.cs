using Hyperscale.Det.Kernel;
using Hyperscale.Det.Wire;

namespace Hyperscale.Det.Resources;

/// <summary>One worker, as a manager heard of it.</summary>
/// <param name="Version">Of the worker's report: it rises over the worker's lives.</param>
/// <param name="IsOverBudget">It takes no work.</param>
public readonly record struct WorkerAggregate(
    NodeId Worker, long Version, int Cores, ResourceUsage Usage, long MemoryTotalBytes, bool IsOverBudget)
{
    public static WorkerAggregate Of(NodeId worker, long version, WorkerResourceReport report) => new(
        worker, version, report.Cores, report.Total, report.MemoryTotalBytes,
        report.OverBudget is not null);
}

/// <summary>What one manager knows of resources: its own and those of the workers that it hears.</summary>
/// <param name="Self">Of the manager's own process, and of all memory used on its machine.</param>
/// <param name="Workers">By name, each once; at most <see cref="WorkersMax"/>.</param>
/// <param name="Age">How old it was when it was sent.</param>
public sealed record ManagerLocalView(
    NodeId Manager,
    StateVersion Version,
    ResourceUsage Self,
    IReadOnlyList<WorkerAggregate> Workers,
    Duration Age)
{
    public const int WorkersMax = 4096;

    public static void Write(FieldWriter writer, ManagerLocalView view)
    {
        writer.Text(1, view.Manager.Name);
        writer.Nested(2, view.Version, ResourceFields.Write);
        writer.Nested(3, view.Self, ResourceFields.Write);
        foreach (var worker in view.Workers) writer.Nested(4, worker, Write);
        ResourceFields.WriteAge(writer, 5, view.Age);
    }

    public static ManagerLocalView? Read(ref FieldReader reader)
    {
        NodeId manager = default;
        StateVersion version = default;
        ResourceUsage self = default;
        var workers = new List<WorkerAggregate>();
        var age = Duration.Zero;
        while (reader.Next(out var field))
        {
            switch (field)
            {
                case 1: manager = reader.Node("manager"); break;
                case 2: version = reader.Nested("version", ResourceFields.ReadVersion); break;
                case 3: self = reader.Nested("self", ResourceFields.ReadUsage); break;
                case 4: reader.Element("workers", workers, WorkersMax, ReadWorker); break;
                case 5: age = ResourceFields.ReadAge(ref reader); break;
                default: break;
            }
        }

        reader.Require(1, "manager");
        reader.Require(2, "version");
        reader.Require(3, "self");
        reader.Require(5, "age");
        for (var i = 1; i < workers.Count; i++)
        {
            if (workers[i - 1].Worker < workers[i].Worker) continue;
            reader.Fail($"workers[{i}] is out of order");
            break;
        }

        return reader.Fault is null ? new ManagerLocalView(manager, version, self, workers, age) : null;
    }

    /// <summary>What it tells beside its manager and version.</summary>
    public static void AddTo(ManagerLocalView view, ref Fingerprint fingerprint)
    {
        fingerprint.Add(view.Age.Nanoseconds);
        view.Self.AddTo(ref fingerprint);
        fingerprint.Add((long)view.Workers.Count);
        foreach (var worker in view.Workers)
        {
            fingerprint.Add(worker.Worker);
            fingerprint.Add(worker.Version);
            fingerprint.Add((long)worker.Cores);
            worker.Usage.AddTo(ref fingerprint);
            fingerprint.Add(worker.MemoryTotalBytes);
            fingerprint.Add(worker.IsOverBudget);
        }
    }

    private static void Write(FieldWriter writer, WorkerAggregate worker)
    {
        writer.Text(1, worker.Worker.Name);
        writer.Number(2, worker.Version);
        writer.Number(3, worker.Cores);
        writer.Nested(4, worker.Usage, ResourceFields.Write);
        writer.Number(5, worker.MemoryTotalBytes);
        writer.Flag(6, worker.IsOverBudget);
    }

    private static WorkerAggregate ReadWorker(ref FieldReader reader)
    {
        NodeId worker = default;
        long version = 0, memory = 0;
        var cores = 0;
        ResourceUsage usage = default;
        var isOver = false;
        while (reader.Next(out var field))
        {
            switch (field)
            {
                case 1: worker = reader.Node("worker"); break;
                case 2: version = reader.Number("version", 0); break;
                case 3: cores = reader.Integer("cores", 1, WorkerResourceReport.CoresMax); break;
                case 4: usage = reader.Nested("usage", ResourceFields.ReadUsage); break;
                case 5: memory = reader.Number("memoryTotal", 0, ResourceFields.BytesMax); break;
                case 6: isOver = reader.Flag("isOverBudget"); break;
                default: break;
            }
        }

        for (var field = 1; field <= 6; field++) reader.Require(field, $"field {field}");
        return new WorkerAggregate(worker, version, cores, usage, memory, isOver);
    }
}
