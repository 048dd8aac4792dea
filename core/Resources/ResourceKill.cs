using System.Diagnostics;
using System.Globalization;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Wire;

namespace Hyperscale.Det.Resources;

/// <summary>One sample of the dimension that a workload was killed for, in its unit.</summary>
/// <param name="AgeMs">Before the kill was decided.</param>
/// <param name="Deviation">Of the filtered value.</param>
public readonly record struct KillSample(long AgeMs, long Raw, long Filtered, long Deviation);

/// <summary>A level that was reached or left.</summary>
/// <param name="AgeMs">Before the kill was decided.</param>
public readonly record struct GuardMove(GuardLevel From, GuardLevel To, long AgeMs);

/// <summary>Why a guard killed a workload, with what it went by. CPU is in percent of a core, memory in
/// bytes.</summary>
/// <param name="Limit">The budget.</param>
/// <param name="Samples">The newest, in order; at most <see cref="SamplesMax"/>.</param>
/// <param name="Moves">Of the dimension's level, the newest, in order; at most
/// <see cref="MovesMax"/>.</param>
/// <param name="ProcessesKilled">Most that were seen of the tree from the decision on.</param>
/// <param name="WasForced">SIGTERM was not enough.</param>
public sealed record ResourceKill(
    GuardDimension Violation,
    long Limit,
    long WarnAt,
    long ThrottleAt,
    long KillAt,
    IReadOnlyList<KillSample> Samples,
    IReadOnlyList<GuardMove> Moves,
    int ProcessesKilled,
    bool WasForced)
{
    public const int SamplesMax = 16;
    public const int MovesMax = 16;

    /// <summary>Largest number of its kind that is told.</summary>
    public const long NumberMax = 1L << 60;

    public const int EnforcerLengthMax = 32;

    private const int ProcessesMax = 1 << 22;

    /// <summary>How the worker's host looked at the tree and held it back; empty where it did not
    /// tell.</summary>
    public string Enforcer { get; init; } = "";

    /// <summary>For people, in a sentence.</summary>
    public string Message => string.Create(
        CultureInfo.InvariantCulture,
        $"{NameOf(Violation)} of {Text(Samples.Count == 0 ? KillAt : PeakOf(Samples))} against a budget of "
        + $"{Text(Limit)}; {ProcessesKilled} {(ProcessesKilled == 1 ? "process" : "processes")} killed"
        + $"{(WasForced ? ", SIGTERM was ignored" : "")}");

    public static string NameOf(GuardDimension dimension) => dimension switch
    {
        GuardDimension.Cpu => "cpu",
        GuardDimension.Memory => "memory",
        GuardDimension.FileDescriptors => "file_descriptors",
        _ => throw new UnreachableException($"unhandled {dimension}"),
    };

    public static string NameOf(GuardLevel level) => level switch
    {
        GuardLevel.None => "none",
        GuardLevel.Warn => "warn",
        GuardLevel.Throttle => "throttle",
        GuardLevel.Kill => "kill",
        _ => throw new UnreachableException($"unhandled {level}"),
    };

    /// <summary>A number of the dimension with its unit.</summary>
    public string Text(long value) => Violation switch
    {
        GuardDimension.Cpu => string.Create(CultureInfo.InvariantCulture, $"{value}%"),
        GuardDimension.Memory => string.Create(CultureInfo.InvariantCulture, $"{value / 1048576.0:F1} MiB"),
        GuardDimension.FileDescriptors => string.Create(CultureInfo.InvariantCulture, $"{value} descriptors"),
        _ => throw new UnreachableException($"unhandled {Violation}"),
    };

    public static void Write(FieldWriter writer, ResourceKill kill)
    {
        writer.Number(1, (long)kill.Violation);
        writer.Number(2, kill.Limit);
        writer.Number(3, kill.WarnAt);
        writer.Number(4, kill.ThrottleAt);
        writer.Number(5, kill.KillAt);
        foreach (var sample in kill.Samples) writer.Nested(6, sample, Write);
        foreach (var move in kill.Moves) writer.Nested(7, move, Write);
        writer.Number(8, kill.ProcessesKilled);
        writer.Flag(9, kill.WasForced);
        if (kill.Enforcer.Length > 0) writer.Text(10, ClippedText.Of(kill.Enforcer, EnforcerLengthMax));
    }

    public static ResourceKill? Read(ref FieldReader reader)
    {
        var violation = GuardDimension.Cpu;
        long limit = 0, warn = 0, throttle = 0, kill = 0;
        var samples = new List<KillSample>();
        var moves = new List<GuardMove>();
        var (processes, isForced, enforcer) = (0, false, "");
        while (reader.Next(out var field))
        {
            switch (field)
            {
                case 1: violation = reader.Choice("violation", GuardDimension.FileDescriptors); break;
                case 2: limit = reader.Number("limit", 0); break;
                case 3: warn = reader.Number("warnAt", 0); break;
                case 4: throttle = reader.Number("throttleAt", 0); break;
                case 5: kill = reader.Number("killAt", 0); break;
                case 6: reader.Element("samples", samples, SamplesMax, ReadSample); break;
                case 7: reader.Element("moves", moves, MovesMax, ReadMove); break;
                case 8: processes = reader.Integer("processesKilled", 0, ProcessesMax); break;
                case 9: isForced = reader.Flag("wasForced"); break;
                case 10: enforcer = reader.Text("enforcer", EnforcerLengthMax); break;
                default: break;
            }
        }

        for (var field = 1; field <= 5; field++) reader.Require(field, $"field {field}");
        reader.Require(8, "processesKilled");
        reader.Require(9, "wasForced");
        return reader.Fault is null
            ? new ResourceKill(violation, limit, warn, throttle, kill, samples, moves, processes, isForced)
            {
                Enforcer = enforcer,
            }
            : null;
    }

    public void AddTo(ref Fingerprint fingerprint)
    {
        fingerprint.Add((ulong)Violation);
        fingerprint.Add(Limit);
        fingerprint.Add(WarnAt);
        fingerprint.Add(ThrottleAt);
        fingerprint.Add(KillAt);
        foreach (var (age, raw, filtered, deviation) in Samples)
        {
            fingerprint.Add(age);
            fingerprint.Add(raw);
            fingerprint.Add(filtered);
            fingerprint.Add(deviation);
        }

        foreach (var (from, to, age) in Moves)
        {
            fingerprint.Add((ulong)from);
            fingerprint.Add((ulong)to);
            fingerprint.Add(age);
        }

        fingerprint.Add((long)ProcessesKilled);
        fingerprint.Add(WasForced);
        fingerprint.Add(Enforcer);
    }

    private static long PeakOf(IReadOnlyList<KillSample> samples) => samples.Max(sample => sample.Raw);

    private static void Write(FieldWriter writer, KillSample sample)
    {
        writer.Number(1, sample.AgeMs);
        writer.Number(2, sample.Raw);
        writer.Number(3, sample.Filtered);
        writer.Number(4, sample.Deviation);
    }

    private static KillSample ReadSample(ref FieldReader reader)
    {
        long age = 0, raw = 0, filtered = 0, deviation = 0;
        while (reader.Next(out var field))
        {
            switch (field)
            {
                case 1: age = reader.Number("ageMs", 0, NumberMax); break;
                case 2: raw = reader.Number("raw", 0, NumberMax); break;
                case 3: filtered = reader.Number("filtered", 0, NumberMax); break;
                case 4: deviation = reader.Number("deviation", 0, NumberMax); break;
                default: break;
            }
        }

        for (var field = 1; field <= 4; field++) reader.Require(field, $"field {field}");
        return new KillSample(age, raw, filtered, deviation);
    }

    private static void Write(FieldWriter writer, GuardMove move)
    {
        writer.Number(1, (long)move.From);
        writer.Number(2, (long)move.To);
        writer.Number(3, move.AgeMs);
    }

    private static GuardMove ReadMove(ref FieldReader reader)
    {
        var (from, to, age) = (GuardLevel.None, GuardLevel.None, 0L);
        while (reader.Next(out var field))
        {
            switch (field)
            {
                case 1: from = reader.Choice("from", GuardLevel.Kill); break;
                case 2: to = reader.Choice("to", GuardLevel.Kill); break;
                case 3: age = reader.Number("ageMs", 0, NumberMax); break;
                default: break;
            }
        }

        for (var field = 1; field <= 3; field++) reader.Require(field, $"field {field}");
        return new GuardMove(from, to, age);
    }
}
