using Hyperscale.Det.Kernel;
using Hyperscale.Det.Wire;

namespace Hyperscale.Det.Resources;

/// <summary>The resources of a datacenter's workers, added up: what its gates are told.</summary>
/// <param name="Versions">Of the managers' views that it was made of.</param>
/// <param name="Workers">That were heard of.</param>
/// <param name="OverBudget">Of those, the ones that take no work.</param>
/// <param name="Cores">That the workers offer together.</param>
public sealed record ClusterResources(
    VersionVector Versions,
    int Workers,
    int OverBudget,
    long Cores,
    ResourceUsage Used,
    long MemoryTotalBytes)
{
    private const int WorkersMax = 1_000_000;
    private const long CoresMax = (long)WorkersMax * WorkerResourceReport.CoresMax;

    /// <summary>Used of all cores, 0 to 1.</summary>
    public double CpuPressure => Pressure.Of(Used.CpuPercent, 100.0 * Cores);

    /// <summary>Standard deviation of <see cref="CpuPressure"/>, 0 to 1.</summary>
    public double CpuUncertainty => Pressure.Of(Used.CpuDeviation, 100.0 * Cores);

    /// <summary>Used of all memory, 0 to 1.</summary>
    public double MemoryPressure => Pressure.Of(Used.MemoryBytes, MemoryTotalBytes);

    /// <summary>Standard deviation of <see cref="MemoryPressure"/>, 0 to 1.</summary>
    public double MemoryUncertainty => Pressure.Of(Used.MemoryDeviation, MemoryTotalBytes);

    /// <summary>The worse of both pressures.</summary>
    public double WorstPressure => Math.Max(CpuPressure, MemoryPressure);

    /// <summary>What to go by of two: the one that knows all that the other knows; of two that each know
    /// something else, the one under the higher pressure, as of both.</summary>
    public static ClusterResources Merge(ClusterResources a, ClusterResources b) =>
        a.Versions.CompareTo(b.Versions) switch
        {
            VectorOrder.Equal or VectorOrder.After => a,
            VectorOrder.Before => b,
            VectorOrder.Concurrent =>
                (IsWorse(b, a) ? b : a) with { Versions = a.Versions.Union(b.Versions) },
        };

    public static void Write(FieldWriter writer, ClusterResources resources)
    {
        writer.Nested(1, resources.Versions, VersionVector.Write);
        writer.Number(2, resources.Workers);
        writer.Number(3, resources.OverBudget);
        writer.Number(4, resources.Cores);
        writer.Nested(5, resources.Used, ResourceFields.Write);
        writer.Number(6, Math.Min(resources.MemoryTotalBytes, ResourceFields.BytesMax));
    }

    public static ClusterResources? Read(ref FieldReader reader)
    {
        var versions = VersionVector.Empty;
        var (workers, over) = (0, 0);
        long cores = 0, memory = 0;
        ResourceUsage used = default;
        while (reader.Next(out var field))
        {
            switch (field)
            {
                case 1: versions = reader.Nested("versions", VersionVector.Read) ?? versions; break;
                case 2: workers = reader.Integer("workers", 0, WorkersMax); break;
                case 3: over = reader.Integer("overBudget", 0, WorkersMax); break;
                case 4: cores = reader.Number("cores", 0, CoresMax); break;
                case 5: used = reader.Nested("used", ResourceFields.ReadUsage); break;
                case 6: memory = reader.Number("memoryTotal", 0, ResourceFields.BytesMax); break;
                default: break;
            }
        }

        for (var field = 1; field <= 6; field++) reader.Require(field, $"field {field}");
        return reader.Fault is null
            ? new ClusterResources(versions, workers, over, cores, used, memory)
            : null;
    }

    public void AddTo(ref Fingerprint fingerprint)
    {
        fingerprint.Add((long)Workers);
        fingerprint.Add((long)OverBudget);
        fingerprint.Add(Cores);
        Used.AddTo(ref fingerprint);
        fingerprint.Add(MemoryTotalBytes);
        foreach (var (node, version) in Versions.Entries)
        {
            fingerprint.Add(node);
            version.AddTo(ref fingerprint);
        }
    }

    // Every field has a say, so that it does not matter which of the two comes first.
    private static bool IsWorse(ClusterResources a, ClusterResources b)
    {
        var order = a.WorstPressure.CompareTo(b.WorstPressure);
        if (order == 0) order = a.OverBudget.CompareTo(b.OverBudget);
        if (order == 0) order = a.Cores.CompareTo(b.Cores);
        if (order == 0) order = a.Used.CpuPercent.CompareTo(b.Used.CpuPercent);
        if (order == 0) order = a.Used.MemoryBytes.CompareTo(b.Used.MemoryBytes);
        if (order == 0) order = a.Used.CpuDeviation.CompareTo(b.Used.CpuDeviation);
        if (order == 0) order = a.Used.MemoryDeviation.CompareTo(b.Used.MemoryDeviation);
        if (order == 0) order = a.MemoryTotalBytes.CompareTo(b.MemoryTotalBytes);
        if (order == 0) order = a.Workers.CompareTo(b.Workers);
        return order > 0;
    }
}
