using Hyperscale.Det.Kernel;
using Hyperscale.Det.Wire;

namespace Hyperscale.Det.Resources;

/// <summary>Parts of what nodes tell of resources, as bytes and back. Percent travel in thousandths, bytes
/// whole.</summary>
public static class ResourceFields
{
    /// <summary>Largest memory that is told: 2^60 bytes.</summary>
    public const long BytesMax = 1L << 60;

    /// <summary>Largest processor use that is told: a million cores, in thousandths of a percent.</summary>
    private const long CpuMax = 100L * 1000 * 1_000_000;

    public static void Write(FieldWriter writer, ResourceUsage usage)
    {
        writer.Number(1, Cpu(usage.CpuPercent));
        writer.Number(2, Cpu(usage.CpuDeviation));
        writer.Number(3, Bytes(usage.MemoryBytes));
        writer.Number(4, Bytes(usage.MemoryDeviation));
    }

    public static ResourceUsage ReadUsage(ref FieldReader reader)
    {
        long cpu = 0, deviation = 0, memory = 0, spread = 0;
        while (reader.Next(out var field))
        {
            switch (field)
            {
                case 1: cpu = reader.Number("cpu", 0, CpuMax); break;
                case 2: deviation = reader.Number("cpuDeviation", 0, CpuMax); break;
                case 3: memory = reader.Number("memory", 0, BytesMax); break;
                case 4: spread = reader.Number("memoryDeviation", 0, BytesMax); break;
                default: break;
            }
        }

        for (var field = 1; field <= 4; field++) reader.Require(field, $"field {field}");
        return new ResourceUsage(cpu / 1000.0, deviation / 1000.0, memory, spread);
    }

    public static void Write(FieldWriter writer, StateVersion version)
    {
        writer.Number(1, version.Life);
        writer.Number(2, version.Number);
    }

    public static StateVersion ReadVersion(ref FieldReader reader)
    {
        long life = 0, number = 0;
        while (reader.Next(out var field))
        {
            switch (field)
            {
                case 1: life = reader.Number("life", 0, StateVersion.LifeMax); break;
                case 2: number = reader.Number("number", 0); break;
                default: break;
            }
        }

        reader.Require(1, "life");
        reader.Require(2, "number");
        return new StateVersion(life, number);
    }

    internal static void WriteAge(FieldWriter writer, int field, Duration age) =>
        writer.Number(field, Math.Clamp(age.Milliseconds, 0, AgeMsMax));

    internal static Duration ReadAge(ref FieldReader reader) =>
        Duration.FromMilliseconds(reader.Number("age", 0, AgeMsMax));

    private const long AgeMsMax = 3_600_000;

    private static long Cpu(double percent) => (long)Math.Round(Math.Clamp(percent * 1000, 0, CpuMax));

    private static long Bytes(double bytes) => (long)Math.Round(Math.Clamp(bytes, 0, BytesMax));
}
