using System.Buffers.Binary;
using Hyperscale.Det.Capacity;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Wire;

namespace Hyperscale.Det.Slo;

/// <summary>What is told of the latencies of a job or a datacenter: 28 bytes.</summary>
/// <param name="Samples">Latencies that it rests on; more than fit count as the most.</param>
/// <param name="Score">1 where there are none.</param>
/// <param name="Factor">Of the routing score as the manager's settings have it, for people; a gate finds its
/// own by the score.</param>
/// <param name="Age">Since it was true, to the millisecond.</param>
public readonly record struct SloSummary(
    float P50Ms, float P95Ms, float P99Ms, uint Samples, float Score, float Factor, Duration Age)
{
    public const int Bytes = 28;

    /// <summary>Nothing that is older is told.</summary>
    public static readonly Duration AgeMax = Duration.FromMinutes(60);

    public static SloSummary Of(LatencyObservation observed, SloComplianceScore score) => new(
        (float)observed.P50Ms,
        (float)observed.P95Ms,
        (float)observed.P99Ms,
        (uint)Math.Min(observed.Samples, uint.MaxValue),
        (float)score.Score,
        (float)score.RoutingFactor,
        Duration.Zero);

    public void Write(FieldWriter writer, int field)
    {
        Span<byte> packed = stackalloc byte[Bytes];
        BinaryPrimitives.WriteSingleLittleEndian(packed, P50Ms);
        BinaryPrimitives.WriteSingleLittleEndian(packed[4..], P95Ms);
        BinaryPrimitives.WriteSingleLittleEndian(packed[8..], P99Ms);
        BinaryPrimitives.WriteUInt32LittleEndian(packed[12..], Samples);
        BinaryPrimitives.WriteSingleLittleEndian(packed[16..], Score);
        BinaryPrimitives.WriteSingleLittleEndian(packed[20..], Factor);
        BinaryPrimitives.WriteUInt32LittleEndian(packed[24..], (uint)Age.Milliseconds);
        writer.Bytes(field, packed);
    }

    public static SloSummary Read(ref FieldReader reader, string name)
    {
        var packed = reader.Bytes(name, Bytes);
        if (reader.Fault is not null) return default;
        if (packed.Length != Bytes)
        {
            reader.Fail($"{name} has {packed.Length} bytes; {Bytes} are needed");
            return default;
        }

        var summary = new SloSummary(
            BinaryPrimitives.ReadSingleLittleEndian(packed),
            BinaryPrimitives.ReadSingleLittleEndian(packed[4..]),
            BinaryPrimitives.ReadSingleLittleEndian(packed[8..]),
            BinaryPrimitives.ReadUInt32LittleEndian(packed[12..]),
            BinaryPrimitives.ReadSingleLittleEndian(packed[16..]),
            BinaryPrimitives.ReadSingleLittleEndian(packed[20..]),
            Duration.FromMilliseconds(BinaryPrimitives.ReadUInt32LittleEndian(packed[24..])));
        if (!summary.IsSound) reader.Fail($"{name} holds what no latencies make");
        return summary;
    }

    public void AddTo(ref Fingerprint fingerprint)
    {
        fingerprint.Add((double)P50Ms);
        fingerprint.Add((double)P95Ms);
        fingerprint.Add((double)P99Ms);
        fingerprint.Add((ulong)Samples);
        fingerprint.Add((double)Score);
        fingerprint.Add((double)Factor);
        fingerprint.Add(Age.Nanoseconds);
    }

    // A comparison with what is no number is false. Bounds are rounded as what they bound.
    private bool IsSound =>
        P50Ms >= 0 && P50Ms <= P95Ms && P95Ms <= P99Ms
        && P99Ms <= (float)(LatencyDigest.LatencyMax.Nanoseconds / 1e6)
        && Score >= 0 && Score <= (float)SloLimits.RatioMax
        && Factor >= (float)SloLimits.FactorMin && Factor <= (float)SloLimits.FactorMax
        && (Samples > 0 || (P99Ms <= 0 && Score is 1))
        && Age <= AgeMax;
}

public readonly record struct JobSlo(JobId Job, SloSummary Summary);

/// <summary>What a datacenter's manager tells of the latencies of its jobs.</summary>
/// <param name="Summary">Of all jobs together.</param>
/// <param name="Jobs">The worst, at most <see cref="SloLimits.JobsMax"/>.</param>
public sealed record DatacenterSlo(SloHealth Health, SloSummary Summary, IReadOnlyList<JobSlo> Jobs)
{
    public static void Write(FieldWriter writer, DatacenterSlo slo)
    {
        writer.Number(1, (long)slo.Health.Health);
        writer.Number(2, (long)slo.Health.Rule);
        slo.Summary.Write(writer, 3);
        foreach (var job in slo.Jobs) writer.Nested(4, job, Write);
    }

    public static DatacenterSlo? Read(ref FieldReader reader)
    {
        var (health, rule) = (DatacenterHealth.Healthy, SloRuleKind.None);
        SloSummary summary = default;
        var (jobs, seen) = (new List<JobSlo>(), new SortedSet<JobId>());
        while (reader.Next(out var field))
        {
            switch (field)
            {
                case 1: health = reader.Choice("health", DatacenterHealth.Unhealthy); break;
                case 2: rule = reader.Choice("rule", SloRuleKind.P99Unhealthy); break;
                case 3: summary = SloSummary.Read(ref reader, "summary"); break;
                case 4:
                    if (!reader.HasRoom("jobs", jobs.Count, SloLimits.JobsMax)) break;
                    jobs.Add(reader.Nested("jobs", ReadJob));
                    if (!seen.Add(jobs[^1].Job)) reader.Fail($"jobs names {jobs[^1].Job} twice");
                    break;
                default: break;
            }
        }

        reader.Require(1, "health");
        reader.Require(2, "rule");
        reader.Require(3, "summary");
        if (reader.Fault is null && health != SloHealth.Of(rule).Health)
            reader.Fail($"{rule} makes no datacenter {health}");
        return reader.Fault is null ? new DatacenterSlo(new SloHealth(health, rule), summary, jobs) : null;
    }

    private static void Write(FieldWriter writer, JobSlo job)
    {
        writer.Number(1, job.Job.Group);
        writer.Number(2, job.Job.Op);
        job.Summary.Write(writer, 3);
    }

    private static JobSlo ReadJob(ref FieldReader reader)
    {
        var (group, op) = (0, 0L);
        SloSummary summary = default;
        while (reader.Next(out var field))
        {
            switch (field)
            {
                case 1: group = reader.Integer("group", 0, JobId.GroupMax); break;
                case 2: op = reader.Number("op", 0); break;
                case 3: summary = SloSummary.Read(ref reader, "summary"); break;
                default: break;
            }
        }

        reader.Require(1, "group");
        reader.Require(2, "op");
        reader.Require(3, "summary");
        return new JobSlo(new JobId(group, op), summary);
    }
}
